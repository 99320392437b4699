/* Collecting the records of a zone, whole or piece by piece; grouping and writing is image_write.c's.
 *
 *   owners ascend:             pieces ──► image
 *   then the chain of NSEC3:   pieces ──► image, apart
 *   any other order:           what was written is collected again, and the rest with it; sorted and written at the end */
#include "zone/builder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "zone/collect.h"

#define UNIT 4
#define BUFFER_MAX ((size_t)UINT32_MAX * UNIT)
#define RECORD_FIXED 8

static size_t padded(size_t len) {
	return (len + UNIT - 1) & ~(size_t)(UNIT - 1);
}

struct builder *builder_new(const uint8_t *apex, const struct builder_limits *limits) {
	struct builder *b = xcalloc(1, sizeof(*b));
	name_copy(&b->apex, apex);
	b->limits = *limits;
	b->in_order = true;
	b->piece = COLLECT_PIECE;
	return b;
}

void builder_free(struct builder *b) {
	if (!b) return;
	growing_free(&b->memory);
	free(b->runs);
	zone_writer_free(b->writer);
	free(b);
}

uint64_t builder_records(const struct builder *b) {
	return b->records;
}

uint64_t builder_bytes(const struct builder *b) {
	return b->octets;
}

uint64_t builder_memory(const struct builder *b) {
	return b->len + (b->writer ? zone_writer_memory(b->writer) : 0);
}

/* A reason for people that names the record. */
static enum err fail(enum err e, struct why *why, enum reason reason, const uint8_t *owner, uint16_t type,
                     const char *what) {
	char name[NAME_TEXT_MAX], mnemonic[RRTYPE_TEXT_MAX];
	why_set(why, reason, "%.150s %s: %s", name_text_short(owner, name), rrtype_text(type, mnemonic),
	        what);
	return e;
}

static enum err buffer_room(struct builder *b, size_t more) {
	if (b->memory.cap - b->len >= more) return OK;
	size_t cap = b->len + b->len / 2 + more;
	if (cap > BUFFER_MAX) cap = BUFFER_MAX;
	if (cap - b->len < more) return ERR_LIMIT;
	enum err e = growing_room(&b->memory, b->len, cap);
	b->buffer = b->memory.at;
	return e;
}

static enum err run_room(struct builder *b) {
	if (b->run_count < b->run_cap) return OK;
	size_t cap = b->run_cap ? b->run_cap * 2 : 16;
	struct run *grown = try_realloc(b->runs, cap * sizeof(*grown));
	if (!grown) return ERR_NOMEM;
	b->runs = grown;
	b->run_cap = cap;
	return OK;
}

/* Room for relative_len octets, a root label and padding in the buffer was made. */
static enum err put_run(struct builder *b, const uint8_t *relative, size_t relative_len) {
	enum err e = run_room(b);
	if (e != OK) return e;
	uint8_t *at = b->buffer + b->len;
	memcpy(at, relative, relative_len);
	at[relative_len] = 0;
	b->runs[b->run_count++] = (struct run){ .offset = (uint32_t)(b->len / UNIT) };
	b->len += padded(relative_len + 1);
	return OK;
}

/* The rdata stands behind the fixed part already. */
static void put_record(struct builder *b, uint16_t type, uint32_t ttl_s, size_t rdlength) {
	uint8_t *at = b->buffer + b->len;
	uint16_t parts[2] = { type, (uint16_t)rdlength };
	memcpy(at, &ttl_s, 4);
	memcpy(at + 4, parts, 4);
	b->len += RECORD_FIXED + padded(rdlength);
	b->runs[b->run_count - 1].count++;
}

enum err collect_run(struct builder *b, const uint8_t *relative) {
	size_t len = name_len(relative);
	enum err e = buffer_room(b, padded(len));
	return e == OK ? put_run(b, relative, len - 1) : e;
}

enum err collect_record(struct builder *b, const struct collected *r) {
	enum err e = buffer_room(b, RECORD_FIXED + padded(r->rdlength));
	if (e != OK) return e;
	if (r->rdlength) memcpy(b->buffer + b->len + RECORD_FIXED, r->rdata, r->rdlength);
	put_record(b, r->type, r->ttl_s, r->rdlength);
	return OK;
}

/* -- writing pieces -- */

static enum err collect_runs(struct builder *b, const struct builder *from, size_t first) {
	enum err e = OK;
	for (size_t i = first; i < from->run_count && e == OK; i++) {
		const uint8_t *owner = run_owner(from, &from->runs[i]), *at = collected_first(owner);
		struct collected r;
		e = collect_run(b, owner);
		for (uint32_t k = 0; k < from->runs[i].count && e == OK; k++) {
			collected_next(&at, &r);
			e = collect_record(b, &r);
		}
	}
	return e;
}

