#include "serve/plan.h"

void plan_init(struct plan *p) {
	p->count = 0;
	p->synthesis_count = 0;
	p->rcode = RCODE_NOERROR;
	p->authoritative = false;
	p->overflow = false;
	p->version = NULL;
	p->cut = NULL;
	p->made_below = NULL;
}

static bool same_owner(const struct plan_owner *a, const struct plan_owner *b) {
	if (a->name && b->name) return name_equal(a->name, b->name);
	return a->name == b->name && a->offset == b->offset;
}

static bool is_wildcard(struct node node) {
	struct name owner;
	node_owner(node, &owner);
	return owner.wire[0] == 1 && owner.wire[1] == '*';
}

/* One node's RRset may stand under two owners only when it is a wildcard's; made-up ones have no node. */
static bool has(const struct plan *p, const struct plan_item *new) {
	for (unsigned i = 0; i < p->count; i++) {
		const struct plan_item *item = &p->items[i];
		if (item->node.at != new->node.at || item->set.type != new->set.type) continue;
		bool own = new->node.at && !is_wildcard(new->node);
		if (own || same_owner(&item->owner, &new->owner)) return true;
	}
	return false;
}

bool plan_has(const struct plan *p, struct node node, uint16_t type) {
	for (unsigned i = 0; i < p->count; i++)
		if (p->items[i].node.at == node.at && p->items[i].set.type == type) return !is_wildcard(node);
	return false;
}

static bool append(struct plan *p, const struct plan_item *item) {
	if (p->count == PLAN_ITEMS_MAX) {
		p->overflow |= item->need == NEED_ALWAYS;
		return false;
	}
	p->items[p->count++] = *item;
	return true;
}

static bool add(struct plan *p, const struct plan_item *item) {
	return !has(p, item) && append(p, item);
}

bool plan_add(struct plan *p, enum section section, const struct rrset *set, struct node node,
              struct plan_owner owner) {
	return add(p, &(struct plan_item){ *set, node, p->version, owner, (uint8_t)section, NEED_ALWAYS });
}

bool plan_add_additional(struct plan *p, const struct rrset *set, struct node node, struct plan_owner owner,
                         enum plan_need need) {
	return add(p,
	           &(struct plan_item){ *set, node, p->version, owner, SECTION_ADDITIONAL, (uint8_t)need });
}

void plan_append_additional(struct plan *p, const struct rrset *set, struct node node,
                            struct plan_owner owner, enum plan_need need) {
	(void)append(p, &(struct plan_item){ *set, node, p->version, owner, SECTION_ADDITIONAL,
	                                     (uint8_t)need }); /* overflow is noted there */
}
