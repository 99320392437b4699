#include <assert.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fault.h"
#include "inventory/database.h"
#include "inventory/symbols.h"

#define STATEMENTS_MAX 512 /* texts are literals, so there are only so many */
/* After a large transaction the log is cut to 64 MiB.  The pages that a random name touches stay in memory (32 MiB at
 * most), and the log is written back every 16 MiB: an import writes each page less often. */
#define TUNING "PRAGMA journal_size_limit=67108864; PRAGMA cache_size=-32768; PRAGMA wal_autocheckpoint=4096"

struct sql_statement {
	struct sql *db;
	sqlite3_stmt *handle; /* NULL: it could not be prepared */
	const char *text;
	int put;        /* arguments so far */
	int failed;     /* SQLITE_OK, or what the first of them met */
	bool read_only; /* it changes nothing */
};

struct sql {
	sqlite3 *handle;
	char *path;
	struct sql_statement *statements[STATEMENTS_MAX];
	struct symbols index; /* text -> place in statements */
	uint32_t count;
	struct why why; /* of the latest failure */
};

/* -- errors ------------------------------------------------------------------------------------------------ */

static enum err err_of(int code) {
	switch (code & 0xff) {
	case SQLITE_OK:
	case SQLITE_DONE:
	case SQLITE_ROW: return OK;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB: return ERR_CORRUPT;
	case SQLITE_BUSY:
	case SQLITE_LOCKED: return ERR_AGAIN;
	case SQLITE_CONSTRAINT: return ERR_EXISTS;
	case SQLITE_NOMEM: return ERR_NOMEM;
	default: return ERR_IO;
	}
}

static const char *words_of(int code) {
	switch (code & 0xff) {
	case SQLITE_CORRUPT: return "it is damaged";
	case SQLITE_NOTADB: return "it is no database, or a damaged one";
	case SQLITE_BUSY:
	case SQLITE_LOCKED: return "another process keeps it locked";
	case SQLITE_FULL: return "the disk is full";
	case SQLITE_READONLY: return "it may not be written";
	case SQLITE_CANTOPEN: return "it can't be opened";
	case SQLITE_IOERR: return "the disk fails";
	default: return NULL;
	}
}

static enum err fails(struct sql *db, int code) {
	const char *words = words_of(code), *detail = db->handle ? sqlite3_errmsg(db->handle) : NULL;
	enum reason reason = err_of(code) == ERR_CORRUPT ? REASON_INVENTORY_DAMAGED : REASON_INVENTORY_FAILED;
	if (!detail) detail = sqlite3_errstr(code);
	if (words)
		why_set(&db->why, reason, "%s: %s (%s)", db->path, words, detail);
	else
		why_set(&db->why, reason, "%s: %s", db->path, detail);
	return err_of(code);
}

static enum err injected(struct sql *db, const char *point) {
	why_set(&db->why, REASON_INVENTORY_FAILED, "%s: %s at %s", db->path, err_text(ERR_FAULT), point);
	return ERR_IO;
}

void sql_why(const struct sql *db, struct why *why) {
	*why = db->why;
}

/* -- open and close ------------------------------------------------------------------------------------------- */

enum err sql_script(struct sql *db, const char *text) {
	int code = sqlite3_exec(db->handle, text, NULL, NULL, NULL);
	return code == SQLITE_OK ? OK : fails(db, code);
}

static enum err bound_pages(struct sql *db, uint32_t pages) {
	char text[64];
	if (pages == 0) return OK;
	(void)snprintf(text, sizeof(text), "PRAGMA max_page_count=%u", pages); /* fits */
	return sql_script(db, text);
}

/* A file that nobody changes needs no locks and no log beside it. */
static int open_handle(struct sql *db, const struct sql_options *o) {
	char uri[PATH_MAX + 32];
	int flags = o->read_only ? SQLITE_OPEN_READONLY | SQLITE_OPEN_URI
	                         : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
	int len = snprintf(uri, sizeof(uri), "file:%s?immutable=1", db->path);
	if (len < 0 || (size_t)len >= sizeof(uri)) return SQLITE_CANTOPEN;
	return sqlite3_open_v2(o->read_only ? uri : db->path, &db->handle, flags | SQLITE_OPEN_NOMUTEX, NULL);
}

static enum err open_all(struct sql *db, const struct sql_options *o) {
	int code = open_handle(db, o);
	if (code != SQLITE_OK) return fails(db, code);
	(void)sqlite3_extended_result_codes(db->handle, 1); /* fails never */
	(void)sqlite3_busy_timeout(db->handle, o->busy_ms); /* fails never */
	enum err e = bound_pages(db, o->pages_max);
	if (e == OK) e = sql_script(db, "SELECT count(*) FROM sqlite_schema"); /* reads the file */
	if (e == OK) e = sql_script(db, "PRAGMA foreign_keys=ON");
	if (e != OK || o->read_only) return e;
	e = sql_script(db, "PRAGMA journal_mode=WAL");
	if (e == OK) e = sql_script(db, "PRAGMA synchronous=FULL");
	return e == OK ? sql_script(db, TUNING) : e;
}