/* The order was not what it seemed: all that was written, and then the runs at hand, as if nothing had been. */
static enum err collect_again(struct builder *b) {
	struct builder old = *b;
	b->memory = (struct growing){ 0 };
	b->runs = NULL;
	b->len = b->run_count = b->run_cap = 0;
	b->in_order = false;
	b->writer = NULL;
	enum err e = zone_writer_undo(old.writer, b);
	if (e == OK) e = collect_runs(b, &old, zone_writer_written(old.writer));
	growing_free(&old.memory);
	free(old.runs);
	zone_writer_free(old.writer);
	return e;
}

/* The apex comes first, with what makes it one: only then its errors need no second look at the end. */
static bool begins_as_a_zone(const struct builder *b) {
	const uint8_t *owner = run_owner(b, &b->runs[0]), *at = collected_first(owner);
	unsigned soas = 0, servers = 0;
	struct collected r;
	for (uint32_t i = 0; i < b->runs[0].count; i++) {
		collected_next(&at, &r);
		soas += r.type == RR_SOA;
		servers += r.type == RR_NS;
	}
	return owner[0] == 0 && soas == 1 && servers > 0;
}

/* All runs are whole. */
static enum err write_piece(struct builder *b, struct why *why) {
	enum err e = b->writer ? OK : zone_writer_new(b, &b->writer);
	if (e == OK) e = zone_writer_runs(b->writer, b, why);
	if (e == ERR_MISMATCH) return collect_again(b);
	if (e == OK) b->len = b->run_count = 0;
	return e;
}

/* An owner comes that should have come before. */
static enum err end_order(struct builder *b, struct why *why) {
	enum err e = OK;
	if (b->writer) e = write_piece(b, why);
	if (e != OK || (b->writer && zone_writer_begin_apart(b->writer))) return e;
	b->in_order = false;
	return b->writer ? collect_again(b) : OK;
}

/* The runs so far are whole: another owner comes. */
static enum err end_run(struct builder *b, const struct name *owner, struct why *why) {
	enum err e = OK;
	if (!b->has_last || !b->in_order) return OK;
	if (name_compare(b->last_owner.wire, owner->wire) >= 0) e = end_order(b, why);
	if (e != OK || !b->in_order || b->len < b->piece || b->stays_collected) return e;
	b->stays_collected = !b->writer && !begins_as_a_zone(b);
	return b->stays_collected ? OK : write_piece(b, why);
}

/* -- records -- */

/* Room in the buffer was made. */
static enum err run_begin(struct builder *b, const struct name *owner) {
	size_t relative_len = (size_t)(owner->len - b->apex.len);
	enum err e = put_run(b, owner->wire, relative_len);
	if (e != OK) return e;
	if (relative_len == 0) b->apex = *owner; /* its case as received (RFC 5936 section 3.4) */
	b->octets += padded(relative_len + 1);
	b->last_owner.len = owner->len;
	memcpy(b->last_owner.wire, owner->wire, owner->len);
	b->has_last = true;
	return OK;
}

static bool same_as_last(const struct builder *b, const struct name *owner) {
	if (!b->has_last || b->last_owner.len != owner->len) return false;
	return memcmp(b->last_owner.wire, owner->wire, owner->len) == 0 ||
	       name_equal(b->last_owner.wire, owner->wire);
}

/* What a zone may not hold, whoever sends it. */
static enum err check_place(const struct builder *b, const struct name *owner, uint16_t type,
                            struct why *why) {
	if (!name_is_within(owner->wire, b->apex.wire))
		return fail(ERR_OUTZONE, why, REASON_OUT_OF_ZONE, owner->wire, type, "not in the zone");
	if (rrtype_has(rrtype_info(type), RRF_META) || type == 0)
		return fail(ERR_RDATA, why, REASON_BAD_RECORD, owner->wire, type, "type is not zone data");
	if (type == RR_SOA && owner->len != b->apex.len)
		return fail(ERR_BADZONE, why, REASON_BAD_ZONE, owner->wire, type, "SOA below the apex");
	return OK;
}

