/* Restart, zone by zone: the image of the database is copied out and checked, a file is verified and mapped; then the
 * journal leads from it to the version to serve. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "store/load_parts.h"
#include "store/replay.h"

static void log_damage(const struct load *l, const struct name *name, const struct why *why) {
	char text[NAME_TEXT_MAX];
	log_event(l->store->log, EVENT_ZONE_DAMAGED, LOG_STR("zone", name_text_short(name->wire, text)),
	          LOG_STR("evidence", why->evidence));
}

static void log_loaded(const struct load *l, const struct name *name, const struct zone_version *v) {
	char text[NAME_TEXT_MAX];
	if (!log_takes(l->store->log, EVENT_ZONE_LOADED)) return; /* one for each zone there is */
	log_event(l->store->log, EVENT_ZONE_LOADED, LOG_STR("zone", name_text_short(name->wire, text)),
	          LOG_NUM("serial", version_serial(v)));
}

/* From the image to the version to serve.  When that is not the one that was served last, the zone is due at once. */
static struct zone_version *follow_journal(const struct load *l, const struct name *name,
                                           const struct saved_state *saved, struct zone_version *image,
                                           struct zone_state *state) {
	struct why why = { .reason = REASON_NONE };
	struct zone_version *v = replay(l->txn, name, saved, image, l->store->memory, &why);
	log_loaded(l, name, v);
	if (why.reason == REASON_NONE) return v;
	log_damage(l, name, &why);
	state->why = why;
	state->refresh_s = 0;
	if (!state->has_rollback || version_serial(v) != state->held_serial) {
		state->has_rollback = false;
		state->serial = version_serial(v);
	}
	return v;
}

void load_deliver(const struct load *l, const struct name *name, const struct saved_state *saved,
                  struct zone_version *image, const struct why *why) {
	struct zone_state state = saved->state;
	struct zone_version *version = NULL;
	if (image) {
		version = follow_journal(l, name, saved, image, &state);
	} else if (why) {
		log_damage(l, name, why);
		state.why = *why;
		state.has_version = false;
	}
	l->each(l->ctx, name->wire, &state, version);
}

struct image_facts load_facts(const struct saved_state *saved, const uint8_t *name) {
	return (struct image_facts){ .apex = name,
		                     .size = saved->image_size,
		                     .checksum = saved->image_checksum,
		                     .serial = saved->image_serial };
}

/* Check the copy, not the database's pages: what was checked is then what is served. */
static struct zone_version *open_copy(const struct octets value, const struct image_facts *facts,
                                      struct why *why) {
	struct image image;
	void *block = try_malloc(value.len);
	enum err e = block ? OK : ERR_NOMEM;
	if (e == OK) {
		memcpy(block, value.data, value.len);
		e = image_open(block, value.len, &image);
	}
	if (e != OK)
		why_set(why, REASON_STORE_DAMAGED, "the saved image can't be used: %s", err_text(e));
	else if (image_matches(&image, facts, why))
		return version_new(VERSION_MALLOC, &image);
	free(block);
	return NULL;
}

static struct zone_version *load_inline(struct database_txn *txn, const struct name *name,
                                        const struct saved_state *saved, struct why *why) {
	struct octets value;
	struct image_facts facts = load_facts(saved, name->wire);
	enum err e = database_get(txn, TABLE_IMAGES, name_octets(name->wire), &value);
	if (e != OK) {
		why_set(why, REASON_STORE_DAMAGED, "the saved image: %s", err_text(e));
		return NULL;
	}
	if (value.len != facts.size || value.len < sizeof(struct image_header)) {
		why_set(why, REASON_STORE_DAMAGED, "the saved image has %zu octets, expected %llu", value.len,
		        (unsigned long long)facts.size);
		return NULL;
	}
	return open_copy(value, &facts, why);
}

/* One that load_files.c passed over: its header does not say whose it is, or it is gone. */
static struct zone_version *load_file_now(const struct load *l, const struct name *name,
                                          const struct saved_state *saved, struct why *why) {
	struct zone_version *version = NULL;
	struct image_facts facts = load_facts(saved, name->wire);
	enum err e = image_file_load(&l->store->images, saved->file_id, &facts, &version, why);
	return e == OK ? version : NULL;
}

/* What store_look gave stands on the image that is saved, and on nothing else. */
static bool is_saved_image(const struct zone_version *v, const struct saved_state *saved) {
	return v->layer_count == 1 && saved->journal.behind == 0 && !saved->state.has_rollback &&
	       layer_size(v->layers[0]) == saved->image_size &&
	       v->image.header->checksum == saved->image_checksum;
}

