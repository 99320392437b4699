#include "inventory/inventory.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "inventory/symbols.h"

/* -- lists of intents ------------------------------------------------------------------------------------- */

#define NAMES_BLOCK 65536

/* Names stand one after another in blocks: a million of them cost their octets and nothing beside. */
struct intent_names {
	struct intent_names *next;
	size_t used;
	uint8_t data[NAMES_BLOCK];
};

static const uint8_t *names_keep(struct intent_list *list, const uint8_t *name) {
	struct name lower;
	name_copy(&lower, name);
	name_to_lower(&lower);
	if (!list->names || list->names->used + lower.len > NAMES_BLOCK) {
		struct intent_names *block = xmalloc(sizeof(*block));
		block->next = list->names;
		block->used = 0;
		list->names = block;
	}
	uint8_t *kept = list->names->data + list->names->used;
	memcpy(kept, lower.wire, lower.len);
	list->names->used += lower.len;
	return kept;
}

void intent_list_add(struct intent_list *list, const uint8_t *name, const struct zone_policy *policy) {
	if (list->count == list->capacity) {
		list->capacity = list->capacity ? list->capacity * 2 : 64;
		list->zones = xrealloc(list->zones, list->capacity * sizeof(*list->zones));
	}
	list->zones[list->count++] = (struct zone_intent){ .name = names_keep(list, name), .policy = policy };
}

void intent_list_done(struct intent_list *list) {
	for (size_t i = 0; i < list->count; i++)
		policy_unref(list->zones[i].policy);
	free(list->zones);
	while (list->names) {
		struct intent_names *next = list->names->next;
		free(list->names);
		list->names = next;
	}
	*list = (struct intent_list){ 0 };
}

/* -- the inventory: the list that was applied last, and an index over it --------------------------------------- */

struct inventory {
	struct inventory_watcher watcher;
	struct intent_list zones;
	struct symbols index; /* name -> place in zones */
};

struct inventory *inventory_new(const struct inventory_watcher *watcher) {
	struct inventory *inv = xcalloc(1, sizeof(*inv));
	inv->watcher = *watcher;
	return inv;
}

void inventory_free(struct inventory *inv) {
	if (!inv) return;
	symbols_done(&inv->index);
	intent_list_done(&inv->zones);
	free(inv);
}

size_t inventory_count(const struct inventory *inv) {
	return inv->zones.count;
}

static enum err index_of(const struct intent_list *list, struct symbols *out_index) {
	struct symbols index = { 0 };
	for (size_t i = 0; i < list->count; i++) {
		const uint8_t *name = list->zones[i].name;
		if (!symbols_add(&index, name, name_len(name), (uint32_t)i, NULL)) {
			symbols_done(&index);
			return ERR_EXISTS;
		}
	}
	*out_index = index;
	return OK;
}

/* Remembers the answer for the pair asked last: most zones have the same policy as the zone before. */
struct policy_pair {
	const struct zone_policy *old, *new;
	bool equal;
};

static bool same_policy(struct policy_pair *last, const struct zone_policy *old,
                        const struct zone_policy *new) {
	if (last->old != old || last->new != new) {
		*last = (struct policy_pair){ .old = old, .new = new, .equal = policy_equal(old, new) };
	}
	return last->equal;
}

static void tell_removed(const struct inventory *inv, const struct symbols *index,
                         struct inventory_summary *summary) {
	for (size_t i = 0; i < inv->zones.count; i++) {
		const uint8_t *name = inv->zones.zones[i].name;
		if (symbols_find(index, name, name_len(name), NULL)) continue;
		inv->watcher.removed(inv->watcher.ctx, name);
		summary->removed++;
	}
}

/* An unchanged zone keeps the policy object it has, so that who holds it need not be told. */
static void tell_wanted(struct inventory *inv, struct intent_list *list, struct inventory_summary *summary) {
	struct policy_pair last = { 0 };
	for (size_t i = 0; i < list->count; i++) {
		struct zone_intent *wanted = &list->zones[i];
		uint32_t at = 0;
		if (!symbols_find(&inv->index, wanted->name, name_len(wanted->name), &at)) {
			inv->watcher.added(inv->watcher.ctx, wanted->name, wanted->policy);
			summary->added++;
			continue;
		}
		struct zone_intent *had = &inv->zones.zones[at];
		if (same_policy(&last, had->policy, wanted->policy)) {
			const struct zone_policy *swap = wanted->policy;
			wanted->policy = had->policy;
			had->policy = swap;
			last.equal = true;
			summary->unchanged++;
		} else {
			inv->watcher.changed(inv->watcher.ctx, wanted->name, wanted->policy);
			summary->changed++;
		}
	}
}

enum err inventory_apply(struct inventory *inv, struct intent_list *list,
                         struct inventory_summary *out_summary) {
	struct symbols index;
	struct inventory_summary summary = { 0 };
	enum err e = index_of(list, &index);
	if (e != OK) return e;
	tell_removed(inv, &index, &summary);
	tell_wanted(inv, list, &summary);
	symbols_done(&inv->index);
	intent_list_done(&inv->zones);
	inv->zones = *list;
	inv->index = index;
	*list = (struct intent_list){ 0 };
	*out_summary = summary;
	return OK;
}
