/* The files of large images at a start: each says in its header whose it is, so that no more states are looked at than
 * there are files.  A few threads verify them; those that no state names are removed. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "store/load_parts.h"

#define LOAD_THREADS 2

struct file_job {
	struct name name;
	struct saved_state saved;
	struct zone_version *version; /* NULL: why says why */
	struct why why;
};

struct file_load {
	struct load load;
	struct file_job *jobs;
	size_t count, cap;
	_Atomic size_t next; /* job that nobody has taken yet */
};

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

/* -- verifying them ----------------------------------------------------------------------------------------------- */

static void verify(struct file_load *f, struct file_job *job, uint8_t *buffer, struct checksum *scratch) {
	struct image_facts facts = load_facts(&job->saved, job->name.wire);
	enum err e = image_file_load(&f->load.store->images, job->saved.file_id, &facts, buffer, scratch,
	                             &job->version, &job->why);
	if (e != OK) job->version = NULL;
}

static void *work(void *arg) {
	struct file_load *f = arg;
	uint8_t *buffer = xmalloc(IMAGE_FILE_PIECE);
	struct checksum *scratch = checksum_new();
	size_t i;
	while ((i = atomic_fetch_add(&f->next, 1)) < f->count)
		verify(f, &f->jobs[i], buffer, scratch);
	checksum_free(scratch);
	free(buffer);
	return NULL;
}

static void add_job(struct file_load *f, uint64_t id) {
	if (f->count == f->cap) {
		f->cap = f->cap ? 2 * f->cap : 16;
		f->jobs = xrealloc(f->jobs, f->cap * sizeof(*f->jobs));
	}
	struct file_job *job = &f->jobs[f->count];
	memset(job, 0, sizeof(*job));
	if (owner_of(f->load.store, f->load.txn, id, &job->name, &job->saved) == OK) f->count++;
}

/* Without threads this one does the work alone. */
static void verify_all(struct file_load *f) {
	pthread_t threads[LOAD_THREADS];
	int running = 0;
	while (running < LOAD_THREADS - 1 && (size_t)running + 1 < f->count &&
	       pthread_create(&threads[running], NULL, work, f) == 0)
		running++;
	if (f->count) (void)work(f); /* returns nothing */
	for (int i = 0; i < running; i++)
		(void)pthread_join(threads[i], NULL); /* a thread of ours that was not joined yet */
}

static void deliver_all(struct file_load *f) {
	struct id_list loaded = { NULL, 0, 0 };
	for (size_t i = 0; i < f->count; i++) {
		struct file_job *job = &f->jobs[i];
		load_deliver(&f->load, &job->name, &job->saved, job->version, &job->why);
		id_add(&loaded, job->saved.file_id);
	}
	if (loaded.count) qsort(loaded.ids, loaded.count, sizeof(*loaded.ids), compare_ids);
	free(f->load.store->loaded_files);
	f->load.store->loaded_files = loaded.ids;
	f->load.store->loaded_count = loaded.count;
}

bool load_has_file(const struct store *s, uint64_t id) {
	return s->loaded_count > 0 &&
	       bsearch(&id, s->loaded_files, s->loaded_count, sizeof(id), compare_ids) != NULL;
}

enum err store_load_files(struct store *s, store_each_fn *each, void *ctx) {
	struct why why;
	struct file_load f = { .load = { .store = s, .each = each, .ctx = ctx } };
	uint64_t *ids = NULL;
	size_t count = 0;
	if (image_folder_list(&s->images, &ids, &count) != OK) return OK; /* each is missed in its turn */
	enum err e = database_begin(s->db, false, &f.load.txn, &why);
	if (e == OK) {
		for (size_t i = 0; i < count; i++)
			add_job(&f, ids[i]);
		verify_all(&f);
		deliver_all(&f);
		database_abort(f.load.txn);
	}
	free(f.jobs);
	free(ids);
	return e;
}
