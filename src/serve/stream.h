/* An answer of a whole zone (RFC 5936) or of differences (RFC 1995) under way: messages made one by one as the client
 * takes them.
 *
 *   OPEN: the SOA ──► ZONE: every other record, node by node ─────────────────► CLOSE: the SOA again ──► END
 *              └────► STEPS: of each step the removed and the added records ──►─┘
 *
 * Owns references on the version, on the steps and on the policy (whose key signs), and its place among those that may
 * run at once.  Used by one thread at a time. */
#ifndef UNDERSTUDY_SERVE_STREAM_H
#define UNDERSTUDY_SERVE_STREAM_H

#include "serve/edns.h"
#include "serve/stream_names.h"

enum stream_phase { STREAM_OPEN, STREAM_ZONE, STREAM_STEPS, STREAM_CLOSE, STREAM_END };

/* How the data of a record gets into a message. */
enum stream_form {
	STREAM_COPY,
	STREAM_NAME,        /* one name, compressed */
	STREAM_NUMBER_NAME, /* two octets and a name */
	STREAM_ELSE         /* by the encoder */
};

/* Within the steps. */
struct stream_steps {
	struct changes *changes; /* a reference; NULL: the zone is sent */
	unsigned step;           /* in work */
	enum change_side side;
	struct change_walk walk;
	struct rr rr; /* in work */
};

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
	struct stream_steps steps;
	struct zone_walk walk;
	struct node node;
	const uint8_t *relative; /* owner of the record in work, borrowed; NULL: none yet */
	uint8_t relative_len;    /* without the root label */
	uint16_t owner_offset;   /* in the message in work, 0: not written yet */
	struct stream_names names;
	unsigned place; /* of the RRset in work */
	struct rrset set;
	const uint8_t *next; /* record to send */
	unsigned left;       /* records from there on */
	bool in_signatures;
	enum stream_form form; /* of the RRset in work */

	uint64_t messages, records, bytes;
	int admission;  /* PLACE_NONE: it needs none */
	int64_t end_ms; /* monotonic: it is given up then; INT64_MAX: never */
	bool logged;
};

/* Takes references of its own, and the place.  The request is verified and admitted.  changes: what to send instead of
 * the zone; NULL: the zone. */
struct serve_stream *stream_new(struct request *r, struct zone_version *v, struct changes *changes,
                                const struct zone_policy *policy, int place);

/* -- stream_records.c ------------------------------------------------------------------------------------------------ */

void stream_begin_phase(struct serve_stream *s, enum stream_phase phase);
/* See to it that s->left > 0.  False: the stream is at its end. */
bool stream_advance(struct serve_stream *s);
/* Add records to the message in work until it has `goal` octets.  An error of the encoder: the next one has no room. */
enum err stream_put(struct serve_stream *s, size_t goal);

/* -- stream.c -------------------------------------------------------------------------------------------------------- */

/* All records are in the messages made so far. */
bool stream_is_at_end(struct serve_stream *s);

#endif
