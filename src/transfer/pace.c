#include "transfer/pace.h"

#include <inttypes.h>

void pace_begin(struct pace *p, int64_t now_ms) {
	if (p->runs) return;
	*p = (struct pace){ .runs = true, .begun_ms = now_ms, .window_ms = now_ms };
}

static int64_t end_ms(const struct pace *p, const struct pace_rules *rules) {
	return rules->max_s > 0 ? p->begun_ms + (int64_t)rules->max_s * 1000 : INT64_MAX;
}

static int64_t window_end_ms(const struct pace *p, const struct pace_rules *rules) {
	bool counts = rules->min_octets_s > 0 && rules->window_s > 0;
	return counts ? p->window_ms + (int64_t)rules->window_s * 1000 : INT64_MAX;
}

bool pace_is_kept(struct pace *p, const struct pace_rules *rules, int64_t now_ms, uint64_t octets,
                  struct why *out_why) {
	if (!p->runs) return true;
	if (now_ms >= end_ms(p, rules)) {
		why_set(out_why, REASON_TOO_LONG,
		        "not whole after %" PRId64 " s, in which %" PRIu64
		        " octets came; max-transfer-time is %" PRIu32 " s",
		        (now_ms - p->begun_ms) / 1000, octets, rules->max_s);
		return false;
	}
	if (now_ms < window_end_ms(p, rules)) return true;
	/* Of the window, not of the time that has passed: a loop that was held up looks late. */
	uint64_t came = octets - p->window_octets;
	if (came < (uint64_t)rules->min_octets_s * rules->window_s) {
		why_set(out_why, REASON_TOO_SLOW,
		        "%" PRIu64 " octets came in the last %" PRId64 " s, %" PRIu64 " in %" PRId64
		        " s; min-transfer-rate is %" PRIu32 " a second",
		        came, (now_ms - p->window_ms) / 1000, octets, (now_ms - p->begun_ms) / 1000,
		        rules->min_octets_s);
		return false;
	}
	p->window_ms = now_ms;
	p->window_octets = octets;
	return true;
}

int64_t pace_due_ms(const struct pace *p, const struct pace_rules *rules) {
	if (!p->runs) return INT64_MAX;
	int64_t end = end_ms(p, rules), window = window_end_ms(p, rules);
	return end < window ? end : window;
}
