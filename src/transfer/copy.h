/* One transfer of a zone from one primary: an exchange of the pool (pool.h) whose messages go to axfr_in.h.
 * Thread: the loop's. */
#ifndef UNDERSTUDY_TRANSFER_COPY_H
#define UNDERSTUDY_TRANSFER_COPY_H

#include "transfer/pool.h"
#include "zone/builder.h"

struct copy; /* waiting or under way; gone when its result is told */

struct copy_result {
	struct builder *builder; /* taken over by who is told; NULL: failed */
	struct soa soa;          /* valid with has_soa */
	bool has_soa;
	struct why why; /* valid without builder */
	bool no_tcp;    /* no connection could be made */
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
	struct builder_limits limits;
	void (*result)(void *ctx, struct copy_result *result);
	void *ctx;
};
/* Never calls back from inside. */
struct copy *copy_start(struct pool *pool, struct peer *peer, const struct copy_request *request);
/* No result follows.  NULL is allowed. */
void copy_cancel(struct copy *c);

#endif
