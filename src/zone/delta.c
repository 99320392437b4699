/* From a ledger to a delta image: first every open owner's node, then which names are there at all, from the last to the
 * first, because a name without records is there if one below it is (RFC 4592 section 2.2.2). */
#include "zone/delta.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/random.h"
#include "zone/image_write.h"

/* What becomes of an owner of the ledger, by its place there. */
struct fate {
	uint32_t owner;
	uint32_t offset;         /* of its node in the delta; 0: none */
	uint32_t apart;          /* of its NSEC3 node */
	bool exists;             /* in the next version, NSEC3 owners apart */
	bool has_follower;       /* of a name that does not: whether somebody has asked */
	const uint8_t *follower; /* then: the first name behind it that exists; NULL: none */
	uint64_t key;            /* of its place in canonical order */
};

struct delta {
	struct ledger *ledger;
	const struct builder_limits *limits;
	struct image_writer image;
	struct fate *fates; /* by place in the ledger, later in canonical order */
	size_t count;
	uint32_t nodes, nsec3; /* of the version that comes out */
};

static const struct ledger_owner *owner_of(const struct delta *d, const struct fate *f) {
	return &d->ledger->owners[f->owner];
}

/* -- the nodes of open owners ----------------------------------------------------------------------------------- */

static enum err gather(struct delta *d, const struct ledger_owner *o) {
	struct image_writer *w = &d->image;
	uint32_t at = o->first;
	const struct collected *r;
	w->owner.record_count = 0;
	while ((r = ledger_next(d->ledger, &at))) {
		enum err e = owner_work_room(&w->owner, 1);
		if (e != OK) return e;
		w->owner.records[w->owner.record_count++] = *r;
	}
	return OK;
}

/* The chain in use stays the same one. */
static bool chain_fits(const struct image_header *old, const struct image_writer *w) {
	const struct image_header *new = &w->header;
	if ((old->flags ^ new->flags) & IMAGE_HAS_NSEC3) return false;
	if (!(old->flags & IMAGE_HAS_NSEC3)) return true;
	return old->nsec3_iterations == new->nsec3_iterations &&
	       old->nsec3_salt_len ==
	               new->nsec3_salt_len &&memcmp(image_salt(old), w->salt, old->nsec3_salt_len) == 0;
}

static enum err read_apex(struct delta *d) {
	enum err e = image_writer_apex(&d->image);
	if (e == OK && !chain_fits(d->ledger->v->image.header, &d->image)) e = ERR_UNSUPPORTED;
	return e;
}

static enum err write_open(struct delta *d, struct fate *f) {
	const struct ledger_owner *o = owner_of(d, f);
	struct image_writer *w = &d->image;
	uint32_t offset = 0, apart = 0;
	enum err e = gather(d, o);
	if (e == OK) e = owner_work_group(&w->owner);
	if (e == OK && f->owner == 0) e = read_apex(d);
	if (e == OK) e = image_writer_nsec3(w, o->name, &apart);
	if (e == OK && w->owner.set_count)
		e = image_writer_node(w, o->name, w->owner.sets, w->owner.set_count, 0, &offset);
	f->offset = offset;
	f->apart = apart;
	f->exists = offset != 0;
	return e;
}

/* -- ancestors without records ---------------------------------------------------------------------------------- */

/* Ancestors come into being with a new name, up to the first that is there already. */
static enum err note_new(struct delta *d, const uint8_t *name) {
	while (*(name = name_skip(name, 1))) {
		uint32_t owner;
		enum err e = ledger_name(d->ledger, name, &owner);
		if (e != OK) return e;
		if (node_found(d->ledger->owners[owner].node)) return OK;
	}
	return OK;
}

/* Empty ancestors may vanish with a name, up to the first that has records of its own. */
static enum err note_vanishing(struct delta *d, const uint8_t *name) {
	while (*(name = name_skip(name, 1))) {
		uint32_t owner;
		enum err e = ledger_name(d->ledger, name, &owner);
		if (e != OK) return e;
		struct node n = d->ledger->owners[owner].node;
		if (node_found(n) && node_rrset_count(n) > 0) return OK;
	}
	return OK;
}

static enum err note_ancestors(struct delta *d, const struct fate *f) {
	const struct ledger_owner *o = owner_of(d, f);
	if (o->name[0] == 0) return OK;
	if (f->exists && !node_found(o->node)) return note_new(d, o->name);
	if (!f->exists && node_found(o->node)) return note_vanishing(d, o->name);
	return OK;
}

