#include "transfer/build.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

static bool holds_nothing(const struct change *c) {
	return c->count[0] == 1 && c->count[1] == 1 && c->len[0] == c->len[1] &&
	       memcmp(c->block, c->block + c->len[0], c->len[0]) == 0;
}

/* History goes on across whole zones as long as the difference can be kept. */
static void find_step(struct build *b) {
	struct change *step;
	if (!b->former) return;
	if (version_diff(b->former, b->version, b->step_max_bytes, b->time_s, &step) != OK)
		return; /* too large, or no memory for it: history begins anew */
	b->unchanged = holds_nothing(step);
	if (step->from == step->to) { /* no step that anybody could ask for: history begins anew */
		change_unref(step);
		return;
	}
	b->steps = xmalloc(sizeof(struct change *));
	b->steps[0] = step;
	b->step_count = 1;
}

static enum err build_whole(struct build *b, struct why *why) {
	enum err e = builder_finish(b->builder, &b->version, why);
	builder_free(b->builder);
	b->builder = NULL;
	if (e == OK) find_step(b);
	return e;
}

/* When they came here: what the history tells. */
static void stamp(struct build *b) {
	for (unsigned i = 0; i < b->step_count; i++)
		b->steps[i]->time_s = b->time_s; /* not shared with anybody yet */
}

enum err build_run(struct build *b, struct why *why) {
	if (b->builder) return build_whole(b, why);
	stamp(b);
	return version_apply(b->former, b->steps, b->step_count, APPLY_FORWARD, &b->limits, &b->version, why);
}

uint64_t build_waiting(const struct build *b) {
	uint64_t octets = b->builder ? builder_memory(b->builder) : 0;
	for (unsigned i = 0; i < b->step_count; i++)
		octets += change_bytes(b->steps[i]);
	return octets;
}

void build_done(struct build *b) {
	builder_free(b->builder);
	for (unsigned i = 0; i < b->step_count; i++)
		change_unref(b->steps[i]);
	free(b->steps);
	version_unref(b->former);
	version_unref(b->version);
}
