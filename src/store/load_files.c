/* The files of large images at a start: each says in its header whose it is, so that no more states are looked at than
 * there are files.  What their octets give is found out by threads that began when the store was opened
 * (store/image_sums.h); files that no state names are removed. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "store/image_sums.h"
#include "store/load_parts.h"

/* -- whose a file is -------------------------------------------------------------------------------------------- */

/* The zone whose state names the file.  ERR_NOTFOUND: the file is nobody's; ERR_CORRUPT: it does not say whose. */
static enum err owner_of(const struct store *s, struct database_txn *txn, uint64_t id, struct name *out_name,
                         struct saved_state *out_saved) {
	struct octets value;
	enum err e = image_file_apex(&s->images, id, out_name);
	if (e != OK) return ERR_CORRUPT;
	name_to_lower(out_name);
	e = database_get(txn, TABLE_STATES, name_octets(out_name->wire), &value);
	if (e == OK) e = saved_state_decode(value.data, value.len, out_name->wire, out_saved);
	if (e != OK) return e;
	return out_saved->in_file && out_saved->file_id == id ? OK : ERR_NOTFOUND;
}

struct id_list {
	uint64_t *ids;
	size_t count, cap;
};

static void id_add(struct id_list *list, uint64_t id) {
	if (list->count == list->cap) {
		list->cap = list->cap ? 2 * list->cap : 64;
		list->ids = xrealloc(list->ids, list->cap * sizeof(*list->ids));
	}
	list->ids[list->count++] = id;
}

static int compare_ids(const void *a, const void *b) {
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

static void collect_id(void *ctx, struct octets key, struct octets value) {
	struct name name;
	struct saved_state saved;
	if (!store_name_of_key(key, &name)) return;
	if (saved_state_decode(value.data, value.len, name.wire, &saved) != OK || !saved.in_file) return;
	id_add(ctx, saved.file_id);
}

/* Files that states name; of all files. */
static enum err named_files(const struct store *s, struct database_txn *txn, const uint64_t *ids,
                            size_t count, struct id_list *out_named) {
	struct name name;
	struct saved_state saved;
	for (size_t i = 0; i < count; i++) {
		if (owner_of(s, txn, ids[i], &name, &saved) == OK) {
			id_add(out_named, ids[i]);
			continue;
		}
		out_named->count = 0; /* nobody's, or damaged: all states are asked before it goes */
		return database_each(txn, TABLE_STATES, collect_id, out_named);
	}
	return OK;
}

/* A crash between writing a file and the commit, or between the commit and the removal, leaves one behind. */
enum err load_remove_orphans(struct store *s, struct why *why) {
	struct database_txn *txn;
	struct id_list named = { NULL, 0, 0 };
	uint64_t *ids;
	size_t count;
	enum err e = image_folder_list(&s->images, &ids, &count);
	if (e != OK) return OK; /* what is there stays */
	e = database_begin(s->db, false, &txn, why);
	if (e == OK) {
		e = named_files(s, txn, ids, count, &named);
		if (e != OK) database_explain(txn, why);
		database_abort(txn);
	}
	if (e == OK) {
		if (named.count) qsort(named.ids, named.count, sizeof(*named.ids), compare_ids);
		(void)image_folder_clean(&s->images, named.ids, named.count); /* how many is of no interest */
	}
	free(named.ids);
	free(ids);
	return e;
}

/* -- handing them over -------------------------------------------------------------------------------------------- */

static void load_file(struct load *l, uint64_t id) {
	struct name name;
	struct saved_state saved;
	struct why why;
	struct zone_version *version = NULL;
	if (owner_of(l->store, l->txn, id, &name, &saved) != OK) return;
	const struct image_folder *images = &l->store->images;
	const struct image_sum *sum = image_sums_of(l->store->sums, id);
	struct image_facts facts = load_facts(&saved, name.wire);
	enum err e = sum ? image_file_take(images, id, sum, &facts, &version, &why)
	                 : image_file_load(images, id, &facts, &version, &why);
	load_deliver(l, &name, &saved, e == OK ? version : NULL, &why);
	l->store->loaded_files[l->store->loaded_count++] = id;
}

static void load_listed(struct load *l, const uint64_t *ids, size_t count) {
	struct store *s = l->store;
	free(s->loaded_files);
	s->loaded_files = xcalloc(count, sizeof(*s->loaded_files));
	s->loaded_count = 0;
	for (size_t i = 0; i < count; i++)
		load_file(l, ids[i]);
	if (s->loaded_count) qsort(s->loaded_files, s->loaded_count, sizeof(*s->loaded_files), compare_ids);
}

bool load_has_file(const struct store *s, uint64_t id) {
	return s->loaded_count > 0 &&
	       bsearch(&id, s->loaded_files, s->loaded_count, sizeof(id), compare_ids) != NULL;
}

enum err store_load_files(struct store *s, store_each_fn *each, void *ctx) {
	struct why why;
	struct load l = { .store = s, .each = each, .ctx = ctx };
	uint64_t *ids = NULL;
	size_t count = 0;
	if (image_folder_list(&s->images, &ids, &count) != OK) return OK; /* each is missed in its turn */
	enum err e = database_begin(s->db, false, &l.txn, &why);
	if (e == OK) {
		load_listed(&l, ids, count);
		database_abort(l.txn);
	}
	image_sums_free(s->sums);
	s->sums = NULL;
	free(ids);
	return e;
}
