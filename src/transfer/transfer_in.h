/* One answer to AXFR or IXFR, message by message (RFC 5936, RFC 1995): any packing of records into messages.  Sans-IO:
 * bytes go in; records go to the builder, or to the steps of ixfr_in.h.
 *
 *   AXFR:  OPENING ── SOA ──► ZONE ── the same SOA again ──► CLOSED
 *   IXFR:  OPENING ── SOA ──► UNDECIDED ── other record ────────────────► ZONE ── the same SOA ──► CLOSED
 *                                 ├────── SOA with our serial ──────────► STEPS (ixfr_in.h) ─────► CLOSED
 *                                 ├────── message ends, serial is ours ─► CURRENT
 *                                 └────── message ends, serial is newer ► UNDECIDED: more must follow
 *
 * A first message with nothing but a newer SOA says nothing yet: a server may send one record a message.  If no more
 * comes, a time limit makes a failure of it (copy.c).
 *
 * What is checked: ID, question, RCODE, TSIG over the whole stream, class IN, opening and closing SOA alike, nothing
 * after it, every record inside the zone and well-formed, limits.  AA is not: the transfer itself is what a server
 * that is no authority does not have.
 * Thread: one at a time. */
#ifndef UNDERSTUDY_TRANSFER_TRANSFER_IN_H
#define UNDERSTUDY_TRANSFER_TRANSFER_IN_H

#include "transfer/answer.h"
#include "transfer/ixfr_in.h"
#include "transfer/zone_soa.h"
#include "zone/builder.h"

#define TRANSFER_EMPTY_MAX 16 /* messages without a record that are put up with in one stream */

enum transfer_verdict { TRANSFER_MORE, TRANSFER_WHOLE, TRANSFER_FAILED };
enum transfer_form { FORM_OPENING, FORM_UNDECIDED, FORM_ZONE, FORM_STEPS, FORM_CURRENT };

struct transfer_in {
	struct asked asked;     /* set by the caller; type RR_AXFR or RR_IXFR */
	struct tsig_state tsig; /* as tsig_sign_request left it; owned */
	struct builder_limits limits;
	bool has_floor; /* the version must not be older than floor */
	uint32_t floor;
	uint32_t our_serial; /* valid for RR_IXFR */
	/* what came */
	enum transfer_form form;
	struct zone_soa opening; /* valid from FORM_UNDECIDED on */
	struct name apex;        /* its owner, case as received */
	struct builder *builder; /* FORM_ZONE; owned; NULL after transfer_in_take */
	struct ixfr_in steps;    /* FORM_STEPS */
	bool closed;
	bool has_expire; /* the server told how long the version is valid (RFC 7314) */
	uint32_t expire_s;
	unsigned empty;
	uint32_t messages;
	uint64_t bytes;
};

/* asked (whose zone is borrowed), tsig, floor and our_serial are filled in afterwards.  Not to be moved then. */
void transfer_in_init(struct transfer_in *t, const struct builder_limits *limits);
/* why is filled when the result is TRANSFER_FAILED; no further message may follow then, nor after TRANSFER_WHOLE. */
enum transfer_verdict transfer_in_message(struct transfer_in *t, const uint8_t *data, size_t len,
                                          int64_t now_s, struct why *why);
/* The connection ended before the stream did: the reason by how far it had come. */
void transfer_in_cut(const struct transfer_in *t, struct why *why);
static inline bool transfer_in_has_soa(const struct transfer_in *t) {
	return t->form != FORM_OPENING;
}
/* Records so far. */
uint64_t transfer_in_records(const struct transfer_in *t);
/* Octets of memory that they take. */
uint64_t transfer_in_memory(const struct transfer_in *t);
/* After TRANSFER_WHOLE with FORM_ZONE: the builder with all records, the caller's now. */
struct builder *transfer_in_take(struct transfer_in *t);
void transfer_in_done(struct transfer_in *t);

#endif
