/* Changes: blocks of removed and added records, and the lists of them that lead to a version. */
#include "zone/change.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "dns/rdata.h"
#include "zone/history_memory.h"

#define RECORD_FIXED 8 /* behind the owner: type, TTL, rdlength */
#define LABEL_MAX 63
#define SIDE_MAX ((size_t)INT32_MAX)

void change_ref(struct change *c) {
	atomic_fetch_add_explicit(&c->references, 1, memory_order_relaxed);
}

void change_unref(struct change *c) {
	if (!c || atomic_fetch_sub_explicit(&c->references, 1, memory_order_acq_rel) != 1) return;
	free(c);
}

/* -- reading -- */

static const uint8_t *side_begin(const struct change *c, enum change_side side) {
	return c->block + (side == CHANGE_ADDED ? c->len[CHANGE_REMOVED] : 0);
}

static void record_read_at(const uint8_t *at, struct change_record *out_record, size_t *out_len) {
	size_t owner_len = name_len(at);
	const uint8_t *fixed = at + owner_len;
	out_record->owner = at;
	memcpy(&out_record->type, fixed, 2);
	memcpy(&out_record->ttl_s, fixed + 2, 4);
	memcpy(&out_record->rdlength, fixed + 6, 2);
	out_record->rdata = fixed + RECORD_FIXED;
	*out_len = owner_len + RECORD_FIXED + out_record->rdlength;
}

bool change_next(const struct change *c, enum change_side side, struct change_walk *walk,
                 struct change_record *out_record) {
	size_t len;
	if (walk->at >= c->len[side]) return false;
	record_read_at(side_begin(c, side) + walk->at, out_record, &len);
	walk->at += (uint32_t)len;
	return true;
}

/* -- checking what was saved -- */

/* Octets of a wire name at p; 0: none that ends within len. */
static size_t sound_name_len(const uint8_t *p, size_t len) {
	size_t at = 0;
	while (at < len && at < NAME_MAX_LEN) {
		if (p[at] == 0) return at + 1;
		if (p[at] > LABEL_MAX) return 0;
		at += (size_t)p[at] + 1;
	}
	return 0;
}

static bool soa_is(const struct change_record *r, uint32_t serial) {
	struct soa soa;
	return r->type == RR_SOA && r->owner[0] == 0 && soa_parse(r->rdata, r->rdlength, &soa) == OK &&
	       soa.serial == serial;
}

static bool side_is_sound(const uint8_t *data, size_t len, uint32_t count, uint32_t serial) {
	size_t at = 0;
	for (uint32_t i = 0; i < count; i++) {
		size_t owner_len = sound_name_len(data + at, len - at), record_len;
		struct change_record r;
		if (owner_len == 0 || len - at - owner_len < RECORD_FIXED) return false;
		record_read_at(data + at, &r, &record_len);
		if (record_len > len - at) return false;
		if (i == 0 && !soa_is(&r, serial)) return false;
		at += record_len;
	}
	return count > 0 && at == len;
}

/* Every record's data as a reader of the zone takes it for granted. */
static bool side_rdata_is_sound(const struct change *c, enum change_side side) {
	struct change_walk walk = { 0 };
	struct change_record r;
	while (change_next(c, side, &walk, &r))
		if (rdata_check(r.type, r.rdata, r.rdlength) != OK) return false;
	return true;
}

static struct change *change_new(const uint32_t len[static 2], const uint32_t count[static 2],
                                 int64_t time_s) {
	struct change *c = try_malloc(sizeof(*c) + len[0] + len[1]);
	if (!c) return NULL;
	*c = (struct change){ .count = { count[0], count[1] }, .len = { len[0], len[1] }, .time_s = time_s };
	atomic_init(&c->references, 1);
	return c;
}

enum err change_open(const void *block, const uint32_t len[static 2], const uint32_t count[static 2],
                     uint32_t from, uint32_t to, int64_t time_s, struct change **out_change) {
	const uint8_t *data = block;
	if (!side_is_sound(data, len[CHANGE_REMOVED], count[CHANGE_REMOVED], from)) return ERR_CORRUPT;
	if (!side_is_sound(data + len[CHANGE_REMOVED], len[CHANGE_ADDED], count[CHANGE_ADDED], to))
		return ERR_CORRUPT;
	struct change *c = change_new(len, count, time_s);
	if (!c) return ERR_NOMEM;
	memcpy(c->block, data, (size_t)len[0] + len[1]);
	c->from = from;
	c->to = to;
	if (!side_rdata_is_sound(c, CHANGE_REMOVED) || !side_rdata_is_sound(c, CHANGE_ADDED)) {
		change_unref(c);
		return ERR_CORRUPT;
	}
	*out_change = c;
	return OK;
}

