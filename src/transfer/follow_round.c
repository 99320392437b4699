/* Rounds: whom to ask in which order, what a NOTIFY begins, and how a round ends. */
#include "transfer/follow_parts.h"

#include <stdlib.h>

#include "base/alloc.h"

/* A NOTIFY flood must not make a loop out of a transfer that fails: a second after a failure to reach the primary, up to
 * so many seconds after one by what it sent. */
#define NOTIFY_HOLD_MAX_S 10
/* So many rounds in a row may find nothing new before a NOTIFY has to wait for the next second: a storm of them must
 * not make one of questions. */
#define NOTIFY_UNCHANGED_MAX 3

/* -- which primary -- */

struct choice *follow_choice(struct follow *f) {
	if (!f->choice) f->choice = xcalloc(1, sizeof(*f->choice));
	return f->choice;
}

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
	if (!env->ixfr || !follow_serves(f) || f->forced) return false;
	if (env->primaries && env->primaries[primary].axfr_only) return false;
	bool same_history = env->shared_history || env->primary_count == 1 || identity == f->giver;
	return same_history && choice_takes_ixfr(f->choice, identity, env->now_s);
}

struct follow_decision round_copy_from(struct follow *f, const struct follow_env *env, unsigned primary,
                                       enum follow_cause cause) {
	f->state = FOLLOW_COPYING;
	f->at = (uint16_t)primary;
	f->source = choice_identity(env->primaries, env->primary_count, primary);
	f->cause = (uint8_t)cause;
	f->incremental = cause == FOR_NEWER && !f->unfit && takes_differences(f, env, primary);
	return (struct follow_decision){ .act = FOLLOW_COPY,
		                         .primary = primary,
		                         .urgency = (enum urgency)f->urgency,
		                         .incremental = f->incremental,
		                         .cause = cause,
		                         .has_floor = f->has_floor,
		                         .floor = f->floor };
}

/* -- the way of a round -- */

/* By any of its addresses. */
static bool is_sender_first(const struct follow *f, const struct follow_env *env) {
	if (f->hint >= env->primary_count) return false;
	return f->hint == f->first || choice_identity(env->primaries, env->primary_count, f->hint) ==
	                                      choice_identity(env->primaries, env->primary_count, f->first);
}

/* The sender of a NOTIFY with a newer serial is whom the round asks first: its word may do. */
static bool may_believe(const struct follow *f, const struct follow_env *env) {
	bool others_count = env->choice == PRIMARIES_HIGHEST && env->primary_count > 1;
	if (!f->has_notify_serial || !is_sender_first(f, env) || others_count) return false;
	if (!follow_serves(f) || timers_judge_serial(f->serial, f->notify_serial) != SERIAL_NEWER)
		return false;
	return choice_believes(f->choice, env->now_s) && takes_differences(f, env, f->first);
}

struct follow_decision round_ask(struct follow *f) {
	f->state = FOLLOW_ASKING;
	return (struct follow_decision){ .act = FOLLOW_ASK,
		                         .primary = f->at,
		                         .urgency = (enum urgency)f->urgency };
}

/* The primary at the round's place: ask it, or copy from it where any serial will do. */
static struct follow_decision turn_to_primary(struct follow *f, const struct follow_env *env) {
	bool ask = f->has_version && !f->forced;
	bool believed = f->believed && f->tried == 0;
	f->believed = false;
	f->answered = f->answered_by_udp = f->has_floor = false;
	f->at = (uint16_t)at_place(f, env, f->tried);
	if (!ask && (env->choice != PRIMARIES_HIGHEST || env->primary_count == 1))
		return round_copy_from(f, env, f->at, FOR_NEWER);
	if (believed) {
		f->believed = true;
		return round_copy_from(f, env, f->at, FOR_NEWER);
	}
	return round_ask(f);
}

struct follow_decision round_start(struct follow *f, const struct follow_env *env, enum urgency urgency,
                                   bool forced) {
	f->forced = forced;
	f->first = (uint16_t)first_of(f, env);
	f->believed = urgency == URGENCY_NOTIFY && may_believe(f, env);
	f->unfit = false;
	f->hint = FOLLOW_UNKNOWN;
	f->tried = 0;
	f->has_best = f->several_best = f->same_seen = f->copy_failed = false;
	choice_begin(f->choice, env->now_s);
	if (f->held && urgency == URGENCY_REFRESH) urgency = URGENCY_NOTIFY;
	f->held = false;
	f->urgency = (uint8_t)urgency;
	trouble_forget_round(f);
	if (env->primary_count > 0 && find_place(f, env)) return turn_to_primary(f, env);
	struct why why;
	why_set(&why, REASON_NO_PRIMARY, "the policy of the zone names no primary");
	trouble_blame(f, &why);
	return round_failed(f, env);
}

