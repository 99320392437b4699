/* Collecting the records of a zone; grouping and writing is image_write.c's. */
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
	return b;
}

void builder_free(struct builder *b) {
	if (!b) return;
	free(b->buffer);
	free(b->runs);
	free(b);
}

uint64_t builder_records(const struct builder *b) {
	return b->records;
}

uint64_t builder_bytes(const struct builder *b) {
	return b->len;
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
	if (b->cap - b->len >= more) return OK;
	size_t cap = b->cap + b->cap / 2 + more;
	if (cap > BUFFER_MAX) cap = BUFFER_MAX;
	if (cap - b->len < more) return ERR_LIMIT;
	uint8_t *grown = try_realloc(b->buffer, cap);
	if (!grown) return ERR_NOMEM;
	b->buffer = grown;
	b->cap = cap;
	return OK;
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

/* Begin a run for a new owner.  Room in the buffer was made. */
static enum err run_begin(struct builder *b, const struct name *owner) {
	enum err e = run_room(b);
	if (e != OK) return e;
	if (b->has_last && b->in_order) b->in_order = name_compare(b->last_owner.wire, owner->wire) < 0;
	size_t relative_len = (size_t)(owner->len - b->apex.len);
	uint8_t *at = b->buffer + b->len;
	memcpy(at, owner->wire, relative_len);
	at[relative_len] = 0;
	if (relative_len == 0) b->apex = *owner; /* its case as received (RFC 5936 section 3.4) */
	b->runs[b->run_count++] = (struct run){ .offset = (uint32_t)(b->len / UNIT) };
	b->len += padded(relative_len + 1);
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
	if (b->limits.max_bytes && b->len >= b->limits.max_bytes) {
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
	e = buffer_room(b, NAME_MAX_LEN + 1 + UNIT + RECORD_FIXED + padded(rdata_max));
	if (e == OK && !same_as_last(b, owner)) e = run_begin(b, owner);
	if (e != OK) why_set(why, REASON_TOO_LARGE, "%s while the zone is collected", err_text(e));
	return e;
}

/* The rdata stands behind the fixed part already. */
static void record_end(struct builder *b, uint16_t type, uint32_t ttl_s, size_t rdlength) {
	uint8_t *at = b->buffer + b->len;
	uint16_t parts[2] = { type, (uint16_t)rdlength };
	memcpy(at, &ttl_s, 4);
	memcpy(at + 4, parts, 4);
	b->len += RECORD_FIXED + padded(rdlength);
	b->runs[b->run_count - 1].count++;
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

enum err builder_finish(struct builder *b, struct zone_version **out_version, struct why *why) {
	if (b->records == 0) {
		why_set(why, REASON_BAD_ZONE, "no records came");
		return ERR_BADZONE;
	}
	enum err e = b->in_order ? OK : collect_sort(b);
	if (e != OK) {
		why_set(why, REASON_TOO_LARGE, "%s while the zone is sorted", err_text(e));
		return e;
	}
	return image_write(b, out_version, why);
}
