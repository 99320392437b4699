#include "inventory/policy_pool.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "inventory/symbols.h"

static uint64_t hash_addr(uint64_t h, const struct addr *a) {
	h = symbols_hash(h, &a->port, sizeof(a->port));
	return symbols_hash(h, a->ip, sizeof(a->ip));
}

static uint64_t hash_primaries(uint64_t h, const struct primary *p, unsigned count) {
	for (unsigned i = 0; i < count; i++) {
		h = hash_addr(h, &p[i].addr);
		h = symbols_hash(h, p[i].name, strlen(p[i].name));
		if (p[i].key) h = symbols_hash(h, p[i].key->name.wire, p[i].key->name.len);
	}
	return h;
}

/* Equal policies have equal hashes; what differs rarely is left to policy_equal. */
static uint64_t hash_policy(uint64_t h, const struct zone_policy *p) {
	const uint64_t sizes[] = { p->allow_transfer.count, p->allow_notify.count, p->allow_query.count,
		                   p->max_zone_bytes,       p->max_zone_records,   p->bounds.refresh_min_s,
		                   p->bounds.refresh_max_s, p->bounds.retry_min_s, p->bounds.retry_max_s,
		                   p->bounds.expire_min_s,  p->bounds.expire_max_s };
	h = symbols_hash(h, sizes, sizeof(sizes));
	h = hash_primaries(h, p->primaries, p->primary_count);
	h = hash_primaries(h, p->notify, p->notify_count);
	for (unsigned i = 0; i < p->allow_transfer.count; i++)
		h = hash_addr(h, &p->allow_transfer.items[i].prefix.addr);
	return h;
}

static const void *append(char **at, const void *items, size_t size) {
	if (size == 0) return NULL;
	void *copy = *at;
	memcpy(copy, items, size);
	*at += size;
	return copy;
}

/* One block: the struct, then its arrays. */
static const struct zone_policy *policy_copy(const struct zone_policy *draft) {
	size_t primaries = draft->primary_count * sizeof(struct primary);
	size_t notify = draft->notify_count * sizeof(struct primary);
	size_t transfer = draft->allow_transfer.count * sizeof(struct acl_item);
	size_t allow_notify = draft->allow_notify.count * sizeof(struct acl_item);
	size_t query = draft->allow_query.count * sizeof(struct acl_item);
	struct zone_policy *p = xmalloc(sizeof(*p) + primaries + notify + transfer + allow_notify + query +
	                                draft->check_command_len);
	memcpy(p, draft, sizeof(*p));
	char *at = (char *)(p + 1);
	p->primaries = append(&at, draft->primaries, primaries);
	p->notify = append(&at, draft->notify, notify);
	p->allow_transfer.items = append(&at, draft->allow_transfer.items, transfer);
	p->allow_notify.items = append(&at, draft->allow_notify.items, allow_notify);
	p->allow_query.items = append(&at, draft->allow_query.items, query);
	p->check_command = append(&at, draft->check_command,
	                          draft->check_command_len); /* last: not aligned */
	atomic_init(&p->references, 1);
	if (p->keyset) keyset_ref(p->keyset);
	return p;
}

static const struct zone_policy **slot_of(const struct policy_pool *pool, const struct zone_policy *p) {
	size_t i = hash_policy(pool->seed, p) & (pool->capacity - 1);
	while (pool->slots[i] && !policy_equal(pool->slots[i], p))
		i = (i + 1) & (pool->capacity - 1);
	return &pool->slots[i];
}

static void grow(struct policy_pool *pool) {
	struct policy_pool larger = { .capacity = pool->capacity ? pool->capacity * 2 : 64,
		                      .count = pool->count,
		                      .seed = pool->slots ? pool->seed : symbols_seed() };
	larger.slots = xcalloc(larger.capacity, sizeof(*larger.slots));
	for (size_t i = 0; i < pool->capacity; i++) {
		if (pool->slots[i]) *slot_of(&larger, pool->slots[i]) = pool->slots[i];
	}
	free(pool->slots);
	*pool = larger;
}

const struct zone_policy *policy_pool_get(struct policy_pool *pool, const struct zone_policy *draft) {
	if (pool->count * 2 >= pool->capacity) grow(pool);
	const struct zone_policy **slot = slot_of(pool, draft);
	if (!*slot) {
		*slot = policy_copy(draft);
		pool->count++;
	}
	policy_ref(*slot);
	return *slot;
}

void policy_pool_done(struct policy_pool *pool) {
	for (size_t i = 0; i < pool->capacity; i++)
		policy_unref(pool->slots[i]);
	free(pool->slots);
	*pool = (struct policy_pool){ 0 };
}