/* -- NOTIFYs -- */

static int64_t notify_hold_until(const struct follow *f) {
	if (f->failures == 0) return f->unchanged >= NOTIFY_UNCHANGED_MAX ? f->ended_s + 1 : 0;
	unsigned doublings = !trouble_is_of_content(f) ? 0 : f->failures < 4 ? f->failures - 1 : 4;
	int64_t hold = (int64_t)1 << doublings;
	return f->ended_s + (hold < NOTIFY_HOLD_MAX_S ? hold : NOTIFY_HOLD_MAX_S);
}

/* Begin a round for a NOTIFY now, or soon if the last one failed just before. */
struct follow_decision round_for_notify(struct follow *f, const struct follow_env *env) {
	int64_t until = notify_hold_until(f);
	if (env->now_s >= until) return round_start(f, env, URGENCY_NOTIFY, false);
	if (f->refresh_s > until) f->refresh_s = until;
	f->held = true;
	return (struct follow_decision){ .act = FOLLOW_REST };
}

bool round_holds_notified(const struct follow *f) {
	return f->has_notify_serial && follow_serves(f) && f->notify_serial == f->serial;
}

/* -- its end -- */

/* The round is over; follow what came meanwhile.  done says what the round itself decided. */
static struct follow_decision round_end(struct follow *f, const struct follow_env *env,
                                        struct follow_decision done) {
	f->state = FOLLOW_WAITING;
	f->ended_s = env->now_s;
	f->forced = false;
	if (f->frozen) return done;
	bool again = f->again, forced = f->again_forced, wished = f->again_operator;
	f->again = f->again_forced = f->again_operator = false;
	if (!again || (!forced && !wished && round_holds_notified(f))) {
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

struct follow_decision round_failed(struct follow *f, const struct follow_env *env) {
	trouble_stays(f, env->now_s);
	if (f->failures < UINT32_MAX) f->failures++;
	f->refresh_s = times_retry_at(f, env);
	f->rechecked = false;
	return round_end(f, env,
	                 (struct follow_decision){ .act = FOLLOW_REST, .failed = true, .keep = true });
}

/* A primary has, or gave us, the version that we hold (RFC 1034 section 4.3.5: this is what resets EXPIRE). */
struct follow_decision round_confirm(struct follow *f, const struct follow_env *env) {
	struct timers t = times_bounded(f, env);
	struct follow_decision d = {
		.act = FOLLOW_REST, .confirmed = true, .keep = true, .recover = f->expired
	};
	/* What expires early is to be looked at early. */
	struct timers left = t;
	left.expire_s = times_expire_wait(t.expire_s, f->expire_cut_s);
	left = timers_bound(&left, env->bounds);
	f->expired = false;
	f->failures = 0;
	f->refresh_s = env->now_s + timers_refresh_wait(&left, env->random);
	trouble_settle(f, env->now_s);
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

struct follow_decision round_copy_best(struct follow *f, const struct follow_env *env) {
	f->has_best = false;
	f->answered = true;
	f->floor = f->best_serial;
	f->has_floor = !f->expired && f->has_version && !f->forced;
	return round_copy_from(f, env, f->best, FOR_NEWER);
}

/* Everybody was asked. */
struct follow_decision round_asked(struct follow *f, const struct follow_env *env) {
	if (f->has_best) return round_copy_best(f, env);
	/* An expired zone comes back with the version that a primary has just confirmed, whatever another one offered. */
	if (!f->same_seen || (f->copy_failed && !f->expired)) return round_failed(f, env);
	if (f->unchanged < UINT8_MAX) f->unchanged++;
	return round_confirm(f, env);
}

struct follow_decision round_same(struct follow *f, const struct follow_env *env) {
	f->same_seen = true;
	if (env->choice != PRIMARIES_IN_ORDER && !f->expired) return round_next_primary(f, env);
	return round_asked(f, env);
}

struct follow_decision round_next_primary(struct follow *f, const struct follow_env *env) {
	f->tried++;
	return find_place(f, env) ? turn_to_primary(f, env) : round_asked(f, env);
}

/* The copy of the highest serial failed: who has the next one? */
static struct follow_decision ask_again(struct follow *f, const struct follow_env *env) {
	f->several_best = false;
	f->tried = 0;
	return find_place(f, env) ? turn_to_primary(f, env) : round_asked(f, env);
}

struct follow_decision round_copy_failed(struct follow *f, const struct follow_env *env) {
	f->copy_failed = true;
	if (env->choice != PRIMARIES_HIGHEST || choice_bit(f->at) == 0) return round_next_primary(f, env);
	follow_choice(f)->out |= choice_bit(f->at);
	return f->several_best ? ask_again(f, env) : round_asked(f, env);
}
