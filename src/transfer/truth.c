#include "transfer/truth.h"

#include <inttypes.h>

const char *truth_text(enum truth_state state) {
	static const char *const texts[TRUTH_COUNT] = {
		[TRUTH_PENDING] = "pending", [TRUTH_ACTIVE] = "active", [TRUTH_STALE] = "stale",
		[TRUTH_EXPIRED] = "expired", [TRUTH_HELD] = "held",     [TRUTH_ERROR] = "error",
	};
	return texts[state];
}

int64_t truth_late_s(const struct truth_facts *facts) {
	return facts->checked_s + facts->timers.refresh_s + 2 * (int64_t)facts->timers.retry_s;
}

/* Everything but the failures of the way to the primary, of its present mood, and of one transfer that broke off: those
 * may be gone at the next try. */
bool truth_needs_people(enum reason reason) {
	switch (reason) {
	case REASON_NONE:
	case REASON_NOT_TRIED:
	case REASON_TIMEOUT:
	case REASON_UNREACHABLE:
	case REASON_TCP_BLOCKED:
	case REASON_SERVFAIL:
	case REASON_RCODE:
	case REASON_REFUSED:
	case REASON_NOT_AUTHORITATIVE:
	case REASON_CLOSED:
	case REASON_TRUNCATED_STREAM:
	case REASON_STALLED:
	case REASON_SOA_MISMATCH:
	case REASON_BEHIND:
	case REASON_EXPIRED: return false;
	default: return true;
	}
}

static bool is_behind(const struct truth_facts *facts) {
	return facts->has_newest && timers_judge_serial(facts->serial, facts->newest) == SERIAL_NEWER;
}

static enum truth_state judge_missing(const struct truth_facts *facts, struct why *why) {
	enum reason reason = facts->why->reason;
	if (reason != REASON_NONE && reason != REASON_NOT_TRIED) return TRUTH_ERROR;
	why_set(why, REASON_NOT_TRIED, "the first transfer is under way or about to begin");
	return TRUTH_PENDING;
}

static enum truth_state judge_served(const struct truth_facts *facts, struct why *why) {
	enum reason reason = facts->why->reason;
	if (truth_needs_people(reason)) return TRUTH_ERROR;
	bool late = facts->now_s >= truth_late_s(facts);
	if (!is_behind(facts)) {
		if (late && reason == REASON_NONE)
			why_set(why, REASON_BEHIND, "no primary was asked since %" PRId64, facts->checked_s);
		return late ? TRUTH_STALE : TRUTH_ACTIVE;
	}
	if (reason == REASON_NONE)
		why_set(why, REASON_BEHIND, "a primary told of serial %" PRIu32 ", served is %" PRIu32,
		        facts->newest, facts->serial);
	return TRUTH_STALE;
}

static void explain_hold(const struct truth_facts *facts, struct why *why) {
	if (facts->rolled_back)
		why_set(why, REASON_HELD, "an operator went back to serial %" PRIu32, facts->serial);
	else
		why_set(why, REASON_HELD, "an operator stopped transfers");
}

enum truth_state truth_judge(const struct truth_facts *facts, struct why *why) {
	if (facts->not_served) return TRUTH_ERROR;
	if (facts->has_version && facts->expired) {
		if (facts->why->reason == REASON_NONE)
			why_set(why, REASON_EXPIRED, "no primary was asked since it expired");
		return TRUTH_EXPIRED;
	}
	if (facts->held || facts->rolled_back) {
		explain_hold(facts, why);
		return TRUTH_HELD;
	}
	return facts->has_version ? judge_served(facts, why) : judge_missing(facts, why);
}
