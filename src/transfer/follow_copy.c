/* What comes of a copy: it is saved, it is what we have, or it failed. */
#include "transfer/follow_parts.h"
#include "transfer/truth.h"

/* The primary has something newer indeed: from here on the copy is like one that a question came before. */
void follow_opened(struct follow *f, uint32_t serial) {
	if (!f->believed || timers_judge_serial(f->serial, serial) != SERIAL_NEWER) return;
	f->believed = false;
	f->answered = true;
	f->has_floor = true;
	f->floor = serial;
	choice_was_true(f->choice);
}

struct follow_decision follow_copied(struct follow *f, const struct follow_env *env, uint32_t serial) {
	(void)env; /* nothing here depends on time */
	follow_opened(f, serial);
	f->believed = false;
	f->primary_serial = serial;
	f->has_primary_serial = true;
	f->state = FOLLOW_SAVING;
	return (struct follow_decision){ .act = FOLLOW_SAVE };
}

/* The whole zone was seen: the next time is one interval away. */
static void plan_full_check(struct follow *f, const struct follow_env *env) {
	if (env->full_check_s > 0 && !f->incremental)
		follow_choice(f)->full_due_s = env->now_s + env->full_check_s;
}

/* A NOTIFY was believed, and the primary has what we have. */
static struct follow_decision word_was_vain(struct follow *f, const struct follow_env *env) {
	f->believed = false;
	f->primary_serial = f->serial;
	f->has_primary_serial = true;
	choice_was_vain(follow_choice(f), env->now_s);
	choice_answered(f->choice, f->at);
	times_prolong(f, env, false);
	return round_same(f, env);
}

struct follow_decision follow_unchanged(struct follow *f, const struct follow_env *env) {
	if (f->believed) return word_was_vain(f, env);
	trouble_same_over(f);
	plan_full_check(f, env);
	if (!f->incremental) f->giver = f->source; /* its whole zone is ours */
	if (f->unchanged < UINT8_MAX) f->unchanged++;
	times_prolong(f, env, false);
	return round_confirm(f, env);
}

struct follow_decision follow_saved(struct follow *f, const struct follow_env *env, const struct soa *soa) {
	f->has_version = true;
	trouble_same_over(f);
	f->unchanged = 0;
	f->serial = soa->serial;
	f->soa = timers_of(soa);
	f->giver = f->source;
	if (f->incremental)
		choice_ixfr_worked(f->choice);
	else
		plan_full_check(f, env);
	times_prolong(f, env, true);
	return round_confirm(f, env);
}

/* Worth a SOA question to tell why: the reasons that say little when nothing was asked before. */
static bool is_worth_probe(enum reason reason) {
	return reason == REASON_REFUSED || reason == REASON_NOT_AUTHORITATIVE || reason == REASON_CLOSED ||
	       reason == REASON_UNREACHABLE || reason == REASON_TIMEOUT;
}

static struct follow_decision probe(struct follow *f, const struct why *why) {
	trouble_probe(f, why);
	f->state = FOLLOW_PROBING;
	return (struct follow_decision){
		.act = FOLLOW_ASK, .primary = f->at, .urgency = (enum urgency)f->urgency, .probe = true
	};
}

/* Whatever is wrong with differences: the whole zone, of the same primary, at once. */
static struct follow_decision copy_whole(struct follow *f, const struct follow_env *env) {
	choice_ixfr_failed(follow_choice(f), f->source, env->now_s);
	f->state = FOLLOW_COPYING;
	f->incremental = false;
	return (struct follow_decision){ .act = FOLLOW_COPY,
		                         .primary = f->at,
		                         .urgency = (enum urgency)f->urgency,
		                         .instead = true,
		                         .has_floor = f->has_floor,
		                         .floor = f->floor };
}

/* A NOTIFY was believed, and its sender gave no differences: does it have a newer version at all? */
static struct follow_decision ask_after_all(struct follow *f, const struct follow_env *env,
                                            const struct why *why, bool no_tcp) {
	f->believed = false;
	choice_was_vain(follow_choice(f), env->now_s);
	/* One that is behind, or can't be reached, says nothing of its differences. */
	f->unfit = !no_tcp && why->reason != REASON_SERIAL_BEHIND;
	if (f->unfit) choice_ixfr_failed(f->choice, f->source, env->now_s);
	struct follow_decision d = round_ask(f);
	d.instead = f->unfit;
	return d;
}

/* The version stands; what is wrong with the copy is told until one goes well. */
static struct follow_decision copy_same_failed(struct follow *f, const struct follow_env *env,
                                               const struct why *why) {
	if (truth_needs_people(why->reason)) trouble_same(f, why, f->cause == FOR_SIGNATURES);
	return round_confirm(f, env);
}

/* What the failure means, given what is known of the primary. */
static struct why blame_of(const struct follow *f, const struct why *why, bool no_tcp) {
	struct why blamed = *why;
	if (f->state == FOLLOW_COPYING && f->answered && why->reason == REASON_NOT_AUTHORITATIVE)
		blamed.reason = REASON_REFUSED; /* it is an authority, as its SOA has just shown */
	if (f->state == FOLLOW_COPYING && f->answered_by_udp && no_tcp) blamed.reason = REASON_TCP_BLOCKED;
	if (f->state != FOLLOW_PROBING) return blamed;
	struct why probed = trouble_probed(f);
	if (why->reason != REASON_NOT_AUTHORITATIVE) return probed;
	why_set(&blamed, why->reason, "%.120s; %.110s", why->evidence, probed.evidence);
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
		trouble_blame(f, why);
		return round_failed(f, env);
	}
	if (f->believed && is_copy) return ask_after_all(f, env, why, no_tcp);
	bool is_whole_wanted = is_copy && f->incremental && !is_of_content(why->reason);
	if (is_whole_wanted && !is_ours && !no_tcp) return copy_whole(f, env);
	if (is_copy && f->cause != FOR_NEWER) return copy_same_failed(f, env, why);
	if (state == FOLLOW_COPYING && !f->answered && is_worth_probe(why->reason)) return probe(f, why);
	struct why blamed = blame_of(f, why, no_tcp);
	trouble_blame(f, &blamed);
	/* Another primary's copy would not be saved either. */
	if (is_ours) return round_failed(f, env);
	if (env->primary_count > 1) choice_failed(follow_choice(f), f->at, env->now_s);
	return state == FOLLOW_ASKING ? round_next_primary(f, env) : round_copy_failed(f, env);
}