enum err sql_open(const char *path, const struct sql_options *options, struct sql **out_db, struct why *why) {
	struct sql *db = xcalloc(1, sizeof(*db));
	db->path = xstrdup(path);
	enum err e = open_all(db, options);
	if (e == OK) {
		*out_db = db;
		return OK;
	}
	*why = db->why;
	sql_close(db);
	return e;
}

void sql_close(struct sql *db) {
	if (!db) return;
	for (uint32_t i = 0; i < db->count; i++) {
		(void)sqlite3_finalize(db->statements[i]->handle); /* tells of the latest step again */
		free(db->statements[i]);
	}
	symbols_done(&db->index);
	(void)sqlite3_close_v2(db->handle); /* what is committed is on the disk already */
	free(db->path);
	free(db);
}

void sql_rest(struct sql *db) {
	(void)sqlite3_db_release_memory(db->handle); /* always SQLITE_OK */
}

enum err sql_check(struct sql *db) {
	struct sql_statement *s = sql_prepare(db, "PRAGMA quick_check(1)");
	enum err e = sql_step(s);
	if (e == OK && strcmp(sql_text(s, 0), "ok") != 0) {
		why_set(&db->why, REASON_INVENTORY_DAMAGED, "%s: %s", db->path, sql_text(s, 0));
		e = ERR_CORRUPT;
	}
	sql_reset(s);
	return e;
}

/* -- transactions ----------------------------------------------------------------------------------------- */

enum err sql_begin(struct sql *db) {
	return sql_script(db, "BEGIN IMMEDIATE");
}

void sql_rollback(struct sql *db) {
	if (sql_in_transaction(db))
		(void)sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL,
		                   NULL); /* the log is not read back anyway */
}

enum err sql_commit(struct sql *db) {
	enum err e = fault_fires("inventory-commit") ? injected(db, "inventory-commit")
	                                             : sql_script(db, "COMMIT");
	if (e != OK) sql_rollback(db);
	return e;
}

bool sql_in_transaction(const struct sql *db) {
	return !sqlite3_get_autocommit(db->handle);
}

/* -- statements ------------------------------------------------------------------------------------------- */

static struct sql_statement *statement_new(struct sql *db, const char *text) {
	assert(db->count < STATEMENTS_MAX);
	struct sql_statement *s = xcalloc(1, sizeof(*s));
	s->db = db;
	s->text = text;
	(void)symbols_add(&db->index, text, strlen(text), db->count, NULL); /* it was not found */
	db->statements[db->count++] = s;
	return s;
}

struct sql_statement *sql_prepare(struct sql *db, const char *text) {
	uint32_t place = 0;
	struct sql_statement *s = symbols_find(&db->index, text, strlen(text), &place)
	                                  ? db->statements[place]
	                                  : statement_new(db, text);
	s->put = 0;
	s->failed = SQLITE_OK;
	if (s->handle) {
		sql_reset(s);
		return s;
	}
	s->failed = sqlite3_prepare_v3(db->handle, text, -1, SQLITE_PREPARE_PERSISTENT, &s->handle, NULL);
	if (s->failed != SQLITE_OK) (void)fails(db, s->failed); /* kept for the step */
	s->read_only = s->handle && sqlite3_stmt_readonly(s->handle);
	return s;
}

static void keep(struct sql_statement *s, int code) {
	if (s->failed != SQLITE_OK || code == SQLITE_OK) return;
	s->failed = code;
	(void)fails(s->db, code); /* kept for the step */
}

void sql_put_int(struct sql_statement *s, int64_t number) {
	s->put++;
	if (s->handle) keep(s, sqlite3_bind_int64(s->handle, s->put, number));
}

void sql_put_text_len(struct sql_statement *s, const char *text, size_t len) {
	s->put++;
	if (s->handle) keep(s, sqlite3_bind_text64(s->handle, s->put, text, len, SQLITE_STATIC, SQLITE_UTF8));
}

void sql_put_text(struct sql_statement *s, const char *text) {
	sql_put_text_len(s, text, text ? strlen(text) : 0);
}

void sql_put_blob(struct sql_statement *s, const void *data, size_t len) {
	s->put++;
	if (s->handle) keep(s, sqlite3_bind_blob64(s->handle, s->put, data, len, SQLITE_STATIC));
}

void sql_put_null(struct sql_statement *s) {
	s->put++;
	if (s->handle) keep(s, sqlite3_bind_null(s->handle, s->put));
}

enum err sql_step(struct sql_statement *s) {
	if (s->failed != SQLITE_OK) return err_of(s->failed);
	assert(s->put == sqlite3_bind_parameter_count(s->handle));
	if (!s->read_only && fault_fires("inventory-step")) return injected(s->db, "inventory-step");
	int code = sqlite3_step(s->handle);
	if (code == SQLITE_ROW) return OK;
	enum err e = code == SQLITE_DONE ? ERR_NOTFOUND : fails(s->db, code);
	sql_reset(s);
	return e;
}

