/* The table of zones: open addressing over atomic pointers.  Readers see either the former array or the new
 * one; a removed entry leaves a tombstone that the next growth drops. */
#include "zone/table.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fault.h"
#include "base/packed.h"
#include "base/random.h"
#include "zone/digest.h"

#define FIRST_SLOTS 64U
#define ANY_SLOTS_MAX 4096U /* a look for any zone costs no more */

struct zone_version table_unread;

struct slots {
	size_t count; /* a power of two */
	_Atomic(struct zone_entry *) at[];
};

struct zone_table {
	struct epoch *epoch;
	_Atomic(struct slots *) slots;
	_Atomic unsigned labels_max; /* of any zone ever added: bounds the walk up a name */
	size_t used, tombstones;     /* writer's */
	uint64_t seed;
	struct zone_entry *tombstone;
	struct packed entries;
	struct table_reader reader;
};

static struct slots *slots_new(size_t count) {
	struct slots *s = xcalloc(1, sizeof(*s) + count * sizeof(s->at[0]));
	s->count = count;
	return s;
}

struct zone_table *table_new(struct epoch *epoch) {
	struct zone_table *t = xcalloc(1, sizeof(*t));
	t->epoch = epoch;
	t->seed = random_seed();
	t->tombstone = xcalloc(1, sizeof(*t->tombstone) + 1);
	atomic_init(&t->slots, slots_new(FIRST_SLOTS));
	return t;
}

static size_t entry_size(size_t name_len) {
	return sizeof(struct zone_entry) + name_len;
}

static void entry_free(void *p) {
	struct zone_entry *entry = p;
	struct zone_version *v = atomic_load(&entry->served);
	if (v != &table_unread) version_unref(v);
	packed_give(entry, entry_size(entry->name_len), entry->place);
}

void table_free(struct zone_table *t) {
	if (!t) return;
	struct slots *s = atomic_load(&t->slots);
	for (size_t i = 0; i < s->count; i++) {
		struct zone_entry *entry = atomic_load(&s->at[i]);
		if (entry && entry != t->tombstone) entry_free(entry);
	}
	packed_done(&t->entries);
	free(s);
	free(t->tombstone);
	free(t);
}

static struct zone_entry *probe(const struct zone_table *t, uint64_t hash, const uint8_t *lower, size_t len) {
	const struct slots *s = atomic_load_explicit(&t->slots, memory_order_acquire);
	for (size_t i = 0; i < s->count; i++) {
		size_t slot = (hash + i) & (s->count - 1);
		struct zone_entry *entry = atomic_load_explicit(&s->at[slot], memory_order_acquire);
		if (!entry) return NULL;
		if (entry->name_len == len && memcmp(entry->name, lower, len) == 0) return entry;
	}
	return NULL;
}

/* The longest zone whose name is the end of the sought one from label `from` on.  Hashed from the right, no more labels
 * than the longest zone's name has. */
static struct zone_entry *find_from(const struct zone_table *t, const struct sought *s, unsigned from) {
	uint64_t hashes[NAME_MAX_LABELS + 1], hash = t->seed;
	hashes[s->labels] = hash;
	for (unsigned i = s->labels; i-- > from;)
		hashes[i] = hash = digest_label(hash, s->lower + s->offsets[i]);
	for (unsigned i = from; i <= s->labels; i++) {
		struct zone_entry *entry = probe(t, hashes[i], s->lower + s->offsets[i],
		                                 (size_t)s->len - s->offsets[i]);
		if (entry) return entry;
	}
	return NULL;
}

struct zone_entry *table_find_sought(const struct zone_table *t, const struct sought *s, bool strict) {
	if (s->has_zone && !strict) return s->zone;
	unsigned most = atomic_load_explicit(&t->labels_max, memory_order_relaxed);
	unsigned from = s->labels > most ? s->labels - most : 0;
	if (strict && from == 0) from = 1;
	return from <= s->labels ? find_from(t, s, from) : NULL;
}

struct zone_entry *table_expect(const struct zone_table *t, struct sought *s) {
	s->zone = table_find_sought(t, s, false);
	s->has_zone = true;
	return s->zone;
}

struct zone_entry *table_find_zone(const struct zone_table *t, const uint8_t *qname, bool strict) {
	struct sought s;
	sought_init(&s, qname);
	return table_find_sought(t, &s, strict);
}

static uint64_t whole_hash(const struct zone_table *t, const struct sought *s) {
	uint64_t hash = t->seed;
	for (unsigned i = s->labels; i-- > 0;)
		hash = digest_label(hash, s->lower + s->offsets[i]);
	return hash;
}

struct zone_entry *table_find(const struct zone_table *t, const uint8_t *name) {
	struct sought s;
	sought_init(&s, name);
	return probe(t, whole_hash(t, &s), s.lower, s.len);
}

struct zone_entry *table_any(const struct zone_table *t) {
	const struct slots *s = atomic_load_explicit(&t->slots, memory_order_acquire);
	for (size_t i = 0; i < s->count && i < ANY_SLOTS_MAX; i++) {
		struct zone_entry *entry = atomic_load_explicit(&s->at[i], memory_order_acquire);
		if (entry && entry != t->tombstone) return entry;
	}
	return NULL;
}

