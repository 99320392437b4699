#include "inventory/wanted.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/heap.h"
#include "inventory/symbols.h"

#define ENTRIES_MIN 16 /* room for so many at least: half of it more is more */
#define BLOCK 65536
#define SLOT_FREE UINT64_MAX
#define AHEAD 16 /* names whose slots are fetched together */
#define NUMBER_MAX ((1ULL << 40) - 1)

/* A name is a place in blocks of 64 KiB, none of which it crosses. */
struct entry {
	const struct zone_policy
		*policy; /* a reference; NULL: it comes with the wish at hand, and is not there yet */
	uint64_t number : 40;
	uint64_t source : 8;
	uint64_t note : 16;
	uint32_t account;
	uint32_t name;
};
_Static_assert(sizeof(struct entry) == 24, "a million of them are kept");

struct names {
	uint8_t **blocks;
	uint32_t count, capacity, used; /* used: of the last block */
	uint64_t live, dead;            /* octets */
};

struct wanted {
	struct wanted_watcher watcher;
	struct entry *entries;
	uint32_t count, capacity;
	uint32_t coming; /* of them without a policy */
	uint32_t *wish;  /* by place, while a wish is compared: which zone of it, counted from 1; 0: none */
	uint64_t *slots; /* upper half of the name's hash, place in entries */
	size_t slot_count;
	uint64_t seed;
	struct names names;
};

/* -- names ---------------------------------------------------------------------------------------------------- */

static const uint8_t *name_at(const struct wanted *w, uint32_t place) {
	return w->names.blocks[place / BLOCK] + place % BLOCK;
}

static uint32_t names_keep(struct names *n, const uint8_t *name, size_t len) {
	if (n->count == 0 || n->used + len > BLOCK) {
		if (n->count == n->capacity) {
			n->capacity = n->capacity ? n->capacity * 2 : 4;
			n->blocks = xrealloc(n->blocks, n->capacity * sizeof(*n->blocks));
		}
		n->blocks[n->count++] = xmalloc(BLOCK);
		if (n->count > 1) heap_have(n->blocks[n->count - 1], BLOCK); /* the first may be all */
		n->used = 0;
	}
	uint32_t place = (n->count - 1) * BLOCK + n->used;
	memcpy(n->blocks[n->count - 1] + n->used, name, len);
	n->used += (uint32_t)len;
	n->live += len;
	return place;
}

static void names_done(struct names *n) {
	for (uint32_t i = 0; i < n->count; i++)
		free(n->blocks[i]);
	free(n->blocks);
	*n = (struct names){ 0 };
}

/* Removed names leave holes; when these are the larger part, what lives moves together. */
static void names_compact(struct wanted *w) {
	struct names next = { 0 };
	if (w->names.dead < BLOCK || w->names.dead < w->names.live) return;
	for (uint32_t i = 0; i < w->count; i++) {
		const uint8_t *name = name_at(w, w->entries[i].name);
		w->entries[i].name = names_keep(&next, name, name_len(name));
	}
	names_done(&w->names);
	w->names = next;
}

/* -- the index ------------------------------------------------------------------------------------------------- */

static uint64_t hash_of(const struct wanted *w, const uint8_t *name) {
	return symbols_hash(w->seed, name, name_len(name));
}

static uint64_t slot_with(uint64_t hash, uint32_t place) {
	return (hash & ~(uint64_t)UINT32_MAX) | place;
}

static uint32_t place_in(uint64_t slot) {
	return (uint32_t)slot;
}

static bool is_named(const struct wanted *w, uint64_t slot, uint64_t hash, const uint8_t *name) {
	if ((slot ^ hash) >> 32) return false;
	const uint8_t *kept = name_at(w, w->entries[place_in(slot)].name);
	size_t len = name_len(name);
	return name_len(kept) == len && memcmp(kept, name, len) == 0;
}

/* Where name is, or where it belongs. */
static size_t slot_at(const struct wanted *w, uint64_t hash, const uint8_t *name) {
	size_t mask = w->slot_count - 1, i = hash & mask;
	while (w->slots[i] != SLOT_FREE && !is_named(w, w->slots[i], hash, name))
		i = (i + 1) & mask;
	return i;
}