enum err sql_run(struct sql_statement *s) {
	enum err e;
	do
		e = sql_step(s);
	while (e == OK);
	return e == ERR_NOTFOUND ? OK : e;
}

void sql_reset(struct sql_statement *s) {
	if (!s->handle) return;
	(void)sqlite3_reset(s->handle);          /* tells of the latest step again */
	(void)sqlite3_clear_bindings(s->handle); /* fails never */
}

int64_t sql_int(struct sql_statement *s, int column) {
	return sqlite3_column_int64(s->handle, column);
}

const char *sql_text(struct sql_statement *s, int column) {
	return (const char *)sqlite3_column_text(s->handle, column);
}

const void *sql_blob(struct sql_statement *s, int column, size_t *out_len) {
	const void *data = sqlite3_column_blob(s->handle, column);
	*out_len = (size_t)sqlite3_column_bytes(s->handle, column);
	return data;
}

bool sql_is_null(struct sql_statement *s, int column) {
	return sqlite3_column_type(s->handle, column) == SQLITE_NULL;
}

int64_t sql_last_id(const struct sql *db) {
	return sqlite3_last_insert_rowid(db->handle);
}

int64_t sql_changes(const struct sql *db) {
	return sqlite3_changes64(db->handle);
}

enum err sql_others(struct sql *db, int64_t *out_number) {
	struct sql_statement *s = sql_prepare(db, "PRAGMA data_version");
	enum err e = sql_step(s);
	if (e == OK) *out_number = sql_int(s, 0);
	sql_reset(s);
	return e;
}

/* -- copies ------------------------------------------------------------------------------------------------- */

struct sql_copy {
	struct sql *from, *to;
	sqlite3_backup *backup; /* NULL: ended */
	char *path;             /* where the copy belongs; it is made in path.new */
};

static char *new_path(const char *path) {
	size_t size = strlen(path) + sizeof(".new");
	char *text = xmalloc(size);
	(void)snprintf(text, size, "%s.new", path); /* fits */
	return text;
}

/* Of a copy that was cut short by the end of the process, too. */
static void remove_new(const char *path) {
	static const char *const ends[] = { ".new", ".new-journal", ".new-wal", ".new-shm" };
	char name[PATH_MAX];
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		int len = snprintf(name, sizeof(name), "%s%s", path, ends[i]);
		if (len > 0 && (size_t)len < sizeof(name)) (void)unlink(name); /* mostly there is none */
	}
}

static enum err folder_sync(const char *path) {
	char *copy = xstrdup(path);
	int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(copy);
	if (fd < 0) return ERR_IO;
	int result = fsync(fd);
	(void)close(fd); /* only read */
	return result == 0 ? OK : ERR_IO;
}

enum err sql_copy_begin(struct sql *db, const char *path, struct sql_copy **out_copy) {
	const struct sql_options options = { 0 };
	struct sql *to = xcalloc(1, sizeof(*to));
	remove_new(path);
	to->path = new_path(path);
	int code = open_handle(to, &options);
	sqlite3_backup *backup = NULL;
	if (code == SQLITE_OK) {
		backup = sqlite3_backup_init(to->handle, "main", db->handle, "main");
		if (!backup) code = sqlite3_errcode(to->handle);
	}
	if (!backup) {
		enum err e = fails(to, code);
		db->why = to->why;
		sql_close(to);
		return e;
	}
	struct sql_copy *copy = xcalloc(1, sizeof(*copy));
	*copy = (struct sql_copy){ .from = db, .to = to, .backup = backup, .path = xstrdup(path) };
	*out_copy = copy;
	return OK;
}

void sql_copy_abandon(struct sql_copy *copy) {
	if (!copy) return;
	if (copy->backup) (void)sqlite3_backup_finish(copy->backup); /* it is given up anyway */
	sql_close(copy->to);
	remove_new(copy->path);
	free(copy->path);
	free(copy);
}

/* The log beside it goes, the file takes its place. */
static enum err copy_place(struct sql_copy *copy) {
	enum err e = sql_script(copy->to, "PRAGMA journal_mode=DELETE");
	if (e != OK) return e;
	char *from = xstrdup(copy->to->path);
	sql_close(copy->to);
	copy->to = NULL;
	bool placed = rename(from, copy->path) == 0 && folder_sync(copy->path) == OK;
	free(from);
	if (placed) return OK;
	why_set(&copy->from->why, REASON_INVENTORY_FAILED, "%s: can't be put in place", copy->path);
	return ERR_IO;
}

enum err sql_copy_step(struct sql_copy *copy, int pages) {
	int code = sqlite3_backup_step(copy->backup, pages);
	if (code == SQLITE_OK || code == SQLITE_BUSY || code == SQLITE_LOCKED) return ERR_AGAIN;
	int end = sqlite3_backup_finish(copy->backup);
	copy->backup = NULL;
	enum err e = OK;
	if (code != SQLITE_DONE || end != SQLITE_OK) e = fails(copy->to, code != SQLITE_DONE ? code : end);
	if (e == OK) e = copy_place(copy);
	if (e != OK && copy->to) copy->from->why = copy->to->why;
	sql_copy_abandon(copy);
	return e;
}
