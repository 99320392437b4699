/* The events: what is decided when they come.  Rounds: follow_round.c; copies: follow_copy.c; times: follow_times.c. */
#include "transfer/follow_parts.h"

#include <stdlib.h>

static void choice_clear(struct follow *f) {
	free(f->choice);
	f->choice = NULL;
}

void follow_done(struct follow *f) {
	trouble_clear(f);
	choice_clear(f);
}

struct follow_decision follow_begin(struct follow *f, const struct follow_env *env, uint32_t spread_s) {
	f->state = FOLLOW_WAITING;
	f->hint = FOLLOW_UNKNOWN;
	f->told_expire_s = FOLLOW_NOT_TOLD;
	int64_t start_s = env->now_s + (spread_s > 0 ? random_below(env->random, spread_s + 1) : 0);
	if (!f->has_version) {
		f->refresh_s = start_s;
		return (struct follow_decision){ .act = FOLLOW_REST };
	}
	struct timers t = times_bounded(f, env);
	/* The clock went back while we were down: neither expire nor refresh may be waited for longer than ever. */
	if (f->checked_s > env->now_s) f->checked_s = env->now_s;
	f->expire_s = times_expire_at(f, &t);
	if (f->refresh_s > env->now_s + t.refresh_s) f->refresh_s = env->now_s + t.refresh_s;
	if (f->refresh_s <= env->now_s) f->refresh_s = start_s;
	bool expire = f->expired || f->expire_s <= env->now_s;
	bool news = expire && !f->expired;
	f->expired = expire;
	if (expire) f->refresh_s = start_s;
	return (struct follow_decision){ .act = FOLLOW_REST, .expire = expire, .keep = news };
}

struct follow_decision follow_due(struct follow *f, const struct follow_env *env) {
	struct follow_decision d = { .act = FOLLOW_REST };
	bool expire = follow_serves(f) && env->now_s >= f->expire_s;
	if (expire) {
		f->expired = true;
		/* It answers SERVFAIL now: the waits of a zone in service are too long. */
		int64_t retry_s = times_retry_at(f, env);
		if (f->refresh_s > retry_s) f->refresh_s = retry_s;
	}
	if (f->state == FOLLOW_WAITING && !f->frozen && env->now_s >= f->refresh_s)
		d = round_start(f, env, URGENCY_REFRESH, false);
	d.expire |= expire;
	d.keep |= expire;
	return d;
}

struct follow_decision follow_notified(struct follow *f, const struct follow_env *env, uint16_t primary,
                                       bool has_serial, uint32_t serial) {
	struct follow_decision nothing = { .act = FOLLOW_REST };
	f->has_notify_serial = has_serial;
	f->notify_serial = serial;
	if (primary != FOLLOW_UNKNOWN) f->hint = primary;
	if (f->state != FOLLOW_WAITING || f->frozen) {
		f->again = true;
		return nothing;
	}
	if (!round_holds_notified(f)) return round_for_notify(f, env);
	f->has_notify_serial = false;
	return nothing;
}

struct follow_decision follow_wish(struct follow *f, const struct follow_env *env, bool retransfer) {
	if (f->state == FOLLOW_WAITING && !f->frozen)
		return round_start(f, env, URGENCY_OPERATOR, retransfer);
	f->again = f->again_operator = true;
	f->again_forced |= retransfer;
	return (struct follow_decision){ .act = FOLLOW_REST };
}

struct follow_decision follow_hold(struct follow *f) {
	f->frozen = true;
	if (f->state != FOLLOW_WAITING && f->state != FOLLOW_SAVING) {
		f->state = FOLLOW_WAITING;
		f->again = true;
		f->again_forced |= f->forced;
	}
	return (struct follow_decision){ .act = FOLLOW_REST, .keep = true };
}

struct follow_decision follow_release(struct follow *f, const struct follow_env *env) {
	struct follow_decision d = { .act = FOLLOW_REST };
	f->frozen = false;
	if (f->state == FOLLOW_WAITING) {
		bool forced = f->again_forced;
		f->again = f->again_forced = f->again_operator = false;
		d = round_start(f, env, URGENCY_OPERATOR, forced);
	}
	d.keep = true;
	return d;
}

