#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "store/ahead.h"
#include "store/checksum.h"
#include "store/frame.h"

#define AHEAD_MAGIC 0x75414832U       /* "uAH2" */
#define AHEAD_MAGIC_ALONE 0x75414831U /* "uAH1": of programs that wrote one part a transaction */
#define AHEAD_HEAD_LEN 20
#define AHEAD_TRAILER_LEN 8
#define AHEAD_STEPS_MAX 1024 /* more do not fit */

enum ahead_kind { AHEAD_STEP = 1, AHEAD_STATE = 2, AHEAD_KIND = 0x0F, AHEAD_SECOND = 0x10 };

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

static bool is_among(const struct operation *o, const struct operation *others, size_t count) {
	for (size_t i = 0; i < count; i++)
		if (name_equal(others[i].name.wire, o->name.wire)) return true;
	return false;
}

static void write_operation(struct writer *w, const struct operation *o, bool is_second) {
	uint8_t state[SAVED_STATE_MAX];
	size_t len = saved_state_encode(&o->saved, o->name.wire, state);
	write_u8(w, (o->kind == OPERATION_STEP ? AHEAD_STEP : AHEAD_STATE) | (is_second ? AHEAD_SECOND : 0));
	write_bytes(w, o->name.wire, o->name.len);
	write_u64(w, is_second ? 0 : o->former);
	write_u16(w, (uint16_t)len);
	write_bytes(w, state, len);
	if (o->kind == OPERATION_STEP) write_steps(w, o);
}

/* What the second of two finds depends on how much history the first has left, and so on the settings of a start: it is
 * applied to that, whatever it is. */
static bool is_second(const struct store_batch *told, const struct store_batch *b, size_t i) {
	const struct operation *o = &b->operations[i];
	return is_among(o, b->operations, i) || (told && is_among(o, told->operations, told->count));
}

/* The key of a part's checksum is that of the part before. */
static uint64_t checksum_after(const struct ahead_chain *chain, const uint8_t *buf, size_t len) {
	uint8_t before[AHEAD_TRAILER_LEN];
	put_u64(before, chain->checksum);
	return checksum_of(buf, len, before, chain->parts ? sizeof(before) : 0);
}

size_t ahead_encode(const struct store_batch *told, const struct store_batch *b, uint64_t transaction,
                    const struct ahead_chain *chain, uint8_t *buf, size_t cap) {
	struct writer w = writer_init(buf, cap - AHEAD_TRAILER_LEN);
	w.len = AHEAD_HEAD_LEN;
	for (size_t i = 0; i < b->count && !w.failed; i++)
		write_operation(&w, &b->operations[i], is_second(told, b, i));
	if (w.failed) return 0;
	store_u32(buf, AHEAD_MAGIC);
	store_u32(buf + 4, (uint32_t)(w.len + AHEAD_TRAILER_LEN));
	put_u64(buf + 8, transaction);
	store_u32(buf + 16, (uint32_t)b->count);
	put_u64(buf + w.len, checksum_after(chain, buf, w.len));
	return w.len + AHEAD_TRAILER_LEN;
}

void ahead_chain_add(struct ahead_chain *chain, const uint8_t *buf) {
	struct reader r = reader_init(buf, load_u32(buf + 4));
	(void)read_bytes(&r, 8); /* magic and length, which are there */
	chain->transaction = read_u64(&r);
	r.pos = r.len - AHEAD_TRAILER_LEN;
	chain->checksum = read_u64(&r);
	chain->bytes += ahead_whole_blocks(r.len);
	chain->parts++;
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

static enum err read_kind(struct reader *r, enum operation_kind *out_kind, bool *out_second) {
	uint8_t octet = read_u8(r), kind = octet & AHEAD_KIND;
	if (r->failed || (octet & ~(AHEAD_KIND | AHEAD_SECOND))) return ERR_CORRUPT;
	if (kind != AHEAD_STEP && kind != AHEAD_STATE) return ERR_CORRUPT;
	*out_kind = kind == AHEAD_STEP ? OPERATION_STEP : OPERATION_STATE;
	*out_second = octet & AHEAD_SECOND;
	return OK;
}

static enum err read_operation(struct reader *r, struct store_batch *b) {
	struct name name;
	enum operation_kind kind;
	bool is_second;
	enum err e = read_kind(r, &kind, &is_second);
	if (e == OK) e = read_name(r, &name);
	if (e != OK) return e;
	struct operation *o = batch_add(b, kind, name.wire);
	o->former = read_u64(r);
	o->only_on_former = !is_second;
	size_t len = read_u16(r);
	const uint8_t *state = read_bytes(r, len);
	e = state ? saved_state_decode(state, len, name.wire, &o->saved) : ERR_CORRUPT;
	return e == OK && kind == OPERATION_STEP ? read_steps(r, o) : e;
}

static bool is_known(uint32_t magic, const struct ahead_chain *chain) {
	return magic == AHEAD_MAGIC || (magic == AHEAD_MAGIC_ALONE && chain->parts == 0);
}

/* All octets that the part says it has; r is what follows its head. */
static enum err check(const uint8_t *buf, size_t cap, const struct ahead_chain *chain, struct reader *r) {
	if (cap < AHEAD_HEAD_LEN || load_u32(buf) == 0) return ERR_NOTFOUND;
	if (!is_known(load_u32(buf), chain)) return ERR_CORRUPT;
	size_t len = load_u32(buf + 4);
	if (len < AHEAD_HEAD_LEN + AHEAD_TRAILER_LEN || len > cap) return ERR_CORRUPT;
	struct reader trailer = reader_init(buf + len - AHEAD_TRAILER_LEN, AHEAD_TRAILER_LEN);
	if (read_u64(&trailer) != checksum_after(chain, buf, len - AHEAD_TRAILER_LEN)) return ERR_CORRUPT;
	*r = reader_init(buf + AHEAD_HEAD_LEN, len - AHEAD_HEAD_LEN - AHEAD_TRAILER_LEN);
	return OK;
}

/* Of an older transaction, which had more parts. */
static bool is_left_over(const uint8_t *buf, size_t cap, const struct ahead_chain *chain) {
	struct reader r = reader_init(buf, cap);
	(void)read_bytes(&r, 8);
	return chain->parts && read_u64(&r) != chain->transaction;
}

static enum err read_operations(struct reader *r, uint32_t count, struct store_batch *b) {
	enum err e = count > 0 && b->count + count <= AHEAD_TOLD_MAX ? OK : ERR_CORRUPT;
	for (uint32_t i = 0; i < count && e == OK; i++)
		e = read_operation(r, b);
	return e == OK && reader_left(r) > 0 ? ERR_CORRUPT : e;
}

enum err ahead_decode(const uint8_t *buf, size_t cap, struct ahead_chain *chain, struct store_batch *b) {
	struct reader r;
	size_t count = b->count;
	if (is_left_over(buf, cap, chain)) return ERR_NOTFOUND;
	enum err e = check(buf, cap, chain, &r);
	if (e != OK) return e;
	e = read_operations(&r, load_u32(buf + 16), b);
	if (e == OK)
		ahead_chain_add(chain, buf);
	else
		batch_drop_from(b, count);
	return e;
}
