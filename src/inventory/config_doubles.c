/* Names that are given twice among the zones, found at the end of each file: looking a name up waits for memory, so the
 * slots of several are fetched at once. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/heap.h"
#include "inventory/config_reader.h"

#define SLOT_FREE UINT64_MAX
#define AHEAD 16

struct doubles {
	struct config_reader *r;
	uint64_t *slots; /* upper half of the name's hash, place in the list */
	size_t mask;
};

static void zone_twice(struct config_reader *r, uint32_t place, uint32_t former) {
	char text[NAME_TEXT_MAX];
	const char *file = former < r->zones_inline && r->file != r->input->path ? " of the configuration"
	                                                                         : "";
	name_text_short(r->config->zones.zones[place].name, text);
	fault_add(r, r->zone_lines[place],
	          "zone %.255s is given twice, first in line %u%s; expected each zone once", text,
	          r->zone_lines[former], file);
}

static bool is_same(const struct doubles *d, uint64_t slot, uint64_t hash, uint32_t place) {
	const struct zone_intent *zones = d->r->config->zones.zones;
	return (slot ^ hash) >> 32 == 0 && name_equal(zones[(uint32_t)slot].name, zones[place].name);
}

static void put(const struct doubles *d, uint64_t hash, uint32_t place) {
	size_t i = hash & d->mask;
	while (d->slots[i] != SLOT_FREE && !is_same(d, d->slots[i], hash, place))
		i = (i + 1) & d->mask;
	if (d->slots[i] == SLOT_FREE)
		d->slots[i] = (hash & ~(uint64_t)UINT32_MAX) | place;
	else if (place >= d->r->zones_checked)
		zone_twice(d->r, place, (uint32_t)d->slots[i]);
}

static void put_all(const struct doubles *d, uint64_t seed) {
	const struct intent_list *list = &d->r->config->zones;
	uint64_t hashes[AHEAD];
	for (size_t from = 0; from < list->count; from += AHEAD) {
		size_t count = list->count - from < AHEAD ? list->count - from : AHEAD;
		for (size_t i = 0; i < count; i++) {
			const uint8_t *name = list->zones[from + i].name;
			hashes[i] = symbols_hash(seed, name, name_len(name));
			__builtin_prefetch(&d->slots[hashes[i] & d->mask], 1);
		}
		for (size_t i = 0; i < count; i++)
			put(d, hashes[i], (uint32_t)(from + i));
	}
}

void doubles_check(struct config_reader *r) {
	size_t count = r->config->zones.count, slots = 64;
	if (count == r->zones_checked) return;
	while (slots < count * 2)
		slots *= 2;
	struct doubles d = { .r = r, .slots = xmalloc(slots * sizeof(*d.slots)), .mask = slots - 1 };
	heap_have(d.slots, slots * sizeof(*d.slots));
	memset(d.slots, 0xff, slots * sizeof(*d.slots));
	put_all(&d, symbols_seed());
	free(d.slots);
	r->zones_checked = count;
}
