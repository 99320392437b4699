/* A step of the journal as the database holds it, and its key.  docs/formats/store.md. */
#ifndef UNDERSTUDY_STORE_FRAME_H
#define UNDERSTUDY_STORE_FRAME_H

#include "zone/change.h"

#define FRAME_FORMAT 1
#define FRAME_HEADER_LEN 36
#define FRAME_TRAILER_LEN 8
#define FRAME_KEY_MAX (NAME_MAX_LEN + 8)

/* Steps of one zone stand side by side in the order of their sequence numbers.  name: lower case.  Octets written. */
size_t frame_key(const uint8_t *name, uint64_t sequence, uint8_t out_key[static FRAME_KEY_MAX]);

/* What a frame's header says. */
struct frame_facts {
	uint32_t from, to;
	uint32_t count[2], len[2];
	int64_t time_s;
};

/* Octets of the frame of c. */
static inline size_t frame_len(const struct change *c) {
	return (size_t)FRAME_HEADER_LEN + c->len[0] + c->len[1] + FRAME_TRAILER_LEN;
}
/* Writes frame_len(c) octets. */
void frame_encode(const struct change *c, const uint8_t *key, size_t key_len, uint8_t *out);
/* The header alone; looks at nothing behind it but the length.  ERR_CORRUPT, ERR_VERSION. */
MUST_CHECK enum err frame_facts(const uint8_t *data, size_t len, struct frame_facts *out_facts);
/* All of it, checksum and records.  One reference, the caller's.  ERR_CORRUPT, ERR_VERSION, ERR_NOMEM. */
MUST_CHECK enum err frame_decode(const uint8_t *data, size_t len, const uint8_t *key, size_t key_len,
                                 struct change **out_change);

#endif
