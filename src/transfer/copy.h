/* One transfer of a zone from one primary: an exchange of the pool (pool.h) whose messages go to transfer_in.h.
 * Thread: the loop's. */
#ifndef UNDERSTUDY_TRANSFER_COPY_H
#define UNDERSTUDY_TRANSFER_COPY_H

#include "transfer/pool.h"
#include "zone/builder.h"

#define COPY_TOLD_MS 500

struct copy; /* waiting or under way; gone when its result is told */
struct change;

/* What came.  Of a failure: as far as it was seen. */
enum copy_kind {
	COPY_AXFR,
	COPY_IXFR,          /* changes: steps from the version that we have */
	COPY_AXFR_FOR_IXFR, /* differences were asked for, the whole zone came */
	COPY_CURRENT        /* differences were asked for; the primary has none (RFC 1995 section 2) */
};

struct copy_result {
	bool ok;
	bool incremental; /* differences were asked for */
	enum copy_kind got;
	bool undecided; /* it failed before that could be told */
	/* Taken over by who is told.  If ok exactly one of them is there, but none for COPY_CURRENT; else none. */
	struct builder *builder;
	struct change **changes; /* change_count references, oldest step first, in an array to be freed */
	unsigned change_count;
	struct soa soa; /* of the version that came; valid with has_soa */
	bool has_soa;
	bool has_expire; /* the primary told how long it holds the version to be valid (RFC 7314) */
	uint32_t expire_s;
	struct why why;    /* valid if not ok */
	bool no_tcp;       /* no connection could be made */
	uint8_t transport; /* enum transport */
	bool tsig;
	uint32_t messages, ms;
	uint64_t records, bytes;
};
struct copy_request {
	const uint8_t *zone; /* borrowed while it runs */
	struct addr primary, source;
	const struct tsig_key *key; /* borrowed while it runs */
	enum urgency urgency;
	bool alone; /* known to be large */
	bool has_floor;
	uint32_t floor;
	struct zone_version
		*have; /* ask for the differences from this version (IXFR); NULL: for all (AXFR) */
	struct builder_limits limits;
	/* It was asked for (all 0), or the answer goes on, at most every COPY_TOLD_MS; NULL: nobody asks. */
	void (*progress)(void *ctx, uint32_t messages, uint64_t records, uint64_t bytes);
	void (*result)(void *ctx, struct copy_result *result);
	void *ctx;
};
/* Never calls back from inside. */
struct copy *copy_start(struct pool *pool, struct peer *peer, const struct copy_request *request);
/* No result follows.  NULL is allowed. */
void copy_cancel(struct copy *c);

#endif
