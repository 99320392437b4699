/* One AXFR answer, message by message (RFC 5936): any packing of records into messages, from the opening SOA to the
 * closing one.  Sans-IO: bytes go in, records go to the builder.
 *
 *   OPENING ── SOA of the zone ──► RECORDS ── the same SOA again ──► CLOSED
 *
 * What is checked: ID, question, RCODE, TSIG over the whole stream, class IN, opening and closing SOA alike, nothing
 * after it, every record inside the zone and well-formed, limits.  AA is not: the transfer itself is what a server
 * that is no authority does not have.
 * Thread: one at a time. */
#ifndef UNDERSTUDY_TRANSFER_AXFR_IN_H
#define UNDERSTUDY_TRANSFER_AXFR_IN_H

#include "transfer/answer.h"
#include "zone/builder.h"

#define AXFR_EMPTY_MAX 16 /* messages without a record that are put up with in one stream */
#define AXFR_SOA_MAX (2 * NAME_MAX_LEN + 20)

enum axfr_verdict { AXFR_MORE, AXFR_WHOLE, AXFR_FAILED };

struct axfr_in {
	struct asked asked;      /* set by the caller */
	struct tsig_state tsig;  /* as tsig_sign_request left it; owned */
	struct builder *builder; /* owned; NULL after axfr_in_take */
	bool has_floor;          /* the version must not be older than floor */
	uint32_t floor;
	/* what came */
	struct soa soa; /* of the opening SOA; valid once has_soa */
	bool has_soa, closed;
	unsigned empty;
	uint32_t messages;
	uint64_t bytes;
	uint16_t soa_len;
	uint8_t soa_rdata[AXFR_SOA_MAX];
};

/* asked (whose zone is borrowed), tsig and floor are filled in afterwards. */
void axfr_in_init(struct axfr_in *a, const uint8_t *zone, const struct builder_limits *limits);
/* why is filled when the result is AXFR_FAILED; no further message may follow then, nor after AXFR_WHOLE. */
enum axfr_verdict axfr_in_message(struct axfr_in *a, const uint8_t *data, size_t len, int64_t now_s,
                                  struct why *why);
/* The connection ended before the stream did: the reason by how far it had come. */
void axfr_in_cut(const struct axfr_in *a, struct why *why);
/* After AXFR_WHOLE: the builder with all records, the caller's now. */
struct builder *axfr_in_take(struct axfr_in *a);
void axfr_in_done(struct axfr_in *a);

#endif