/* -- writing -- */

uint64_t change_written(const struct change_writer *w) {
	return (uint64_t)w->len[0] + w->len[1];
}

static enum err side_room(struct change_writer *w, enum change_side side, size_t more) {
	if (w->max_bytes && change_written(w) + more > w->max_bytes) return ERR_LIMIT;
	if (w->len[side] + more > SIDE_MAX) return ERR_LIMIT;
	if (w->cap[side] - w->len[side] >= more) return OK;
	size_t cap = w->cap[side] + w->cap[side] / 2 + more + 256;
	uint8_t *grown = try_realloc(w->data[side], cap);
	if (!grown) return ERR_NOMEM;
	w->data[side] = grown;
	w->cap[side] = cap;
	return OK;
}

enum err change_put(struct change_writer *w, enum change_side side, const struct change_record *r) {
	size_t owner_len = name_len(r->owner), len = owner_len + RECORD_FIXED + r->rdlength;
	enum err e = side_room(w, side, len);
	if (e != OK) return e;
	bool first = r->type == RR_SOA && r->owner[0] == 0;
	uint8_t *at = w->data[side] + (first ? 0 : w->len[side]);
	if (first) memmove(at + len, at, w->len[side]);
	memcpy(at, r->owner, owner_len);
	memcpy(at + owner_len, &r->type, 2);
	memcpy(at + owner_len + 2, &r->ttl_s, 4);
	memcpy(at + owner_len + 6, &r->rdlength, 2);
	if (r->rdlength) memcpy(at + owner_len + RECORD_FIXED, r->rdata, r->rdlength);
	w->len[side] += len;
	w->count[side]++;
	return OK;
}

static bool side_serial(const struct change_writer *w, enum change_side side, uint32_t *out_serial) {
	struct change_record r;
	struct soa soa;
	size_t len;
	if (w->count[side] == 0) return false;
	record_read_at(w->data[side], &r, &len);
	if (r.type != RR_SOA || r.owner[0] != 0 || soa_parse(r.rdata, r.rdlength, &soa) != OK) return false;
	*out_serial = soa.serial;
	return true;
}

enum err change_finish(struct change_writer *w, int64_t time_s, struct change **out_change) {
	uint32_t from, to, len[2] = { (uint32_t)w->len[0], (uint32_t)w->len[1] };
	if (!side_serial(w, CHANGE_REMOVED, &from) || !side_serial(w, CHANGE_ADDED, &to))
		return ERR_MALFORMED;
	struct change *c = change_new(len, w->count, time_s);
	if (!c) return ERR_NOMEM;
	memcpy(c->block, w->data[0], len[0]);
	memcpy(c->block + len[0], w->data[1], len[1]);
	c->from = from;
	c->to = to;
	change_writer_done(w);
	*out_change = c;
	return OK;
}

void change_writer_done(struct change_writer *w) {
	free(w->data[0]);
	free(w->data[1]);
	*w = change_writer_init(w->max_bytes);
}

/* -- lists -- */

void changes_ref(struct changes *c) {
	atomic_fetch_add_explicit(&c->references, 1, memory_order_relaxed);
}

void changes_unref(struct changes *c) {
	if (!c || atomic_fetch_sub_explicit(&c->references, 1, memory_order_acq_rel) != 1) return;
	for (unsigned i = 0; i < c->count; i++)
		change_unref(c->steps[i]);
	history_memory_release(c->memory, c->bytes);
	free(c);
}

/* Step `i` from the newest back, of further ones and then of former ones. */
static struct change *step_back(const struct changes *former, struct change *const *steps, unsigned count,
                                unsigned i) {
	if (i < count) return steps[count - 1 - i];
	i -= count;
	return former && i < former->count ? former->steps[former->count - 1 - i] : NULL;
}

struct changes *changes_extend(const struct changes *former, struct change *const *steps, unsigned count,
                               unsigned most_count, uint64_t most_bytes) {
	unsigned kept = 0;
	uint64_t bytes = 0;
	struct change *step, *later = NULL;
	while (kept < most_count && (step = step_back(former, steps, count, kept))) {
		if (later && step->to != later->from) break;
		if (bytes + change_bytes(step) > most_bytes) break;
		bytes += change_bytes(step);
		later = step;
		kept++;
	}
	if (kept == 0) return NULL;
	struct changes *c = xmalloc(sizeof(*c) + kept * sizeof(c->steps[0]));
	c->count = kept;
	c->bytes = bytes;
	c->memory = NULL;
	atomic_init(&c->references, 1);
	for (unsigned i = 0; i < kept; i++) {
		c->steps[kept - 1 - i] = step_back(former, steps, count, i);
		change_ref(c->steps[kept - 1 - i]);
	}
	return c;
}
