#include "transfer/choice.h"

uint32_t choice_identity(const struct primary *primaries, unsigned count, unsigned primary) {
	uint32_t hash =
		2166136261U; /* FNV-1a: names of an operator's own, nobody gains by making them collide */
	if (!primaries || primary >= count) return 0;
	for (const char *c = primaries[primary].name; *c; c++)
		hash = (hash ^ (uint8_t)*c) * 16777619U;
	return hash ? hash : 1;
}

unsigned choice_find(const struct primary *primaries, unsigned count, uint32_t identity) {
	for (unsigned i = 0; identity && i < count; i++)
		if (choice_identity(primaries, count, i) == identity) return i;
	return count;
}

/* -- health -- */

void choice_begin(struct choice *c, int64_t now_s) {
	if (!c) return;
	if (now_s >= c->sick_until_s) c->sick = 0;
	c->last = c->sick;
	c->out = 0;
}

void choice_failed(struct choice *c, unsigned primary, int64_t now_s) {
	c->sick |= choice_bit(primary);
	c->sick_until_s = now_s + CHOICE_SICK_S;
}

void choice_answered(struct choice *c, unsigned primary) {
	if (c) c->sick &= ~choice_bit(primary);
}

/* -- waits that double -- */

static int64_t doubled(int64_t first_s, unsigned doublings, int64_t max_s) {
	int64_t wait_s = first_s;
	while (doublings-- > 0 && wait_s < max_s)
		wait_s *= 2;
	return wait_s < max_s ? wait_s : max_s;
}

bool choice_takes_ixfr(const struct choice *c, uint32_t identity, int64_t now_s) {
	if (!c || c->ixfr_failures < CHOICE_IXFR_FAILURES || c->ixfr_giver != identity) return true;
	return now_s >= c->no_ixfr_until_s;
}

void choice_ixfr_failed(struct choice *c, uint32_t identity, int64_t now_s) {
	if (c->ixfr_giver != identity) c->ixfr_failures = 0;
	c->ixfr_giver = identity;
	if (c->ixfr_failures < UINT8_MAX) c->ixfr_failures++;
	if (c->ixfr_failures < CHOICE_IXFR_FAILURES) return;
	unsigned doublings = c->ixfr_failures - CHOICE_IXFR_FAILURES;
	c->no_ixfr_until_s = now_s + doubled(CHOICE_IXFR_WAIT_S, doublings, CHOICE_IXFR_MAX_S);
}

void choice_ixfr_worked(struct choice *c) {
	if (c) c->ixfr_failures = 0;
}

bool choice_believes(const struct choice *c, int64_t now_s) {
	return !c || c->vain_words == 0 || now_s >= c->no_word_until_s;
}

void choice_was_vain(struct choice *c, int64_t now_s) {
	c->no_word_until_s = now_s + doubled(CHOICE_WORD_WAIT_S, c->vain_words, CHOICE_WORD_MAX_S);
	if (c->vain_words < UINT8_MAX) c->vain_words++;
}

void choice_was_true(struct choice *c) {
	if (c) c->vain_words = 0;
}

bool choice_copy_signatures(struct choice *c, int64_t now_s) {
	if (now_s < c->signed_hold_s) return false;
	c->signed_hold_s = now_s + doubled(CHOICE_SIGNED_WAIT_S, c->signed_copies, CHOICE_SIGNED_MAX_S);
	if (c->signed_copies < UINT8_MAX) c->signed_copies++;
	return true;
}

void choice_signatures_same(struct choice *c) {
	if (!c) return;
	c->signed_copies = 0;
	c->signed_hold_s = 0;
}
