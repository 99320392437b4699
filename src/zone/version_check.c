/* A whole version, walked through all its layers: what readers of zone/lookup.h rely on. */
#include "zone/delta.h"

struct tally {
	const struct zone_version *v;
	uint64_t records;
	uint32_t nodes, nsec3;
	struct node former; /* the name before, while names are walked */
};

static const uint8_t *name_of(struct node n) {
	uint8_t len;
	return node_relative(n, &len);
}

static uint64_t records_of(struct node n) {
	uint64_t records = 0;
	for (unsigned i = 0; i < node_rrset_count(n); i++) {
		struct rrset set;
		node_rrset_at(n, i, &set);
		records += (uint64_t)set.count + set.sig_count;
	}
	return records;
}

/* A name without records is there because of the one that follows it. */
static bool former_is_needed(const struct tally *t, const uint8_t *next) {
	if (!node_found(t->former) || node_rrset_count(t->former) > 0) return true;
	return next && name_is_within(next, name_of(t->former));
}

static bool name_is_sound(struct tally *t, struct node n) {
	const uint8_t *name = name_of(n);
	struct name owner;
	if (node_found(t->former) && name_compare(name_of(t->former), name) >= 0) return false;
	if (!former_is_needed(t, name)) return false;
	node_owner(n, &owner);
	if (zone_find(t->v, owner.wire).at != n.at) return false;
	if (name[0] && name_skip(name, 1)[0]) {
		if (!node_found(zone_find(t->v, name_skip(owner.wire, 1)))) return false;
	}
	t->former = n;
	t->nodes++;
	return true;
}

static bool nsec3_is_sound(struct tally *t, struct node n) {
	struct node found = layers_nsec3(t->v, name_of(n));
	t->nsec3++;
	return found.at == n.at;
}

static bool walk_is_sound(struct tally *t) {
	struct zone_walk walk = { 0 };
	struct node n;
	while (zone_walk_next(t->v, &walk, &n)) {
		if (walk.in_nsec3 ? !nsec3_is_sound(t, n) : !name_is_sound(t, n)) return false;
		t->records += records_of(n);
	}
	return former_is_needed(t, NULL);
}

static bool layers_are_sound(const struct zone_version *v) {
	for (unsigned i = 0; i < v->layer_count; i++) {
		const struct image *image = &v->layers[i]->image;
		bool is_delta = image->header->flags & IMAGE_DELTA;
		if (is_delta != (i > 0) || image->header->seed != v->layers[0]->image.header->seed)
			return false;
		if (image_check_deep(image) != OK) return false;
	}
	return v->layer_count > 0 && v->layer_count <= VERSION_LAYERS_MAX;
}

enum err version_check_deep(const struct zone_version *v) {
	struct tally t = { .v = v };
	if (!layers_are_sound(v) || !walk_is_sound(&t)) return ERR_CORRUPT;
	if (t.records != version_records(v) || t.nodes != version_nodes(v)) return ERR_CORRUPT;
	return t.nsec3 == version_nsec3(v) ? OK : ERR_CORRUPT;
}
