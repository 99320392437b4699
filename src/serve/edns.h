/* Options of requests, and of answers (RFC 6891 section 6.1.2).  A request's options are read in one pass; what the
 * answer shall tell is a set of bits from then on, until its OPT record is written.
 *
 *   edns_read (request parsed) → edns_reserve (answer begins) → edns_write, edns_pad (answer ends) */
#ifndef UNDERSTUDY_SERVE_EDNS_H
#define UNDERSTUDY_SERVE_EDNS_H

#include "serve/worker.h"

#define OPT_FIXED_LEN 11
#define EDNS_PADDING_HEADER_LEN 4
#define EDNS_PADDING_BLOCK 468 /* RFC 8467 section 4.1 */
/* Upper bound of what edns_write adds. */
#define EDNS_OPTIONS_MAX 512

/* Read the options that we know into r->answer_options; others are ignored.  False: one is malformed, the answer is
 * FORMERR.  Counts cookies. */
bool edns_read(struct request *r);
/* Keep the cookie alone. */
void edns_keep_cookie(struct request *r);
/* Keep those of a request of another EDNS version only that have nothing to do with its question. */
void edns_keep_identity(struct request *r);
/* How many octets to keep free of records for the options of the answer; what does not fit into `room`, or has nothing
 * to tell about this answer, is given up. */
uint16_t edns_reserve(struct request *r, size_t room);
/* Write the options: those reserved, and an extended error if it fits into the writer's room. */
void edns_write(const struct request *r, struct writer *w);
/* The last option: w has the whole message, which is padded to whole blocks, written_after octets that will follow it
 * counted (RFC 8467 section 4.1), as far as w has room.  Only where nobody can read the rest of it (RFC 7830 section 6)
 * and the client asked. */
void edns_pad(const struct request *r, struct writer *w, size_t written_after);
/* Is what answers r to be padded? */
bool edns_pads(const struct request *r);
/* The padding option at the end of w, options of a message that has `whole` octets without this option; as far as w has
 * room, which must do for its header at least. */
void edns_write_padding(struct writer *w, size_t whole);

#endif
