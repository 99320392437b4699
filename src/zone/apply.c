/* The whole-image form: one walk over the former version finds which of the changed records it has, the steps are
 * played through in order, and a second walk puts what is left into a builder. */
#include "zone/apply.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/random.h"
#include "zone/digest.h"
#include "zone/lookup.h"

/* A record that some step names. */
struct touched {
	struct change_record record; /* as it was named or found last */
	uint64_t hash;
	bool was_there, is_there;
};

struct play {
	struct zone_version *v;
	struct touched *table; /* open addressing */
	size_t slots, used;    /* slots is a power of two */
	uint64_t seed;
	uint32_t serial; /* of the zone as played so far */
	struct why *why;
};

/* -- the table -- */

static uint64_t record_hash(uint64_t seed, const struct change_record *r) {
	uint8_t lower[NAME_MAX_LEN];
	size_t len = name_len(r->owner);
	uint64_t hash = seed ^ r->type;
	name_lower_to(lower, r->owner, len);
	hash = digest_bytes(lower, len, hash);
	for (uint32_t at = 0; at < r->rdlength; at += (uint32_t)len) {
		len = r->rdlength - at < sizeof(lower) ? r->rdlength - at : sizeof(lower);
		name_lower_to(lower, r->rdata + at, len);
		hash = digest_bytes(lower, len, hash);
	}
	return hash;
}

static bool same_record(const struct change_record *a, const struct change_record *b) {
	return a->type == b->type && name_equal(a->owner, b->owner) &&
	       rdata_compare(a->type, a->rdata, a->rdlength, b->rdata, b->rdlength) == 0;
}

/* The slot of the record, or the empty one where it would stand. */
static struct touched *table_slot(const struct play *p, const struct change_record *r, uint64_t hash) {
	size_t at = hash & (p->slots - 1);
	while (p->table[at].record.owner &&
	       (p->table[at].hash != hash || !same_record(&p->table[at].record, r)))
		at = (at + 1) & (p->slots - 1);
	return &p->table[at];
}

static enum err table_fill(struct play *p, struct change *const *steps, unsigned count) {
	size_t records = 0;
	for (unsigned i = 0; i < count; i++)
		records += (size_t)steps[i]->count[0] + steps[i]->count[1];
	for (p->slots = 64; p->slots < records * 2;)
		p->slots *= 2;
	p->table = try_malloc(p->slots * sizeof(*p->table));
	if (!p->table) return ERR_NOMEM;
	memset(p->table, 0, p->slots * sizeof(*p->table));
	for (unsigned i = 0; i < 2 * count; i++) {
		struct change_walk walk = { 0 };
		struct change_record r;
		while (change_next(steps[i / 2], (enum change_side)(i % 2), &walk, &r)) {
			uint64_t hash = record_hash(p->seed, &r);
			struct touched *t = table_slot(p, &r, hash);
			if (!t->record.owner) *t = (struct touched){ .record = r, .hash = hash };
		}
	}
	return OK;
}

/* -- walking a version record by record -- */

typedef enum err record_fn(void *ctx, const struct change_record *r);

static enum err each_of(const uint8_t *owner, uint16_t type, uint32_t ttl_s, const uint8_t *data,
                        unsigned count, record_fn *each, void *ctx) {
	enum err e = OK;
	while (count-- > 0 && e == OK) {
		struct change_record r = { .owner = owner, .type = type, .ttl_s = ttl_s };
		r.rdata = rrset_next(&data, &r.rdlength);
		e = each(ctx, &r);
	}
	return e;
}

static enum err each_of_node(struct node n, record_fn *each, void *ctx) {
	uint8_t len;
	const uint8_t *owner = node_relative(n, &len);
	enum err e = OK;
	for (unsigned i = 0; i < node_rrset_count(n) && e == OK; i++) {
		struct rrset set;
		node_rrset_at(n, i, &set);
		e = each_of(owner, set.type, set.ttl_s, set.rdatas, set.count, each, ctx);
		if (e == OK) e = each_of(owner, RR_RRSIG, set.sig_ttl_s, set.sigs, set.sig_count, each, ctx);
	}
	return e;
}

static enum err each_record(const struct zone_version *v, record_fn *each, void *ctx) {
	struct zone_walk walk = { 0 };
	struct node n;
	enum err e = OK;
	while (e == OK && zone_walk_next(v, &walk, &n))
		e = each_of_node(n, each, ctx);
	return e;
}

/* -- playing the steps -- */

static enum err mark(void *ctx, const struct change_record *r) {
	struct play *p = ctx;
	struct touched *t = table_slot(p, r, record_hash(p->seed, r));
	if (!t->record.owner) return OK;
	t->record = *r;
	t->was_there = t->is_there = true;
	return OK;
}

static enum err misfit(const struct play *p, const struct change *step, const struct change_record *r,
                       const char *what) {
	char owner[NAME_TEXT_MAX], type[RRTYPE_TEXT_MAX];
	struct name name;
	if (name_join(r->owner, version_apex(p->v), &name) != OK) name_copy(&name, version_apex(p->v));
	why_set(p->why, REASON_IXFR_MISMATCH, "from serial %u to %u: %.120s %s %s", step->from, step->to,
	        name_text_short(name.wire, owner), rrtype_text(r->type, type), what);
	return ERR_MISMATCH;
}

