/* What is wrong with a zone: of the failures of a round the one that tells most, until a round goes well. */
#include "transfer/follow_parts.h"

#include <stdlib.h>

#include "base/alloc.h"

/* What a round has found. */
struct follow_found {
	struct why worst; /* of its failures; REASON_NONE: there was none */
	struct why probed;
};

static const struct why nothing = { .reason = REASON_NONE };

static struct follow_trouble *trouble_of(struct follow *f) {
	if (!f->trouble) f->trouble = xcalloc(1, sizeof(*f->trouble));
	return f->trouble;
}

static struct follow_found *found_in(struct follow *f) {
	struct follow_trouble *t = trouble_of(f);
	if (!t->round) t->round = xcalloc(1, sizeof(*t->round));
	return t->round;
}

void trouble_forget_round(struct follow *f) {
	if (!f->trouble) return;
	free(f->trouble->round);
	f->trouble->round = NULL;
}

void trouble_clear(struct follow *f) {
	trouble_forget_round(f);
	trouble_same_over(f);
	free(f->trouble);
	f->trouble = NULL;
	f->since_s = 0;
}

void trouble_same(struct follow *f, const struct why *why, bool of_signatures) {
	struct follow_trouble *t = trouble_of(f);
	if (!t->same) t->same = xmalloc(sizeof(*t->same));
	*t->same = *why;
	t->of_signatures = of_signatures;
}

void trouble_same_over(struct follow *f) {
	if (!f->trouble) return;
	free(f->trouble->same);
	f->trouble->same = NULL;
}

void trouble_signatures_same(struct follow *f) {
	if (f->trouble && f->trouble->of_signatures) trouble_same_over(f);
}

void trouble_settle(struct follow *f, int64_t now_s) {
	struct follow_trouble *t = f->trouble;
	if (!t || !t->same) {
		trouble_clear(f);
		return;
	}
	if (t->zone.reason != t->same->reason || f->since_s == 0) f->since_s = now_s;
	t->zone = *t->same;
	trouble_forget_round(f);
}

void trouble_stays(struct follow *f, int64_t now_s) {
	struct follow_trouble *t = trouble_of(f);
	const struct why *worst = t->round ? &t->round->worst : &nothing;
	if (t->zone.reason != worst->reason || f->since_s == 0) f->since_s = now_s;
	t->zone = *worst;
	trouble_forget_round(f);
}

void trouble_probe(struct follow *f, const struct why *why) {
	found_in(f)->probed = *why;
}

struct why trouble_probed(const struct follow *f) {
	return f->trouble && f->trouble->round ? f->trouble->round->probed : nothing;
}

const struct why *follow_why(const struct follow *f) {
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

void trouble_blame(struct follow *f, const struct why *why) {
	struct follow_found *found = found_in(f);
	if (rank_of(why->reason) > rank_of(found->worst.reason)) found->worst = *why;
}

/* A failure of what the primary sent, not of the way to it: trying again at once would bring the same. */
bool trouble_is_of_content(const struct follow *f) {
	return f->failures > 0 && rank_of(follow_why(f)->reason) > 1 &&
	       follow_why(f)->reason != REASON_TCP_BLOCKED;
}
