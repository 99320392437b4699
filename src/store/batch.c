/* Operations are collected first and put into the database at commit, so that no transaction is open while
 * files are written and synced. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "store/batch_parts.h"
#include "zone/apply.h"

#define IMAGE_PREFERRED_BYTES 16384 /* a few pages of the database, as steps take some too */

struct store_batch *store_batch_new(struct store *s) {
	struct store_batch *b = xcalloc(1, sizeof(*b));
	b->store = s;
	return b;
}

void id_list_add(struct id_list *list, uint64_t id) {
	if (list->count == list->cap) {
		list->cap = list->cap ? 2 * list->cap : 8;
		list->ids = xrealloc(list->ids, list->cap * sizeof(*list->ids));
	}
	list->ids[list->count++] = id;
}

static void remove_files(const struct store *s, const struct id_list *list) {
	for (size_t i = 0; i < list->count; i++) {
		image_file_remove(&s->images, list->ids[i]);
	}
}

static void operation_done(struct operation *o) {
	version_unref(o->image);
	for (unsigned i = 0; i < o->step_count; i++) {
		change_unref(o->steps[i]);
	}
	free(o->steps);
}

void batch_drop_from(struct store_batch *b, size_t count) {
	while (b->count > count)
		operation_done(&b->operations[--b->count]);
}

void batch_free(struct store_batch *b) {
	batch_drop_from(b, 0);
	free(b->operations);
	free(b->written.ids);
	free(b->replaced.ids);
	free(b);
}

void store_batch_abort(struct store_batch *b) {
	remove_files(b->store, &b->written);
	batch_free(b);
}

static struct operation *next_of(struct store_batch *b) {
	if (b->count == b->cap) {
		b->cap = b->cap ? 2 * b->cap : 16;
		b->operations = xrealloc(b->operations, b->cap * sizeof(*b->operations));
	}
	return &b->operations[b->count++];
}

void batch_move(struct store_batch *b, struct store_batch *to) {
	for (size_t i = 0; i < b->count; i++)
		*next_of(to) = b->operations[i];
	b->count = 0;
}

struct operation *batch_add(struct store_batch *b, enum operation_kind kind, const uint8_t *name) {
	struct operation *o = next_of(b);
	memset(o, 0, sizeof(*o));
	o->kind = kind;
	name_copy(&o->name, name);
	name_to_lower(&o->name);
	return o;
}

/* Write v to a file of its own and map that. */
static enum err write_file(struct store_batch *b, const struct zone_version *v, uint64_t *out_id,
                           struct zone_version **out_version) {
	struct store *s = b->store;
	const struct layer *whole = v->layers[0];
	struct zone_version *mapped;
	uint64_t id = random_u64(&s->random);
	enum err e = image_file_write(&s->images, id, layer_octets(whole), layer_size(whole));
	if (e != OK) return e;
	e = image_file_map(&s->images, id, layer_size(whole), &mapped);
	if (e != OK) {
		int saved = errno;
		image_file_remove(&s->images, id);
		errno = saved;
		return e;
	}
	version_set_changes(mapped, v->changes);
	id_list_add(&b->written, id);
	*out_id = id;
	*out_version = mapped;
	return OK;
}

/* An operation that brings an image: v's file is written, or it will stand in the database. */
static enum err add_image(struct store_batch *b, enum operation_kind kind, const uint8_t *name,
                          struct zone_version *v, struct operation **out_operation,
                          struct zone_version **out_version) {
	const struct image_header *h = v->image.header;
	assert(name_equal(name, version_apex(v)) && version_is_whole(v));
	bool in_file = h->size > STORE_INLINE_MAX;
	struct zone_version *result = v;
	uint64_t id = 0;
	if (in_file && b->store->open) gather_settle(b->store); /* nobody who reads waits for the file */
	enum err e = in_file ? write_file(b, v, &id, &result) : OK;
	if (e != OK) {
		why_set(&b->why, REASON_STORE_FAILED, "the image can't be written: %s",
		        e == ERR_IO ? strerror(errno) : err_text(e));
		return e;
	}
	if (!in_file) version_ref(v);
	struct operation *o = batch_add(b, kind, name);
	o->saved = (struct saved_state){ .in_file = in_file,
		                         .file_id = id,
		                         .image_size = h->size,
		                         .image_checksum = h->checksum,
		                         .image_serial = h->soa.serial };
	if (!in_file) {
		version_ref(v);
		o->image = v;
	}
	*out_operation = o;
	*out_version = result;
	return OK;
}