static size_t slot_of(const struct wanted *w, const uint8_t *name) {
	return slot_at(w, hash_of(w, name), name);
}

/* The names differ, so that they need not be looked at again. */
static void index_put(struct wanted *w, uint64_t hash, uint32_t place) {
	size_t mask = w->slot_count - 1, i = hash & mask;
	while (w->slots[i] != SLOT_FREE)
		i = (i + 1) & mask;
	w->slots[i] = slot_with(hash, place);
}

static void index_make(struct wanted *w, size_t slots) {
	w->slot_count = slots;
	free(w->slots);
	w->slots = xmalloc(w->slot_count * sizeof(*w->slots));
	heap_have(w->slots, w->slot_count * sizeof(*w->slots));
	memset(w->slots, 0xff, w->slot_count * sizeof(*w->slots));
	for (uint32_t i = 0; i < w->count; i++)
		index_put(w, hash_of(w, name_at(w, w->entries[i].name)), i);
}

static void index_grow(struct wanted *w) {
	index_make(w, w->slot_count ? w->slot_count * 2 : 64);
}

/* For one more than `count`: a slot has the half of the hash with it, so that three quarters of them may be taken. */
static bool has_room(size_t slots, size_t count) {
	return count * 4 < slots * 3;
}

/* Room for so many in all, so that neither grows meanwhile. */
static void reserve(struct wanted *w, size_t count) {
	size_t slots = 64;
	while (!has_room(slots, count))
		slots *= 2;
	if (slots > w->slot_count) index_make(w, slots);
	if (count <= w->capacity) return;
	w->capacity = count < ENTRIES_MIN ? ENTRIES_MIN : (uint32_t)count;
	w->entries = xrealloc(w->entries, w->capacity * sizeof(*w->entries));
	heap_have(w->entries + w->count, (w->capacity - w->count) * sizeof(*w->entries));
}

static struct entry *entry_find(const struct wanted *w, const uint8_t *name) {
	if (w->count == 0) return NULL;
	uint64_t slot = w->slots[slot_of(w, name)];
	return slot == SLOT_FREE ? NULL : &w->entries[place_in(slot)];
}

/* One that is there already: not while a wish is compared. */
static struct entry *entry_there(const struct wanted *w, const uint8_t *name) {
	struct entry *e = entry_find(w, name);
	return e && e->policy ? e : NULL;
}

static void entries_grow(struct wanted *w) {
	uint32_t before = w->capacity;
	w->capacity = before ? before + before / 2 : ENTRIES_MIN;
	w->entries = xrealloc(w->entries, w->capacity * sizeof(*w->entries));
	if (!w->wish) return;
	w->wish = xrealloc(w->wish, w->capacity * sizeof(*w->wish));
	memset(w->wish + before, 0, (w->capacity - before) * sizeof(*w->wish));
}

/* Without a policy. */
static struct entry *entry_add(struct wanted *w, uint64_t hash, const uint8_t *name) {
	if (!has_room(w->slot_count, w->count)) index_grow(w);
	if (w->count == w->capacity) entries_grow(w);
	index_put(w, hash, w->count);
	struct entry *e = &w->entries[w->count++];
	*e = (struct entry){ .name = names_keep(&w->names, name, name_len(name)) };
	w->coming++;
	return e;
}

static size_t home_of(const struct wanted *w, uint64_t slot) {
	return hash_of(w, name_at(w, w->entries[place_in(slot)].name)) & (w->slot_count - 1);
}

/* What stands behind a free slot moves forward, so that it is still found. */
static void slot_free(struct wanted *w, size_t hole) {
	size_t mask = w->slot_count - 1;
	for (size_t i = (hole + 1) & mask; w->slots[i] != SLOT_FREE; i = (i + 1) & mask) {
		if (((i - home_of(w, w->slots[i])) & mask) < ((i - hole) & mask)) continue;
		w->slots[hole] = w->slots[i];
		hole = i;
	}
	w->slots[hole] = SLOT_FREE;
}

