/* Every record that a step names is looked up in a table; what its first and its last mention say decides. */
#include "zone/condense.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/random.h"
#include "dns/rdata.h"
#include "zone/digest.h"

struct mention {
	struct change_record first, last; /* first.owner NULL: the slot is empty */
	uint64_t hash;
	enum change_side first_side, last_side;
};

struct condenser {
	struct mention *slots;
	size_t slot_count; /* a power of two */
	uint64_t seed;
	struct mention **order; /* as they were first mentioned */
	size_t used;
};

static uint64_t hash_lower(const uint8_t *data, size_t len, uint64_t hash) {
	uint8_t lower[NAME_MAX_LEN];
	for (size_t at = 0; at < len; at += sizeof(lower)) {
		size_t piece = len - at < sizeof(lower) ? len - at : sizeof(lower);
		name_lower_to(lower, data + at, piece);
		hash = digest_bytes(lower, piece, hash);
	}
	return hash;
}

static bool is_same(const struct change_record *a, const struct change_record *b) {
	return a->type == b->type && name_equal(a->owner, b->owner) &&
	       rdata_compare(a->type, a->rdata, a->rdlength, b->rdata, b->rdlength) == 0;
}

static struct mention *find(const struct condenser *c, const struct change_record *r, uint64_t hash) {
	size_t at = hash & (c->slot_count - 1);
	while (c->slots[at].first.owner && !(c->slots[at].hash == hash && is_same(&c->slots[at].first, r)))
		at = (at + 1) & (c->slot_count - 1);
	return &c->slots[at];
}

static bool is_soa(const struct change_record *r) {
	return r->type == RR_SOA && r->owner[0] == 0;
}

static void mention(struct condenser *c, const struct change_record *r, enum change_side side) {
	uint64_t hash = hash_lower(r->owner, name_len(r->owner), c->seed ^ r->type);
	hash = hash_lower(r->rdata, r->rdlength, hash);
	struct mention *m = find(c, r, hash);
	if (!m->first.owner) {
		m->first = *r;
		m->first_side = side;
		m->hash = hash;
		c->order[c->used++] = m;
	}
	m->last = *r;
	m->last_side = side;
}

static void mention_all(struct condenser *c, const struct change *step) {
	for (int side = CHANGE_REMOVED; side <= CHANGE_ADDED; side++) {
		struct change_walk walk = { 0 };
		struct change_record r;
		while (change_next(step, (enum change_side)side, &walk, &r)) {
			if (!is_soa(&r)) mention(c, &r, (enum change_side)side);
		}
	}
}

static enum err put_soa(struct change_writer *w, const struct change *step, enum change_side side) {
	struct change_walk walk = { 0 };
	struct change_record r;
	return change_next(step, side, &walk, &r) ? change_put(w, side, &r) : ERR_MALFORMED;
}

/* Removed first: it was there.  Added last: it is there. */
static enum err put_mention(struct change_writer *w, const struct mention *m) {
	bool was = m->first_side == CHANGE_REMOVED, is = m->last_side == CHANGE_ADDED;
	bool alike = m->first.ttl_s == m->last.ttl_s && m->first.rdlength == m->last.rdlength &&
	             memcmp(m->first.owner, m->last.owner, name_len(m->first.owner)) == 0 &&
	             memcmp(m->first.rdata, m->last.rdata, m->first.rdlength) == 0;
	if (was && is && alike) return OK;
	enum err e = was ? change_put(w, CHANGE_REMOVED, &m->first) : OK;
	return e == OK && is ? change_put(w, CHANGE_ADDED, &m->last) : e;
}

static enum err write_all(const struct condenser *c, struct change *const *steps, unsigned count,
                          struct change **out_change) {
	struct change_writer w = change_writer_init(0);
	enum err e = put_soa(&w, steps[0], CHANGE_REMOVED);
	if (e == OK) e = put_soa(&w, steps[count - 1], CHANGE_ADDED);
	for (size_t i = 0; i < c->used && e == OK; i++) {
		e = put_mention(&w, c->order[i]);
	}
	if (e == OK) e = change_finish(&w, steps[count - 1]->time_s, out_change);
	change_writer_done(&w);
	return e;
}

static enum err condenser_init(struct condenser *c, size_t records) {
	*c = (struct condenser){ .slot_count = 64, .seed = random_seed() };
	while (c->slot_count < 2 * records)
		c->slot_count *= 2;
	c->slots = try_malloc(c->slot_count * sizeof(*c->slots));
	c->order = try_malloc(records * sizeof(struct mention *));
	if (!c->slots || !c->order) return ERR_NOMEM;
	memset(c->slots, 0, c->slot_count * sizeof(*c->slots));
	return OK;
}

enum err changes_condense(struct change *const *steps, unsigned count, struct change **out_change) {
	struct condenser c;
	size_t records = 0;
	for (unsigned i = 0; i < count; i++)
		records += (size_t)steps[i]->count[0] + steps[i]->count[1];
	enum err e = condenser_init(&c, records);
	for (unsigned i = 0; i < count && e == OK; i++)
		mention_all(&c, steps[i]);
	if (e == OK) e = write_all(&c, steps, count, out_change);
	free(c.slots);
	free(c.order);
	return e;
}
