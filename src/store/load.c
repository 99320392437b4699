/* Restart: images of the database are copied out, files verified by a few threads and mapped; then the journal leads from
 * them to the versions to serve. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "store/replay.h"
#include "store/store_parts.h"

#define LOAD_THREADS 2

struct file_job {
	struct name name;
	struct saved_state saved;
	struct zone_version *version; /* NULL: why says why */
	struct why why;
};

struct load {
	struct store *store;
	struct database_txn *txn;
	store_each_fn *each;
	void *ctx;
	struct file_job *jobs;
	size_t count, cap;
	_Atomic size_t next; /* job that nobody has taken yet */
};

static struct image_facts facts_of(const struct saved_state *saved, const uint8_t *name) {
	return (struct image_facts){ .apex = name,
		                     .size = saved->image_size,
		                     .checksum = saved->image_checksum,
		                     .serial = saved->image_serial };
}

static void log_damage(const struct load *l, const struct name *name, const struct why *why) {
	char text[NAME_TEXT_MAX];
	log_event(l->store->log, EVENT_ZONE_DAMAGED, LOG_STR("zone", name_text_short(name->wire, text)),
	          LOG_STR("evidence", why->evidence));
}

static void log_loaded(const struct load *l, const struct name *name, const struct zone_version *v) {
	char text[NAME_TEXT_MAX];
	log_event(l->store->log, EVENT_ZONE_LOADED, LOG_STR("zone", name_text_short(name->wire, text)),
	          LOG_NUM("serial", version_serial(v)));
}

/* From the image to the version to serve.  When that is not the one that was served last, the zone is due at once. */
static struct zone_version *follow_journal(const struct load *l, const struct name *name,
                                           const struct saved_state *saved, struct zone_version *image,
                                           struct zone_state *state) {
	struct why why = { .reason = REASON_NONE };
	struct zone_version *v = replay(l->txn, name, saved, image, l->store->memory, &why);
	log_loaded(l, name, v);
	if (why.reason == REASON_NONE) return v;
	log_damage(l, name, &why);
	state->why = why;
	state->refresh_s = 0;
	if (!state->has_rollback || version_serial(v) != state->held_serial) {
		state->has_rollback = false;
		state->serial = version_serial(v);
	}
	return v;
}

/* Hand over; a zone whose version is damaged has none. */
static void deliver(struct load *l, const struct name *name, const struct saved_state *saved,
                    struct zone_version *image, const struct why *why) {
	struct zone_state state = saved->state;
	struct zone_version *version = NULL;
	if (image) {
		version = follow_journal(l, name, saved, image, &state);
	} else if (why) {
		log_damage(l, name, why);
		state.why = *why;
		state.has_version = false;
	}
	l->each(l->ctx, name->wire, &state, version);
}

static void load_file(struct load *l, struct file_job *job, uint8_t *buffer, struct checksum *scratch) {
	struct image_facts facts = facts_of(&job->saved, job->name.wire);
	enum err e = image_file_load(&l->store->images, job->saved.file_id, &facts, buffer, scratch,
	                             &job->version, &job->why);
	if (e != OK) job->version = NULL;
}

static void *work(void *arg) {
	struct load *l = arg;
	uint8_t *buffer = xmalloc(IMAGE_FILE_PIECE);
	struct checksum *scratch = checksum_new();
	size_t i;
	while ((i = atomic_fetch_add(&l->next, 1)) < l->count) {
		load_file(l, &l->jobs[i], buffer, scratch);
	}
	checksum_free(scratch);
	free(buffer);
	return NULL;
}

/* First pass over the states: the files, so that their verification starts at once. */
static void collect_file(void *ctx, struct octets key, struct octets value) {
	struct load *l = ctx;
	struct name name;
	struct saved_state saved;
	if (!store_name_of_key(key, &name)) return;
	if (saved_state_decode(value.data, value.len, name.wire, &saved) != OK || !saved.in_file) return;
	if (l->count == l->cap) {
		l->cap = l->cap ? 2 * l->cap : 16;
		l->jobs = xrealloc(l->jobs, l->cap * sizeof(*l->jobs));
	}
	struct file_job *job = &l->jobs[l->count++];
	memset(job, 0, sizeof(*job));
	job->name = name;
	job->saved = saved;
}

