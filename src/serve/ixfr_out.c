#include "serve/ixfr_out.h"

#include <limits.h>
#include <string.h>

#include "dns/serial.h"
#include "zone/condense.h"

#define NOWHERE UINT_MAX

static uint64_t step_octets(const struct change *c) {
	return (uint64_t)c->len[CHANGE_REMOVED] + c->len[CHANGE_ADDED];
}

uint64_t ixfr_octets(const struct changes *changes) {
	uint64_t octets = 0;
	for (unsigned i = 0; i < changes->count; i++)
		octets += step_octets(changes->steps[i]);
	return octets;
}

/* The step that starts from the serial, with none behind it that a client takes for the end of the answer or for nonsense:
 * to the same serial, or to an older one.  Who has a serial that two versions had may have either: the other one's steps
 * would not fit. */
static unsigned find_serial(const struct changes *c, uint32_t serial) {
	unsigned found = NOWHERE;
	bool rises = true;
	for (unsigned i = c->count; i-- > 0;) {
		rises = rises && serial_newer(c->steps[i]->to, c->steps[i]->from);
		if (c->steps[i]->from != serial) continue;
		if (found != NOWHERE || !rises) return NOWHERE;
		found = i;
	}
	return found;
}

/* -- as one step ------------------------------------------------------------------------------------------------- */

/* NULL: no memory for it. */
static struct changes *condense(struct changes *c) {
	struct change *one;
	if (changes_condense(c->steps, c->count, &one) != OK) return NULL;
	struct changes *condensed = c;
	if (step_octets(one) < ixfr_octets(c))
		condensed = changes_extend(NULL, &one, 1, 1, UINT64_MAX);
	else
		changes_ref(c);
	change_unref(one);
	return condensed;
}

/* Steps are never changed and these are held: the same ones are at the same place. */
static bool is_same(const struct changes *a, const struct changes *b) {
	return a && a->count == b->count &&
	       memcmp(a->steps, b->steps, a->count * sizeof(struct change *)) == 0;
}

static void keep(struct ixfr_kept *k, struct changes *steps, struct changes *answer) {
	changes_unref(k->steps[k->next]);
	changes_unref(k->answer[k->next]);
	changes_ref(steps);
	changes_ref(answer);
	k->steps[k->next] = steps;
	k->answer[k->next] = answer;
	k->next = (k->next + 1) % IXFR_KEPT;
}

void ixfr_kept_done(struct ixfr_kept *k) {
	for (unsigned i = 0; i < IXFR_KEPT; i++) {
		changes_unref(k->steps[i]);
		changes_unref(k->answer[i]);
	}
	*k = (struct ixfr_kept){ .next = 0 };
}

/* The same as one step, if that is shorter; gives back what it takes. */
static struct changes *shortest(struct ixfr_kept *k, struct changes *c) {
	struct changes *answer = NULL;
	if (c->count < 2 || ixfr_octets(c) > IXFR_CONDENSE_BYTES) return c;
	for (unsigned i = 0; i < IXFR_KEPT && !answer; i++)
		if (is_same(k->steps[i], c)) answer = k->answer[i];
	if (answer) {
		changes_ref(answer);
	} else {
		answer = condense(c);
		if (!answer) return c;
		keep(k, c, answer);
	}
	changes_unref(c);
	return answer;
}

/* -- which -------------------------------------------------------------------------------------------------------- */

struct changes *ixfr_choose(struct ixfr_kept *kept, const struct zone_version *v, uint32_t serial) {
	const struct changes *all = v->changes;
	unsigned first = all ? find_serial(all, serial) : NOWHERE;
	if (first == NOWHERE || all->steps[all->count - 1]->to != version_serial(v)) return NULL;
	unsigned count = all->count - first;
	struct changes *c = shortest(kept,
	                             changes_extend(NULL, all->steps + first, count, count, UINT64_MAX));
	if (ixfr_octets(c) <= version_bytes(v)) return c;
	changes_unref(c);
	return NULL;
}
