/* What leads from one version to another: both are walked side by side, in canonical order.  Layers that they share are
 * left out: what only those know is the same in both. */
#include <string.h>

#include "zone/apply.h"
#include "zone/layers.h"

struct diff {
	struct change_writer writer;
};

static enum err put_all(struct diff *d, enum change_side side, const uint8_t *owner, uint16_t type,
                        uint32_t ttl_s, const uint8_t *data, unsigned count) {
	enum err e = OK;
	while (count-- > 0 && e == OK) {
		struct change_record r = { .owner = owner, .type = type, .ttl_s = ttl_s };
		r.rdata = rrset_next(&data, &r.rdlength);
		e = change_put(&d->writer, side, &r);
	}
	return e;
}

/* The records of one RRset or its signatures, on one side. */
struct records {
	const uint8_t *owner;
	uint16_t type;
	uint32_t ttl_s;
	const uint8_t *data;
	unsigned count;
};

static enum err put_next(struct diff *d, enum change_side side, struct records *r) {
	const uint8_t *from = r->data;
	uint16_t len;
	(void)rrset_next(&r->data, &len); /* put_all reads it again */
	r->count--;
	return put_all(d, side, r->owner, r->type, r->ttl_s, from, 1);
}

static int compare_next(const struct records *a, const struct records *b) {
	const uint8_t *pa = a->data, *pb = b->data;
	uint16_t a_len, b_len;
	if (!a->count) return 1;
	if (!b->count) return -1;
	const uint8_t *ra = rrset_next(&pa, &a_len), *rb = rrset_next(&pb, &b_len);
	return rdata_compare(a->type, ra, a_len, rb, b_len);
}

static void step_over(struct records *r) {
	uint16_t len;
	(void)rrset_next(&r->data, &len); /* it stands on both sides */
	r->count--;
}

/* Both are sorted by rdata; another TTL makes every record another one, and so it is with a SOA that stands for a
 * step. */
static enum err diff_records(struct diff *d, struct records a, struct records b) {
	bool all = a.type == RR_SOA || (a.count && b.count && a.ttl_s != b.ttl_s);
	enum err e = OK;
	while (e == OK && (a.count || b.count)) {
		int order = all ? (a.count ? -1 : 1) : compare_next(&a, &b);
		if (order == 0) {
			step_over(&a);
			step_over(&b);
		} else {
			e = order < 0 ? put_next(d, CHANGE_REMOVED, &a) : put_next(d, CHANGE_ADDED, &b);
		}
	}
	return e;
}

static enum err diff_sets(struct diff *d, const uint8_t *owner_a, const struct rrset *a,
                          const uint8_t *owner_b, const struct rrset *b) {
	uint16_t type = a->type ? a->type : b->type;
	struct records ra = { owner_a, type, a->ttl_s, a->rdatas, a->count };
	struct records rb = { owner_b, type, b->ttl_s, b->rdatas, b->count };
	struct records sa = { owner_a, RR_RRSIG, a->sig_ttl_s, a->sigs, a->sig_count };
	struct records sb = { owner_b, RR_RRSIG, b->sig_ttl_s, b->sigs, b->sig_count };
	enum err e = diff_records(d, ra, rb);
	return e == OK ? diff_records(d, sa, sb) : e;
}

static bool set_at(struct node n, unsigned place, struct rrset *out_set) {
	if (!node_found(n) || place >= node_rrset_count(n)) return false;
	node_rrset_at(n, place, out_set);
	return true;
}

/* Sets stand in the order of their types. */
static enum err diff_nodes(struct diff *d, struct node a, struct node b) {
	uint8_t len;
	const uint8_t *owner_a = node_found(a) ? node_relative(a, &len) : NULL;
	const uint8_t *owner_b = node_found(b) ? node_relative(b, &len) : NULL;
	unsigned i = 0, j = 0;
	struct rrset none = { 0 }, set_a, set_b;
	enum err e = OK;
	while (e == OK) {
		bool has_a = set_at(a, i, &set_a), has_b = set_at(b, j, &set_b);
		if (!has_a && !has_b) break;
		bool take_a = has_a && (!has_b || set_a.type <= set_b.type);
		bool take_b = has_b && (!has_a || set_b.type <= set_a.type);
		e = diff_sets(d, owner_a, take_a ? &set_a : &none, owner_b, take_b ? &set_b : &none);
		i += take_a;
		j += take_b;
	}
	return e;
}

