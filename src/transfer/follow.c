#include "transfer/follow.h"

#include <stdlib.h>

#include "base/alloc.h"

/* A NOTIFY flood must not make a loop out of a transfer that fails: a second after a failure to reach the primary, up to
 * so many seconds after one by what it sent. */
#define NOTIFY_HOLD_MAX_S 10
/* So many rounds in a row may find nothing new before a NOTIFY has to wait for the next second: a storm of them must
 * not make one of questions. */
#define NOTIFY_UNCHANGED_MAX 3

/* -- what is wrong -- */

static struct follow_trouble *trouble_of(struct follow *f) {
	if (!f->trouble) f->trouble = xcalloc(1, sizeof(*f->trouble));
	return f->trouble;
}

static void trouble_clear(struct follow *f) {
	free(f->trouble);
	f->trouble = NULL;
	f->since_s = 0;
}

const struct why *follow_why(const struct follow *f) {
	static const struct why nothing = { .reason = REASON_NONE };
	return f->trouble ? &f->trouble->zone : &nothing;
}

void follow_set_why(struct follow *f, const struct why *why, int64_t since_s) {
	if (why->reason == REASON_NONE) {
		trouble_clear(f);
		return;
	}
	trouble_of(f)->zone = *why;
	f->since_s = since_s;
}

/* Of several primaries' failures the one that tells most is shown. */
static unsigned rank_of(enum reason reason) {
	switch (reason) {
	case REASON_NONE: return 0;
	case REASON_TIMEOUT:
	case REASON_UNREACHABLE: return 1;
	case REASON_SERIAL_BEHIND: return 2;
	default: return 3;
	}
}

static void round_blame(struct follow *f, const struct why *why) {
	struct follow_trouble *t = trouble_of(f);
	if (rank_of(why->reason) > rank_of(t->round.reason)) t->round = *why;
}

/* -- time -- */

static struct timers bounded(const struct follow *f, const struct follow_env *env) {
	return timers_bound(&f->soa, env->bounds);
}

static bool serves(const struct follow *f) {
	return f->has_version && !f->expired;
}

static int64_t retry_at(const struct follow *f, const struct follow_env *env) {
	uint32_t wait = timers_pending_wait(env->bounds, f->failures, env->random);
	if (f->has_version) {
		struct timers t = bounded(f, env);
		uint32_t retry = timers_retry_wait(&t, env->bounds, f->failures, env->random);
		if (serves(f) || retry < wait) wait = retry;
	}
	return env->now_s + wait;
}

int64_t follow_next_due(const struct follow *f) {
	int64_t expire_s = serves(f) ? f->expire_s : INT64_MAX;
	int64_t refresh_s = f->state == FOLLOW_WAITING ? f->refresh_s : INT64_MAX;
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
	if (!serves(f) || f->expire_s > now_s) return false;
	f->expire_s = now_s + FOLLOW_GRACE_S;
	return true;
}

/* -- rounds -- */

static unsigned current_primary(const struct follow *f, const struct follow_env *env) {
	return ((unsigned)f->first + f->tried) % env->primary_count;
}

static struct follow_decision turn_to_primary(struct follow *f, const struct follow_env *env) {
	bool ask = f->has_version && !f->forced;
	f->answered = f->answered_by_udp = f->has_floor = false;
	f->state = ask ? FOLLOW_ASKING : FOLLOW_COPYING;
	return (struct follow_decision){ .act = ask ? FOLLOW_ASK : FOLLOW_COPY,
		                         .primary = current_primary(f, env),
		                         .urgency = (enum urgency)f->urgency };
}

static struct follow_decision round_failed(struct follow *f, const struct follow_env *env);

