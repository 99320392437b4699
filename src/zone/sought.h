/* A name that is looked for, prepared once for all that looks for it: in lower case, taken apart into labels, and hashed
 * as the images of one version hash it.
 *
 * Zones are larger than caches.  Who has many questions prepares all of them first, and asks for what each will read by
 * the steps of zone/lookup.h: then they wait for memory together, not one after the other.
 * Thread: that of its owner. */
#ifndef UNDERSTUDY_ZONE_SOUGHT_H
#define UNDERSTUDY_ZONE_SOUGHT_H

#include "dns/name.h"

#define SOUGHT_HASHES 6 /* labels below the apex that are hashed ahead; few questions have more */

struct zone_version;
struct zone_entry;

struct sought {
	struct zone_entry *zone; /* that the name is in, as table_expect has found it; valid with has_zone */
	const struct zone_version *version; /* that the hashes are of; NULL: of none yet */
	bool has_zone;
	uint8_t len;    /* of the name, root label included */
	uint8_t labels; /* root label not counted */
	uint8_t hashed; /* how many hashes there are */
	uint8_t placed; /* how many nodes there are; less than hashes where the base lacks one */
	/* [d]: heap offset of the base's first node with the tag of hashes[d], most likely the one with that name; 0: the base
	 * has none. */
	uint32_t nodes[SOUGHT_HASHES];
	/* [d]: of the name's last d + 1 labels below the apex. */
	uint64_t hashes[SOUGHT_HASHES];
	/* Of each label, the leftmost first; [labels]: of the root label. */
	uint8_t offsets[NAME_MAX_LABELS + 1];
	uint8_t lower[NAME_MAX_LEN + 1];
};

/* Of a valid name; nothing is hashed yet. */
static inline void sought_init(struct sought *s, const uint8_t *name) {
	unsigned labels = name_offsets(name, s->offsets);
	s->version = NULL;
	s->has_zone = false;
	s->hashed = 0;
	s->placed = 0;
	s->labels = (uint8_t)labels;
	s->len = (uint8_t)(s->offsets[labels] + 1);
	name_lower_to(s->lower, name, s->len);
}

#endif
