/* Inside of the builder: records as they were collected, in runs of equal owner.  While owners ascend the runs are a piece
 * of the stream only: each time that COLLECT_PIECE octets are there they go to the image writer (image_write.c) and the
 * buffer begins anew.
 *
 *   buffer:  run, run, …      each on a 4-octet boundary; offsets count 4-octet units
 *   run:     owner relative to the apex (wire name, root label included), then its records
 *   record:  u32 ttl_s | u16 type | u16 rdlength | rdata, padded to 4
 */
#ifndef UNDERSTUDY_ZONE_COLLECT_H
#define UNDERSTUDY_ZONE_COLLECT_H

#include "base/growing.h"
#include "zone/builder.h"

#define COLLECT_PIECE ((size_t)256 << 10)

struct zone_writer;

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
	struct growing memory;
	uint8_t *buffer; /* memory.at */
	size_t len;
	size_t piece; /* COLLECT_PIECE, but in tests */
	struct run *runs;
	size_t run_count, run_cap;
	uint64_t records, octets; /* of all that came */
	bool in_order; /* owners so far ascend strictly in canonical order, but for those of NSEC3 behind them */
	struct name last_owner; /* absolute, case as received: of the newest run */
	bool has_last;
	struct zone_writer *writer; /* owned; NULL: nothing is written yet */
	bool stays_collected;       /* writing has to wait for the end */
};

static inline const uint8_t *run_owner(const struct builder *b, const struct run *r) {
	return b->buffer + 4 * (size_t)r->offset;
}

/* Step through a run: start with *at = collected_first(owner). */
const uint8_t *collected_first(const uint8_t *owner);
void collected_next(const uint8_t **at, struct collected *out_record);

/* Begin a run, or add a record to the newest one, as builder_add does, but for the checks.  ERR_NOMEM, ERR_LIMIT. */
MUST_CHECK enum err collect_run(struct builder *b, const uint8_t *relative);
MUST_CHECK enum err collect_record(struct builder *b, const struct collected *r);

/* Bring the runs into canonical order of owners; equal owners stand together in order of arrival. ERR_NOMEM. */
MUST_CHECK enum err collect_sort(struct builder *b);

/* Names whose keys differ stand in the order of their keys.  owner: relative to the apex. */
uint64_t collect_sort_key(const uint8_t *owner);

/* -- image_write.c: the image, owner by owner -- */

/* ERR_NOMEM. */
MUST_CHECK enum err zone_writer_new(const struct builder *b, struct zone_writer **out_writer);
/* Write the owners of all runs of b, which follow in canonical order on those written before.  ERR_BADZONE (the apex),
 * ERR_LIMIT, ERR_NOMEM with why.  ERR_MISMATCH: after zone_writer_begin_apart an owner came that is no such one; the runs
 * before it are written. */
MUST_CHECK enum err zone_writer_runs(struct zone_writer *z, const struct builder *b, struct why *why);
/* Runs that the last call has written. */
size_t zone_writer_written(const struct zone_writer *z);
/* From here on owners of the NSEC3 chain in use come, in canonical order, as servers send them behind the names of the
 * zone.  False: there is no such chain, or some came already. */
bool zone_writer_begin_apart(struct zone_writer *z);
/* Collect all that was written, behind the runs that b has.  ERR_NOMEM, ERR_LIMIT. */
MUST_CHECK enum err zone_writer_undo(const struct zone_writer *z, struct builder *b);
MUST_CHECK enum err zone_writer_end(struct zone_writer *z, const struct builder *b,
                                    struct zone_version **out_version, struct why *why);
/* Octets of memory. */
uint64_t zone_writer_memory(const struct zone_writer *z);
void zone_writer_free(struct zone_writer *z);

#endif