static void slots_put(struct slots *s, uint64_t hash, struct zone_entry *entry) {
	size_t slot = hash & (s->count - 1);
	while (atomic_load_explicit(&s->at[slot], memory_order_relaxed))
		slot = (slot + 1) & (s->count - 1);
	atomic_store_explicit(&s->at[slot], entry, memory_order_release);
}

static uint64_t entry_hash(const struct zone_table *t, const struct zone_entry *entry) {
	struct sought s;
	sought_init(&s, entry->name);
	return whole_hash(t, &s);
}

/* A new array with room, without tombstones; readers of the former one go on in it until they leave the epoch. */
static void grow_to(struct zone_table *t, size_t entries) {
	struct slots *former = atomic_load_explicit(&t->slots, memory_order_relaxed);
	size_t count = FIRST_SLOTS;
	while (count < entries * 2)
		count *= 2;
	struct slots *s = slots_new(count);
	for (size_t i = 0; i < former->count; i++) {
		struct zone_entry *entry = atomic_load_explicit(&former->at[i], memory_order_relaxed);
		if (entry && entry != t->tombstone) slots_put(s, entry_hash(t, entry), entry);
	}
	t->tombstones = 0;
	atomic_store_explicit(&t->slots, s, memory_order_release);
	epoch_retire(t->epoch, former, free);
}

static void grow_if_full(struct zone_table *t) {
	const struct slots *s = atomic_load_explicit(&t->slots, memory_order_relaxed);
	if ((t->used + t->tombstones + 1) * 4 > s->count * 3) grow_to(t, t->used + 1);
}

void table_reserve(struct zone_table *t, size_t more) {
	const struct slots *s = atomic_load_explicit(&t->slots, memory_order_relaxed);
	if ((t->used + t->tombstones + more) * 4 > s->count * 3) grow_to(t, t->used + more);
}

enum err table_add(struct zone_table *t, const uint8_t *name, const struct zone_policy *policy,
                   struct zone_entry **out_entry) {
	struct sought s;
	sought_init(&s, name);
	uint64_t hash = whole_hash(t, &s);
	if (probe(t, hash, s.lower, s.len)) return ERR_EXISTS;
	grow_if_full(t);
	uint32_t place;
	struct zone_entry *entry = packed_take(&t->entries, entry_size(s.len), &place);
	entry->place = place;
	atomic_init(&entry->policy, policy);
	atomic_init(&entry->status, ZONE_PENDING);
	entry->labels = s.labels;
	entry->name_len = s.len;
	memcpy(entry->name, s.lower, s.len);
	if (entry->labels > atomic_load_explicit(&t->labels_max, memory_order_relaxed))
		atomic_store_explicit(&t->labels_max, entry->labels, memory_order_relaxed);
	slots_put(atomic_load_explicit(&t->slots, memory_order_relaxed), hash, entry);
	t->used++;
	*out_entry = entry;
	return OK;
}

void table_remove(struct zone_table *t, struct zone_entry *entry) {
	struct slots *s = atomic_load_explicit(&t->slots, memory_order_relaxed);
	size_t slot = entry_hash(t, entry) & (s->count - 1);
	while (atomic_load_explicit(&s->at[slot], memory_order_relaxed) != entry)
		slot = (slot + 1) & (s->count - 1);
	atomic_store_explicit(&s->at[slot], t->tombstone, memory_order_release);
	t->used--;
	t->tombstones++;
	epoch_retire(t->epoch, entry, entry_free);
}

size_t table_count(const struct zone_table *t) {
	return t->used;
}

struct zone_entry *table_next(const struct zone_table *t, size_t *cursor) {
	const struct slots *s = atomic_load_explicit(&t->slots, memory_order_relaxed);
	while (*cursor < s->count) {
		struct zone_entry *entry = atomic_load_explicit(&s->at[(*cursor)++], memory_order_relaxed);
		if (entry && entry != t->tombstone) return entry;
	}
	return NULL;
}

static void version_release(void *p) {
	version_unref(p);
}

void table_publish(struct zone_table *t, struct zone_entry *entry, struct zone_version *v,
                   enum zone_status status) {
	if (fault_fires("table-publish")) return;
	if (v) version_ref(v);
	atomic_store_explicit(&entry->status, (uint8_t)status, memory_order_relaxed);
	/* a reader may put there what it has read */
	struct zone_version *former = atomic_exchange_explicit(&entry->served, v, memory_order_acq_rel);
	if (former && former != &table_unread) epoch_retire(t->epoch, former, version_release);
}

/* -- read when asked for ------------------------------------------------------------------------------------------ */

void table_set_reader(struct zone_table *t, const struct table_reader *reader) {
	t->reader = *reader;
}

void table_leave_unread(struct zone_entry *entry) {
	atomic_store_explicit(&entry->served, &table_unread, memory_order_release);
}

struct zone_version *table_read(const struct zone_table *t, struct zone_entry *entry) {
	struct zone_version *now = &table_unread;
	struct zone_version *v = t->reader.read ? t->reader.read(t->reader.ctx, entry) : NULL;
	if (!v) return NULL;
	if (atomic_compare_exchange_strong_explicit(&entry->served, &now, v, memory_order_acq_rel,
	                                            memory_order_acquire))
		return v;
	version_unref(v); /* somebody was faster, and what is there is at least as new */
	return now;
}
