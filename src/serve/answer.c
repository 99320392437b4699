#include "serve/answer.h"

#include "serve/denial.h"

/* The walk along a chain of aliases. */
struct walk {
	struct plan *plan;
	const struct scope *scope;
	const struct zone_version *version;
	const uint8_t *name;         /* that is looked for now: the question's, or an alias's target */
	const struct sought *sought; /* the same */
	struct sought target;        /* of an alias */
	uint16_t name_offset;        /* of name in the message, 0: not known */
	uint16_t apex_offset;
	uint16_t type;
	bool dnssec;
};

/* name without its first labels, as an owner. */
static struct plan_owner owner_of(const struct walk *w, unsigned labels) {
	const struct sought *s = w->sought;
	unsigned from = s->offsets[s->labels - labels];
	return (struct plan_owner){ w->name + from, w->name_offset ? (uint16_t)(w->name_offset + from) : 0 };
}

static struct plan_owner owner_name(const struct walk *w) {
	return (struct plan_owner){ w->name, w->name_offset };
}

/* -- lookup ------------------------------------------------------------------------------------------------ */

static bool is_nsec3_only(struct node n) {
	struct rrset set;
	if (node_rrset_count(n) != 1) return false;
	node_rrset_at(n, 0, &set);
	return set.type == RR_NSEC3;
}

/* NSEC3 owners are no names of the zone (RFC 5155 section 7.2.8): what is found at or below one was not found. */
static void hide_nsec3_owner(const struct walk *w, struct lookup *l) {
	if (!(w->version->image.header->flags & IMAGE_HAS_NSEC3)) return;
	if (l->kind == LOOKUP_CUT || l->kind == LOOKUP_DNAME || !is_nsec3_only(l->encloser)) return;
	struct name wildcard;
	l->encloser = zone_apex(w->version);
	l->encloser_labels = (uint8_t)name_labels(version_apex(w->version));
	l->node.at = NULL;
	if (name_make_wildcard(version_apex(w->version), &wildcard) == OK)
		l->node = zone_find(w->version, wildcard.wire);
	l->kind = node_found(l->node) ? LOOKUP_WILDCARD : LOOKUP_NONE;
}

/* DS belongs to the parent's side of a cut (RFC 4035 section 3.1.4.1). */
static void cross_cut_for_ds(const struct walk *w, struct lookup *l) {
	if (w->type == RR_DS && l->kind == LOOKUP_CUT && l->node_labels == name_labels(w->name))
		l->kind = LOOKUP_EXACT;
}

static void find(const struct walk *w, struct lookup *out) {
	zone_lookup_sought(w->version, w->sought, out);
	hide_nsec3_owner(w, out);
	cross_cut_for_ds(w, out);
}

/* -- negative answers --------------------------------------------------------------------------------------- */

/* RFC 2308 section 3: the SOA's TTL says how long "no" may be remembered. */
static void add_soa(struct walk *w) {
	struct rrset set;
	struct node apex = zone_apex(w->version);
	uint32_t minimum_s = version_soa(w->version)->minimum_s;
	if (!node_rrset(apex, RR_SOA, &set)) return;
	if (set.ttl_s > minimum_s) set.ttl_s = minimum_s;
	(void)plan_add(w->plan, SECTION_AUTHORITY, &set, apex,
	               (struct plan_owner){ version_apex(w->version), w->apex_offset }); /* may be there */
}

static void no_name(struct walk *w, const struct lookup *l) {
	w->plan->rcode = RCODE_NXDOMAIN;
	add_soa(w);
	if (w->dnssec) denial_of_name(w->plan, w->version, w->name, l->encloser_labels);
}

static void no_type(struct walk *w, const struct lookup *l) {
	add_soa(w);
	if (!w->dnssec) return;
	if (l->kind == LOOKUP_WILDCARD)
		denial_of_wildcard_type(w->plan, w->version, w->name, l->encloser_labels);
	else
		denial_of_type(w->plan, w->version, w->name);
}

/* -- referral ------------------------------------------------------------------------------------------------ */

