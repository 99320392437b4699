/* Where names stand in the message that a transfer of a zone is writing, so that others can end in a pointer to them.
 *
 * An encoder looks every suffix of every name up.  The names of a zone in canonical order want less: an owner ends in the
 * apex, or in a part of the owner before it; names in record data come again as a whole.  So the labels of the last owner
 * are kept, and a table of names in record data without chains: whoever comes last has the slot, and what was lost costs
 * octets only.  Names are compared where the image has them, octet for octet: letters keep their case (RFC 5936 section
 * 3.4).
 *
 * Used by one thread at a time; borrows the names that it is given until the next message. */
#ifndef UNDERSTUDY_SERVE_STREAM_NAMES_H
#define UNDERSTUDY_SERVE_STREAM_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "dns/name.h"

#define STREAM_NAMES_SLOT_BITS 9

/* A suffix of the last owner. */
struct stream_label {
	uint8_t left; /* octets from here to the apex */
	uint16_t at;  /* in the message; 0: out of reach */
};

struct stream_name {
	const uint8_t *name;
	uint32_t tag; /* of its hash; the last octet is the length */
	uint16_t generation;
	uint16_t at;
};

struct stream_names {
	const uint8_t *apex;
	uint8_t apex_len;
	uint16_t apex_at;     /* in the message in work; 0: not written yet */
	uint16_t generation;  /* slots of others are empty */
	const uint8_t *owner; /* the last one, relative */
	uint8_t owner_len;    /* without the root label */
	uint8_t side;         /* which of the lists is the last owner's */
	uint8_t label_count[2];
	struct stream_label labels[2][NAME_MAX_LABELS + 1];
	struct stream_name slots[1 << STREAM_NAMES_SLOT_BITS];
};

void stream_names_init(struct stream_names *n, const uint8_t *apex);
/* Another message, which has the apex at this offset; 0: nowhere. */
void stream_names_begin(struct stream_names *n, uint16_t apex_at);
/* Write the owner, of len octets relative to the apex, to p in the message that begins at base.  Returns where it ends:
 * it takes no more room than the whole name. */
uint8_t *stream_names_owner(struct stream_names *n, const uint8_t *base, uint8_t *p, const uint8_t *relative,
                            uint8_t len);
/* The same for a whole name of len octets, the root label among them, in record data. */
uint8_t *stream_names_data(struct stream_names *n, const uint8_t *base, uint8_t *p, const uint8_t *name,
                           size_t len);

#endif
