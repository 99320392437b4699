/* Where LMDB has mapped its file, which it does not tell: the kernel's list of mappings has it under the file's path. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/database.h"

#define LINE_CAP 4400 /* the numbers and a path */

/* "start-end perms offset device inode   path\n" */
static bool is_of(const char *line, const char *path, uintptr_t *out_start, uintptr_t *out_end) {
	const char *at = strchr(line, '/');
	size_t len = strlen(path);
	if (!at || strncmp(at, path, len) != 0 || at[len] != '\n') return false;
	return sscanf(line, "%" SCNxPTR "-%" SCNxPTR, out_start, out_end) == 2;
}

static bool find(FILE *maps, const char *path, struct database_map *out_map) {
	char line[LINE_CAP];
	uintptr_t start, end;
	while (fgets(line, sizeof(line), maps)) {
		if (!is_of(line, path, &start, &end)) continue;
		*out_map = (struct database_map){ (void *)start, end - start };
		return true;
	}
	return false;
}

struct database_map database_map_find(const char *path) {
	struct database_map map = { NULL, 0 };
	char *resolved = realpath(path, NULL);
	FILE *maps = resolved ? fopen("/proc/self/maps", "re") : NULL;
	bool found = maps && find(maps, resolved, &map);
	if (maps) (void)fclose(maps); /* it was read only */
	free(resolved);
	return found ? map : (struct database_map){ NULL, 0 };
}