/* The ledger has grown by names that are to be judged. */
static enum err more_fates(struct delta *d) {
	size_t count = d->ledger->owner_count;
	struct fate *grown = try_realloc(d->fates, count * sizeof(*grown));
	if (!grown) return ERR_NOMEM;
	d->fates = grown;
	for (; d->count < count; d->count++)
		grown[d->count] = (struct fate){ .owner = (uint32_t)d->count };
	return OK;
}

/* -- which names exist ------------------------------------------------------------------------------------------ */

static int fate_compare(const void *va, const void *vb, void *ctx) {
	const struct fate *a = va, *b = vb;
	const struct delta *d = ctx;
	if (a->key != b->key) return a->key < b->key ? -1 : 1;
	return name_compare(owner_of(d, a)->name, owner_of(d, b)->name);
}

static void sort_fates(struct delta *d) {
	for (size_t i = 0; i < d->count; i++)
		d->fates[i].key = collect_sort_key(owner_of(d, &d->fates[i])->name);
	qsort_r(d->fates, d->count, sizeof(*d->fates), fate_compare, d);
}

/* The first name of the former version behind `name` and before `end` (NULL: none), whose fate is not in question:
 * none of the ledger stands between the two. */
static const uint8_t *next_untouched(const struct delta *d, const uint8_t *name, const uint8_t *end) {
	struct zone_walk walk;
	struct node n;
	uint8_t len;
	layers_walk_behind(d->ledger->v, name, &walk);
	while (layers_walk_next(d->ledger->v, &walk, &n) && !walk.in_nsec3) {
		const uint8_t *found = node_relative(n, &len);
		if (end && name_compare(found, end) >= 0) return NULL;
		if (!node_is_gone(n)) return found;
	}
	return NULL;
}

/* Without those behind it that don't exist: the next name of the ledger, the untouched ones before it, or nothing. */
static const uint8_t *follower_near(const struct delta *d, size_t i, bool *out_is_next) {
	const struct fate *next = i + 1 < d->count ? &d->fates[i + 1] : NULL;
	const uint8_t *end = next ? owner_of(d, next)->name : NULL;
	const uint8_t *found = next_untouched(d, owner_of(d, &d->fates[i])->name, end);
	*out_is_next = !found && next && !next->exists;
	return found || !next || !next->exists ? found : end;
}

/* Searched once for each name, and for most never: a search in a large version meets memory that lies in no cache. */
static const uint8_t *follower_of(struct delta *d, size_t i) {
	const uint8_t *found = NULL;
	bool is_next = true;
	size_t end = i;
	for (; is_next && !d->fates[end].has_follower; end++)
		found = follower_near(d, end, &is_next);
	if (is_next) found = d->fates[end].follower;
	for (; i < end; i++) {
		d->fates[i].has_follower = true;
		d->fates[i].follower = found;
	}
	return found;
}

static bool has_names_below(struct delta *d, size_t i) {
	const struct ledger_owner *o = owner_of(d, &d->fates[i]);
	bool is_next = i + 1 < d->count && name_is_within(owner_of(d, &d->fates[i + 1])->name, o->name);
	if (!is_next && !layers_may_be_above(d->ledger->v, o->hash, o->name)) return false;
	const uint8_t *follower = follower_of(d, i);
	return follower && name_is_within(follower, o->name);
}

static enum err write_plain(struct delta *d, struct fate *f, uint8_t flags) {
	return image_writer_node(&d->image, owner_of(d, f)->name, NULL, 0, flags, &f->offset);
}

static enum err judge(struct delta *d, size_t i) {
	struct fate *f = &d->fates[i];
	const struct ledger_owner *o = owner_of(d, f);
	if (!o->open && node_found(o->node) && node_rrset_count(o->node) > 0) f->exists = true;
	if (f->exists) return OK;
	f->exists = has_names_below(d, i);
	bool was_there = node_found(o->node);
	if (f->exists && was_there && node_rrset_count(o->node) == 0) return OK; /* as before */
	if (f->exists) return write_plain(d, f, 0);
	return was_there ? write_plain(d, f, NODE_GONE) : OK;
}

static enum err judge_all(struct delta *d) {
	enum err e = OK;
	for (size_t i = d->count; i-- > 0 && e == OK;)
		e = judge(d, i);
	return e;
}

/* -- the end ------------------------------------------------------------------------------------------------------ */