static void refer(struct walk *w, const struct lookup *l) {
	struct rrset set;
	struct plan_owner owner = owner_of(w, l->node_labels);
	if (node_rrset(l->node, RR_NS, &set))
		(void)plan_add(w->plan, SECTION_AUTHORITY, &set, l->node,
		               owner); /* a first one is never there */
	w->plan->cut = owner.name;
	if (!w->dnssec) return;
	if (!node_rrset(l->node, RR_DS, &set))
		denial_of_type(w->plan, w->version, owner.name);
	else if (set.sig_count > 0)                                               /* else it proves nothing */
		(void)plan_add(w->plan, SECTION_AUTHORITY, &set, l->node, owner); /* likewise */
}

/* -- positive answers ---------------------------------------------------------------------------------------- */

/* Signatures as an RRset of their own. */
static bool signatures_of(const struct rrset *set, struct rrset *out) {
	if (set->sig_count == 0) return false;
	*out = (struct rrset){
		.type = RR_RRSIG, .count = set->sig_count, .ttl_s = set->sig_ttl_s, .rdatas = set->sigs
	};
	return true;
}

static bool is_rarely_wanted(uint16_t type) {
	return type == RR_NSEC || type == RR_NSEC3 || type == RR_DNSKEY || type == RR_NSEC3PARAM;
}

/* RFC 8482 section 4.1 for ANY, section 7 for RRSIG: one RRset of those there are. */
static bool pick_one(struct node n, uint16_t qtype, struct rrset *out) {
	bool found = false;
	unsigned count = node_rrset_count(n);
	for (unsigned i = 0; i < count; i++) {
		struct rrset set;
		node_rrset_at(n, i, &set);
		if (qtype == RR_RRSIG) {
			if (signatures_of(&set, out)) return true;
		} else if (set.count > 0 && (!found || !is_rarely_wanted(set.type))) {
			*out = set;
			found = true;
			if (!is_rarely_wanted(set.type)) return true;
		}
	}
	return found;
}

static bool find_type(struct node n, uint16_t type, struct rrset *out) {
	if (type == RR_ANY || type == RR_RRSIG) return pick_one(n, type, out);
	return node_rrset(n, type, out);
}

static void prove_expansion(struct walk *w, const struct lookup *l) {
	if (l->kind == LOOKUP_WILDCARD && w->dnssec)
		denial_of_closer(w->plan, w->version, w->name, l->encloser_labels);
}

/* Go on with target, in the zone that is to answer for it.  False: there is none, and the answer is complete as it
 * is: the client has to ask elsewhere, or again when the zone is served. */
static bool go_on(struct walk *w, const uint8_t *target) {
	sought_init(&w->target, target);
	struct zone_entry *entry = scope_zone(w->scope, &w->target, w->type);
	if (!entry || !scope_admits(w->scope, entry)) return false;
	const struct zone_version *v = table_served(w->scope->table, entry);
	if (!v) return false;
	if (v != w->version) w->apex_offset = 0; /* the new apex stands nowhere yet */
	w->version = w->plan->version = v;
	w->name = target;
	w->sought = &w->target;
	w->name_offset = 0;
	return true;
}

/* The question's own name is answered like others below this one. */
static void note_made_below(struct walk *w, unsigned labels) {
	if (w->name_offset) w->plan->made_below = owner_of(w, labels).name;
}

/* A question for RRSIG behind an alias: the alias went into the answer with these very signatures, and not, as a wildcard's
 * may, at another name. */
static bool came_as_signatures(const struct walk *w, const struct rrset *set) {
	const struct plan *p = w->plan;
	for (unsigned i = 0; w->type == RR_RRSIG && w->dnssec && i < p->count; i++)
		if (p->items[i].set.sig_count > 0 && p->items[i].set.sigs == set->rdatas &&
		    (!p->items[i].owner.name || name_equal(p->items[i].owner.name, w->name)))
			return true;
	return false;
}