/* The last entry takes its place. */
static void entry_remove(struct wanted *w, struct entry *e) {
	uint32_t place = (uint32_t)(e - w->entries);
	size_t len = name_len(name_at(w, e->name));
	slot_free(w, slot_of(w, name_at(w, e->name)));
	if (e->policy)
		policy_unref(e->policy);
	else
		w->coming--;
	w->names.live -= len;
	w->names.dead += len;
	w->count--;
	if (w->wish) w->wish[place] = place == w->count ? 0 : w->wish[w->count];
	if (place == w->count) return;
	size_t slot = slot_of(w, name_at(w, w->entries[w->count].name));
	w->slots[slot] = slot_with(w->slots[slot], place);
	w->entries[place] = w->entries[w->count];
}

/* -- differences ------------------------------------------------------------------------------------------------ */

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

struct applying {
	enum wanted_source source;
	struct policy_pair pair;
	struct wanted_summary summary;
};

static void tell_new(struct wanted *w, const struct zone_intent *intent, struct entry *e,
                     struct applying *a) {
	e->policy = intent->policy;
	e->source = (uint8_t)a->source;
	e->account = intent->account;
	e->number = intent->number & NUMBER_MAX;
	policy_ref(e->policy);
	w->coming--;
	a->summary.added++;
	w->watcher.added(w->watcher.ctx, intent->name, intent->policy, intent->account);
}

static void tell_changed(const struct wanted *w, const struct zone_intent *intent, struct entry *e,
                         struct applying *a) {
	policy_ref(intent->policy);
	policy_unref(e->policy);
	e->policy = intent->policy;
	a->pair = (struct policy_pair){ 0 }; /* the old one may be gone, and its address another's */
	a->summary.changed++;
	w->watcher.changed(w->watcher.ctx, intent->name, intent->policy, intent->account);
}

/* An unchanged zone keeps the policy object it has, so that who holds it need not be told. */
static void put(struct wanted *w, const struct zone_intent *intent, struct entry *e, struct applying *a) {
	if (e->policy && e->source != (uint8_t)a->source) {
		a->summary.refused++;
		if (w->watcher.refused) w->watcher.refused(w->watcher.ctx, intent->name, a->source);
		return;
	}
	if (!e->policy)
		tell_new(w, intent, e, a);
	else if (same_policy(&a->pair, e->policy, intent->policy))
		a->summary.unchanged++;
	else
		tell_changed(w, intent, e, a);
	if (e->account != intent->account && w->watcher.moved)
		w->watcher.moved(w->watcher.ctx, intent->name, e->account, intent->account);
	e->account = intent->account;
	e->number = intent->number & NUMBER_MAX;
}

static void tell_removed(struct wanted *w, struct entry *e, struct applying *a) {
	struct name name;
	name_copy(&name, name_at(w, e->name));
	w->watcher.removed(w->watcher.ctx, name.wire);
	entry_remove(w, e);
	a->summary.removed++;
}

/* -- the wish of a source ------------------------------------------------------------------------------------------ */

/* Each zone of the list has an entry then, a new one without a policy, and w->wish says which.  Looking up a name waits
 * for memory: the slots of several are fetched at once. */
static enum err wish_find(struct wanted *w, const struct intent_list *list) {
	uint64_t hashes[AHEAD];
	for (size_t from = 0; from < list->count; from += AHEAD) {
		size_t count = list->count - from < AHEAD ? list->count - from : AHEAD;
		for (size_t i = 0; i < count; i++) {
			hashes[i] = hash_of(w, list->zones[from + i].name);
			__builtin_prefetch(&w->slots[hashes[i] & (w->slot_count - 1)], 1);
		}
		for (size_t i = 0; i < count; i++) {
			const uint8_t *name = list->zones[from + i].name;
			uint64_t slot = w->slots[slot_at(w, hashes[i], name)];
			uint32_t place = slot == SLOT_FREE ? w->count : place_in(slot);
			if (slot == SLOT_FREE) (void)entry_add(w, hashes[i], name); /* at the end */
			if (w->wish[place]) return ERR_EXISTS;
			w->wish[place] = (uint32_t)(from + i) + 1;
		}
	}
	return OK;
}

