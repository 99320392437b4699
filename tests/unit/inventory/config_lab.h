/* Reading configurations from text, with a zones file that a test gives. */
#ifndef UNDERSTUDY_TESTS_INVENTORY_CONFIG_LAB_H
#define UNDERSTUDY_TESTS_INVENTORY_CONFIG_LAB_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "inventory/config.h"

#define LAB_ZONES_FILE "zones-file: zones.list\n"
/* "zones.list" is what follows this line in the text of a test. */
#define LAB_CUT "=== zones.list\n"

static const char *lab_zones_list; /* of the test that runs */

static enum err lab_read(const char *path, size_t max, char **out_data, size_t *out_len) {
	(void)max;
	if (!lab_zones_list || strcmp(path, "/etc/us/zones.list") != 0) return ERR_NOTFOUND;
	*out_data = xstrdup(lab_zones_list);
	*out_len = strlen(lab_zones_list);
	return OK;
}

static bool lab_user_exists(const char *user) {
	return strcmp(user, "nobody") == 0;
}

static inline enum err lab_parse_bytes(const char *text, size_t len, struct config **config,
                                       struct config_faults *faults) {
	const struct config_input input = { .path = "/etc/us/understudy.yaml",
		                            .read = lab_read,
		                            .user_exists = lab_user_exists,
		                            .cores = 3 };
	return config_parse(&input, text, len, config, faults);
}

static inline enum err lab_parse(const char *text, struct config **config, struct config_faults *faults) {
	const char *cut = strstr(text, LAB_CUT);
	size_t len = cut ? (size_t)(cut - text) : strlen(text);
	lab_zones_list = cut ? cut + strlen(LAB_CUT) : NULL;
	return lab_parse_bytes(text, len, config, faults);
}

static inline void lab_print(const struct config_faults *faults) {
	for (unsigned i = 0; i < faults->count; i++)
		print_message("%s:%u: %s\n", faults->items[i].file, faults->items[i].line,
		              faults->items[i].text);
}

/* The configuration, which must have no faults; to be freed. */
static inline struct config *lab_config(const char *text) {
	struct config *config = NULL;
	struct config_faults faults = { 0 };
	enum err e = lab_parse(text, &config, &faults);
	lab_print(&faults);
	assert_int_equal(e, OK);
	assert_int_equal(faults.count, 0);
	return config;
}

#endif
