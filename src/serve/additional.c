/* Addresses for names that the answer mentions (RFC 1034 section 4.3.2 step 6), in the order of need: glue that
 * a referral can't do without (RFC 9471 section 3.1), then everything else, which may be left out. */
#include "serve/answer.h"

static bool wants_addresses(uint16_t type) {
	/* The types that most answers consist of are decided without a look into the table. */
	if (type == RR_A || type == RR_AAAA || type == RR_SOA || type == RR_TXT || type == RR_DS)
		return false;
	return rrtype_has(rrtype_info(type), RRF_ADDITIONAL);
}

static void add_addresses(struct plan *p, struct node n, const uint8_t *name, bool required) {
	static const uint16_t types[] = { RR_A, RR_AAAA };
	struct rrset set;
	if (!node_found(n)) return;
	for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (node_rrset(n, types[i], &set))
			(void)plan_add_additional(p, &set, n, (struct plan_owner){ name, 0 },
			                          required); /* overflow is noted there */
}

/* Where name's addresses are; glue: those below a cut count too. */
static struct node address_node(const struct zone_version *v, const uint8_t *name, bool glue) {
	struct lookup l;
	struct node none = { &v->image, NULL };
	zone_lookup(v, name, &l);
	switch (l.kind) {
	case LOOKUP_EXACT:
	case LOOKUP_WILDCARD: return l.node;
	case LOOKUP_CUT: return glue ? zone_find(v, name) : none;
	case LOOKUP_DNAME:
	case LOOKUP_NONE: break;
	}
	return none;
}

/* One pass over the names in item's records: those below the cut of a referral, or the others. */
static void add_for_item(struct plan *p, unsigned place, bool below_cut) {
	const struct rrset set = p->items[place].set;
	const struct zone_version *v = p->items[place].version;
	bool glue = set.type == RR_NS;
	const uint8_t *next = set.rdatas;
	for (unsigned i = 0; i < set.count; i++) {
		uint16_t len;
		const uint8_t *rdata = rrset_next(&next, &len);
		const uint8_t *name = rdata_additional_name(set.type, rdata, len);
		if (!name || (p->cut && name_is_within(name, p->cut)) != below_cut) continue;
		if (below_cut)
			add_addresses(p, zone_find(v, name), name, true);
		else if (name_is_within(name, version_apex(v)))
			add_addresses(p, address_node(v, name, glue), name, false);
	}
}

void additional_plan(struct plan *p) {
	unsigned count = p->count; /* what is added here asks for nothing */
	for (unsigned i = 0; i < count; i++) {
		if (!wants_addresses(p->items[i].set.type)) continue;
		if (p->cut) add_for_item(p, i, true);
		add_for_item(p, i, false);
	}
}
