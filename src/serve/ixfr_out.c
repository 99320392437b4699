#include "serve/ixfr_out.h"

#include <limits.h>

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

/* The same as one step, if that is shorter; gives back what it takes. */
static struct changes *condense(struct changes *c) {
	struct change *one;
	if (c->count < 2 || ixfr_octets(c) > IXFR_CONDENSE_BYTES) return c;
	if (changes_condense(c->steps, c->count, &one) != OK) return c;
	if (step_octets(one) < ixfr_octets(c)) {
		struct changes *condensed = changes_extend(NULL, &one, 1, 1, UINT64_MAX);
		changes_unref(c);
		c = condensed;
	}
	change_unref(one);
	return c;
}

struct changes *ixfr_choose(const struct zone_version *v, uint32_t serial) {
	const struct changes *kept = v->changes;
	unsigned first = kept ? find_serial(kept, serial) : NOWHERE;
	if (first == NOWHERE || kept->steps[kept->count - 1]->to != version_serial(v)) return NULL;
	unsigned count = kept->count - first;
	struct changes *c = condense(changes_extend(NULL, kept->steps + first, count, count, UINT64_MAX));
	if (ixfr_octets(c) <= version_bytes(v)) return c;
	changes_unref(c);
	return NULL;
}
