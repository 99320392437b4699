/* What a configuration was made of: the SHA-256 of the octets of its files.  Octets that are the same mean the same, so
 * they need not be parsed again (docs/decisions/0021).  Sizes and times of files are not asked: they may lie. */
#ifndef UNDERSTUDY_INVENTORY_CONFIG_SOURCE_H
#define UNDERSTUDY_INVENTORY_CONFIG_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SOURCE_DIGEST_LEN 32

struct config_source {
	uint8_t configuration[SOURCE_DIGEST_LEN];
	char *zones_path; /* owned; NULL: there is no zones file */
	uint8_t zones[SOURCE_DIGEST_LEN];
};
void source_digest(const void *data, size_t len, uint8_t out_digest[static SOURCE_DIGEST_LEN]);
/* Have the files these octets now?  false also when that cannot be told.  Cost: one pass over the files, in pieces. */
bool source_is_same(const struct config_source *source, const char *path);
void source_done(struct config_source *source);

#endif
