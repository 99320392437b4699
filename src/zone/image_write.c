/* From sorted runs to an image: owner by owner, each with its RRsets behind it, empty non-terminals put in
 * where a name's parent has no records of its own.  The runs may come in pieces. */
#include "zone/image_write.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/random.h"

/* An image may take this many times the octets that a zone's limit allows to be collected. */
#define IMAGE_GROWTH_MAX 4
#define IMAGE_SLACK 65536

struct zone_writer {
	const struct builder *builder; /* of the piece at work */
	struct image_writer image;     /* its owner is the one that is written */
	struct owner_work next;        /* the one behind it */
	size_t next_end;               /* first run behind that */
	struct name former;            /* the newest node's relative name; len 0 before the apex */
	size_t written;                /* runs of the piece */
	bool is_apart;                 /* owners of the NSEC3 chain only */
};

static enum err gather_run(struct owner_work *o, const struct builder *b, const struct run *run) {
	enum err e = owner_work_room(o, run->count);
	if (e != OK) return e;
	const uint8_t *at = collected_first(run_owner(b, run));
	for (uint32_t i = 0; i < run->count; i++)
		collected_next(&at, &o->records[o->record_count++]);
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
	if (!z->former.len) return OK;
	unsigned labels = name_labels(owner);
	unsigned depth = name_common_labels(z->former.wire, owner) + 1;
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
	enum err e = OK;
	if (z->is_apart && !image_writer_is_apart(w, owner)) return ERR_MISMATCH;
	if (!z->former.len) {
		if (owner[0] != 0) w->owner.set_count = 0; /* nothing stands at the apex */
		e = image_writer_apex(w);
	}
	if (e == OK) e = write_nsec3_apart(z, owner);
	if (e != OK || w->owner.set_count == 0) return e;
	e = write_empty_non_terminals(z, owner);
	if (e == OK) e = write_node(z, owner, w->owner.sets, w->owner.set_count);
	name_copy(&z->former, owner);
	return e;
}

/* The run at place i, and those of the same owner behind it, become z->next. */
static enum err take_next(struct zone_writer *z, size_t i) {
	const struct builder *b = z->builder;
	const uint8_t *owner = run_owner(b, &b->runs[i]);
	struct owner_work *o = &z->next;
	o->record_count = 0;
	do {
		enum err e = gather_run(o, b, &b->runs[i]);
		if (e != OK) return e;
		i++;
	} while (i < b->run_count && !b->in_order && name_equal(owner, run_owner(b, &b->runs[i])));
	enum err e = owner_work_group(o);
	if (e == OK) owner_work_ahead(o, &z->image.block);
	z->next_end = i;
	return e;
}

/* What is in z->next, whose runs begin at z->written; meanwhile the owner behind it is taken. */
static enum err write_next(struct zone_writer *z) {
	const struct builder *b = z->builder;
	size_t end = z->next_end;
	struct owner_work now = z->next;
	z->next = z->image.owner;
	z->image.owner = now;
	enum err e = end < b->run_count ? take_next(z, end) : OK;
	if (e == OK) e = write_owner(z, run_owner(b, &b->runs[z->written]));
	if (e == OK) z->written = end;
	return e;
}

enum err zone_writer_runs(struct zone_writer *z, const struct builder *b, struct why *why) {
	z->builder = b;
	z->image.why = why;
	z->written = 0;
	enum err e = b->run_count ? take_next(z, 0) : OK;
	while (e == OK && z->written < b->run_count)
		e = write_next(z);
	return e;
}

size_t zone_writer_written(const struct zone_writer *z) {
	return z->written;
}

bool zone_writer_begin_apart(struct zone_writer *z) {
	const struct image_writer *w = &z->image;
	if (z->is_apart || w->nsec3.count || !(w->header.flags & IMAGE_HAS_NSEC3)) return false;
	z->is_apart = true;
	return true;
}

/* -- collected again -- */

static enum err undo_records(struct builder *b, struct collected r, const uint8_t *data, unsigned count) {
	enum err e = OK;
	while (count-- > 0 && e == OK) {
		r.rdata = rrset_next(&data, &r.rdlength);
		e = collect_record(b, &r);
	}
	return e;
}

static enum err undo_node(struct builder *b, struct node n) {
	uint8_t len;
	unsigned count = node_rrset_count(n);
	enum err e = count ? collect_run(b, node_relative(n, &len)) : OK;
	for (unsigned i = 0; i < count && e == OK; i++) {
		struct rrset set;
		node_rrset_at(n, i, &set);
		e = undo_records(b, (struct collected){ .type = set.type, .ttl_s = set.ttl_s }, set.rdatas,
		                 set.count);
		if (e == OK)
			e = undo_records(b, (struct collected){ .type = RR_RRSIG, .ttl_s = set.sig_ttl_s },
			                 set.sigs, set.sig_count);
	}
	return e;
}

enum err zone_writer_undo(const struct zone_writer *z, struct builder *b) {
	const struct image_places *lists[] = { &z->image.order, &z->image.nsec3 };
	struct image heap = { .header = &z->image.header,
		              .heap = z->image.block.data + z->image.block.heap_at };
	enum err e = OK;
	for (unsigned l = 0; l < 2; l++)
		for (size_t i = 0; i < lists[l]->count && e == OK; i++)
			e = undo_node(b, image_node(&heap, lists[l]->at[i]));
	return e;
}

/* -- begin and end -- */

enum err zone_writer_new(const struct builder *b, struct zone_writer **out_writer) {
	struct zone_writer *z = xcalloc(1, sizeof(*z));
	struct image_writer *w = &z->image;
	enum err e = block_init(&w->block, b->apex.len, b->len + b->run_count * 16);
	if (e != OK) {
		zone_writer_free(z);
		return e;
	}
	w->header.seed = random_seed();
	w->block.seed = random_seed();
	if (b->limits.max_bytes) w->block.max_len = IMAGE_SLACK + b->limits.max_bytes * IMAGE_GROWTH_MAX;
	*out_writer = z;
	return OK;
}

enum err zone_writer_end(struct zone_writer *z, const struct builder *b, struct zone_version **out_version,
                         struct why *why) {
	struct image_writer *w = &z->image;
	struct layer *layer;
	if (!z->former.len) {
		why_set(why, REASON_BAD_ZONE, "the apex has no SOA");
		return ERR_BADZONE;
	}
	w->header.apex_len = b->apex.len;
	w->apex = b->apex.wire;
	w->header.collected = b->octets;
	enum err e = image_writer_end(w, &layer);
	if (e != OK) return e;
	*out_version = version_stack(NULL, 0, layer);
	layer_unref(layer);
	return OK;
}

uint64_t zone_writer_memory(const struct zone_writer *z) {
	return block_memory(&z->image.block) +
	       (z->image.order.count + z->image.nsec3.count) * sizeof(uint32_t);
}

void zone_writer_free(struct zone_writer *z) {
	if (!z) return;
	image_writer_done(&z->image);
	owner_work_done(&z->next);
	free(z);
}