static struct follow_decision round_start(struct follow *f, const struct follow_env *env,
                                          enum urgency urgency, bool forced) {
	f->first = f->hint < env->primary_count ? f->hint : 0;
	f->hint = FOLLOW_UNKNOWN;
	f->tried = 0;
	if (f->held && urgency == URGENCY_REFRESH) urgency = URGENCY_NOTIFY;
	f->held = false;
	f->urgency = (uint8_t)urgency;
	f->forced = forced;
	if (f->trouble) f->trouble->round.reason = REASON_NONE;
	if (env->primary_count > 0) return turn_to_primary(f, env);
	struct why why;
	why_set(&why, REASON_NO_PRIMARY, "the policy of the zone names no primary");
	round_blame(f, &why);
	return round_failed(f, env);
}

/* A failure of what the primary sent, not of the way to it: trying again at once would bring the same. */
static bool failed_by_content(const struct follow *f) {
	return f->failures > 0 && rank_of(follow_why(f)->reason) > 1 &&
	       follow_why(f)->reason != REASON_TCP_BLOCKED;
}

static int64_t notify_hold_until(const struct follow *f) {
	if (f->failures == 0) return f->unchanged >= NOTIFY_UNCHANGED_MAX ? f->ended_s + 1 : 0;
	unsigned doublings = !failed_by_content(f) ? 0 : f->failures < 4 ? f->failures - 1 : 4;
	int64_t hold = (int64_t)1 << doublings;
	return f->ended_s + (hold < NOTIFY_HOLD_MAX_S ? hold : NOTIFY_HOLD_MAX_S);
}

/* Begin a round for a NOTIFY now, or soon if the last one failed just before. */
static struct follow_decision round_for_notify(struct follow *f, const struct follow_env *env) {
	int64_t until = notify_hold_until(f);
	if (env->now_s >= until) return round_start(f, env, URGENCY_NOTIFY, false);
	if (f->refresh_s > until) f->refresh_s = until;
	f->held = true;
	return (struct follow_decision){ .act = FOLLOW_REST };
}

static bool is_notified_serial_held(const struct follow *f) {
	return f->has_notify_serial && serves(f) && f->notify_serial == f->serial;
}

/* The round is over; follow what came meanwhile.  done says what the round itself decided. */
static struct follow_decision round_end(struct follow *f, const struct follow_env *env,
                                        struct follow_decision done) {
	f->state = FOLLOW_WAITING;
	f->ended_s = env->now_s;
	f->forced = false;
	bool again = f->again, forced = f->again_forced, wished = f->again_operator;
	f->again = f->again_forced = f->again_operator = false;
	if (!again || (!forced && !wished && is_notified_serial_held(f))) {
		f->has_notify_serial = false;
		return done;
	}
	struct follow_decision next = wished ? round_start(f, env, URGENCY_OPERATOR, forced)
	                                     : round_for_notify(f, env);
	next.expire = done.expire;
	next.recover = done.recover;
	next.confirmed = done.confirmed;
	next.failed |= done.failed;
	next.keep = true;
	return next;
}

static struct follow_decision round_failed(struct follow *f, const struct follow_env *env) {
	struct follow_trouble *t = trouble_of(f);
	if (t->zone.reason != t->round.reason || f->since_s == 0) f->since_s = env->now_s;
	t->zone = t->round;
	if (f->failures < UINT32_MAX) f->failures++;
	f->refresh_s = retry_at(f, env);
	f->rechecked = false;
	return round_end(f, env,
	                 (struct follow_decision){ .act = FOLLOW_REST, .failed = true, .keep = true });
}

static struct follow_decision next_primary(struct follow *f, const struct follow_env *env) {
	f->tried++;
	if (f->tried < env->primary_count) return turn_to_primary(f, env);
	return round_failed(f, env);
}

