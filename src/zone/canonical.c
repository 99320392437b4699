/* A walk gives names in canonical order and then the owners of the NSEC3 chain; the two parts are merged here. */
#include "zone/canonical.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

#define RECORD_MAX (NAME_MAX_LEN + 10 + RDATA_MAX_LEN)
#define BUFFER_LEN (2 * RECORD_MAX)

/* One of the two parts: nodes in canonical order. */
struct part {
	struct zone_walk walk;
	uint64_t left; /* nodes behind the one at hand */
	struct node node;
	bool has;
};

struct sink {
	canonical_take take;
	void *ctx;
	struct writer out;
	struct rrset *sets; /* of the owner at hand, by type */
	size_t set_count, set_cap;
	struct name owner; /* in lower case */
};

static void part_next(const struct zone_version *v, struct part *p) {
	p->has = p->left > 0 && zone_walk_next(v, &p->walk, &p->node);
	if (p->has) p->left--;
}

static int order_of(struct node a, struct node b) {
	uint8_t len;
	const uint8_t *name = node_relative(a, &len);
	return name_compare(name, node_relative(b, &len));
}

/* Where the order begins anew the second part begins; if it nowhere does, one part is all. */
static void split(const struct zone_version *v, struct part *names, struct part *hashes) {
	struct zone_walk walk = { 0 }, before = walk;
	struct node last = { 0 }, n;
	uint64_t count = 0;
	*names = *hashes = (struct part){ .left = UINT64_MAX };
	for (; zone_walk_next(v, &walk, &n); before = walk, last = n, count++) {
		if (!count || order_of(last, n) < 0) continue;
		names->left = count;
		hashes->walk = before;
		part_next(v, hashes);
		break;
	}
	part_next(v, names);
}

/* -- one owner -- */

static void flush(struct sink *s) {
	if (s->out.len) s->take(s->ctx, s->out.data, s->out.len);
	s->out.len = 0;
}

static void put_record(struct sink *s, uint16_t type, uint32_t ttl_s, const uint8_t *rdata, uint16_t len) {
	struct writer *w = &s->out;
	if (w->cap - w->len < RECORD_MAX) flush(s);
	write_bytes(w, s->owner.wire, s->owner.len);
	write_u16(w, type);
	write_u16(w, CLASS_IN);
	write_u32(w, ttl_s);
	write_u16(w, len);
	rdata_canonical(type, rdata, len, w->data + w->len);
	w->len += len;
}

static void put_signatures(struct sink *s) {
	for (size_t i = 0; i < s->set_count; i++) {
		const uint8_t *p = s->sets[i].sigs;
		for (unsigned k = 0; k < s->sets[i].sig_count; k++) {
			uint16_t len;
			const uint8_t *rdata = rrset_next(&p, &len);
			put_record(s, RR_RRSIG, s->sets[i].sig_ttl_s, rdata, len);
		}
	}
}

static void put_set(struct sink *s, const struct rrset *set) {
	const uint8_t *p = set->rdatas;
	for (unsigned k = 0; k < set->count; k++) {
		uint16_t len;
		const uint8_t *rdata = rrset_next(&p, &len);
		put_record(s, set->type, set->ttl_s, rdata, len);
	}
}

/* The first field of a signature is the type that it covers: in the order of the sets signatures are in theirs. */
static void put_owner(struct sink *s) {
	size_t i = 0;
	for (; i < s->set_count && s->sets[i].type < RR_RRSIG; i++)
		put_set(s, &s->sets[i]);
	put_signatures(s);
	for (; i < s->set_count; i++)
		put_set(s, &s->sets[i]);
}

static enum err gather(struct sink *s, struct node n) {
	unsigned count = node_rrset_count(n);
	if (s->set_cap - s->set_count < count) {
		size_t cap = 2 * s->set_cap + count;
		struct rrset *grown = try_realloc(s->sets, cap * sizeof(*grown));
		if (!grown) return ERR_NOMEM;
		s->sets = grown;
		s->set_cap = cap;
	}
	bool is_apex = node_flags(n) & NODE_APEX;
	for (unsigned i = 0; i < count; i++) {
		struct rrset set;
		node_rrset_at(n, i, &set);
		if (is_apex && set.type == RR_ZONEMD) continue;
		size_t at = s->set_count++;
		for (; at && s->sets[at - 1].type > set.type; at--) /* in order already but for the NSEC3 */
			s->sets[at] = s->sets[at - 1];
		s->sets[at] = set;
	}
	return OK;
}

static enum err take_next(const struct zone_version *v, struct sink *s, struct part *names,
                          struct part *hashes) {
	int order = !names->has ? 1 : !hashes->has ? -1 : order_of(names->node, hashes->node);
	enum err e = OK;
	s->set_count = 0;
	node_owner(order <= 0 ? names->node : hashes->node, &s->owner);
	name_to_lower(&s->owner);
	if (order <= 0) e = gather(s, names->node);
	if (e == OK && order >= 0) e = gather(s, hashes->node);
	if (e != OK) return e;
	put_owner(s);
	if (order <= 0) part_next(v, names);
	if (order >= 0) part_next(v, hashes);
	return OK;
}

enum err canonical_walk(const struct zone_version *v, canonical_take take, void *ctx) {
	struct sink s = { .take = take, .ctx = ctx };
	struct part names, hashes;
	uint8_t *buffer = try_malloc(BUFFER_LEN);
	if (!buffer) return ERR_NOMEM;
	s.out = writer_init(buffer, BUFFER_LEN);
	split(v, &names, &hashes);
	enum err e = OK;
	while (e == OK && (names.has || hashes.has))
		e = take_next(v, &s, &names, &hashes);
	if (e == OK) flush(&s);
	free(s.sets);
	free(buffer);
	return e;
}
