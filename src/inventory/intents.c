#include "inventory/intents.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/heap.h"

#define NAMES_BLOCK 65536
#define NAMES_FIRST 512 /* most lists have one zone */

/* Names stand one after another in blocks: a million of them cost their octets and nothing beside. */
struct intent_names {
	struct intent_names *next;
	size_t size, used;
	uint8_t data[];
};

static const uint8_t *names_keep(struct intent_list *list, const uint8_t *name) {
	size_t len = name_len(name);
	if (!list->names || list->names->used + len > list->names->size) {
		size_t size = list->names ? NAMES_BLOCK : NAMES_FIRST;
		struct intent_names *block = xmalloc(sizeof(*block) + size);
		if (list->names) heap_have(block, sizeof(*block) + size);
		*block = (struct intent_names){ .next = list->names, .size = size };
		list->names = block;
	}
	uint8_t *kept = list->names->data + list->names->used;
	name_lower_to(kept, name, len);
	list->names->used += len;
	return kept;
}

struct zone_intent *intent_list_add(struct intent_list *list, const uint8_t *name,
                                    const struct zone_policy *policy) {
	if (list->count == list->capacity) {
		list->capacity = list->capacity ? list->capacity * 2 : 4;
		list->zones = xrealloc(list->zones, list->capacity * sizeof(*list->zones));
		heap_have(list->zones + list->count, (list->capacity - list->count) * sizeof(*list->zones));
	}
	struct zone_intent *intent = &list->zones[list->count++];
	*intent = (struct zone_intent){ .name = names_keep(list, name),
		                        .policy = policy,
		                        .account = INTENT_MAIN_ACCOUNT };
	return intent;
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