/* True: an alias was followed, and the search goes on. */
static bool answer_from_node(struct walk *w, const struct lookup *l) {
	struct rrset set;
	if (l->kind == LOOKUP_WILDCARD) note_made_below(w, l->encloser_labels);
	if (find_type(l->node, w->type, &set)) {
		if (!came_as_signatures(w, &set))
			(void)plan_add(w->plan, SECTION_ANSWER, &set, l->node,
			               owner_name(w)); /* may be there */
		prove_expansion(w, l);
		return false;
	}
	if (!(node_flags(l->node) & NODE_CNAME) || !node_rrset(l->node, RR_CNAME, &set)) {
		no_type(w, l);
		return false;
	}
	/* The same alias twice is a loop: the answer ends with what there is. */
	bool is_new = plan_add(w->plan, SECTION_ANSWER, &set, l->node, owner_name(w));
	prove_expansion(w, l);
	uint16_t len;
	const uint8_t *next = set.rdatas;
	return is_new && go_on(w, rrset_next(&next, &len));
}

/* RFC 6672 section 3: the DNAME, and the CNAME that it means for this name. */
static bool answer_from_dname(struct walk *w, const struct lookup *l) {
	struct rrset set;
	struct name target;
	uint16_t len;
	if (!node_rrset(l->node, RR_DNAME, &set)) return false;
	struct plan_owner owner = owner_of(w, l->node_labels);
	note_made_below(w, l->node_labels);
	(void)plan_add(w->plan, SECTION_ANSWER, &set, l->node, owner); /* there already on a second pass */
	const uint8_t *next = set.rdatas;
	if (name_substitute(w->name, owner.name, rrset_next(&next, &len), &target) != OK) {
		w->plan->rcode = RCODE_YXDOMAIN;
		return false;
	}
	uint8_t *rdata = w->plan->synthesis[w->plan->synthesis_count++].rdata;
	uint16_t target_len = target.len;
	memcpy(rdata, &target_len, sizeof(target_len));
	memcpy(rdata + sizeof(target_len), target.wire, target_len);
	struct rrset cname = { .type = RR_CNAME, .count = 1, .ttl_s = set.ttl_s, .rdatas = rdata };
	bool added = plan_add(w->plan, SECTION_ANSWER, &cname, (struct node){ l->node.image, NULL },
	                      owner_name(w));
	/* To a question for CNAME this one is the answer. */
	return added && w->type != RR_CNAME && go_on(w, rdata + sizeof(target_len));
}

/* Deal with w->name.  True: it was an alias, and w->name is now its target. */
static bool step(struct walk *w) {
	struct lookup l;
	find(w, &l);
	if (l.kind != LOOKUP_CUT) w->plan->authoritative = true;
	switch (l.kind) {
	case LOOKUP_EXACT:
	case LOOKUP_WILDCARD: return answer_from_node(w, &l);
	case LOOKUP_DNAME: return answer_from_dname(w, &l);
	case LOOKUP_CUT: refer(w, &l); return false;
	case LOOKUP_NONE: no_name(w, &l); return false;
	}
	return false;
}

void answer_plan(struct plan *p, const struct scope *scope, const struct zone_version *v,
                 const struct question *q, const struct sought *sought, bool dnssec) {
	struct walk w; /* target is large, and seldom used: nothing writes it before */
	w.plan = p;
	w.scope = scope;
	w.version = v;
	w.name = q->name.wire;
	w.sought = sought;
	w.name_offset = MESSAGE_HEADER_LEN;
	w.apex_offset = (uint16_t)(MESSAGE_HEADER_LEN + q->name.len - v->image.header->apex_len);
	w.type = q->type;
	w.dnssec = dnssec;
	p->version = v;
	for (unsigned links = 0; step(&w) && links < PLAN_CHAIN_MAX; links++)
		continue;
	additional_plan(p);
}

void answer_plan_soa(struct plan *p, const struct zone_version *v) {
	struct rrset set;
	struct node apex = zone_apex(v);
	p->version = v;
	if (node_rrset(apex, RR_SOA, &set))
		(void)plan_add(p, SECTION_ANSWER, &set, apex,
		               (struct plan_owner){ version_apex(v), MESSAGE_HEADER_LEN });
	p->authoritative = true;
}
