/* The configuration and the zones file.  Input: the configuration, then, behind a line "===", the zones file. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "inventory/config.h"

#define CUT "\n===\n"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Of the input at hand; the reading functions take no context. */
static struct {
	const uint8_t *data;
	size_t len;
} zones_file;

static enum err read_zones_file(const char *path, size_t max, char **out_data, size_t *out_len) {
	(void)path;
	(void)max;
	char *copy = xmalloc(zones_file.len + 1);
	if (zones_file.len) memcpy(copy, zones_file.data, zones_file.len);
	copy[zones_file.len] = '\0';
	*out_data = copy;
	*out_len = zones_file.len;
	return OK;
}

static bool user_exists(const char *user) {
	return strcmp(user, "nobody") == 0;
}

/* A promise of the reader: success and faults exclude each other, and each fault names its file and has words. */
static void check_faults(enum err e, const struct config_faults *faults) {
	if ((e == OK) != (faults->count == 0)) abort();
	for (unsigned i = 0; i < faults->count; i++) {
		if (!faults->items[i].file[0] || !faults->items[i].text[0]) abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
	const struct config_input input = {
		.path = "/f/understudy.yaml", .read = read_zones_file, .user_exists = user_exists, .cores = 2
	};
	struct config *config = NULL;
	struct config_faults faults = { 0 };
	const uint8_t *cut = len ? memmem(data, len, CUT, strlen(CUT)) : NULL;
	size_t config_len = cut ? (size_t)(cut - data) : len;
	zones_file.data = cut ? cut + strlen(CUT) : NULL;
	zones_file.len = cut ? len - config_len - strlen(CUT) : 0;
	enum err e = config_parse(&input, len ? (const char *)data : "", config_len, &config, &faults);
	check_faults(e, &faults);
	config_faults_done(&faults);
	config_free(config);
	return 0;
}
