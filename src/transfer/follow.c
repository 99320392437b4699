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

static struct choice *choice_of(struct follow *f) {
	if (!f->choice) f->choice = xcalloc(1, sizeof(*f->choice));
	return f->choice;
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
	if (!serves(f) || f->expire_s > now_s) return false;
	f->expire_s = now_s + FOLLOW_GRACE_S;
	return true;
}

/* The version expires this long after a primary has confirmed it now. */
static uint32_t expire_wait(uint32_t expire_s, uint32_t cut_s) {
	return expire_s > cut_s ? expire_s - cut_s : 1;
}

static int64_t expire_at(const struct follow *f, const struct timers *bounded) {
	return f->checked_s + expire_wait(bounded->expire_s, f->expire_cut_s);
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
static void prolong(struct follow *f, const struct follow_env *env, bool is_new) {
	uint32_t expire_s = bounded(f, env).expire_s;
	uint32_t wait_s = told_wait(f, expire_s);
	int64_t left_s = f->expire_s - env->now_s;
	if (!is_new && !f->expired && left_s > wait_s)
		wait_s = left_s < expire_s ? (uint32_t)left_s : expire_s;
	f->expire_cut_s = expire_s - wait_s;
	f->checked_s = env->now_s;
	f->expire_s = env->now_s + wait_s;
	f->told_expire_s = FOLLOW_NOT_TOLD;
}

void follow_told(struct follow *f, uint32_t expire_s, bool resigned) {
	f->told_expire_s = expire_s;
	f->resigned = resigned;
}

/* -- which primary -- */

/* A round goes through its order twice: first come those that are well, then those that failed lately. */
static unsigned at_place(const struct follow *f, const struct follow_env *env, unsigned place) {
	return (f->first + place) % env->primary_count;
}

static bool is_place_due(const struct follow *f, const struct follow_env *env, unsigned place) {
	unsigned primary = at_place(f, env, place);
	bool second_time = place >= env->primary_count;
	if (choice_is_out(f->choice, primary)) return false;
	/* Who is asked only for more than what another one has need not be waited for, unless somebody looks. */
	bool may_skip = env->choice == PRIMARIES_PINNED && f->urgency != URGENCY_OPERATOR;
	if (second_time && f->same_seen && may_skip) return false;
	return choice_is_last(f->choice, primary) == second_time;
}

/* Step to the next place that is due.  False: the round has asked everybody. */
static bool find_place(struct follow *f, const struct follow_env *env) {
	while (f->tried < 2 * env->primary_count && !is_place_due(f, env, f->tried))
		f->tried++;
	return f->tried < 2 * env->primary_count;
}

static unsigned first_of(const struct follow *f, const struct follow_env *env) {
	if (env->choice != PRIMARIES_IN_ORDER) {
		unsigned giver = choice_find(env->primaries, env->primary_count, f->giver);
		if (giver < env->primary_count) return giver;
	}
	return f->hint < env->primary_count ? f->hint : 0;
}

/* Does what is known of this primary's history let us ask it for differences? */
static bool takes_differences(const struct follow *f, const struct follow_env *env, unsigned primary) {
	uint32_t identity = choice_identity(env->primaries, env->primary_count, primary);
	if (!env->ixfr || !serves(f) || f->forced) return false;
	if (env->primaries && env->primaries[primary].axfr_only) return false;
	bool same_history = env->shared_history || env->primary_count == 1 || identity == f->giver;
	return same_history && choice_takes_ixfr(f->choice, identity, env->now_s);
}

static struct follow_decision copy_from(struct follow *f, const struct follow_env *env, unsigned primary,
                                        enum follow_cause cause) {
	f->state = FOLLOW_COPYING;
	f->at = (uint16_t)primary;
	f->source = choice_identity(env->primaries, env->primary_count, primary);
	f->cause = (uint8_t)cause;
	f->incremental = cause == FOR_NEWER && takes_differences(f, env, primary);
	return (struct follow_decision){ .act = FOLLOW_COPY,
		                         .primary = primary,
		                         .urgency = (enum urgency)f->urgency,
		                         .incremental = f->incremental,
		                         .cause = cause,
		                         .has_floor = f->has_floor,
		                         .floor = f->floor };
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

/* -- rounds -- */

/* The primary at the round's place: ask it, or copy from it where any serial will do. */
static struct follow_decision turn_to_primary(struct follow *f, const struct follow_env *env) {
	bool ask = f->has_version && !f->forced;
	f->answered = f->answered_by_udp = f->has_floor = false;
	f->at = (uint16_t)at_place(f, env, f->tried);
	if (!ask && (env->choice != PRIMARIES_HIGHEST || env->primary_count == 1))
		return copy_from(f, env, f->at, FOR_NEWER);
	f->state = FOLLOW_ASKING;
	return (struct follow_decision){ .act = FOLLOW_ASK,
		                         .primary = f->at,
		                         .urgency = (enum urgency)f->urgency };
}

static struct follow_decision round_failed(struct follow *f, const struct follow_env *env);

static struct follow_decision round_start(struct follow *f, const struct follow_env *env,
                                          enum urgency urgency, bool forced) {
	f->first = (uint16_t)first_of(f, env);
	f->hint = FOLLOW_UNKNOWN;
	f->tried = 0;
	f->has_best = f->several_best = f->same_seen = f->copy_failed = false;
	choice_begin(f->choice, env->now_s);
	if (f->held && urgency == URGENCY_REFRESH) urgency = URGENCY_NOTIFY;
	f->held = false;
	f->urgency = (uint8_t)urgency;
	f->forced = forced;
	if (f->trouble) f->trouble->round.reason = REASON_NONE;
	if (env->primary_count > 0 && find_place(f, env)) return turn_to_primary(f, env);
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
	if (f->frozen) return done;
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

/* A primary has, or gave us, the version that we hold (RFC 1034 section 4.3.5: this is what resets EXPIRE). */
static struct follow_decision confirm(struct follow *f, const struct follow_env *env) {
	struct timers t = bounded(f, env);
	struct follow_decision d = {
		.act = FOLLOW_REST, .confirmed = true, .keep = true, .recover = f->expired
	};
	/* What expires early is to be looked at early. */
	struct timers left = t;
	left.expire_s = expire_wait(t.expire_s, f->expire_cut_s);
	left = timers_bound(&left, env->bounds);
	f->expired = false;
	f->failures = 0;
	f->refresh_s = env->now_s + timers_refresh_wait(&left, env->random);
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

static struct follow_decision copy_best(struct follow *f, const struct follow_env *env) {
	f->has_best = false;
	f->answered = true;
	f->floor = f->best_serial;
	f->has_floor = !f->expired && f->has_version && !f->forced;
	return copy_from(f, env, f->best, FOR_NEWER);
}

/* Everybody was asked. */
static struct follow_decision round_asked(struct follow *f, const struct follow_env *env) {
	if (f->has_best) return copy_best(f, env);
	/* An expired zone comes back with the version that a primary has just confirmed, whatever another one offered. */
	if (!f->same_seen || (f->copy_failed && !f->expired)) return round_failed(f, env);
	if (f->unchanged < UINT8_MAX) f->unchanged++;
	return confirm(f, env);
}

static struct follow_decision next_primary(struct follow *f, const struct follow_env *env) {
	f->tried++;
	return find_place(f, env) ? turn_to_primary(f, env) : round_asked(f, env);
}

/* The copy of the highest serial failed: who has the next one? */
static struct follow_decision ask_again(struct follow *f, const struct follow_env *env) {
	f->several_best = false;
	f->tried = 0;
	return find_place(f, env) ? turn_to_primary(f, env) : round_asked(f, env);
}

static struct follow_decision after_copy_failed(struct follow *f, const struct follow_env *env) {
	f->copy_failed = true;
	if (env->choice != PRIMARIES_HIGHEST || choice_bit(f->at) == 0) return next_primary(f, env);
	choice_of(f)->out |= choice_bit(f->at);
	return f->several_best ? ask_again(f, env) : round_asked(f, env);
}

/* -- events -- */

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
	struct timers t = bounded(f, env);
	/* The clock went back while we were down: neither expire nor refresh may be waited for longer than ever. */
	if (f->checked_s > env->now_s) f->checked_s = env->now_s;
	f->expire_s = expire_at(f, &t);
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
	if (!is_notified_serial_held(f)) return round_for_notify(f, env);
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
		struct timers t = bounded(f, env);
		f->expire_s = expire_at(f, &t);
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
	if (env->primary_count > 1) choice_failed(choice_of(f), f->at, env->now_s);
	return after_copy_failed(f, env);
}

/* A copy at the serial that we have, if there is a cause for one. */
static bool copy_same(struct follow *f, const struct follow_env *env, struct follow_decision *out_decision) {
	enum follow_cause cause = FOR_NEWER;
	struct choice *c = f->resigned || env->full_check_s > 0 ? choice_of(f) : f->choice;
	if (!serves(f)) return false;
	if (!f->resigned) choice_signatures_same(c);
	if (f->resigned && choice_copy_signatures(c, env->now_s)) cause = FOR_SIGNATURES;
	if (env->full_check_s > 0 && c->full_due_s == 0)
		c->full_due_s = env->now_s + 1 + random_below(env->random, env->full_check_s);
	if (env->full_check_s > 0 && env->now_s >= c->full_due_s) cause = FOR_CHECK;
	if (cause == FOR_NEWER) return false;
	f->floor = f->serial;
	f->has_floor = true;
	*out_decision = copy_from(f, env, f->at, cause);
	return true;
}

/* The primary has our serial: is that all there is to know? */
static struct follow_decision answered_same(struct follow *f, const struct follow_env *env) {
	struct follow_decision d;
	f->same_seen = true;
	prolong(f, env, false);
	if (copy_same(f, env, &d)) return d;
	if (env->choice != PRIMARIES_IN_ORDER && !f->expired) return next_primary(f, env);
	return round_asked(f, env);
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
		round_blame(f, &why);
		return next_primary(f, env);
	}
	consider(f, serial);
	return env->choice == PRIMARIES_HIGHEST ? next_primary(f, env) : copy_best(f, env);
}

struct follow_decision follow_copied(struct follow *f, const struct follow_env *env, uint32_t serial) {
	(void)env; /* nothing here depends on time */
	f->primary_serial = serial;
	f->has_primary_serial = true;
	f->state = FOLLOW_SAVING;
	return (struct follow_decision){ .act = FOLLOW_SAVE };
}

/* The whole zone was seen: the next time is one interval away. */
static void plan_full_check(struct follow *f, const struct follow_env *env) {
	if (env->full_check_s > 0 && !f->incremental)
		choice_of(f)->full_due_s = env->now_s + env->full_check_s;
}

struct follow_decision follow_unchanged(struct follow *f, const struct follow_env *env) {
	plan_full_check(f, env);
	if (!f->incremental) f->giver = f->source; /* its whole zone is ours */
	if (f->unchanged < UINT8_MAX) f->unchanged++;
	prolong(f, env, false);
	return confirm(f, env);
}

struct follow_decision follow_saved(struct follow *f, const struct follow_env *env, const struct soa *soa) {
	f->has_version = true;
	f->unchanged = 0;
	f->serial = soa->serial;
	f->soa = timers_of(soa);
	f->giver = f->source;
	if (f->incremental)
		choice_ixfr_worked(f->choice);
	else
		plan_full_check(f, env);
	prolong(f, env, true);
	return confirm(f, env);
}

/* Worth a SOA question to tell why: the reasons that say little when nothing was asked before. */
static bool is_worth_probe(enum reason reason) {
	return reason == REASON_REFUSED || reason == REASON_NOT_AUTHORITATIVE || reason == REASON_CLOSED ||
	       reason == REASON_UNREACHABLE || reason == REASON_TIMEOUT;
}

static struct follow_decision probe(struct follow *f, const struct why *why) {
	trouble_of(f)->probed = *why;
	f->state = FOLLOW_PROBING;
	return (struct follow_decision){
		.act = FOLLOW_ASK, .primary = f->at, .urgency = (enum urgency)f->urgency, .probe = true
	};
}

/* Whatever is wrong with differences: the whole zone, of the same primary, at once. */
static struct follow_decision copy_whole(struct follow *f, const struct follow_env *env) {
	choice_ixfr_failed(choice_of(f), f->source, env->now_s);
	f->state = FOLLOW_COPYING;
	f->incremental = false;
	return (struct follow_decision){ .act = FOLLOW_COPY,
		                         .primary = f->at,
		                         .urgency = (enum urgency)f->urgency,
		                         .instead = true,
		                         .has_floor = f->has_floor,
		                         .floor = f->floor };
}

/* What the failure means, given what is known of the primary. */
static struct why blame_of(const struct follow *f, const struct why *why, bool no_tcp) {
	struct why blamed = *why;
	if (f->state == FOLLOW_COPYING && f->answered && why->reason == REASON_NOT_AUTHORITATIVE)
		blamed.reason = REASON_REFUSED; /* it is an authority, as its SOA has just shown */
	if (f->state == FOLLOW_COPYING && f->answered_by_udp && no_tcp) blamed.reason = REASON_TCP_BLOCKED;
	if (f->state != FOLLOW_PROBING) return blamed;
	blamed = f->trouble->probed;
	if (why->reason == REASON_NOT_AUTHORITATIVE)
		why_set(&blamed, why->reason, "%.120s; %.110s", why->evidence, f->trouble->probed.evidence);
	return blamed;
}

/* What the version is, not how it came: the whole zone would be the same, and refused for the same reason. */
static bool is_of_content(enum reason reason) {
	return reason == REASON_SHRUNK || reason == REASON_CHECK_COMMAND_FAILED ||
	       reason == REASON_CHECK_COMMAND_TIMEOUT;
}

struct follow_decision follow_failed(struct follow *f, const struct follow_env *env, const struct why *why,
                                     bool no_tcp) {
	enum follow_state state = (enum follow_state)f->state;
	bool is_ours = why->reason == REASON_STORE_FAILED;
	bool is_copy = state == FOLLOW_COPYING || state == FOLLOW_SAVING;
	f->told_expire_s = FOLLOW_NOT_TOLD;
	if (f->frozen) {
		round_blame(f, why);
		return round_failed(f, env);
	}
	bool is_whole_wanted = is_copy && f->incremental && !is_of_content(why->reason);
	if (is_whole_wanted && !is_ours && !no_tcp) return copy_whole(f, env);
	if (is_copy && f->cause != FOR_NEWER) return confirm(f, env);
	if (state == FOLLOW_COPYING && !f->answered && is_worth_probe(why->reason)) return probe(f, why);
	struct why blamed = blame_of(f, why, no_tcp);
	round_blame(f, &blamed);
	/* Another primary's copy would not be saved either. */
	if (is_ours) return round_failed(f, env);
	if (env->primary_count > 1) choice_failed(choice_of(f), f->at, env->now_s);
	return state == FOLLOW_ASKING ? next_primary(f, env) : after_copy_failed(f, env);
}
