/* Operations are collected first and put into the database at commit, so that no transaction is open while
 * files are written and synced. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "store/store_parts.h"

enum operation_kind { OPERATION_PUT, OPERATION_STATE, OPERATION_REMOVE };

struct operation {
	enum operation_kind kind;
	struct name name; /* lower case */
	struct saved_state saved;
	struct zone_version *image; /* PUT of an inline image: one reference; else NULL */
};

struct id_list {
	uint64_t *ids;
	size_t count, cap;
};

struct store_batch {
	struct store *store;
	struct operation *operations;
	size_t count, cap;
	struct id_list written;  /* files of this batch: removed if it fails */
	struct id_list replaced; /* files that the commit leaves without a name: removed when it succeeds */
	struct why why;          /* of the last put that failed */
};

struct store_batch *store_batch_new(struct store *s) {
	struct store_batch *b = xcalloc(1, sizeof(*b));
	b->store = s;
	return b;
}

static void add_id(struct id_list *list, uint64_t id) {
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

static void batch_free(struct store_batch *b) {
	for (size_t i = 0; i < b->count; i++) {
		version_unref(b->operations[i].image);
	}
	free(b->operations);
	free(b->written.ids);
	free(b->replaced.ids);
	free(b);
}

void store_batch_abort(struct store_batch *b) {
	remove_files(b->store, &b->written);
	batch_free(b);
}

static struct operation *add_operation(struct store_batch *b, enum operation_kind kind, const uint8_t *name) {
	if (b->count == b->cap) {
		b->cap = b->cap ? 2 * b->cap : 16;
		b->operations = xrealloc(b->operations, b->cap * sizeof(*b->operations));
	}
	struct operation *o = &b->operations[b->count++];
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
	struct zone_version *mapped;
	uint64_t id = random_u64(&s->random);
	enum err e = image_file_write(&s->images, id, v->layers[0]->block, v->layers[0]->block_size);
	if (e != OK) return e;
	e = image_file_map(&s->images, id, v->layers[0]->block_size, &mapped);
	if (e != OK) {
		int saved = errno;
		image_file_remove(&s->images, id);
		errno = saved;
		return e;
	}
	add_id(&b->written, id);
	*out_id = id;
	*out_version = mapped;
	return OK;
}

enum err store_batch_put(struct store_batch *b, const uint8_t *name, const struct zone_state *state,
                         struct zone_version *v, struct zone_version **out_version) {
	const struct image_header *h = v->image.header;
	assert(name_equal(name, version_apex(v)));
	bool in_file = h->size > STORE_INLINE_MAX;
	struct zone_version *result = v;
	uint64_t id = 0;
	if (in_file) {
		enum err e = write_file(b, v, &id, &result);
		if (e != OK) {
			why_set(&b->why, REASON_STORE_FAILED, "the image can't be written: %s",
			        e == ERR_IO ? strerror(errno) : err_text(e));
			return e;
		}
	} else {
		version_ref(v);
	}
	struct operation *o = add_operation(b, OPERATION_PUT, name);
	o->saved = (struct saved_state){ .state = *state,
		                         .in_file = in_file,
		                         .file_id = id,
		                         .image_size = h->size,
		                         .image_checksum = h->checksum };
	o->saved.state.has_version = true;
	o->saved.state.serial = h->soa.serial;
	if (!in_file) {
		version_ref(v);
		o->image = v;
	}
	*out_version = result;
	return OK;
}

const struct why *store_batch_why(const struct store_batch *b) {
	return &b->why;
}

enum err store_batch_state(struct store_batch *b, const uint8_t *name, const struct zone_state *state) {
	add_operation(b, OPERATION_STATE, name)->saved.state = *state;
	return OK;
}

enum err store_batch_remove(struct store_batch *b, const uint8_t *name) {
	(void)add_operation(b, OPERATION_REMOVE, name); /* the name is all that it needs */
	return OK;
}

/* What the database holds of the zone now, earlier operations of this batch included; all zero for
 * nothing, or for a record that can't be read: its file, if any, is an orphan of the next start. */
static enum err former_state(struct database_txn *txn, const struct operation *o,
                             struct saved_state *out_saved) {
	struct octets value;
	struct saved_state saved = { 0 };
	enum err e = database_get(txn, TABLE_STATES, name_octets(o->name.wire), &value);
	if (e != OK && e != ERR_NOTFOUND) return e;
	if (e == OK && saved_state_decode(value.data, value.len, o->name.wire, &saved) != OK)
		memset(&saved, 0, sizeof(saved));
	*out_saved = saved;
	return OK;
}

static enum err put_state(struct database_txn *txn, const struct operation *o,
                          const struct saved_state *saved) {
	uint8_t buf[SAVED_STATE_MAX];
	size_t len = saved_state_encode(saved, o->name.wire, buf);
	return database_put(txn, TABLE_STATES, name_octets(o->name.wire), (struct octets){ buf, len });
}

/* The state is new, the version and what belongs to it stay as they are. */
static enum err apply_state(struct database_txn *txn, const struct operation *o,
                            const struct saved_state *former) {
	struct saved_state saved = *former;
	saved.state = o->saved.state;
	saved.state.has_version = former->state.has_version;
	saved.state.serial = former->state.serial;
	return put_state(txn, o, &saved);
}

static enum err apply_put(struct database_txn *txn, const struct operation *o) {
	struct octets key = name_octets(o->name.wire);
	enum err e;
	if (o->image)
		e = database_put(txn, TABLE_IMAGES, key,
		                 (struct octets){ o->image->layers[0]->block,
		                                  o->image->layers[0]->block_size });
	else
		e = database_delete(txn, TABLE_IMAGES,
		                    key); /* a former one, also below a state that can't be read */
	return e == OK ? put_state(txn, o, &o->saved) : e;
}

static enum err apply_remove(struct database_txn *txn, const struct operation *o) {
	enum err e = database_delete(txn, TABLE_IMAGES, name_octets(o->name.wire));
	return e == OK ? database_delete(txn, TABLE_STATES, name_octets(o->name.wire)) : e;
}

static enum err apply(struct store_batch *b, struct database_txn *txn, const struct operation *o) {
	struct saved_state former;
	enum err e = former_state(txn, o, &former);
	if (e != OK) return e;
	if (o->kind == OPERATION_STATE) return apply_state(txn, o, &former);
	e = o->kind == OPERATION_PUT ? apply_put(txn, o) : apply_remove(txn, o);
	if (e == OK && former.in_file) add_id(&b->replaced, former.file_id);
	return e;
}

static enum err write_all(struct store_batch *b, struct why *why) {
	struct database_txn *txn;
	enum err e = database_begin(b->store->db, true, &txn, why);
	if (e != OK) return e;
	for (size_t i = 0; i < b->count && e == OK; i++) {
		e = apply(b, txn, &b->operations[i]);
	}
	if (e == OK) return database_commit(txn, why);
	database_explain(txn, why);
	database_abort(txn);
	return e;
}

enum err store_batch_commit(struct store_batch *b, struct why *why) {
	enum err e = b->count ? write_all(b, why) : OK;
	remove_files(b->store, e == OK ? &b->replaced : &b->written);
	batch_free(b);
	return e;
}