/* Check the copy, not the database's pages: what was checked is then what is served. */
static struct zone_version *open_copy(const struct octets value, const struct image_facts *facts,
                                      struct why *why) {
	struct image image;
	void *block = try_malloc(value.len);
	enum err e = block ? OK : ERR_NOMEM;
	if (e == OK) {
		memcpy(block, value.data, value.len);
		e = image_open(block, value.len, &image);
	}
	if (e != OK)
		why_set(why, REASON_STORE_DAMAGED, "the saved image can't be used: %s", err_text(e));
	else if (image_matches(&image, facts, why))
		return version_new(block, value.len, VERSION_MALLOC, &image);
	free(block);
	return NULL;
}

static struct zone_version *load_inline(struct load *l, const struct name *name,
                                        const struct saved_state *saved, struct why *why) {
	struct octets value;
	struct image_facts facts = facts_of(saved, name->wire);
	enum err e = database_get(l->txn, TABLE_IMAGES, name_octets(name->wire), &value);
	if (e != OK) {
		why_set(why, REASON_STORE_DAMAGED, "the saved image: %s", err_text(e));
		return NULL;
	}
	if (value.len != facts.size || value.len < sizeof(struct image_header)) {
		why_set(why, REASON_STORE_DAMAGED, "the saved image has %zu octets, expected %llu", value.len,
		        (unsigned long long)facts.size);
		return NULL;
	}
	return open_copy(value, &facts, why);
}

/* Second pass: everything but the files. */
static void load_small(void *ctx, struct octets key, struct octets value) {
	struct load *l = ctx;
	struct name name;
	struct saved_state saved = { 0 };
	struct why why = { .reason = REASON_NONE };
	if (!store_name_of_key(key, &name)) {
		log_event(l->store->log, EVENT_ZONE_DAMAGED,
		          LOG_STR("evidence", "a key of the database is no name"));
		return;
	}
	enum err e = saved_state_decode(value.data, value.len, name.wire, &saved);
	if (e != OK) {
		memset(&saved, 0, sizeof(saved));
		why_set(&why, REASON_STORE_DAMAGED, "the saved state: %s", err_text(e));
		deliver(l, &name, &saved, NULL, &why);
	} else if (!saved.state.has_version) {
		deliver(l, &name, &saved, NULL, NULL);
	} else if (!saved.in_file) {
		struct zone_version *version = load_inline(l, &name, &saved, &why);
		deliver(l, &name, &saved, version, &why);
	}
}

static void deliver_files(struct load *l) {
	for (size_t i = 0; i < l->count; i++) {
		struct file_job *job = &l->jobs[i];
		deliver(l, &job->name, &job->saved, job->version, &job->why);
	}
}

/* Without threads this one does the work alone. */
static enum err load_with_threads(struct load *l) {
	pthread_t threads[LOAD_THREADS];
	int running = 0;
	while (running < LOAD_THREADS && (size_t)running < l->count &&
	       pthread_create(&threads[running], NULL, work, l) == 0)
		running++;
	enum err e = database_each(l->txn, TABLE_STATES, load_small, l);
	if (l->count) (void)work(l); /* returns nothing */
	for (int i = 0; i < running; i++) {
		(void)pthread_join(threads[i], NULL); /* a thread of ours that was not joined yet */
	}
	deliver_files(l);
	return e;
}

enum err store_load_all(struct store *s, store_each_fn *each, void *ctx) {
	struct why why;
	struct load l = { .store = s, .each = each, .ctx = ctx };
	enum err e = database_begin(s->db, false, &l.txn, &why);
	if (e != OK) return e;
	e = database_each(l.txn, TABLE_STATES, collect_file, &l);
	if (e == OK) e = load_with_threads(&l);
	database_abort(l.txn);
	free(l.jobs);
	return e;
}
