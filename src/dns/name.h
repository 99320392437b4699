/* Domain names in wire form (RFC 1035 section 3.1): a sequence of length-prefixed labels that ends in the
 * root label, at most NAME_MAX_LEN octets, uncompressed unless a function says otherwise.  Case is kept;
 * comparison ignores ASCII case (RFC 4343).
 *
 * Functions that take `const uint8_t *name` without a length expect a valid name (ours, or checked before). */
#ifndef UNDERSTUDY_DNS_NAME_H
#define UNDERSTUDY_DNS_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"

#define NAME_MAX_LEN 255    /* octets with the root label */
#define NAME_MAX_LABELS 127 /* without the root label */
#define LABEL_MAX_LEN 63
#define NAME_TEXT_MAX 1025 /* longest presentation form (every octet \DDD), dot and NUL included */

struct name {
	uint8_t len; /* octets used, root label included; 1 for the root */
	uint8_t wire[NAME_MAX_LEN];
};

/* ASCII lower case of one octet. */
static inline uint8_t name_lower(uint8_t c) {
	return (uint8_t)(c + ((uint8_t)(c - 'A') < 26 ? 32 : 0));
}

/* memcpy of a few dozen octets.  Where gcc knows that a length is small it emits "rep movs", whose start takes
 * longer than the whole copy by the library's memcpy: so the length is hidden from it. */
static inline void name_move(uint8_t *to, const uint8_t *from, size_t len) {
	__asm__("" : "+r"(len));
	memcpy(to, from, len);
}
static inline void name_write(struct writer *w, const uint8_t *octets, size_t len) {
	uint8_t *to = write_reserve(w, len);
	if (to) name_move(to, octets, len);
}

/* Read a possibly compressed name at r->pos of a whole message (r->data starts at the DNS header).  Pointers
 * must go strictly backwards (before the start of the label run they are in).  r steps over the name as it
 * stands there.  ERR_SHORT, ERR_NAME (too long, bad label type), ERR_POINTER. */
MUST_CHECK enum err name_read(struct reader *r, struct name *out_name);

/* The same for a name that must not be compressed. */
MUST_CHECK enum err name_read_plain(struct reader *r, struct name *out_name);

/* Octets of the valid uncompressed name at `name`. */
size_t name_len(const uint8_t *name);
/* Length of the uncompressed name that starts at data, or 0 if it is not valid within max octets. */
size_t name_check(const uint8_t *data, size_t max);
/* Labels, the root not counted. */
unsigned name_labels(const uint8_t *name);

bool name_equal(const uint8_t *a, const uint8_t *b);
/* Canonical order of RFC 4034 section 6.1: <0, 0, >0. */
int name_compare(const uint8_t *a, const uint8_t *b);
/* name is ancestor itself or below it. */
bool name_is_within(const uint8_t *name, const uint8_t *ancestor);
/* The same, where the octets of both are known. */
bool name_ends_with(const uint8_t *name, size_t len, const uint8_t *ancestor, size_t ancestor_len);
/* The name without its first `count` labels; points into name.  count <= labels. */
const uint8_t *name_skip(const uint8_t *name, unsigned count);
/* How many labels both names share from the right. */
unsigned name_common_labels(const uint8_t *a, const uint8_t *b);
/* Offsets of each label start, leftmost first; returns the number of labels (root not counted). */
unsigned name_offsets(const uint8_t *name, uint8_t out_offsets[static NAME_MAX_LABELS + 1]);

void name_copy(struct name *dst, const uint8_t *src);
void name_to_lower(struct name *n);
/* The first len octets of a name or of several, in lower case: length octets are below 'A' and stay. */
void name_lower_to(uint8_t *to, const uint8_t *from, size_t len);
/* A name relative to apex (root label included), made whole.  ERR_LIMIT: longer than 255. */
MUST_CHECK enum err name_join(const uint8_t *relative, const uint8_t *apex, struct name *out_name);
/* "*." in front of n.  ERR_LIMIT: longer than 255. */
MUST_CHECK enum err name_make_wildcard(const uint8_t *parent, struct name *out_name);
/* prefix's labels above `cut` replaced: DNAME substitution (RFC 6672 section 2.2): name must be below owner.
 * ERR_LIMIT: the result is longer than 255 octets (YXDOMAIN). */
MUST_CHECK enum err name_substitute(const uint8_t *name, const uint8_t *owner, const uint8_t *target,
                                    struct name *out_name);

/* Presentation form, always absolute ("example.com.", "."): RFC 1035 section 5.1 escapes.  Returns buf. */
const char *name_text(const uint8_t *name, char buf[static NAME_TEXT_MAX]);
/* The same without the final dot (root stays "."): for logs, status and file names of people. */
const char *name_text_short(const uint8_t *name, char buf[static NAME_TEXT_MAX]);
/* From presentation form; a missing final dot is added.  ERR_NAME. */
MUST_CHECK enum err name_parse(const char *text, struct name *out_name);

#endif
