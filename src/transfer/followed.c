#include "transfer/followed.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

static size_t followed_size(size_t name_len) {
	return offsetof(struct followed, name) + name_len;
}

struct followed *followed_new(struct transfer *t, const uint8_t *name) {
	uint32_t place;
	size_t len = name_len(name);
	struct followed *z = packed_take(&t->followed, followed_size(len), &place);
	z->place = place;
	z->transfer = t;
	z->references = 1;
	memcpy(z->name, name, len);
	return z;
}

void followed_ref(struct followed *z) {
	z->references++;
}

static void seldom_free(struct seldom *s) {
	if (!s) return;
	free(s->guarded);
	free(s->unserved);
	notify_list_done(&s->notify);
	free(s);
}

void followed_unref(struct followed *z) {
	if (--z->references > 0) return;
	follow_done(&z->follow);
	history_free(z->history);
	seldom_free(z->seldom);
	version_unref(z->version);
	packed_give(z, followed_size(name_len(z->name)), z->place);
}

struct seldom *followed_seldom(struct followed *z) {
	if (!z->seldom) z->seldom = xcalloc(1, sizeof(*z->seldom));
	return z->seldom;
}

void followed_hold(struct followed *z, struct zone_version *v) {
	version_unref(z->version);
	z->version = version_keep(&z->transfer->versions, v);
}

void followed_load(struct followed *z, const struct zone_state *state, struct zone_version *version) {
	struct follow *f = &z->follow;
	if (version) followed_hold(z, version);
	f->checked_s = state->checked_s;
	f->refresh_s = state->refresh_s;
	f->expire_s = state->expire_s;
	f->primary_serial = state->primary_serial;
	f->has_primary_serial = state->has_primary_serial;
	f->failures = state->failures;
	f->has_version = version != NULL;
	if (version) {
		f->serial = version_serial(z->version);
		z->committed = f->serial;
		f->soa = timers_of(version_soa(z->version));
		f->expired = state->expired;
		f->giver = state->giver;
		f->expire_cut_s = state->expire_cut_s;
	}
	f->frozen = state->held;
	z->is_earlier = state->has_rollback;
	z->rolled_back = state->has_rollback && state->held;
	follow_set_why(f, &state->why, state->since_s);
}

struct zone_state followed_state(const struct followed *z) {
	const struct follow *f = &z->follow;
	return (struct zone_state){
		.checked_s = f->checked_s,
		.refresh_s = f->refresh_s,
		.expire_s = f->expire_s,
		.since_s = f->since_s,
		.serial = f->serial,
		.primary_serial = f->primary_serial,
		.failures = f->failures,
		.has_version = f->has_version,
		.has_primary_serial = f->has_primary_serial,
		.expired = f->expired,
		.held = f->frozen,
		.has_rollback = z->is_earlier,
		.held_serial = z->is_earlier ? f->serial : 0,
		.giver = f->giver,
		.expire_cut_s = f->expire_cut_s,
		.why = *follow_why(f),
	};
}

const struct zone_policy *followed_policy(const struct followed *z) {
	return atomic_load_explicit(&z->entry->policy, memory_order_relaxed);
}

void followed_tell_expiry(struct followed *z) {
	const struct follow *f = &z->follow;
	atomic_store_explicit(&z->entry->expires_at_s, f->has_version ? f->expire_s : 0,
	                      memory_order_relaxed);
}
