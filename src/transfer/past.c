/* Earlier versions of a zone: what is kept of them, what changed between two, and going back to one.
 *
 * A version is made again from the one that is served and the steps of the journal between them.  Reading those waits for
 * the disk, on the loop: this is for operators' questions, which are few, and bounded by PAST_STEPS_BYTES. */
#include <inttypes.h>

#include "transfer/commit.h"
#include "transfer/followed.h"
#include "zone/apply.h"

#define PAST_STEPS_BYTES (64U << 20) /* of steps that are read for one version */
#define PAST_DIFF_BYTES (64U << 20)

enum err transfer_history(struct transfer *t, const uint8_t *name, store_history_fn *each, void *ctx) {
	struct followed *z = followed_find(t, name);
	return z ? store_history(t->store, z->name, each, ctx) : ERR_NOTFOUND;
}

/* -- a version made again -- */

/* The steps between the version held and the one with this serial, whichever came first. */
static enum err read_steps(const struct followed *z, uint32_t serial, struct changes **out_steps,
                           enum apply_direction *out_direction) {
	struct store *store = z->transfer->store;
	uint32_t now = version_serial(z->version);
	*out_direction = APPLY_BACKWARD;
	enum err e = store_read_steps(store, z->name, serial, now, PAST_STEPS_BYTES, out_steps);
	if (e != ERR_NOTFOUND) return e;
	*out_direction = APPLY_FORWARD;
	return store_read_steps(store, z->name, now, serial, PAST_STEPS_BYTES, out_steps);
}

/* One reference, the caller's.  why is filled on failure. */
static enum err version_at(const struct followed *z, uint32_t serial, struct zone_version **out_version,
                           struct why *why) {
	static const struct builder_limits no_limits = { 0 };
	enum apply_direction direction;
	struct changes *steps = NULL;
	if (version_serial(z->version) == serial) {
		version_ref(z->version);
		*out_version = z->version;
		return OK;
	}
	enum err e = read_steps(z, serial, &steps, &direction);
	if (e != OK) {
		why_set(why, REASON_INTERNAL, "%s serial %" PRIu32 ": %s",
		        e == ERR_NOTFOUND ? "the history does not lead to" : "the history cannot be read to",
		        serial, err_text(e));
		return e == ERR_NOTFOUND ? ERR_STALE : e;
	}
	e = version_apply(z->version, steps->steps, steps->count, direction, &no_limits, out_version, why);
	changes_unref(steps);
	return e;
}

static enum err find_version(struct transfer *t, const uint8_t *name, struct followed **out_zone,
                             struct why *why) {
	struct followed *z = followed_find(t, name);
	if (!z) return ERR_NOTFOUND;
	if (!z->version) {
		why_set(why, REASON_NOT_TRIED, "the zone has no version");
		return ERR_STALE;
	}
	*out_zone = z;
	return OK;
}

enum err transfer_diff(struct transfer *t, const uint8_t *name, uint32_t from, uint32_t to,
                       struct change **out_change, struct why *why) {
	struct followed *z;
	struct zone_version *a = NULL, *b = NULL;
	enum err e = find_version(t, name, &z, why);
	if (e == OK) e = version_at(z, from, &a, why);
	if (e == OK) e = version_at(z, to, &b, why);
	if (e == OK) {
		e = version_diff(a, b, PAST_DIFF_BYTES, clocks_now_s(t), out_change);
		if (e != OK) why_set(why, REASON_TOO_LARGE, "the difference: %s", err_text(e));
	}
	version_unref(a);
	version_unref(b);
	return e;
}

/* -- going back -- */

static void serve_instead(struct followed *z, struct zone_version *v) {
	followed_hold(z, v);
	z->follow.serial = z->committed = version_serial(z->version);
	z->follow.soa = timers_of(version_soa(z->version));
	z->rolled_back = z->is_earlier = true;
	if (!z->follow.expired) steps_publish(z, z->version, ZONE_SERVED);
}

enum err transfer_rollback(struct transfer *t, const uint8_t *name, uint32_t serial, struct why *why,
                           struct told told) {
	char text[NAME_TEXT_MAX];
	struct followed *z;
	struct zone_version *v;
	enum err e = find_version(t, name, &z, why);
	if (e != OK) return e;
	if (z->follow.state == FOLLOW_SAVING) {
		why_set(why, REASON_INTERNAL, "a new version is being saved; try again");
		return ERR_AGAIN;
	}
	e = version_at(z, serial, &v, why);
	if (e != OK) return e;
	steps_cancel(z);
	log_event(t->log, EVENT_ZONE_ROLLED_BACK, LOG_STR("zone", name_text_short(z->name, text)),
	          LOG_NUM("from", z->follow.serial), LOG_NUM("serial", serial));
	serve_instead(z, v);
	steps_apply(z, follow_hold(&z->follow));
	commit_state(z, told);
	watch_zone(z);
	return OK;
}
