/* Applying steps: a ledger says what becomes of the owners that they name; then either a delta image takes it, or the
 * whole zone is built anew. */
#include "zone/apply.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "zone/delta.h"

/* A base of at most this many octets is built anew as fast as a delta is made. */
#define SMALL_BASE_OCTETS 65536
/* A delta may name this share of the zone's records; with more the zone is built anew. */
#define DELTA_SHARE 8

/* -- the whole zone anew -------------------------------------------------------------------------------------- */

struct rebuild {
	const struct ledger *ledger;
	struct builder *builder;
	const struct ledger_owner **owners; /* the open ones, in canonical order */
	size_t count, done;
};

static enum err put(const struct rebuild *b, const uint8_t *relative, const struct collected *r) {
	struct name owner;
	enum err e = name_join(relative, version_apex(b->ledger->v), &owner);
	if (e != OK) return e;
	return builder_add(b->builder, owner.wire, r->type, r->ttl_s, r->rdata, r->rdlength, b->ledger->why);
}

static enum err put_data(const struct rebuild *b, const uint8_t *relative, struct collected r,
                         const uint8_t *data, unsigned count) {
	enum err e = OK;
	while (count-- > 0 && e == OK) {
		r.rdata = rrset_next(&data, &r.rdlength);
		e = put(b, relative, &r);
	}
	return e;
}

static enum err put_node(const struct rebuild *b, struct node n) {
	uint8_t len;
	const uint8_t *owner = node_relative(n, &len);
	enum err e = OK;
	for (unsigned i = 0; i < node_rrset_count(n) && e == OK; i++) {
		struct rrset set;
		node_rrset_at(n, i, &set);
		struct collected record = { .type = set.type, .ttl_s = set.ttl_s };
		struct collected sig = { .type = RR_RRSIG, .ttl_s = set.sig_ttl_s };
		e = put_data(b, owner, record, set.rdatas, set.count);
		if (e == OK) e = put_data(b, owner, sig, set.sigs, set.sig_count);
	}
	return e;
}

static enum err put_owner(const struct rebuild *b, const struct ledger_owner *o) {
	uint32_t at = o->first;
	const struct collected *r;
	enum err e = OK;
	while (e == OK && (r = ledger_next(b->ledger, &at)))
		e = put(b, o->name, r);
	return e;
}

/* Owners of the ledger before the name, or all that are left. */
static enum err put_owners(struct rebuild *b, const uint8_t *before) {
	enum err e = OK;
	while (e == OK && b->done < b->count &&
	       (!before || name_compare(b->owners[b->done]->name, before) < 0))
		e = put_owner(b, b->owners[b->done++]);
	return e;
}

static bool is_in_ledger(const struct rebuild *b, const uint8_t *relative) {
	uint32_t place = ledger_find(b->ledger, relative);
	return place != LEDGER_NONE && b->ledger->owners[place].open;
}

/* Names in canonical order, so that the builder need not sort them. */
static enum err put_all(struct rebuild *b) {
	struct zone_walk walk = { 0 };
	struct node n;
	enum err e = OK;
	while (e == OK && zone_walk_next(b->ledger->v, &walk, &n)) {
		uint8_t len;
		const uint8_t *name = node_relative(n, &len);
		e = put_owners(b, walk.in_nsec3 ? NULL : name);
		if (e == OK && !is_in_ledger(b, name)) e = put_node(b, n);
	}
	return e == OK ? put_owners(b, NULL) : e;
}

static int owner_compare(const void *va, const void *vb) {
	const struct ledger_owner *const *a = va, *const *b = vb;
	return name_compare((*a)->name, (*b)->name);
}

static enum err sort_owners(struct rebuild *b) {
	b->owners = try_malloc(b->ledger->owner_count * sizeof(const struct ledger_owner *));
	if (!b->owners) return ERR_NOMEM;
	for (size_t i = 0; i < b->ledger->owner_count; i++)
		if (b->ledger->owners[i].open) b->owners[b->count++] = &b->ledger->owners[i];
	qsort(b->owners, b->count, sizeof(const struct ledger_owner *), owner_compare);
	return OK;
}

static enum err rebuild(const struct ledger *l, const struct builder_limits *limits,
                        struct zone_version **out_version) {
	struct rebuild b = { .ledger = l, .builder = builder_new(version_apex(l->v), limits) };
	enum err e = sort_owners(&b);
	if (e == OK) e = put_all(&b);
	if (e == OK) e = builder_finish(b.builder, out_version, l->why);
	builder_free(b.builder);
	free(b.owners);
	return e;
}

/* -- a delta over it ------------------------------------------------------------------------------------------ */

static enum err stack_delta(struct ledger *l, const struct builder_limits *limits, bool merge,
                            struct zone_version **out_version) {
	struct zone_version *v;
	struct layer *top;
	enum err e = delta_write(l, limits, &top);
	if (e != OK) return e;
	v = version_stack(l->v->layers, l->v->layer_count, top);
	layer_unref(top);
	if (merge) e = version_merge_newest(v, &v, l->why);
	if (e == OK) *out_version = v;
	return e;
}

/* -- which of the two ----------------------------------------------------------------------------------------- */

static bool whole_is_better(const struct zone_version *v, const struct apply_job *job) {
	uint64_t records = 0;
	for (unsigned i = 0; i < job->count; i++)
		records += (uint64_t)job->steps[i]->count[0] + job->steps[i]->count[1];
	if (layer_size(v->layers[0]) <= SMALL_BASE_OCTETS) return true;
	if (job->limits->max_bytes && !image_collected(v->image.header))
		return true; /* it is measured then */
	return records > version_records(v) / DELTA_SHARE;
}

static enum err next_version(struct ledger *l, const struct apply_job *job,
                             struct zone_version **out_version) {
	enum err e = ledger_apply(l, job->steps, job->count, job->direction);
	if (e != OK) return e;
	if (job->form == APPLY_WHOLE || (job->form == APPLY_EITHER && whole_is_better(l->v, job)))
		return rebuild(l, job->limits, out_version);
	e = stack_delta(l, job->limits, job->form == APPLY_EITHER, out_version);
	return e == ERR_UNSUPPORTED ? rebuild(l, job->limits, out_version) : e;
}

enum err version_apply_job(struct zone_version *v, const struct apply_job *job,
                           struct zone_version **out_version, struct why *why) {
	struct ledger l;
	enum err e = ledger_init(&l, v, why);
	if (e == OK) {
		e = next_version(&l, job, out_version);
		ledger_done(&l);
	}
	if (e == ERR_NOMEM) why_set(why, REASON_TOO_LARGE, "%s while differences are applied", err_text(e));
	return e;
}

enum err version_apply(struct zone_version *v, struct change *const *steps, unsigned count,
                       enum apply_direction direction, const struct builder_limits *limits,
                       struct zone_version **out_version, struct why *why) {
	struct apply_job job = { APPLY_EITHER, direction, steps, count, limits };
	return version_apply_job(v, &job, out_version, why);
}
