#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "store/ahead.h"
#include "store/checksum.h"
#include "store/frame.h"

#define AHEAD_MAGIC 0x75414831U /* "uAH1" */
#define AHEAD_HEAD_LEN 20
#define AHEAD_TRAILER_LEN 8
#define AHEAD_STEPS_MAX 1024 /* more do not fit */

enum ahead_kind { AHEAD_STEP = 1, AHEAD_STATE = 2 };

static void put_u64(uint8_t *p, uint64_t v) {
	store_u32(p, (uint32_t)(v >> 32));
	store_u32(p + 4, (uint32_t)v);
}

static void write_u64(struct writer *w, uint64_t v) {
	uint8_t *p = write_reserve(w, 8);
	if (p) put_u64(p, v);
}

static uint64_t read_u64(struct reader *r) {
	uint64_t high = read_u32(r);
	return high << 32 | read_u32(r);
}

/* -- writing -- */

/* Its key is the zone and the step's place in the record. */
static void write_frame(struct writer *w, const uint8_t *name, uint64_t place, const struct change *c) {
	uint8_t key[FRAME_KEY_MAX];
	size_t key_len = frame_key(name, place, key), len = frame_len(c);
	write_u32(w, (uint32_t)len);
	uint8_t *out = write_reserve(w, len);
	if (out) frame_encode(c, key, key_len, out);
}

static void write_steps(struct writer *w, const struct operation *o) {
	write_u32(w, o->bounds.versions);
	write_u64(w, o->bounds.bytes);
	write_u32(w, o->bounds.age_s);
	write_u32(w, o->step_count);
	for (unsigned i = 0; i < o->step_count && !w->failed; i++)
		write_frame(w, o->name.wire, i, o->steps[i]);
}

static void write_operation(struct writer *w, const struct operation *o) {
	uint8_t state[SAVED_STATE_MAX];
	size_t len = saved_state_encode(&o->saved, o->name.wire, state);
	write_u8(w, o->kind == OPERATION_STEP ? AHEAD_STEP : AHEAD_STATE);
	write_bytes(w, o->name.wire, o->name.len);
	write_u64(w, o->former);
	write_u16(w, (uint16_t)len);
	write_bytes(w, state, len);
	if (o->kind == OPERATION_STEP) write_steps(w, o);
}

size_t ahead_encode(const struct store_batch *b, uint64_t transaction, uint8_t buf[static AHEAD_BYTES]) {
	struct writer w = writer_init(buf, AHEAD_BYTES - AHEAD_TRAILER_LEN);
	w.len = AHEAD_HEAD_LEN;
	for (size_t i = 0; i < b->count && !w.failed; i++)
		write_operation(&w, &b->operations[i]);
	if (w.failed) return 0;
	store_u32(buf, AHEAD_MAGIC);
	store_u32(buf + 4, (uint32_t)(w.len + AHEAD_TRAILER_LEN));
	put_u64(buf + 8, transaction);
	store_u32(buf + 16, (uint32_t)b->count);
	put_u64(buf + w.len, checksum_of(buf, w.len, "", 0));
	return w.len + AHEAD_TRAILER_LEN;
}

/* -- reading -- */

static enum err read_frame(struct reader *r, const uint8_t *name, uint64_t place, struct change **out) {
	uint8_t key[FRAME_KEY_MAX];
	size_t key_len = frame_key(name, place, key), len = read_u32(r);
	const uint8_t *data = read_bytes(r, len);
	return data ? frame_decode(data, len, key, key_len, out) : ERR_CORRUPT;
}

static enum err read_steps(struct reader *r, struct operation *o) {
	o->bounds.versions = read_u32(r);
	o->bounds.bytes = read_u64(r);
	o->bounds.age_s = read_u32(r);
	uint32_t count = read_u32(r);
	if (r->failed || count == 0 || count > AHEAD_STEPS_MAX) return ERR_CORRUPT;
	o->steps = xcalloc(count, sizeof(struct change *));
	for (; o->step_count < count; o->step_count++) {
		enum err e = read_frame(r, o->name.wire, o->step_count, &o->steps[o->step_count]);
		if (e != OK) return e;
		if (o->step_count && o->steps[o->step_count]->from != o->steps[o->step_count - 1]->to) {
			change_unref(o->steps[o->step_count]);
			return ERR_CORRUPT;
		}
	}
	return OK;
}

static enum err read_name(struct reader *r, struct name *out_name) {
	size_t len = name_check(r->data + r->pos, reader_left(r));
	const uint8_t *wire = len ? read_bytes(r, len) : NULL;
	if (!wire) return ERR_CORRUPT;
	name_copy(out_name, wire);
	return OK;
}

static enum err read_operation(struct reader *r, struct store_batch *b) {
	struct name name;
	uint8_t kind = read_u8(r);
	if (r->failed || (kind != AHEAD_STEP && kind != AHEAD_STATE)) return ERR_CORRUPT;
	enum err e = read_name(r, &name);
	if (e != OK) return e;
	struct operation *o = batch_add(b, kind == AHEAD_STEP ? OPERATION_STEP : OPERATION_STATE, name.wire);
	o->former = read_u64(r);
	o->only_on_former = true;
	size_t len = read_u16(r);
	const uint8_t *state = read_bytes(r, len);
	e = state ? saved_state_decode(state, len, name.wire, &o->saved) : ERR_CORRUPT;
	return e == OK && kind == AHEAD_STEP ? read_steps(r, o) : e;
}

/* All octets that the record says it has. */
static enum err check(const uint8_t *buf, size_t *out_end) {
	if (load_u32(buf) == 0) return ERR_NOTFOUND;
	if (load_u32(buf) != AHEAD_MAGIC) return ERR_CORRUPT;
	size_t len = load_u32(buf + 4);
	if (len < AHEAD_HEAD_LEN + AHEAD_TRAILER_LEN || len > AHEAD_BYTES) return ERR_CORRUPT;
	size_t end = len - AHEAD_TRAILER_LEN;
	struct reader r = reader_init(buf + end, AHEAD_TRAILER_LEN);
	if (read_u64(&r) != checksum_of(buf, end, "", 0)) return ERR_CORRUPT;
	*out_end = end;
	return OK;
}

enum err ahead_decode(const uint8_t buf[static AHEAD_BYTES], struct store_batch *b,
                      uint64_t *out_transaction) {
	size_t end;
	enum err e = check(buf, &end);
	if (e != OK) return e;
	struct reader r = reader_init(buf, end);
	(void)read_bytes(&r, 8); /* check has read them */
	uint64_t transaction = read_u64(&r);
	uint32_t count = read_u32(&r);
	if (count == 0 || count > AHEAD_OPERATIONS) return ERR_CORRUPT;
	for (uint32_t i = 0; i < count && e == OK; i++)
		e = read_operation(&r, b);
	if (e == OK && reader_left(&r) > 0) e = ERR_CORRUPT;
	if (e == OK) *out_transaction = transaction;
	return e;
}
