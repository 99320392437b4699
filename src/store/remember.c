/* Steps in memory, from which transfers out are made. */
#include "store/store_parts.h"

void store_set_history_memory(struct store *s, uint64_t bytes) {
	history_memory_set_max(s->memory, bytes);
}

void store_remember(struct store *s, struct zone_version *next, const struct changes *former,
                    const struct store_steps *steps) {
	if (!steps) return;
	uint64_t share = history_memory_share(version_bytes(next));
	uint64_t left = history_memory_left(s->memory) + (former ? former->bytes : 0);
	if (share > steps->bounds.bytes) share = steps->bounds.bytes;
	if (share > left) share = left;
	struct changes *c = changes_extend(former, steps->steps, steps->count, steps->bounds.versions, share);
	if (!c) return;
	history_memory_charge(s->memory, c);
	version_set_changes(next, c);
	changes_unref(c);
}
