#include "store/journal.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/fault.h"

static struct octets key_of(const uint8_t *name, uint64_t sequence, uint8_t key[static FRAME_KEY_MAX]) {
	return (struct octets){ key, frame_key(name, sequence, key) };
}

/* -- bounds -- */

static uint64_t share_of(uint64_t image_size) {
	uint64_t quarter = image_size / 4;
	return quarter > JOURNAL_BEHIND_BYTES ? quarter : JOURNAL_BEHIND_BYTES;
}

bool journal_wants_image(const struct journal_place *place, uint64_t image_size) {
	return place->behind > JOURNAL_BEHIND_COUNT || place->behind_bytes > share_of(image_size);
}

bool journal_has_room(const struct journal_place *place, uint64_t image_size, uint32_t count,
                      uint64_t bytes) {
	return (uint64_t)place->behind + count <= (uint64_t)JOURNAL_BEHIND_TIMES * JOURNAL_BEHIND_COUNT &&
	       place->behind_bytes + bytes <= JOURNAL_BEHIND_TIMES * share_of(image_size);
}

/* -- reading -- */

static enum err read_frame(struct database_txn *txn, const uint8_t *name, const struct journal_place *place,
                           uint32_t i, uint8_t key[static FRAME_KEY_MAX], struct octets *out_frame) {
	enum err e = database_get(txn, TABLE_JOURNAL, key_of(name, place->next - place->count + i, key),
	                          out_frame);
	return e == ERR_NOTFOUND ? ERR_CORRUPT : e;
}

enum err journal_facts(struct database_txn *txn, const uint8_t *name, const struct journal_place *place,
                       uint32_t i, struct frame_facts *out_facts) {
	uint8_t key[FRAME_KEY_MAX];
	struct octets frame;
	enum err e = read_frame(txn, name, place, i, key, &frame);
	return e == OK ? frame_facts(frame.data, frame.len, out_facts) : e;
}

enum err journal_read(struct database_txn *txn, const uint8_t *name, const struct journal_place *place,
                      uint32_t i, struct change **out_change) {
	uint8_t key[FRAME_KEY_MAX];
	struct octets frame;
	enum err e = read_frame(txn, name, place, i, key, &frame);
	return e == OK ? frame_decode(frame.data, frame.len, key, name_len(name) + 8, out_change) : e;
}

/* -- writing -- */

enum err journal_append(struct database_txn *txn, const uint8_t *name, struct journal_place *place,
                        const struct change *c) {
	uint8_t key_data[FRAME_KEY_MAX];
	struct octets key = key_of(name, place->next, key_data);
	size_t len = frame_len(c);
	if (fault_fires("journal-put")) return ERR_IO;
	uint8_t *frame = try_malloc(len);
	if (!frame) return ERR_NOMEM;
	frame_encode(c, key.data, key.len, frame);
	enum err e = database_put(txn, TABLE_JOURNAL, key, (struct octets){ frame, len });
	free(frame);
	if (e != OK) return e;
	place->next++;
	place->count++;
	place->behind++;
	place->bytes += len;
	place->behind_bytes += len;
	return OK;
}

/* Octets of a frame as they were counted when it was written.  Of one that can't be read: none. */
static enum err drop_oldest(struct database_txn *txn, const uint8_t *name, struct journal_place *place) {
	uint8_t key_data[FRAME_KEY_MAX];
	struct octets key = key_of(name, place->next - place->count, key_data), frame = { NULL, 0 };
	enum err e = database_get(txn, TABLE_JOURNAL, key, &frame);
	if (e != OK && e != ERR_NOTFOUND) return e;
	uint64_t history = place->bytes - place->behind_bytes,
		 len = frame.len < history ? frame.len : history;
	e = database_delete(txn, TABLE_JOURNAL, key);
	if (e != OK) return e;
	place->count--;
	place->bytes -= len;
	return OK;
}

static bool is_too_old(struct database_txn *txn, const uint8_t *name, const struct journal_place *place,
                       const struct history_bounds *bounds, int64_t now_s) {
	struct frame_facts facts;
	if (bounds->age_s == 0) return false;
	if (journal_facts(txn, name, place, 0, &facts) != OK) return true; /* of no use to anybody */
	return facts.time_s < now_s - (int64_t)bounds->age_s;
}

enum err journal_trim(struct database_txn *txn, const uint8_t *name, struct journal_place *place,
                      const struct history_bounds *bounds, int64_t now_s, bool tight) {
	uint32_t most = tight && place->count / 2 < bounds->versions ? place->count / 2 : bounds->versions;
	enum err e = OK;
	while (e == OK && place->count > place->behind) {
		bool passed = place->count > most || place->bytes > bounds->bytes ||
		              is_too_old(txn, name, place, bounds, now_s);
		if (!passed) return OK;
		e = drop_oldest(txn, name, place);
	}
	return e;
}

enum err journal_drop_all(struct database_txn *txn, const uint8_t *name, struct journal_place *place) {
	enum err e = database_delete_prefix(txn, TABLE_JOURNAL, (struct octets){ name, name_len(name) });
	if (e == OK) *place = (struct journal_place){ .next = place->next };
	return e;
}
