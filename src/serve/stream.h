/* An AXFR answer under way (RFC 5936): messages made one by one as the client takes them.
 *
 *   OPEN: the SOA → ZONE: every other record, node by node → CLOSE: the SOA again → END
 *
 * Owns a reference on the version and on the policy (whose key signs).  Used by one thread at a time. */
#ifndef UNDERSTUDY_SERVE_STREAM_H
#define UNDERSTUDY_SERVE_STREAM_H

#include "serve/edns.h"

enum stream_phase { STREAM_OPEN, STREAM_ZONE, STREAM_CLOSE, STREAM_END };

struct serve_stream {
	struct serve *serve;
	struct zone_version *version;
	const struct zone_policy *policy;
	struct addr peer;
	struct moment began;
	struct question question;
	uint16_t id;
	uint16_t flags;   /* of every message */
	struct edns edns; /* of the answer; goes on the first message */
	uint8_t options[EDNS_OPTIONS_MAX];
	bool pads; /* every message has an OPT record that pads it */
	bool is_signed;
	struct tsig_state tsig;
	struct encoder encoder;

	enum stream_phase phase;
	struct zone_walk walk;
	struct node node;
	struct name owner;     /* of node */
	uint16_t owner_offset; /* in the message in work, 0: not written yet */
	unsigned place;        /* of the RRset in work */
	struct rrset set;
	const uint8_t *next; /* record to send */
	unsigned left;       /* records from there on */
	bool in_signatures;

	uint64_t messages, records, bytes;
	bool logged;
};

/* Takes references of its own.  The request is verified and admitted. */
struct serve_stream *stream_new(struct request *r, struct zone_version *v, const struct zone_policy *policy);

#endif
