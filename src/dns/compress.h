/* Inside of an encoder: the names that a message has so far, so that later ones can point to them (RFC 1035 section
 * 4.1.4).  A suffix is pointed to where it stood first; of whole labels, letters of both cases alike.
 *
 * Most messages have few names, and short ones: those are a list, each in lower case and flush right, so that the end
 * that two of them share is found eight octets at a time.  A message with more of them, or with longer ones, goes over to
 * a table of all suffixes.  Both find the same; which one is in use can't be told from the message. */
#ifndef UNDERSTUDY_DNS_COMPRESS_H
#define UNDERSTUDY_DNS_COMPRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "dns/name.h"

#define COMPRESS_SLOTS 256
#define COMPRESS_LISTED 16        /* names */
#define COMPRESS_LISTED_OCTETS 64 /* of the longest name in the list */

/* A name as the list has it: position p of the name is octets[COMPRESS_LISTED_OCTETS - len + p]. */
struct listed_name {
	uint8_t octets[COMPRESS_LISTED_OCTETS]; /* before the name: anything */
	uint64_t starts;                        /* bit i: a label begins at octets[i] */
	uint16_t pos;                           /* in the message */
	uint8_t len;
	uint8_t labels;
};

struct compressor {
	bool exact_case; /* kept from message to message: only names of the same case are pointed to, as RFC 5936 section
	                  * 3.4 asks of transfers */
	bool question_waits; /* its name is not known here yet: answers that only point to it save that */
	bool in_table;
	uint8_t listed;
	uint16_t suffixes; /* in the table; while there is none, at least as many as it would have */
	struct listed_name list[COMPRESS_LISTED + 1]; /* the last one is for a name that is being written */
	/* The table. */
	uint16_t generation; /* slots of other generations are empty: no clearing per message */
	struct {
		uint16_t generation;
		uint16_t offset; /* of a name suffix in the message */
	} slots[COMPRESS_SLOTS];
	uint8_t used[COMPRESS_SLOTS /
	             2]; /* slots in the order in which they were taken: the way back of a rewind */
};

/* A new message.  A compressor must be zeroed once before its first use. */
void compress_begin(struct compressor *c);
/* The message has got a question, whose name stands whole behind its header.  w: the whole message. */
static inline void compress_question(struct compressor *c) {
	c->question_waits = true;
}
/* Write the name at w's end, as short as it can be, and remember it.  Returns the octets of the name as it came. */
size_t compress_write(struct compressor *c, struct writer *w, const uint8_t *name);

/* What is known here, to come back to. */
struct compress_mark {
	uint16_t suffixes;
	uint8_t listed;
	bool in_table, question_waits;
};
static inline struct compress_mark compress_mark(const struct compressor *c) {
	return (struct compress_mark){ c->suffixes, c->listed, c->in_table, c->question_waits };
}
/* Forget the names that were written since. */
void compress_rewind(struct compressor *c, struct compress_mark mark);

#endif
