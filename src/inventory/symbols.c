#include "inventory/symbols.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/random.h"

uint64_t symbols_seed(void) {
	return random_seed();
}

static struct symbol *slot_of(const struct symbols *s, const void *key, size_t len) {
	size_t i = symbols_hash(s->seed, key, len) & (s->capacity - 1);
	while (s->slots[i].key && (s->slots[i].len != len || memcmp(s->slots[i].key, key, len) != 0))
		i = (i + 1) & (s->capacity - 1);
	return &s->slots[i];
}

static void resize(struct symbols *s, size_t capacity) {
	struct symbols larger = { .capacity = capacity,
		                  .count = s->count,
		                  .seed = s->slots ? s->seed : symbols_seed() };
	larger.slots = xcalloc(larger.capacity, sizeof(*larger.slots));
	for (size_t i = 0; i < s->capacity; i++) {
		if (s->slots[i].key) *slot_of(&larger, s->slots[i].key, s->slots[i].len) = s->slots[i];
	}
	free(s->slots);
	*s = larger;
}

static void grow(struct symbols *s) {
	resize(s, s->capacity ? s->capacity * 2 : 64);
}

void symbols_reserve(struct symbols *s, size_t count) {
	size_t capacity = 64;
	while (capacity / 2 <= count)
		capacity *= 2;
	if (capacity > s->capacity) resize(s, capacity);
}

bool symbols_find(const struct symbols *s, const void *key, size_t len, uint32_t *out_value) {
	if (s->count == 0) return false;
	const struct symbol *slot = slot_of(s, key, len);
	if (slot->key && out_value) *out_value = slot->value;
	return slot->key;
}

bool symbols_add(struct symbols *s, const void *key, size_t len, uint32_t value, uint32_t *out_value) {
	if (s->count * 2 >= s->capacity) grow(s);
	struct symbol *slot = slot_of(s, key, len);
	if (slot->key) {
		if (out_value) *out_value = slot->value;
		return false;
	}
	*slot = (struct symbol){ .key = key, .len = (uint32_t)len, .value = value };
	s->count++;
	return true;
}

void symbols_done(struct symbols *s) {
	free(s->slots);
	*s = (struct symbols){ 0 };
}
