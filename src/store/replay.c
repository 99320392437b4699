/*     frames:   0 … image-1 │ image … count-1          image = count - behind
 *               history     │ behind the image
 *
 * Versions have places too: place p is the version that frame p-1 leads to and frame p starts from; the saved image is at
 * place `image`.  The version to serve is at place `target`: `end`, which is behind the last valid frame, or, after a
 * rollback, the newest place with the serial that was gone back to. */
#include "store/replay.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "store/journal.h"
#include "zone/apply.h"

struct replay {
	struct database_txn *txn;
	const struct name *name;
	const struct saved_state *saved;
	struct change **steps; /* read so far: frames first … end-1, at their places; others NULL */
	uint32_t first, image, end;
	uint32_t floor; /* before it nothing is to be had */
	struct why *why;
};

static enum err read_frame(struct replay *r, uint32_t i) {
	return journal_read(r->txn, r->name->wire, &r->saved->journal, i, &r->steps[i]);
}

static void tell_damage(const struct replay *r, uint32_t serial, const char *what) {
	why_set(r->why, REASON_STORE_DAMAGED,
	        "the step after serial %" PRIu32 " of the journal: %s; newer versions are fetched anew",
	        serial, what);
}

/* Frames behind the image, as far as they are valid and one follows on the other. */
static void read_behind(struct replay *r) {
	uint32_t serial = r->saved->image_serial;
	for (r->end = r->image; r->end < r->saved->journal.count; r->end++) {
		enum err e = read_frame(r, r->end);
		const struct change *step = r->steps[r->end];
		if (e == OK && step->from != serial) e = ERR_MISMATCH;
		if (e != OK) {
			tell_damage(r, serial, err_text(e));
			return;
		}
		serial = step->to;
	}
}

/* One frame further back.  False: there is none that is valid and leads to what is known already. */
static bool read_back(struct replay *r) {
	if (r->first == r->floor) return false;
	uint32_t i = r->first - 1;
	uint32_t serial = r->first < r->image ? r->steps[r->first]->from : r->saved->image_serial;
	if (read_frame(r, i) != OK || r->steps[i]->to != serial) {
		r->floor = r->first;
		return false;
	}
	r->first = i;
	return true;
}

/* The newest place with the serial gone back to, not counting the end itself.  UINT32_MAX: none. */
static uint32_t find_rollback(struct replay *r) {
	for (uint32_t place = r->end; place > 0; place--) {
		if (place - 1 < r->first && !read_back(r)) break;
		if (r->steps[place - 1]->from == r->saved->state.held_serial) return place - 1;
	}
	return UINT32_MAX;
}

static uint32_t end_serial(const struct replay *r) {
	return r->end > r->image ? r->steps[r->end - 1]->to : r->saved->image_serial;
}

static uint32_t find_target(struct replay *r) {
	const struct zone_state *state = &r->saved->state;
	if (!state->has_rollback || state->held_serial == end_serial(r)) return r->end;
	uint32_t place = find_rollback(r);
	if (place != UINT32_MAX) return place;
	if (r->why->reason == REASON_NONE)
		why_set(r->why, REASON_STORE_DAMAGED,
		        "the history no longer leads back to serial %" PRIu32 "; serial %" PRIu32
		        " is served",
		        state->held_serial, end_serial(r));
	return r->end;
}

/* One by one, as far as it goes: together they did not fit.  Gives the place that is reached. */
static uint32_t apply_singly(struct replay *r, struct zone_version **v, uint32_t target) {
	static const struct builder_limits no_limits = { 0 };
	for (uint32_t place = r->image; place < target; place++) {
		struct zone_version *next;
		struct why why;
		enum err e = version_apply(*v, &r->steps[place], 1, APPLY_FORWARD, &no_limits, &next, &why);
		if (e != OK) {
			tell_damage(r, version_serial(*v), err_text(e));
			return place;
		}
		version_unref(*v);
		*v = next;
	}
	return target;
}

/* From the image to the target, or as far as it goes.  Gives the place that is reached. */
static uint32_t go_to(struct replay *r, struct zone_version **v, uint32_t target) {
	static const struct builder_limits no_limits = { 0 };
	struct zone_version *next;
	struct why why;
	if (target == r->image) return target;
	bool back = target < r->image;
	struct change **steps = &r->steps[back ? target : r->image];
	unsigned count = back ? r->image - target : target - r->image;
	enum err e = version_apply(*v, steps, count, back ? APPLY_BACKWARD : APPLY_FORWARD, &no_limits, &next,
	                           &why);
	if (e == OK) {
		version_unref(*v);
		*v = next;
		return target;
	}
	if (!back) return apply_singly(r, v, target);
	tell_damage(r, r->steps[target]->from, err_text(e));
	return r->image;
}

/* Steps that lead to v, the newest that fit; more of them are read for it. */
static void remember(struct replay *r, struct zone_version *v, uint32_t place,
                     struct history_memory *memory) {
	uint64_t most = history_memory_share(version_bytes(v)), left = history_memory_left(memory), bytes = 0;
	if (left < most) most = left;
	uint32_t from = place;
	while (from > 0 && bytes <= most && (from > r->first || read_back(r))) {
		from--;
		bytes += change_bytes(r->steps[from]);
	}
	if (from == place) return;
	struct changes *c = changes_extend(NULL, &r->steps[from], place - from, place - from, most);
	if (!c) return;
	history_memory_charge(memory, c);
	version_set_changes(v, c);
	changes_unref(c);
}

struct zone_version *replay(struct database_txn *txn, const struct name *name,
                            const struct saved_state *saved, struct zone_version *base,
                            struct history_memory *memory, struct why *why) {
	const struct journal_place *place = &saved->journal;
	struct replay r = { .txn = txn, .name = name, .saved = saved, .why = why };
	if (place->count == 0) return base;
	bool remembers = memory && history_memory_left(memory) > 0;
	if (place->behind == 0 && !saved->state.has_rollback && !remembers) return base;
	r.first = r.image = r.end = place->count - place->behind;
	r.steps = xcalloc(place->count, sizeof(*r.steps)); /* as many as we once wrote frames */
	read_behind(&r);
	uint32_t reached = go_to(&r, &base, find_target(&r));
	if (remembers) remember(&r, base, reached, memory);
	for (uint32_t i = 0; i < place->count; i++) {
		change_unref(r.steps[i]);
	}
	free(r.steps);
	return base;
}
