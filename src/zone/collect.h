/* Inside of the builder: records as they were collected, in runs of equal owner.
 *
 *   buffer:  run, run, …      each on a 4-octet boundary; offsets count 4-octet units
 *   run:     owner relative to the apex (wire name, root label included), then its records
 *   record:  u32 ttl_s | u16 type | u16 rdlength | rdata, padded to 4
 */
#ifndef UNDERSTUDY_ZONE_COLLECT_H
#define UNDERSTUDY_ZONE_COLLECT_H

#include "zone/builder.h"

struct run {
	uint32_t offset; /* of the owner, in units */
	uint32_t count;  /* records */
};

struct collected {
	uint16_t type;
	uint16_t rdlength;
	uint32_t ttl_s;
	const uint8_t *rdata;
};

struct builder {
	struct name apex;
	struct builder_limits limits;
	uint8_t *buffer;
	size_t len, cap;
	struct run *runs;
	size_t run_count, run_cap;
	uint64_t records;
	bool in_order;          /* owners so far ascend strictly in canonical order */
	struct name last_owner; /* absolute, case as received: of the newest run */
	bool has_last;
};

static inline const uint8_t *run_owner(const struct builder *b, const struct run *r) {
	return b->buffer + 4 * (size_t)r->offset;
}

/* Step through a run: start with *at = collected_first(owner). */
const uint8_t *collected_first(const uint8_t *owner);
void collected_next(const uint8_t **at, struct collected *out_record);

/* Bring the runs into canonical order of owners; equal owners stand together in order of arrival. ERR_NOMEM. */
MUST_CHECK enum err collect_sort(struct builder *b);

/* Names whose keys differ stand in the order of their keys.  owner: relative to the apex. */
uint64_t collect_sort_key(const uint8_t *owner);

/* Write the image of sorted runs. */
MUST_CHECK enum err image_write(struct builder *b, struct zone_version **out_version, struct why *why);

#endif
