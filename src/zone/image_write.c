/* From sorted runs to an image: owner by owner, each with its RRsets behind it, empty non-terminals put in
 * where a name's parent has no records of its own. */
#include "zone/image_write.h"

#include <stdlib.h>
#include <string.h>

#include "base/random.h"

/* An image may take this many times the octets that a zone's limit allows to be collected. */
#define IMAGE_GROWTH_MAX 4
#define IMAGE_SLACK 65536

struct zone_writer {
	const struct builder *builder;
	struct image_writer image;
	const uint8_t *former_owner; /* the newest node's relative name; NULL before the apex */
};

static enum err gather_run(struct zone_writer *z, const struct run *run) {
	struct image_writer *w = &z->image;
	enum err e = image_writer_room(w, run->count);
	if (e != OK) return e;
	const uint8_t *at = collected_first(run_owner(z->builder, run));
	for (uint32_t i = 0; i < run->count; i++)
		collected_next(&at, &w->records[w->record_count++]);
	return OK;
}

static enum err write_node(struct zone_writer *z, const uint8_t *relative, const struct set_source *sets,
                           size_t count) {
	uint32_t offset;
	enum err e = image_writer_node(&z->image, relative, sets, count, 0, &offset);
	return e == OK ? image_writer_list(&z->image.order, offset) : e;
}

/* Ancestors of owner, below what it shares with the node before, that have no records. */
static enum err write_empty_non_terminals(struct zone_writer *z, const uint8_t *owner) {
	if (!z->former_owner) return OK;
	unsigned labels = name_labels(owner);
	unsigned depth = name_common_labels(z->former_owner, owner) + 1;
	for (; depth < labels; depth++) {
		enum err e = write_node(z, name_skip(owner, labels - depth), NULL, 0);
		if (e != OK) return e;
	}
	return OK;
}

static enum err write_nsec3_apart(struct zone_writer *z, const uint8_t *owner) {
	uint32_t offset;
	enum err e = image_writer_nsec3(&z->image, owner, &offset);
	return e == OK && offset ? image_writer_list(&z->image.nsec3, offset) : e;
}

static enum err write_owner(struct zone_writer *z, const uint8_t *owner) {
	struct image_writer *w = &z->image;
	enum err e = image_writer_group(w);
	if (e == OK && !z->former_owner) {
		if (owner[0] != 0) w->set_count = 0; /* nothing stands at the apex */
		e = image_writer_apex(w);
	}
	if (e == OK) e = write_nsec3_apart(z, owner);
	if (e != OK || w->set_count == 0) return e;
	e = write_empty_non_terminals(z, owner);
	if (e == OK) e = write_node(z, owner, w->sets, w->set_count);
	z->former_owner = owner;
	return e;
}

static enum err write_owners(struct zone_writer *z) {
	const struct builder *b = z->builder;
	for (size_t i = 0; i < b->run_count;) {
		const uint8_t *owner = run_owner(b, &b->runs[i]);
		z->image.record_count = 0;
		do {
			enum err e = gather_run(z, &b->runs[i]);
			if (e != OK) return e;
			i++;
		} while (i < b->run_count && !b->in_order && name_equal(owner, run_owner(b, &b->runs[i])));
		enum err e = write_owner(z, owner);
		if (e != OK) return e;
	}
	return OK;
}

static enum err write_all(struct zone_writer *z, struct layer **out_layer) {
	struct random random = random_secure();
	struct image_writer *w = &z->image;
	const struct builder *b = z->builder;
	w->header.seed = random_u64(&random);
	w->block.seed = random_u64(&random);
	w->header.apex_len = b->apex.len;
	w->apex = b->apex.wire;
	w->header.collected = b->len;
	if (b->limits.max_bytes) w->block.max_len = IMAGE_SLACK + b->limits.max_bytes * IMAGE_GROWTH_MAX;
	enum err e = write_owners(z);
	if (e == OK && !z->former_owner) e = ERR_BADZONE;
	return e == OK ? image_writer_end(w, out_layer) : e;
}

enum err image_write(struct builder *b, struct zone_version **out_version, struct why *why) {
	struct zone_writer z = { .builder = b, .image = { .why = why } };
	struct layer *layer;
	enum err e = block_init(&z.image.block, b->apex.len, b->len + b->run_count * 16);
	why_set(why, REASON_BAD_ZONE, "the apex has no SOA");
	if (e == OK) e = write_all(&z, &layer);
	if (e == ERR_LIMIT || e == ERR_NOMEM)
		why_set(why, REASON_TOO_LARGE, "%s while the image is built", err_text(e));
	image_writer_done(&z.image);
	if (e != OK) return e;
	why_set(why, REASON_NONE, "%s", "");
	*out_version = version_stack(NULL, 0, layer);
	layer_unref(layer);
	return OK;
}