static void set_steps(struct operation *o, const struct store_steps *steps) {
	assert(steps->count > 0);
	o->steps = xmalloc(steps->count * sizeof(struct change *));
	o->step_count = steps->count;
	o->bounds = steps->bounds;
	for (unsigned i = 0; i < steps->count; i++) {
		assert(i == 0 || steps->steps[i]->from == steps->steps[i - 1]->to);
		o->steps[i] = steps->steps[i];
		change_ref(o->steps[i]);
	}
}

enum err store_batch_put(struct store_batch *b, const uint8_t *name, const struct zone_state *state,
                         struct zone_version *v, const struct store_steps *steps,
                         struct zone_version **out_version) {
	struct operation *o;
	enum err e = add_image(b, OPERATION_PUT, name, v, &o, out_version);
	if (e != OK) return e;
	o->saved.state = *state;
	o->saved.state.has_version = true;
	o->saved.state.serial = version_serial(v);
	if (!steps) return OK;
	assert(steps->steps[steps->count - 1]->to == version_serial(v));
	set_steps(o, steps);
	return OK;
}

enum err store_batch_step(struct store_batch *b, const uint8_t *name, const struct zone_state *state,
                          const struct store_steps *steps, struct store_outcome *outcome) {
	struct operation *o = batch_add(b, OPERATION_STEP, name);
	o->saved.state = *state;
	o->outcome = outcome;
	set_steps(o, steps);
	return OK;
}

enum err store_batch_image(struct store_batch *b, const uint8_t *name, struct zone_version *v,
                           struct zone_version **out_version, struct store_outcome *outcome) {
	struct operation *o;
	enum err e = add_image(b, OPERATION_IMAGE, name, v, &o, out_version);
	if (e == OK) o->outcome = outcome;
	return e;
}

bool store_prefers_image(const struct zone_version *v) {
	return version_is_whole(v) && v->image.header->size <= IMAGE_PREFERRED_BYTES;
}

const struct why *store_batch_why(const struct store_batch *b) {
	return &b->why;
}

enum err store_batch_state(struct store_batch *b, const uint8_t *name, const struct zone_state *state) {
	batch_add(b, OPERATION_STATE, name)->saved.state = *state;
	return OK;
}

enum err store_batch_remove(struct store_batch *b, const uint8_t *name) {
	(void)batch_add(b, OPERATION_REMOVE, name); /* the name is all that it needs */
	return OK;
}

void batch_tell_outcomes(struct store_batch *b) {
	for (size_t i = 0; i < b->count; i++) {
		struct operation *o = &b->operations[i];
		if (o->outcome) *o->outcome = o->result;
		o->outcome = NULL;
	}
}

enum err store_batch_commit_early(struct store_batch *b, store_safe_fn *safe, void *ctx, struct why *why) {
	struct store *s = b->store;
	b->safe = safe;
	b->safe_ctx = ctx;
	enum err e = b->count ? store_sync_directory(s, why) : OK;
	if (e == OK) e = gather_pay(s, why);
	if (e == OK && b->count) e = s->committer.runs ? gather(b, why) : batch_write(b, why);
	if (!s->open) gather_is_settled(s);
	if (e != OK && b->is_safe) {
		gather_owe(b, why);
		return OK;
	}
	if (e == OK) batch_tell_outcomes(b);
	remove_files(s, e == OK ? &b->replaced : &b->written);
	batch_free(b);
	return e;
}

enum err store_batch_commit(struct store_batch *b, struct why *why) {
	return store_batch_commit_early(b, NULL, NULL, why);
}

void store_forget_owed(struct store *s) {
	if (s->owed) batch_free(s->owed);
	s->owed = NULL;
}