static enum err check_limits(const struct builder *b, struct why *why) {
	if (b->limits.max_records && b->records >= b->limits.max_records) {
		why_set(why, REASON_TOO_LARGE, "more than %llu records",
		        (unsigned long long)b->limits.max_records);
		return ERR_LIMIT;
	}
	if (b->limits.max_bytes && b->octets >= b->limits.max_bytes) {
		why_set(why, REASON_TOO_LARGE, "more than %llu octets",
		        (unsigned long long)b->limits.max_bytes);
		return ERR_LIMIT;
	}
	return OK;
}

/* Checks and room for one more record with rdata of at most rdata_max octets; its run begun. */
static enum err record_begin(struct builder *b, const struct name *owner, uint16_t type, size_t rdata_max,
                             struct why *why) {
	enum err e = check_place(b, owner, type, why);
	if (e == OK) e = check_limits(b, why);
	if (e != OK) return e;
	bool is_new = !same_as_last(b, owner);
	why->reason = REASON_NONE;
	if (is_new) e = end_run(b, owner, why);
	if (e == OK) e = buffer_room(b, NAME_MAX_LEN + 1 + UNIT + RECORD_FIXED + padded(rdata_max));
	if (e == OK && is_new) e = run_begin(b, owner);
	if (e != OK && why->reason == REASON_NONE)
		why_set(why, REASON_TOO_LARGE, "%s while the zone is collected", err_text(e));
	return e;
}

static void record_end(struct builder *b, uint16_t type, uint32_t ttl_s, size_t rdlength) {
	put_record(b, type, ttl_s, rdlength);
	b->octets += RECORD_FIXED + padded(rdlength);
	b->records++;
}

enum err builder_add_record(struct builder *b, const uint8_t *message, size_t message_len,
                            const struct record *r, struct why *why) {
	if (r->class != CLASS_IN)
		return fail(ERR_RDATA, why, REASON_BAD_RECORD, r->owner.wire, r->type, "class is not IN");
	/* decompressed names grow to 255 octets each; at most two of them stand in any layout but HIP's rest */
	size_t rdata_max = (size_t)r->rdlength + 2 * NAME_MAX_LEN;
	if (rdata_max > RDATA_MAX_LEN) rdata_max = RDATA_MAX_LEN;
	enum err e = record_begin(b, &r->owner, r->type, rdata_max, why);
	if (e != OK) return e;
	struct reader in = reader_init(message, message_len);
	in.pos = r->rdata_pos;
	struct writer out = writer_init(b->buffer + b->len + RECORD_FIXED, rdata_max);
	e = rdata_read(&in, r->type, r->rdlength, &out);
	if (e != OK) return fail(e, why, REASON_BAD_RECORD, r->owner.wire, r->type, err_text(e));
	record_end(b, r->type, r->ttl_s, out.len);
	return OK;
}

enum err builder_add(struct builder *b, const uint8_t *owner, uint16_t type, uint32_t ttl_s,
                     const uint8_t *rdata, uint16_t rdlength, struct why *why) {
	struct name name;
	name_copy(&name, owner);
	enum err e = record_begin(b, &name, type, rdlength, why);
	if (e != OK) return e;
	if (rdlength) memcpy(b->buffer + b->len + RECORD_FIXED, rdata, rdlength);
	record_end(b, type, ttl_s, rdlength);
	return OK;
}

const uint8_t *collected_first(const uint8_t *owner) {
	return owner + padded(name_len(owner));
}

void collected_next(const uint8_t **at, struct collected *out_record) {
	uint16_t parts[2];
	memcpy(&out_record->ttl_s, *at, 4);
	memcpy(parts, *at + 4, 4);
	out_record->type = parts[0];
	out_record->rdlength = parts[1];
	out_record->rdata = *at + RECORD_FIXED;
	*at += RECORD_FIXED + padded(parts[1]);
}

static enum err write_rest(struct builder *b, struct why *why) {
	enum err e = b->writer ? write_piece(b, why) : OK;
	if (e == OK && !b->in_order) {
		e = collect_sort(b);
		if (e != OK) why_set(why, REASON_TOO_LARGE, "%s while the zone is sorted", err_text(e));
	}
	return e == OK && b->run_count ? write_piece(b, why) : e;
}

enum err builder_finish(struct builder *b, struct zone_version **out_version, struct why *why) {
	if (b->records == 0) {
		why_set(why, REASON_BAD_ZONE, "no records came");
		return ERR_BADZONE;
	}
	why_set(why, REASON_NONE, "%s", "");
	enum err e = write_rest(b, why);
	if (e == OK) e = zone_writer_end(b->writer, b, out_version, why);
	if (e != OK && why->reason == REASON_NONE)
		why_set(why, REASON_TOO_LARGE, "%s while the image is built", err_text(e));
	return e;
}
