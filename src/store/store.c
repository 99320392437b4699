#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fault.h"
#include "store/ahead.h"
#include "store/image_sums.h"
#include "store/load_parts.h"

bool store_name_of_key(struct octets key, struct name *out_name) {
	if (key.len == 0 || key.len > NAME_MAX_LEN || name_check(key.data, key.len) != key.len) return false;
	name_copy(out_name, key.data);
	return true;
}

static enum err fail(struct why *why, const char *what) {
	why_set(why, REASON_STORE_FAILED, "%s: %s", what, strerror(errno));
	return ERR_IO;
}

static enum err open_directory(struct store *s, const char *dir, struct why *why) {
	if (mkdir(dir, 0750) != 0 && errno != EEXIST) return fail(why, dir);
	s->directory_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return s->directory_fd < 0 ? fail(why, dir) : OK;
}

/* Held until the process ends, however it ends. */
static enum err take_lock(struct store *s, const char *dir, struct why *why) {
	s->lock_fd = openat(s->directory_fd, "store.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	if (s->lock_fd < 0) return fail(why, "store.lock");
	if (flock(s->lock_fd, LOCK_EX | LOCK_NB) == 0) return OK;
	if (errno != EWOULDBLOCK) return fail(why, "store.lock");
	why_set(why, REASON_STORE_FAILED, "another understudyd uses the directory %s", dir);
	return ERR_EXISTS;
}

/* Start empty: zones are fetched anew.  The damaged file is kept for people, one only, so that a failing disk
 * does not fill up. */
static enum err move_aside(struct store *s, struct why *why) {
	if (renameat(s->directory_fd, "store.mdb", s->directory_fd, "store.mdb.damaged") != 0 ||
	    fsync(s->directory_fd) != 0)
		return fail(why, "store.mdb.damaged");
	log_event(s->log, EVENT_STORE_FAILED, LOG_STR("reason", reason_slug(REASON_STORE_DAMAGED)),
	          LOG_STR("evidence", why->evidence), LOG_STR("moved-to", "store.mdb.damaged"));
	return OK;
}

/* Only what is surely damaged is moved aside: a full disk, a missing permission or short memory is not. */
static enum err open_database(struct store *s, struct why *why) {
	s->is_probed = false;
	enum err e = database_probe_end(s->probe, s->path, why);
	if (e == OK) e = database_open(s->path, s->map_bytes, &s->db, why);
	if (e != ERR_CORRUPT) return e;
	e = move_aside(s, why);
	return e == OK ? database_open(s->path, s->map_bytes, &s->db, why) : e;
}

/* The child first, as it is forked before there are threads. */
static void begin_reading(struct store *s) {
	s->probe = database_probe_begin(s->path, s->map_bytes);
	s->is_probed = true;
	s->sums = image_sums_begin(&s->images);
}

static enum err open_ahead(struct store *s, struct why *why) {
	enum err e = ahead_open(s);
	if (e != OK) why_set(why, REASON_STORE_FAILED, "store.ahead can't be read: %s", err_text(e));
	return e;
}

static enum err begin_all(struct store *s, const char *dir, struct why *why) {
	enum err e = open_directory(s, dir, why);
	if (e == OK) e = take_lock(s, dir, why);
	if (e == OK) e = image_folder_open(s->directory_fd, &s->images, why);
	if (e == OK) begin_reading(s);
	return e;
}

enum err store_open_end(struct store *s, struct why *why) {
	enum err e = open_database(s, why);
	if (e == OK) e = open_ahead(s, why);
	return e == OK ? load_remove_orphans(s, why) : e;
}

static enum err begin(const char *dir, size_t map_bytes, struct log *log, struct store **out_store,
                      struct why *why) {
	struct store *s = xcalloc(1, sizeof(*s));
	size_t size = strlen(dir) + sizeof("/store.mdb");
	s->path = xmalloc(size);
	snprintf(s->path, size, "%s/store.mdb", dir);
	s->directory_fd = s->lock_fd = s->ahead.fd = s->images.fd = -1;
	committer_init(&s->committer);
	s->log = log;
	s->map_bytes = map_bytes;
	s->memory = history_memory_new(0);
	s->journal_bytes_max = map_bytes / STORE_JOURNAL_SHARE;
	s->random = random_secure();
	enum err e = begin_all(s, dir, why);
	if (e != OK) {
		store_close(s);
		return e;
	}
	*out_store = s;
	return OK;
}

enum err store_open_begin(const char *dir, struct log *log, struct store **out_store, struct why *why) {
	return begin(dir, STORE_MAP_BYTES, log, out_store, why);
}

enum err store_open_bounded(const char *dir, size_t map_bytes, struct log *log, struct store **out_store,
                            struct why *why) {
	struct store *s;
	enum err e = begin(dir, map_bytes, log, &s, why);
	if (e != OK) return e;
	e = store_open_end(s, why);
	if (e == OK)
		*out_store = s;
	else
		store_close(s);
	return e;
}

enum err store_open(const char *dir, struct log *log, struct store **out_store, struct why *why) {
	return store_open_bounded(dir, STORE_MAP_BYTES, log, out_store, why);
}

enum err store_sync_directory(struct store *s, struct why *why) {
	if (s->is_synced) return OK;
	if (fault_fires("dir-sync")) {
		errno = EIO;
		return fail(why, s->path);
	}
	if (fsync(s->directory_fd) != 0) return fail(why, s->path);
	s->is_synced = true;
	return OK;
}

void store_catch_up(struct store *s) {
	if (!atomic_load(&s->is_ahead)) return;
	if (!committer_wait(s)) database_wait_for_writer(s->db);
}

void store_rest(struct store *s) {
	store_catch_up(s);
	database_rest(s->db);
}

void store_close(struct store *s) {
	struct why ignored;
	if (!s) return;
	if (s->is_probed)
		err_ignore(database_probe_end(s->probe, s->path, &ignored)); /* nobody has waited for it */
	image_sums_free(s->sums);
	store_forget_owed(s); /* the next start finds it */
	database_close(s->db);
	if (s->images.fd >= 0) image_folder_close(&s->images);
	ahead_close(s);
	if (s->lock_fd >= 0) close(s->lock_fd);
	if (s->directory_fd >= 0) close(s->directory_fd);
	history_memory_unref(s->memory);
	committer_done(&s->committer);
	free(s->loaded_files);
	free(s->path);
	free(s);
}