/* A primary has, or gave us, the version that we hold (RFC 1034 section 4.3.5: this is what resets EXPIRE). */
static struct follow_decision confirm(struct follow *f, const struct follow_env *env) {
	struct timers t = bounded(f, env);
	struct follow_decision d = {
		.act = FOLLOW_REST, .confirmed = true, .keep = true, .recover = f->expired
	};
	f->expired = false;
	f->failures = 0;
	f->checked_s = env->now_s;
	f->expire_s = env->now_s + t.expire_s;
	f->refresh_s = env->now_s + timers_refresh_wait(&t, env->random);
	trouble_clear(f);
	/* The primary told of a serial that it does not answer with yet (several hosts behind one address): look
	 * once more soon, then forget it. */
	bool promised = f->has_notify_serial &&
	                timers_judge_serial(f->serial, f->notify_serial) == SERIAL_NEWER;
	if (promised && !f->rechecked && t.refresh_s > TIMERS_RECHECK_S)
		f->refresh_s = env->now_s + TIMERS_RECHECK_S;
	f->rechecked = promised && !f->rechecked;
	if (!f->again) f->has_notify_serial = false;
	return round_end(f, env, d);
}

/* -- events -- */

void follow_done(struct follow *f) {
	trouble_clear(f);
}

struct follow_decision follow_begin(struct follow *f, const struct follow_env *env, uint32_t spread_s) {
	f->state = FOLLOW_WAITING;
	f->hint = FOLLOW_UNKNOWN;
	int64_t start_s = env->now_s + (spread_s > 0 ? random_below(env->random, spread_s + 1) : 0);
	if (!f->has_version) {
		f->refresh_s = start_s;
		return (struct follow_decision){ .act = FOLLOW_REST };
	}
	struct timers t = bounded(f, env);
	/* The clock went back while we were down: neither expire nor refresh may be waited for longer than ever. */
	if (f->checked_s > env->now_s) f->checked_s = env->now_s;
	f->expire_s = f->checked_s + t.expire_s;
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
	bool expire = serves(f) && env->now_s >= f->expire_s;
	if (expire) {
		f->expired = true;
		/* It answers SERVFAIL now: the waits of a zone in service are too long. */
		int64_t retry_s = retry_at(f, env);
		if (f->refresh_s > retry_s) f->refresh_s = retry_s;
	}
	if (f->state == FOLLOW_WAITING && env->now_s >= f->refresh_s)
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
	if (f->state != FOLLOW_WAITING) {
		f->again = true;
		return nothing;
	}
	if (!is_notified_serial_held(f)) return round_for_notify(f, env);
	f->has_notify_serial = false;
	return nothing;
}

struct follow_decision follow_wish(struct follow *f, const struct follow_env *env, bool retransfer) {
	if (f->state == FOLLOW_WAITING) return round_start(f, env, URGENCY_OPERATOR, retransfer);
	f->again = f->again_operator = true;
	f->again_forced |= retransfer;
	return (struct follow_decision){ .act = FOLLOW_REST };
}

struct follow_decision follow_changed(struct follow *f, const struct follow_env *env) {
	if (f->has_version) {
		struct timers t = bounded(f, env);
		f->expire_s = f->checked_s + t.expire_s;
	}
	f->hint = FOLLOW_UNKNOWN;
	struct follow_decision d = { .act = FOLLOW_REST };
	if (f->state == FOLLOW_SAVING)
		f->again = true;
	else
		d = round_start(f, env, f->forced ? URGENCY_OPERATOR : URGENCY_NOTIFY, f->forced);
	d.keep = true;
	return d;
}

/* A copy that was tried without a question before it failed, and the question now works. */
static struct follow_decision probe_answered(struct follow *f, const struct follow_env *env, uint32_t serial,
                                             bool by_udp) {
	const struct why *was = &trouble_of(f)->probed;
	enum reason reason = was->reason;
	if (reason == REASON_NOT_AUTHORITATIVE) reason = REASON_REFUSED;
	if ((reason == REASON_UNREACHABLE || reason == REASON_TIMEOUT) && by_udp) reason = REASON_TCP_BLOCKED;
	struct why why;
	why_set(&why, reason, "%.170s; its SOA by %s has serial %u", was->evidence, by_udp ? "UDP" : "TCP",
	        serial);
	round_blame(f, &why);
	return next_primary(f, env);
}