/* One version's nodes that may differ, tombstones included; NSEC3 owners follow the names in their own order. */
struct side {
	const struct zone_version *v;
	struct zone_version *upper; /* the layers that the other version does not stand on; NULL: none */
	bool shares;                /* what upper does not know may be known by shared layers */
	struct zone_walk walk;
	struct node node;
};

static void side_next(struct side *s) {
	struct node n;
	s->node = s->upper && layers_walk_next(s->upper, &s->walk, &n) ? n : (struct node){ 0 };
}

static void side_begin(struct side *s, const struct zone_version *v, unsigned shared) {
	*s = (struct side){ .v = v, .shares = shared > 0 };
	if (v->layer_count > shared)
		s->upper = version_stack(v->layers + shared, v->layer_count - shared, NULL);
	side_next(s);
}

static bool side_is_in(const struct side *s, bool in_nsec3) {
	return node_found(s->node) && s->walk.in_nsec3 == in_nsec3;
}

static const uint8_t *side_name(const struct side *s) {
	uint8_t len;
	return node_relative(s->node, &len);
}

static struct node layers_below(const struct side *s, const uint8_t *name, bool in_nsec3) {
	struct name lower;
	if (in_nsec3) return layers_nsec3(s->v, name);
	if (name[0] == 0) return zone_apex(s->v);
	lower.len = (uint8_t)name_len(name);
	name_lower_to(lower.wire, name, lower.len);
	uint64_t hash = layers_hash(s->v->image.header->seed, lower.wire);
	return layers_probe(s->v, hash, lower.wire, lower.len - 1U);
}

/* What the version has of the name; at_it: the walk has come to it. */
static struct node side_node(const struct side *s, bool at_it, const uint8_t *name, bool in_nsec3) {
	struct node n = at_it ? s->node : s->shares ? layers_below(s, name, in_nsec3) : (struct node){ 0 };
	return node_found(n) && node_is_gone(n) ? (struct node){ 0 } : n;
}

static enum err diff_walk(struct diff *d, struct side *a, struct side *b, bool in_nsec3) {
	enum err e = OK;
	while (e == OK) {
		bool has_a = side_is_in(a, in_nsec3), has_b = side_is_in(b, in_nsec3);
		if (!has_a && !has_b) break;
		int order = !has_a ? 1 : !has_b ? -1 : name_compare(side_name(a), side_name(b));
		const uint8_t *name = side_name(order <= 0 ? a : b);
		e = diff_nodes(d, side_node(a, order <= 0, name, in_nsec3),
		               side_node(b, order >= 0, name, in_nsec3));
		if (order <= 0) side_next(a);
		if (order >= 0) side_next(b);
	}
	return e;
}

static unsigned shared_layers(const struct zone_version *a, const struct zone_version *b) {
	unsigned shared = 0;
	while (shared < a->layer_count && shared < b->layer_count && a->layers[shared] == b->layers[shared])
		shared++;
	return shared;
}

enum err version_diff(const struct zone_version *a, const struct zone_version *b, uint64_t max_bytes,
                      int64_t time_s, struct change **out_change) {
	struct diff d = { change_writer_init(max_bytes) };
	struct side side_a, side_b;
	unsigned shared = shared_layers(a, b);
	side_begin(&side_a, a, shared);
	side_begin(&side_b, b, shared);
	enum err e = OK;
	if (!side_a.upper && !side_b.upper) e = diff_nodes(&d, zone_apex(a), zone_apex(b)); /* their SOAs */
	if (e == OK) e = diff_walk(&d, &side_a, &side_b, false);
	if (e == OK) e = diff_walk(&d, &side_a, &side_b, true);
	if (e == OK) e = change_finish(&d.writer, time_s, out_change);
	change_writer_done(&d.writer);
	version_unref(side_a.upper);
	version_unref(side_b.upper);
	return e;
}
