/* When a zone is asked for again and when its version expires. */
#include "transfer/follow_parts.h"

struct timers times_bounded(const struct follow *f, const struct follow_env *env) {
	return timers_bound(&f->soa, env->bounds);
}

bool follow_serves(const struct follow *f) {
	return f->has_version && !f->expired;
}

int64_t times_retry_at(const struct follow *f, const struct follow_env *env) {
	uint32_t wait = timers_pending_wait(env->bounds, f->failures, env->random);
	if (f->has_version) {
		struct timers t = times_bounded(f, env);
		uint32_t retry = timers_retry_wait(&t, env->bounds, f->failures, env->random);
		if (follow_serves(f) || retry < wait) wait = retry;
	}
	return env->now_s + wait;
}

int64_t follow_next_due(const struct follow *f) {
	int64_t expire_s = follow_serves(f) ? f->expire_s : INT64_MAX;
	int64_t refresh_s = f->state == FOLLOW_WAITING && !f->frozen ? f->refresh_s : INT64_MAX;
	return refresh_s < expire_s ? refresh_s : expire_s;
}

void follow_shift(struct follow *f, int64_t delta_s) {
	if (f->checked_s > 0) f->checked_s += delta_s;
	if (f->since_s > 0) f->since_s += delta_s;
	f->refresh_s += delta_s;
	f->expire_s += delta_s;
	f->ended_s += delta_s;
}

bool follow_grant_grace(struct follow *f, int64_t now_s) {
	if (!follow_serves(f) || f->expire_s > now_s) return false;
	f->expire_s = now_s + FOLLOW_GRACE_S;
	return true;
}

/* The version expires this long after a primary has confirmed it now. */
uint32_t times_expire_wait(uint32_t expire_s, uint32_t cut_s) {
	return expire_s > cut_s ? expire_s - cut_s : 1;
}

int64_t times_expire_at(const struct follow *f, const struct timers *bounded) {
	return f->checked_s + times_expire_wait(bounded->expire_s, f->expire_cut_s);
}

/* What of it is left by what the primary told, which is never more than the SOA's own time (RFC 7314 section 4). */
static uint32_t told_wait(const struct follow *f, uint32_t expire_s) {
	uint32_t told_s = f->told_expire_s > 0 ? f->told_expire_s : 1;
	return told_s < expire_s ? told_s : expire_s;
}

uint32_t follow_expire_of(const struct follow *f, const struct follow_env *env, const struct soa *soa,
                          uint32_t *out_cut_s) {
	struct timers raw = timers_of(soa), t = timers_bound(&raw, env->bounds);
	uint32_t wait_s = told_wait(f, t.expire_s);
	*out_cut_s = t.expire_s - wait_s;
	return wait_s;
}

/* A primary has the version.  If we had it before, what it told counts only where it is later than what we knew (RFC 7314
 * section 4). */
void times_prolong(struct follow *f, const struct follow_env *env, bool is_new) {
	uint32_t expire_s = times_bounded(f, env).expire_s;
	uint32_t wait_s = told_wait(f, expire_s);
	int64_t left_s = f->expire_s - env->now_s;
	if (!is_new && !f->expired && left_s > wait_s)
		wait_s = left_s < expire_s ? (uint32_t)left_s : expire_s;
	f->expire_cut_s = expire_s - wait_s;
	f->checked_s = env->now_s;
	f->expire_s = env->now_s + wait_s;
	f->told_expire_s = FOLLOW_NOT_TOLD;
}

bool follow_waits_for_primary(const struct follow *f) {
	enum reason reason = follow_why(f)->reason;
	return f->state == FOLLOW_WAITING && f->failures > 0 &&
	       (reason == REASON_TIMEOUT || reason == REASON_UNREACHABLE);
}

bool follow_primary_back(struct follow *f, const struct follow_env *env, uint32_t spread_s) {
	if (!follow_waits_for_primary(f)) return false;
	int64_t start_s = env->now_s + random_below(env->random, spread_s + 1);
	if (f->refresh_s <= start_s) return false;
	f->refresh_s = start_s;
	return true;
}
