/* Runs a fuzz harness over files: each argument is a file or a folder of files.  Every input lives in a block of
 * exactly its own size, so that a sanitizer sees a read one byte beyond it.  The empty input always runs first. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static int run_file(const char *path) {
	struct stat st;
	FILE *f = fopen(path, "rb");
	if (!f || fstat(fileno(f), &st) != 0) {
		perror(path);
		if (f) fclose(f);
		return 1;
	}
	size_t len = (size_t)st.st_size;
	uint8_t *data = malloc(len ? len : 1);
	int bad = !data || fread(data, 1, len, f) != len;
	fclose(f);
	if (bad)
		perror(path);
	else
		(void)LLVMFuzzerTestOneInput(data, len); /* the harness always returns 0 */
	free(data);
	return bad;
}

static int run_folder(const char *path, int *out_count) {
	struct dirent **names;
	int bad = 0;
	int n = scandir(path, &names, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		char full[4096];
		int len = snprintf(full, sizeof(full), "%s/%s", path, names[i]->d_name);
		if (names[i]->d_name[0] != '.' && len > 0 && (size_t)len < sizeof(full)) {
			bad |= run_file(full);
			++*out_count;
		}
		free(names[i]);
	}
	if (n >= 0) free(names);
	return bad;
}

int main(int argc, char **argv) {
	int bad = 0, count = 0;
	static const uint8_t nothing[1];
	(void)LLVMFuzzerTestOneInput(nothing, 0); /* the harness always returns 0 */
	for (int i = 1; i < argc; i++) {
		struct stat st;
		if (stat(argv[i], &st) != 0) continue; /* a door without corpus still runs the empty input */
		if (S_ISDIR(st.st_mode)) {
			bad |= run_folder(argv[i], &count);
		} else {
			bad |= run_file(argv[i]);
			count++;
		}
	}
	printf("%d inputs\n", count);
	return bad;
}