static enum err list_one(struct delta *d, struct fate *f) {
	const struct ledger_owner *o = owner_of(d, f);
	struct image_header *h = &d->image.header;
	bool was_apart = node_found(o->apart), gone_apart = o->open && was_apart && !f->apart;
	enum err e = OK;
	if (gone_apart) e = image_writer_node(&d->image, o->name, NULL, 0, NODE_GONE, &f->apart);
	if (e == OK && f->apart) e = image_writer_list(&d->image.nsec3, f->apart);
	if (e == OK && f->offset) e = image_writer_list(&d->image.order, f->offset);
	d->nodes += (uint32_t)f->exists - (uint32_t)node_found(o->node);
	if (o->open) d->nsec3 += (uint32_t)(f->apart && !gone_apart) - (uint32_t)was_apart;
	h->gone_count += (uint32_t)(f->offset && !f->exists) + (uint32_t)gone_apart;
	return e;
}

static enum err list_all(struct delta *d) {
	enum err e = OK;
	for (size_t i = 0; i < d->count && e == OK; i++)
		e = list_one(d, &d->fates[i]);
	if (e == OK && d->nsec3 == 0 && (d->image.header.flags & IMAGE_HAS_NSEC3)) e = ERR_UNSUPPORTED;
	return e;
}

/* Octets of the owners that came, less those that went, as they stand in a builder's runs. */
static int64_t owner_octets(const struct delta *d) {
	int64_t octets = 0;
	for (size_t i = 0; i < d->count; i++) {
		const struct ledger_owner *o = owner_of(d, &d->fates[i]);
		if (!o->open) continue;
		uint32_t at = o->first;
		int64_t len = (int64_t)((name_len(o->name) + 3) & ~(size_t)3);
		bool had = node_found(o->apart) || (node_found(o->node) && node_rrset_count(o->node) > 0);
		if (ledger_next(d->ledger, &at)) octets += len;
		if (had) octets -= len;
	}
	return octets;
}

static enum err check_limits(const struct delta *d, const struct image_header *h) {
	const struct builder_limits *limits = d->limits;
	if (limits->max_records && h->record_count > limits->max_records) {
		why_set(d->ledger->why, REASON_TOO_LARGE, "more than %llu records",
		        (unsigned long long)limits->max_records);
		return ERR_LIMIT;
	}
	if (limits->max_bytes && h->collected > limits->max_bytes) {
		why_set(d->ledger->why, REASON_TOO_LARGE, "more than %llu octets",
		        (unsigned long long)limits->max_bytes);
		return ERR_LIMIT;
	}
	return OK;
}

static enum err fill_header(struct delta *d) {
	struct image_header *h = &d->image.header;
	const struct image_header *old = d->ledger->v->image.header;
	h->record_count = old->record_count + (uint64_t)d->ledger->added_records;
	if (image_collected(old))
		h->collected = image_collected(old) + (uint64_t)(d->ledger->added_octets + owner_octets(d));
	h->flags |= IMAGE_DELTA | (old->flags & (IMAGE_HAS_CUTS | IMAGE_HAS_DNAMES));
	h->version_nodes = d->nodes;
	h->version_nsec3 = d->nsec3;
	return check_limits(d, h);
}

static enum err write_all(struct delta *d, struct layer **out_layer) {
	size_t opened = d->ledger->owner_count;
	enum err e = more_fates(d);
	for (size_t i = 0; i < opened && e == OK; i++)
		e = write_open(d, &d->fates[i]);
	for (size_t i = 0; i < opened && e == OK; i++)
		e = note_ancestors(d, &d->fates[i]);
	if (e == OK) e = more_fates(d);
	if (e != OK) return e;
	sort_fates(d);
	e = judge_all(d);
	if (e == OK) e = list_all(d);
	if (e == OK) e = fill_header(d);
	return e == OK ? image_writer_end(&d->image, out_layer) : e;
}

static void begin(struct delta *d) {
	const struct image_header *old = d->ledger->v->image.header;
	struct image_header *h = &d->image.header;
	h->seed = old->seed; /* so that a name is hashed once for all layers */
	h->apex_len = old->apex_len;
	d->image.apex = image_apex(old);
	d->image.block.seed = random_seed();
	d->nodes = version_nodes(d->ledger->v);
	d->nsec3 = version_nsec3(d->ledger->v);
}

enum err delta_write(struct ledger *l, const struct builder_limits *limits, struct layer **out_layer) {
	struct delta d = { .ledger = l, .limits = limits, .image = { .why = l->why } };
	struct layer *layer;
	enum err e = block_init(&d.image.block, l->v->image.header->apex_len, l->record_count * 32);
	begin(&d);
	if (e == OK) e = write_all(&d, &layer);
	image_writer_done(&d.image);
	free(d.fates);
	if (e == OK) *out_layer = layer;
	return e;
}