/* From the end: what moves to the place of a removed one was looked at already. */
static void remove_unwanted(struct wanted *w, struct applying *a) {
	for (uint32_t i = w->count; i-- > 0;) {
		struct entry *e = &w->entries[i];
		if (!w->wish[i] && e->source == (uint8_t)a->source) tell_removed(w, e, a);
	}
}

static void put_all(struct wanted *w, const struct intent_list *list, struct applying *a) {
	for (uint32_t i = 0; i < w->count; i++) {
		if (w->wish[i]) put(w, &list->zones[w->wish[i] - 1], &w->entries[i], a);
	}
}

/* What was to come is the last. */
static void forget_coming(struct wanted *w) {
	while (w->coming > 0)
		entry_remove(w, &w->entries[w->count - 1]);
}

enum err wanted_replace(struct wanted *w, enum wanted_source source, const struct intent_list *list,
                        struct wanted_summary *out_summary) {
	struct applying a = { .source = source };
	reserve(w, list->count > w->count ? list->count : w->count);
	w->wish = xcalloc((size_t)w->capacity + 1, sizeof(*w->wish));
	enum err e = wish_find(w, list);
	if (e == OK) {
		remove_unwanted(w, &a);
		put_all(w, list, &a);
	} else {
		forget_coming(w);
	}
	free(w->wish);
	w->wish = NULL;
	names_compact(w);
	if (e == OK) *out_summary = a.summary;
	return e;
}

void wanted_change(struct wanted *w, enum wanted_source source, struct wanted_changes *changes,
                   struct wanted_summary *out_summary) {
	struct applying a = { .source = source };
	for (size_t i = 0; i < changes->removed.count; i++) {
		struct entry *e = entry_find(w, changes->removed.zones[i].name);
		if (e && e->source == (uint8_t)source) tell_removed(w, e, &a);
	}
	for (size_t i = 0; i < changes->put.count; i++) {
		const struct zone_intent *intent = &changes->put.zones[i];
		struct entry *e = entry_find(w, intent->name);
		put(w, intent, e ? e : entry_add(w, hash_of(w, intent->name), intent->name), &a);
	}
	names_compact(w);
	wanted_changes_done(changes);
	*out_summary = a.summary;
}

void wanted_changes_done(struct wanted_changes *changes) {
	intent_list_done(&changes->put);
	intent_list_done(&changes->removed);
}

/* -- the whole ---------------------------------------------------------------------------------------------------- */

struct wanted *wanted_new(const struct wanted_watcher *watcher) {
	struct wanted *w = xcalloc(1, sizeof(*w));
	w->watcher = *watcher;
	w->seed = symbols_seed();
	return w;
}

void wanted_free(struct wanted *w) {
	if (!w) return;
	for (uint32_t i = 0; i < w->count; i++)
		policy_unref(w->entries[i].policy);
	free(w->entries);
	free(w->slots);
	names_done(&w->names);
	free(w);
}

static struct wanted_zone zone_of(const struct entry *e) {
	return (struct wanted_zone){ .policy = e->policy,
		                     .number = e->number,
		                     .account = e->account,
		                     .source = (enum wanted_source)e->source,
		                     .note = (uint16_t)e->note };
}

bool wanted_find(const struct wanted *w, const uint8_t *name, struct wanted_zone *out_zone) {
	const struct entry *e = entry_there(w, name);
	if (e) *out_zone = zone_of(e);
	return e;
}

bool wanted_note(struct wanted *w, const uint8_t *name, uint16_t note, uint32_t *out_account) {
	struct entry *e = entry_there(w, name);
	if (!e) return false;
	e->note = note;
	*out_account = e->account;
	return true;
}

size_t wanted_count(const struct wanted *w) {
	return w->count - w->coming;
}

bool wanted_next(const struct wanted *w, size_t *cursor, const uint8_t **out_name,
                 struct wanted_zone *out_zone) {
	while (*cursor < w->count && !w->entries[*cursor].policy)
		++*cursor;
	if (*cursor >= w->count) return false;
	const struct entry *e = &w->entries[(*cursor)++];
	*out_name = name_at(w, e->name);
	*out_zone = zone_of(e);
	return true;
}
