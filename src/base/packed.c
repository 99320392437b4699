#include "base/packed.h"

#include <assert.h>
#include <sanitizer/asan_interface.h> /* says nothing in other builds */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/alloc.h"

#define BLOCK_FIRST 4096 /* most owners have few objects */
#define BLOCK 65536      /* its head among it: whole pages */
#define ALIGN _Alignof(int64_t)

/* Of all shared blocks of one owner, octets; outlives the owner as long as there are any. */
struct packed_ledger {
	_Atomic uint32_t holds;
	_Atomic size_t room, used;
};

struct packed_block {
	struct packed_ledger *ledger; /* NULL: of one object, with nobody to share it with */
	_Atomic uint32_t holds;       /* one for each object, one while it is being filled */
	uint32_t size, used;
	bool is_mapped; /* else on the heap */
	_Alignas(ALIGN) uint8_t data[];
};

/* -- the ledger -- */

static struct packed_ledger *ledger_new(void) {
	struct packed_ledger *l = xcalloc(1, sizeof(*l));
	atomic_init(&l->holds, 1);
	return l;
}

static void ledger_release(struct packed_ledger *l) {
	if (atomic_fetch_sub_explicit(&l->holds, 1, memory_order_acq_rel) == 1) free(l);
}

static void ledger_add(_Atomic size_t *sum, size_t octets) {
	atomic_fetch_add_explicit(sum, octets, memory_order_relaxed);
}

static void ledger_subtract(_Atomic size_t *sum, size_t octets) {
	atomic_fetch_sub_explicit(sum, octets, memory_order_relaxed);
}

/* Whether less than half of what is held is in use, so that more blocks would be a waste. */
static bool is_sparse(const struct packed_ledger *l) {
	size_t room = atomic_load_explicit(&l->room, memory_order_relaxed);
	return room > 2 * atomic_load_explicit(&l->used, memory_order_relaxed) + BLOCK;
}

/* -- blocks -- */

static void release(struct packed_block *b) {
	if (atomic_fetch_sub_explicit(&b->holds, 1, memory_order_acq_rel) != 1) return;
	if (b->ledger) {
		ledger_subtract(&b->ledger->room, b->size);
		ledger_release(b->ledger);
	}
	ASAN_UNPOISON_MEMORY_REGION(b->data, b->size);
	if (b->is_mapped)
		(void)munmap(b, sizeof(*b) + b->size); /* can fail only for a range that is not ours */
	else
		free(b);
}

static struct packed_block *block_init(struct packed_block *b, uint32_t size, bool is_mapped) {
	b->ledger = NULL;
	atomic_init(&b->holds, 1);
	b->size = size;
	b->used = 0;
	b->is_mapped = is_mapped;
	ASAN_POISON_MEMORY_REGION(b->data, size);
	return b;
}

static struct packed_block *block_new(uint32_t size) {
	return block_init(xmalloc(sizeof(struct packed_block) + size), size, false);
}

/* Of the heap only where the system has no range more. */
static struct packed_block *block_map(void) {
	uint32_t size = BLOCK - sizeof(struct packed_block);
	void *at = mmap(NULL, BLOCK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1,
	                0);
	return at == MAP_FAILED ? block_new(size) : block_init(at, size, true);
}

static void begin_block(struct packed *p) {
	struct packed_block *next = p->filling ? block_map() : block_new(BLOCK_FIRST);
	next->ledger = p->ledger;
	atomic_fetch_add_explicit(&p->ledger->holds, 1, memory_order_relaxed);
	ledger_add(&p->ledger->room, next->size);
	if (p->filling) release(p->filling);
	p->filling = next;
}

static uint32_t room_of(size_t size) {
	return (uint32_t)((size + ALIGN - 1) / ALIGN * ALIGN);
}

static void *place_object(struct packed_block *b, size_t size, uint32_t *out_place) {
	uint8_t *object = b->data + b->used;
	ASAN_UNPOISON_MEMORY_REGION(object, size);
	memset(object, 0, size);
	*out_place = b->used;
	b->used += room_of(size);
	return object;
}

/* -- objects -- */

void *packed_take(struct packed *p, size_t size, uint32_t *out_place) {
	assert(size <= PACKED_MAX);
	uint32_t room = room_of(size);
	if (!p->ledger) p->ledger = ledger_new();
	if (!p->filling || p->filling->size - p->filling->used < room) {
		if (is_sparse(p->ledger)) return place_object(block_new(room), size, out_place);
		begin_block(p);
	}
	ledger_add(&p->ledger->used, room);
	atomic_fetch_add_explicit(&p->filling->holds, 1, memory_order_relaxed);
	return place_object(p->filling, size, out_place);
}

void packed_give(void *object, size_t size, uint32_t place) {
	uint8_t *data = (uint8_t *)object - place;
	struct packed_block *b = (struct packed_block *)(void *)(data - offsetof(struct packed_block, data));
	if (b->ledger) ledger_subtract(&b->ledger->used, room_of(size));
	ASAN_POISON_MEMORY_REGION(object, size);
	release(b);
}

void packed_done(struct packed *p) {
	if (p->filling) release(p->filling);
	if (p->ledger) ledger_release(p->ledger);
	*p = (struct packed){ 0 };
}

size_t packed_held(const struct packed *p) {
	return p->ledger ? atomic_load_explicit(&p->ledger->room, memory_order_relaxed) : 0;
}
