/* Numbers in network byte order, so that a record means the same on any machine:
 *
 *   u8 format | u8 flags | u32 serial | u32 primary serial | u32 failures |
 *   i64 checked | i64 refresh | i64 expire | i64 since | u64 file | u64 image size | u64 image checksum |
 *   (from format 2) u32 image serial | u32 held serial | u32 giver | u32 expire cut | u64 next | u32 frames | u32 behind | u64 bytes |
 *   u64 bytes behind |
 *   u8 n, n octets reason slug | u8 n, n octets evidence | u64 checksum of all before and the key */
#include "store/saved_state.h"

#include <assert.h>

#include "base/bytes.h"
#include "store/checksum.h"

#define FORMAT_WITHOUT_JOURNAL 1

enum saved_flag {
	SAVED_VERSION = 1,
	SAVED_PRIMARY_SERIAL = 2,
	SAVED_EXPIRED = 4,
	SAVED_IN_FILE = 8,
	SAVED_HELD = 16,
	SAVED_ROLLBACK = 32
};
#define SAVED_FLAGS 63
#define SAVED_FLAGS_WITHOUT_JOURNAL 15

static void write_u64(struct writer *w, uint64_t v) {
	write_u32(w, (uint32_t)(v >> 32));
	write_u32(w, (uint32_t)v);
}

static uint64_t read_u64(struct reader *r) {
	uint64_t high = read_u32(r);
	return (high << 32) | read_u32(r);
}

static void write_text(struct writer *w, const char *text) {
	size_t len = strlen(text);
	assert(len <= UINT8_MAX);
	write_u8(w, (uint8_t)len);
	write_bytes(w, text, len);
}

/* Text of at most cap - 1 octets; longer is not ours. */
static void read_text(struct reader *r, char *text, size_t cap) {
	size_t len = read_u8(r);
	const uint8_t *data = read_bytes(r, len);
	if (len >= cap) r->failed = true;
	if (r->failed) len = 0;
	if (len) memcpy(text, data, len);
	text[len] = '\0';
}

/* A slug that a later version wrote stands for a trouble that we can't name. */
static enum reason reason_of(const char *slug) {
	for (int i = 0; i < REASON_COUNT; i++) {
		if (strcmp(reason_slug((enum reason)i), slug) == 0) return (enum reason)i;
	}
	return REASON_INTERNAL;
}

static uint8_t flags_of(const struct saved_state *saved) {
	const struct zone_state *state = &saved->state;
	return (uint8_t)((state->has_version ? SAVED_VERSION : 0) |
	                 (state->has_primary_serial ? SAVED_PRIMARY_SERIAL : 0) |
	                 (state->expired ? SAVED_EXPIRED : 0) |
	                 (state->has_version && saved->in_file ? SAVED_IN_FILE : 0) |
	                 (state->held ? SAVED_HELD : 0) | (state->has_rollback ? SAVED_ROLLBACK : 0));
}

static void write_journal(struct writer *w, const struct saved_state *saved) {
	const struct journal_place *j = &saved->journal;
	write_u32(w, saved->image_serial);
	write_u32(w, saved->state.held_serial);
	write_u32(w, saved->state.giver);
	write_u32(w, saved->state.expire_cut_s);
	write_u64(w, j->next);
	write_u32(w, j->count);
	write_u32(w, j->behind);
	write_u64(w, j->bytes);
	write_u64(w, j->behind_bytes);
}

size_t saved_state_encode(const struct saved_state *saved, const uint8_t *name,
                          uint8_t buf[static SAVED_STATE_MAX]) {
	const struct zone_state *state = &saved->state;
	struct writer w = writer_init(buf, SAVED_STATE_MAX);
	write_u8(&w, SAVED_STATE_FORMAT);
	write_u8(&w, flags_of(saved));
	write_u32(&w, state->serial);
	write_u32(&w, state->primary_serial);
	write_u32(&w, state->failures);
	write_u64(&w, (uint64_t)state->checked_s);
	write_u64(&w, (uint64_t)state->refresh_s);
	write_u64(&w, (uint64_t)state->expire_s);
	write_u64(&w, (uint64_t)state->since_s);
	write_u64(&w, saved->file_id);
	write_u64(&w, saved->image_size);
	write_u64(&w, saved->image_checksum);
	write_journal(&w, saved);
	write_text(&w, reason_slug(state->why.reason));
	write_text(&w, state->why.evidence);
	write_u64(&w, checksum_of(buf, w.len, name, name_len(name)));
	assert(!w.failed);
	return w.len;
}

static void read_numbers(struct reader *r, struct saved_state *saved) {
	struct zone_state *state = &saved->state;
	state->serial = read_u32(r);
	state->primary_serial = read_u32(r);
	state->failures = read_u32(r);
	state->checked_s = (int64_t)read_u64(r);
	state->refresh_s = (int64_t)read_u64(r);
	state->expire_s = (int64_t)read_u64(r);
	state->since_s = (int64_t)read_u64(r);
	saved->file_id = read_u64(r);
	saved->image_size = read_u64(r);
	saved->image_checksum = read_u64(r);
}

static void read_journal(struct reader *r, struct saved_state *saved) {
	struct journal_place *j = &saved->journal;
	saved->image_serial = read_u32(r);
	saved->state.held_serial = read_u32(r);
	saved->state.giver = read_u32(r);
	saved->state.expire_cut_s = read_u32(r);
	j->next = read_u64(r);
	j->count = read_u32(r);
	j->behind = read_u32(r);
	j->bytes = read_u64(r);
	j->behind_bytes = read_u64(r);
	if (j->count > JOURNAL_COUNT_MAX) r->failed = true;
	if (j->count > j->next || j->behind > j->count || j->behind_bytes > j->bytes) r->failed = true;
}

static void read_flags(uint8_t flags, struct saved_state *saved) {
	struct zone_state *state = &saved->state;
	state->has_version = flags & SAVED_VERSION;
	state->has_primary_serial = flags & SAVED_PRIMARY_SERIAL;
	state->expired = flags & SAVED_EXPIRED;
	state->held = flags & SAVED_HELD;
	state->has_rollback = flags & SAVED_ROLLBACK;
	saved->in_file = flags & SAVED_IN_FILE;
}

enum err saved_state_decode(const uint8_t *data, size_t len, const uint8_t *name,
                            struct saved_state *out_saved) {
	struct saved_state saved = { 0 };
	char slug[64];
	struct reader r = reader_init(data, len);
	uint8_t format = read_u8(&r);
	if (r.failed) return ERR_CORRUPT;
	if (format != SAVED_STATE_FORMAT && format != FORMAT_WITHOUT_JOURNAL) return ERR_VERSION;
	uint8_t flags = read_u8(&r);
	uint8_t known = format == FORMAT_WITHOUT_JOURNAL ? SAVED_FLAGS_WITHOUT_JOURNAL : SAVED_FLAGS;
	read_numbers(&r, &saved);
	saved.image_serial = saved.state.serial;
	if (format != FORMAT_WITHOUT_JOURNAL) read_journal(&r, &saved);
	read_text(&r, slug, sizeof(slug));
	read_text(&r, saved.state.why.evidence, sizeof(saved.state.why.evidence));
	size_t end = r.pos;
	uint64_t checksum = read_u64(&r);
	if (r.failed || reader_left(&r) > 0 || (flags & ~known)) return ERR_CORRUPT;
	if (checksum != checksum_of(data, end, name, name_len(name))) return ERR_CORRUPT;
	saved.state.why.reason = reason_of(slug);
	read_flags(flags, &saved);
	*out_saved = saved;
	return OK;
}