/* looked: NULL, or what is known of the zone already.  A version of its own in any case: replay may write into it. */
static struct zone_version *load_small(const struct load *l, const struct name *name,
                                       const struct saved_state *saved, const struct zone_version *looked,
                                       struct why *why) {
	if (looked && is_saved_image(looked, saved))
		return version_stack(looked->layers, looked->layer_count, NULL);
	return load_inline(l->txn, name, saved, why);
}

static void load_saved(const struct load *l, const struct name *name, const struct octets value,
                       const struct zone_version *looked) {
	struct saved_state saved = { 0 };
	struct why why = { .reason = REASON_NONE };
	enum err e = saved_state_decode(value.data, value.len, name->wire, &saved);
	if (e != OK) {
		memset(&saved, 0, sizeof(saved));
		why_set(&why, REASON_STORE_DAMAGED, "the saved state: %s", err_text(e));
		load_deliver(l, name, &saved, NULL, &why);
	} else if (!saved.state.has_version) {
		load_deliver(l, name, &saved, NULL, NULL);
	} else if (!saved.in_file) {
		load_deliver(l, name, &saved, load_small(l, name, &saved, looked, &why), &why);
	} else if (!load_has_file(l->store, saved.file_id)) {
		load_deliver(l, name, &saved, load_file_now(l, name, &saved, &why), &why);
	}
}

/* -- in turns --------------------------------------------------------------------------------------------------- */

static void load_record(void *ctx, struct octets key, struct octets value) {
	struct load *l = ctx;
	const struct zone_version *looked = NULL;
	struct name name;
	l->cursor->len = key.len < sizeof(l->cursor->key) ? key.len : sizeof(l->cursor->key);
	memcpy(l->cursor->key, key.data, l->cursor->len);
	if (!store_name_of_key(key, &name)) {
		log_event(l->store->log, EVENT_ZONE_DAMAGED,
		          LOG_STR("evidence", "a key of the database is no name"));
		return;
	}
	if (!l->wants || l->wants(l->ctx, name.wire, &looked)) load_saved(l, &name, value, looked);
}

enum err store_load_some(struct store *s, struct store_cursor *cursor, size_t max, store_wants_fn *wants,
                         store_each_fn *each, void *ctx) {
	struct why why;
	struct load l = { .store = s, .cursor = cursor, .wants = wants, .each = each, .ctx = ctx };
	struct octets after = { cursor->key, cursor->len };
	enum err e = database_begin(s->db, false, &l.txn, &why);
	if (e != OK) return e;
	e = database_some(l.txn, TABLE_STATES, after, max, load_record, &l);
	database_abort(l.txn);
	return e;
}

void store_loaded(struct store *s) {
	free(s->loaded_files);
	s->loaded_files = NULL;
	s->loaded_count = 0;
}

/* -- one zone --------------------------------------------------------------------------------------------------- */

enum err store_load_one(struct store *s, const uint8_t *name, store_each_fn *each, void *ctx) {
	struct why why;
	struct load l = { .store = s, .each = each, .ctx = ctx };
	struct octets value;
	struct name wire;
	name_copy(&wire, name);
	store_catch_up(s);
	enum err e = database_begin(s->db, false, &l.txn, &why);
	if (e != OK) return e;
	e = database_get(l.txn, TABLE_STATES, name_octets(name), &value);
	if (e == OK) load_saved(&l, &wire, value, NULL);
	database_abort(l.txn);
	return e;
}

/* Without a word to anybody: what is damaged is found again, and told, when its turn comes. */
static struct zone_version *look(struct database_txn *txn, const struct name *name, int64_t now_s) {
	struct octets value;
	struct saved_state saved;
	struct why why = { .reason = REASON_NONE };
	enum err e = database_get(txn, TABLE_STATES, name_octets(name->wire), &value);
	if (e == OK) e = saved_state_decode(value.data, value.len, name->wire, &saved);
	if (e != OK || !saved.state.has_version || saved.in_file) return NULL;
	if (saved.state.expired || saved.state.expire_s <= now_s) return NULL;
	struct zone_version *image = load_inline(txn, name, &saved, &why);
	bool as_it_is = saved.journal.behind == 0 && !saved.state.has_rollback;
	return image && !as_it_is ? replay(txn, name, &saved, image, NULL, &why) : image;
}

struct zone_version *store_look(struct store *s, const uint8_t *name, int64_t now_s) {
	struct database_txn *txn;
	struct name wire;
	name_copy(&wire, name);
	if (database_look(s->db, &txn) != OK) return NULL;
	struct zone_version *v = look(txn, &wire, now_s);
	database_abort(txn);
	return v;
}