static enum err play_side(struct play *p, const struct change *step, enum change_side side, bool remove) {
	struct change_walk walk = { 0 };
	struct change_record r;
	while (change_next(step, side, &walk, &r)) {
		struct touched *t = table_slot(p, &r, record_hash(p->seed, &r));
		if (remove && !t->is_there) return misfit(p, step, &r, "is to be removed and is not there");
		if (!remove && t->is_there) return misfit(p, step, &r, "is to be added and is there");
		t->is_there = !remove;
		if (!remove) t->record = r;
	}
	return OK;
}

static enum err play_step(struct play *p, const struct change *step, bool back) {
	uint32_t before = back ? step->to : step->from;
	if (before != p->serial) {
		why_set(p->why, REASON_IXFR_MISMATCH, "a step from serial %u to %u does not fit serial %u",
		        step->from, step->to, p->serial);
		return ERR_MISMATCH;
	}
	enum err e = play_side(p, step, back ? CHANGE_ADDED : CHANGE_REMOVED, true);
	if (e == OK) e = play_side(p, step, back ? CHANGE_REMOVED : CHANGE_ADDED, false);
	if (e == OK) p->serial = back ? step->from : step->to;
	return e;
}

static enum err play_all(struct play *p, struct change *const *steps, unsigned count, bool back) {
	enum err e = OK;
	for (unsigned i = 0; i < count && e == OK; i++)
		e = play_step(p, steps[back ? count - 1 - i : i], back);
	return e;
}

/* -- the next image -- */

struct rebuild {
	struct play *play;
	struct builder *builder;
};

static enum err put(struct rebuild *b, const struct change_record *r) {
	struct name owner;
	enum err e = name_join(r->owner, version_apex(b->play->v), &owner);
	if (e != OK) return e;
	return builder_add(b->builder, owner.wire, r->type, r->ttl_s, r->rdata, r->rdlength, b->play->why);
}

static enum err keep(void *ctx, const struct change_record *r) {
	struct rebuild *b = ctx;
	const struct touched *t = table_slot(b->play, r, record_hash(b->play->seed, r));
	return t->record.owner ? OK : put(b, r);
}

static enum err rebuild(struct play *p, const struct builder_limits *limits,
                        struct zone_version **out_version) {
	struct rebuild b = { p, builder_new(version_apex(p->v), limits) };
	enum err e = each_record(p->v, keep, &b);
	for (size_t i = 0; i < p->slots && e == OK; i++)
		if (p->table[i].record.owner && p->table[i].is_there) e = put(&b, &p->table[i].record);
	if (e == OK) e = builder_finish(b.builder, out_version, p->why);
	builder_free(b.builder);
	return e;
}

enum err version_apply(struct zone_version *v, struct change *const *steps, unsigned count,
                       enum apply_direction direction, const struct builder_limits *limits,
                       struct zone_version **out_version, struct why *why) {
	struct random random = random_secure();
	struct play p = { .v = v, .seed = random_u64(&random), .serial = version_serial(v), .why = why };
	enum err e = table_fill(&p, steps, count);
	if (e == OK) e = each_record(v, mark, &p);
	if (e == OK) e = play_all(&p, steps, count, direction == APPLY_BACKWARD);
	if (e == OK) e = rebuild(&p, limits, out_version);
	if (e == ERR_NOMEM) why_set(why, REASON_TOO_LARGE, "%s while differences are applied", err_text(e));
	free(p.table);
	return e;
}

/* -- merging: nothing stacks layers yet -- */

enum merge_need version_merge_need(const struct zone_version *v) {
	return v->layer_count > 1 ? MERGE_ALL : MERGE_NOT;
}

struct whole {
	const struct zone_version *v;
	struct builder *builder;
	struct why *why;
};

static enum err take_over(void *ctx, const struct change_record *r) {
	struct whole *w = ctx;
	struct name owner;
	enum err e = name_join(r->owner, version_apex(w->v), &owner);
	if (e != OK) return e;
	return builder_add(w->builder, owner.wire, r->type, r->ttl_s, r->rdata, r->rdlength, w->why);
}

enum err version_merge(struct zone_version *v, enum merge_need how, struct zone_version **out_version,
                       struct why *why) {
	struct builder_limits limits = { 0 };
	(void)how; /* a whole image is an answer to each */
	struct whole w = { v, builder_new(version_apex(v), &limits), why };
	struct zone_version *merged;
	enum err e = each_record(v, take_over, &w);
	if (e == OK) e = builder_finish(w.builder, &merged, why);
	builder_free(w.builder);
	if (e != OK) return e;
	version_set_changes(merged, v->changes);
	*out_version = merged;
	return OK;
}

struct zone_version *version_rebase(const struct zone_version *merged, const struct zone_version *from,
                                    struct zone_version *now) {
	if (now->layer_count < from->layer_count || merged->layer_count != 1) return NULL;
	for (unsigned i = 0; i < from->layer_count; i++)
		if (now->layers[i] != from->layers[i]) return NULL;
	unsigned more = now->layer_count - from->layer_count;
	struct layer *layers[1 + VERSION_LAYERS_MAX];
	if (more > VERSION_LAYERS_MAX) return NULL;
	layers[0] = merged->layers[0];
	memcpy(layers + 1, now->layers + from->layer_count, more * sizeof(layers[0]));
	struct zone_version *v = version_stack(layers, 1 + more, NULL);
	version_set_changes(v, now->changes);
	return v;
}
