#include "transfer/reach.h"

void reach_failed(struct reach *r, int64_t now_ms, const struct why *why) {
	r->why = *why;
	/* Failures of questions that were on their way together count once. */
	if (reach_is_avoided(r, now_ms)) return;
	r->span_ms = r->span_ms == 0 ? REACH_FIRST_MS : 2 * r->span_ms;
	if (r->span_ms > REACH_MAX_MS) r->span_ms = REACH_MAX_MS;
	r->until_ms = now_ms + r->span_ms;
	r->probe_ms = now_ms + r->span_ms / 10;
}

bool reach_answered(struct reach *r) {
	bool back = r->span_ms > 0;
	r->until_ms = r->probe_ms = r->span_ms = 0;
	r->why.reason = REASON_NONE;
	return back;
}

bool reach_admits(struct reach *r, int64_t now_ms, enum urgency urgency, struct why *out_why) {
	if (urgency != URGENCY_REFRESH || !reach_is_avoided(r, now_ms)) return true;
	if (now_ms >= r->probe_ms) {
		r->probe_ms = now_ms + r->span_ms / 10;
		return true;
	}
	*out_why = r->why;
	return false;
}

bool reach_admits_datagram(struct reach *r, int64_t now_ms, enum urgency urgency, unsigned on_way,
                           struct why *out_why) {
	if (!reach_admits(r, now_ms, urgency, out_why)) return false;
	if (!reach_is_avoided(r, now_ms) || on_way <= REACH_FEW) return true;
	*out_why = r->why;
	return false;
}