struct follow_decision follow_changed(struct follow *f, const struct follow_env *env) {
	if (f->has_version) {
		struct timers t = times_bounded(f, env);
		f->expire_s = times_expire_at(f, &t);
	}
	f->hint = FOLLOW_UNKNOWN;
	choice_clear(f); /* its bits are places of the former list */
	struct follow_decision d = { .act = FOLLOW_REST };
	if (f->state == FOLLOW_SAVING || f->frozen) {
		f->incremental = false; /* f->at is no place of the new list */
		f->again = true;
	} else {
		d = round_start(f, env, f->forced ? URGENCY_OPERATOR : URGENCY_NOTIFY, f->forced);
	}
	d.keep = true;
	return d;
}

/* -- answers -- */

void follow_told(struct follow *f, uint32_t expire_s, bool resigned) {
	f->told_expire_s = expire_s;
	f->resigned = resigned;
}

/* A copy that was tried without a question before it failed, and the question now works. */
static struct follow_decision probe_answered(struct follow *f, const struct follow_env *env, uint32_t serial,
                                             bool by_udp) {
	struct why was = trouble_probed(f);
	enum reason reason = was.reason;
	if (reason == REASON_NOT_AUTHORITATIVE) reason = REASON_REFUSED;
	if ((reason == REASON_UNREACHABLE || reason == REASON_TIMEOUT) && by_udp) reason = REASON_TCP_BLOCKED;
	struct why why;
	why_set(&why, reason, "%.170s; its SOA by %s has serial %u", was.evidence, by_udp ? "UDP" : "TCP",
	        serial);
	trouble_blame(f, &why);
	if (env->primary_count > 1) choice_failed(follow_choice(f), f->at, env->now_s);
	return round_copy_failed(f, env);
}

/* A copy at the serial that we have, if there is a cause for one. */
static bool copy_same(struct follow *f, const struct follow_env *env, struct follow_decision *out_decision) {
	enum follow_cause cause = FOR_NEWER;
	struct choice *c = f->resigned || env->full_check_s > 0 ? follow_choice(f) : f->choice;
	if (!follow_serves(f)) return false;
	if (!f->resigned) choice_signatures_same(c);
	if (f->resigned && choice_copy_signatures(c, env->now_s)) cause = FOR_SIGNATURES;
	if (env->full_check_s > 0 && c->full_due_s == 0)
		c->full_due_s = env->now_s + 1 + random_below(env->random, env->full_check_s);
	if (env->full_check_s > 0 && env->now_s >= c->full_due_s) cause = FOR_CHECK;
	if (cause == FOR_NEWER) return false;
	f->floor = f->serial;
	f->has_floor = true;
	*out_decision = round_copy_from(f, env, f->at, cause);
	return true;
}

/* The primary has our serial: is that all there is to know? */
static struct follow_decision answered_same(struct follow *f, const struct follow_env *env) {
	struct follow_decision d;
	times_prolong(f, env, false);
	f->same_seen = true;
	if (!f->resigned) trouble_signatures_same(f);
	return copy_same(f, env, &d) ? d : round_same(f, env);
}

static void consider(struct follow *f, uint32_t serial) {
	f->several_best |= f->has_best;
	if (f->has_best && timers_judge_serial(f->best_serial, serial) != SERIAL_NEWER) return;
	f->has_best = true;
	f->best = f->at;
	f->best_serial = serial;
}

struct follow_decision follow_answered(struct follow *f, const struct follow_env *env, uint32_t serial,
                                       bool by_udp) {
	f->primary_serial = serial;
	f->has_primary_serial = true;
	f->answered = true;
	f->answered_by_udp = by_udp;
	if (f->state == FOLLOW_PROBING) return probe_answered(f, env, serial, by_udp);
	choice_answered(f->choice, f->at);
	bool any = !f->has_version || f->forced;
	enum serial_verdict verdict = any ? SERIAL_NEWER : timers_judge_serial(f->serial, serial);
	if (verdict == SERIAL_SAME) return answered_same(f, env);
	if (verdict == SERIAL_OLDER && !f->expired) {
		struct why why;
		why_set(&why, REASON_SERIAL_BEHIND, "the primary has serial %u, served here is %u", serial,
		        f->serial);
		trouble_blame(f, &why);
		return round_next_primary(f, env);
	}
	consider(f, serial);
	return env->choice == PRIMARIES_HIGHEST ? round_next_primary(f, env) : round_copy_best(f, env);
}
