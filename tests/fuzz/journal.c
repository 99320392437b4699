/* The journal: whatever a database holds for a frame or a state, reading it ends in a code; and a step that passes is
 * safe to walk, to apply either way, to condense and to save again.
 *
 * The input is tried as it is, and again with lengths and checksum made right, so that mutations get past the two and
 * reach the records behind them. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "store/checksum.h"
#include "store/frame.h"
#include "store/saved_state.h"
#include "zone/apply.h"
#include "zone/condense.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const uint8_t apex[] = "\7example";
static const uint8_t soa_rdata[] = "\0\0\0\0\0\1\0\0\16\20\0\0\2\130\0\1\121\200\0\0\1\54";
static volatile uint8_t sink; /* reads must not be optimised away */

static struct zone_version *make_zone(void) {
	struct why why;
	struct zone_version *v;
	struct builder *b = builder_new(apex, &(struct builder_limits){ 0 });
	enum err e = builder_add(b, apex, RR_SOA, 60, soa_rdata, 22, &why);
	if (e == OK) e = builder_add(b, apex, RR_NS, 60, apex, sizeof(apex), &why);
	if (e == OK) e = builder_finish(b, &v, &why);
	if (e != OK) abort();
	builder_free(b);
	return v;
}

static void walk(const struct change *c) {
	for (int side = CHANGE_REMOVED; side <= CHANGE_ADDED; side++) {
		struct change_walk walk = { 0 };
		struct change_record r;
		uint32_t count = 0;
		while (change_next(c, (enum change_side)side, &walk, &r)) {
			if (r.rdlength) sink = (uint8_t)(sink + r.rdata[r.rdlength - 1]);
			count++;
		}
		assert(count == c->count[side]);
	}
}

static void apply(struct change *c, enum apply_direction direction) {
	static const struct builder_limits limits = { .max_bytes = 1 << 20, .max_records = 10000 };
	struct zone_version *v = make_zone(), *next;
	struct why why;
	if (version_apply(v, &c, 1, direction, &limits, &next, &why) == OK) {
		assert(version_serial(next) == (direction == APPLY_FORWARD ? c->to : c->from));
		version_unref(next);
	}
	version_unref(v);
}

static void condense(struct change *c) {
	struct change *both[2] = { c, c }, *one;
	if (changes_condense(both, 2, &one) != OK) return;
	assert(one->from == c->from && one->to == c->to);
	walk(one);
	change_unref(one);
}

/* What is written from it reads the same. */
static void save_again(const struct change *c, const uint8_t *key, size_t key_len) {
	struct change *again;
	uint8_t *frame = malloc(frame_len(c));
	if (!frame) return;
	frame_encode(c, key, key_len, frame);
	if (frame_decode(frame, frame_len(c), key, key_len, &again) != OK) abort();
	assert(memcmp(again->block, c->block, (size_t)c->len[0] + c->len[1]) == 0);
	change_unref(again);
	free(frame);
}

static void try_frame(const uint8_t *data, size_t len) {
	uint8_t key[FRAME_KEY_MAX];
	size_t key_len = frame_key(apex, 1, key);
	struct frame_facts facts;
	struct change *c;
	if (frame_facts(data, len, &facts) == OK) sink = (uint8_t)(sink + facts.from);
	if (frame_decode(data, len, key, key_len, &c) != OK) return;
	walk(c);
	apply(c, APPLY_FORWARD);
	apply(c, APPLY_BACKWARD);
	condense(c);
	save_again(c, key, key_len);
	change_unref(c);
}

static void put_checksum(uint8_t *at, uint64_t sum) {
	store_u32(at, (uint32_t)(sum >> 32));
	store_u32(at + 4, (uint32_t)sum);
}

/* Lengths that fill the frame; the first side gets what the input says, as far as it goes. */
static void mend_frame(uint8_t *frame, size_t len) {
	uint8_t key[FRAME_KEY_MAX];
	size_t key_len = frame_key(apex, 1, key), end = len - FRAME_TRAILER_LEN;
	uint32_t block = (uint32_t)(end - FRAME_HEADER_LEN), first = load_u32(frame + 20);
	if (first > block) first = block ? first % block : 0;
	store_u32(frame + 20, first);
	store_u32(frame + 24, block - first);
	put_checksum(frame + end, checksum_of(frame, end, key, key_len));
}

static void try_state(const uint8_t *data, size_t len) {
	struct saved_state saved;
	uint8_t buf[SAVED_STATE_MAX];
	if (saved_state_decode(data, len, apex, &saved) != OK) return;
	assert(saved.journal.count <= JOURNAL_COUNT_MAX);
	struct saved_state again;
	size_t written = saved_state_encode(&saved, apex, buf);
	if (saved_state_decode(buf, written, apex, &again) != OK) abort();
	assert(again.journal.next == saved.journal.next && again.image_serial == saved.image_serial);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
	uint8_t *copy = malloc(len ? len : 1); /* of exactly this length */
	if (!copy) return 0;
	memcpy(copy, data, len);
	try_frame(copy, len);
	try_state(copy, len);
	if (len >= FRAME_HEADER_LEN + FRAME_TRAILER_LEN) {
		mend_frame(copy, len);
		try_frame(copy, len);
		memcpy(copy, data, len);
		put_checksum(copy + len - 8, checksum_of(copy, len - 8, apex, sizeof(apex)));
		try_state(copy, len);
	}
	free(copy);
	return 0;
}