struct follow_decision follow_answered(struct follow *f, const struct follow_env *env, uint32_t serial,
                                       bool by_udp) {
	f->primary_serial = serial;
	f->has_primary_serial = true;
	f->answered = true;
	f->answered_by_udp = by_udp;
	if (f->state == FOLLOW_PROBING) return probe_answered(f, env, serial, by_udp);
	enum serial_verdict verdict = timers_judge_serial(f->serial, serial);
	if (verdict == SERIAL_SAME) {
		if (f->unchanged < UINT8_MAX) f->unchanged++;
		return confirm(f, env);
	}
	if (verdict == SERIAL_OLDER && !f->expired) {
		struct why why;
		why_set(&why, REASON_SERIAL_BEHIND, "the primary has serial %u, served here is %u", serial,
		        f->serial);
		round_blame(f, &why);
		return next_primary(f, env);
	}
	f->state = FOLLOW_COPYING;
	f->floor = serial;
	f->has_floor = !f->expired;
	return (struct follow_decision){ .act = FOLLOW_COPY,
		                         .primary = current_primary(f, env),
		                         .urgency = (enum urgency)f->urgency,
		                         .has_floor = f->has_floor,
		                         .floor = serial };
}

struct follow_decision follow_copied(struct follow *f, const struct follow_env *env, uint32_t serial) {
	(void)env; /* nothing here depends on time */
	f->primary_serial = serial;
	f->has_primary_serial = true;
	f->state = FOLLOW_SAVING;
	return (struct follow_decision){ .act = FOLLOW_SAVE };
}

struct follow_decision follow_saved(struct follow *f, const struct follow_env *env, const struct soa *soa) {
	f->has_version = true;
	f->unchanged = 0;
	f->serial = soa->serial;
	f->soa = timers_of(soa);
	return confirm(f, env);
}

/* Worth a SOA question to tell why: the reasons that say little when nothing was asked before. */
static bool is_worth_probe(enum reason reason) {
	return reason == REASON_REFUSED || reason == REASON_NOT_AUTHORITATIVE || reason == REASON_CLOSED ||
	       reason == REASON_UNREACHABLE || reason == REASON_TIMEOUT;
}

static struct follow_decision probe(struct follow *f, const struct follow_env *env, const struct why *why) {
	trouble_of(f)->probed = *why;
	f->state = FOLLOW_PROBING;
	return (struct follow_decision){ .act = FOLLOW_ASK,
		                         .primary = current_primary(f, env),
		                         .urgency = (enum urgency)f->urgency,
		                         .probe = true };
}

struct follow_decision follow_failed(struct follow *f, const struct follow_env *env, const struct why *why,
                                     bool no_tcp) {
	enum follow_state state = (enum follow_state)f->state;
	struct why blamed = *why;
	if (state == FOLLOW_COPYING && !f->answered && is_worth_probe(why->reason)) return probe(f, env, why);
	if (state == FOLLOW_COPYING && f->answered && why->reason == REASON_NOT_AUTHORITATIVE)
		blamed.reason = REASON_REFUSED; /* it is an authority, as its SOA has just shown */
	if (state == FOLLOW_COPYING && f->answered_by_udp && no_tcp) blamed.reason = REASON_TCP_BLOCKED;
	if (state == FOLLOW_PROBING) {
		blamed = f->trouble->probed;
		if (why->reason == REASON_NOT_AUTHORITATIVE)
			why_set(&blamed, why->reason, "%.120s; %.110s", why->evidence,
			        f->trouble->probed.evidence);
	}
	round_blame(f, &blamed);
	/* Another primary's copy would not be saved either. */
	return why->reason == REASON_STORE_FAILED ? round_failed(f, env) : next_primary(f, env);
}
