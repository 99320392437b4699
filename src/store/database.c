#include "store/database.h"

#include <errno.h>
#include <lmdb.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/statvfs.h>

#include "base/alloc.h"
#include "base/fault.h"
#include "base/heap.h"

#define WRITTEN_KEPT (1 << 20) /* octets: what LMDB keeps of fewer is not worth to be given back */

struct database {
	pthread_mutex_t writing;  /* held while a transaction that writes is open */
	pthread_rwlock_t opening; /* shared while a transaction is open, else to open the file again */
	MDB_env *env;
	MDB_dbi tables[TABLE_COUNT];
	size_t max_bytes;
	char *path;
	struct database_map map; /* of env */
	uint64_t written;        /* octets put since env was opened; with `writing`, or `opening` alone */
};

struct database_txn {
	struct database *db;
	MDB_txn *txn;
	bool writes;
	int failure; /* first failure of an operation, LMDB's code */
};

static enum err err_of(int code) {
	switch (code) {
	case MDB_SUCCESS: return OK;
	case MDB_NOTFOUND: return ERR_NOTFOUND;
	case MDB_MAP_FULL: return ERR_LIMIT;
	case ENOMEM: return ERR_NOMEM;
	case MDB_CORRUPTED:
	case MDB_PAGE_NOTFOUND:
	case MDB_INVALID:
	case MDB_VERSION_MISMATCH:
	case MDB_INCOMPATIBLE:
	case MDB_CURSOR_FULL: return ERR_CORRUPT; /* a tree deeper than any sound one */
	default: return ERR_IO;
	}
}

/* LMDB calls a write that the disk has no room for EIO. */
#define DISK_FULL_BYTES (1U << 20)

static bool disk_is_full(const struct database *db) {
	struct statvfs st;
	return statvfs(db->path, &st) == 0 && (uint64_t)st.f_bavail * st.f_frsize < DISK_FULL_BYTES;
}

static void explain(const struct database *db, int code, struct why *why) {
	if (code == EIO && disk_is_full(db)) code = ENOSPC;
	if (code == MDB_MAP_FULL)
		why_set(why, REASON_STORE_FAILED, "%s has reached its limit of %zu MiB", db->path,
		        db->max_bytes >> 20);
	else
		why_set(why, REASON_STORE_FAILED, "%s: %s", db->path, mdb_strerror(code));
}

static const char *const table_names[TABLE_COUNT] = { "states", "images", "journal" };

/* A new file has no table yet; one that has some and not ours has lost them.  Files of programs that kept no journal
 * get theirs now. */
static unsigned create_flag(const MDB_stat *all, int table) {
	return all->ms_entries == 0 || table == TABLE_JOURNAL ? MDB_CREATE : 0;
}

static int open_tables(struct database *db) {
	MDB_txn *txn;
	MDB_dbi all;
	MDB_stat stat = { 0 };
	int rc = mdb_txn_begin(db->env, NULL, 0, &txn);
	if (rc) return rc;
	rc = mdb_dbi_open(txn, NULL, 0, &all);
	if (!rc) rc = mdb_stat(txn, all, &stat);
	for (int i = 0; i < TABLE_COUNT && !rc; i++) {
		rc = mdb_dbi_open(txn, table_names[i], create_flag(&stat, i), &db->tables[i]);
	}
	if (!rc) return mdb_txn_commit(txn);
	mdb_txn_abort(txn);
	return rc == MDB_NOTFOUND ? MDB_CORRUPTED : rc;
}

/* A page number beyond the limit makes LMDB map more than it was told: no sound file of ours has one. */
static int check_bounds(const struct database *db) {
	MDB_envinfo info;
	int rc = mdb_env_info(db->env, &info);
	return rc ? rc : info.me_mapsize > db->max_bytes ? MDB_CORRUPTED : 0;
}

static int open_environment(struct database *db) {
	int rc = mdb_env_create(&db->env);
	if (rc) {
		db->env = NULL;
		return rc;
	}
	rc = mdb_env_set_mapsize(db->env, db->max_bytes);
	if (!rc) rc = mdb_env_set_maxdbs(db->env, TABLE_COUNT);
	if (!rc) rc = mdb_env_open(db->env, db->path, MDB_NOSUBDIR | MDB_NOTLS, 0640);
	if (!rc) rc = check_bounds(db);
	if (!rc) rc = open_tables(db);
	if (!rc) {
		db->map = database_map_find(db->path);
		db->written = 0;
		return 0;
	}
	mdb_env_close(db->env);
	db->env = NULL;
	return rc;
}

enum err database_open(const char *path, size_t max_bytes, struct database **out_db, struct why *why) {
	struct database *db = xcalloc(1, sizeof(*db));
	db->path = xstrdup(path);
	db->max_bytes = max_bytes;
	(void)pthread_mutex_init(&db->writing, NULL); /* plain ones: cannot fail */
	(void)pthread_rwlock_init(&db->opening, NULL);
	int rc = open_environment(db);
	if (rc) {
		explain(db, rc, why);
		database_close(db);
		return err_of(rc);
	}
	*out_db = db;
	return OK;
}

void database_close(struct database *db) {
	if (!db) return;
	if (db->env) mdb_env_close(db->env);
	(void)pthread_mutex_destroy(&db->writing); /* nobody holds them */
	(void)pthread_rwlock_destroy(&db->opening);
	free(db->path);
	free(db);
}

/* The results of the locks are those of threads that unlock what they hold: never a failure. */
static int try_begin(struct database *db, bool write, MDB_txn **out_txn) {
	return db->env ? mdb_txn_begin(db->env, NULL, write ? 0 : MDB_RDONLY, out_txn) : MDB_PANIC;
}

static void open_again(struct database *db, MDB_txn **out_probe) {
	(void)pthread_rwlock_wrlock(&db->opening);
	int rc = try_begin(db, false, out_probe); /* somebody may have done it meanwhile */
	if (rc == 0) mdb_txn_abort(*out_probe);
	if (rc == MDB_PANIC) {
		if (db->env) mdb_env_close(db->env);
		err_ignore(err_of(open_environment(db))); /* the next attempt tells */
	}
	(void)pthread_rwlock_unlock(&db->opening);
}

/* After a failed write of its root page LMDB refuses to go on until the file is opened again. */
static int begin(struct database *db, bool write, MDB_txn **out_txn) {
	(void)pthread_rwlock_rdlock(&db->opening);
	int rc = try_begin(db, write, out_txn);
	if (rc == MDB_PANIC) {
		(void)pthread_rwlock_unlock(&db->opening);
		open_again(db, out_txn);
		(void)pthread_rwlock_rdlock(&db->opening);
		rc = try_begin(db, write, out_txn);
	}
	if (rc) (void)pthread_rwlock_unlock(&db->opening);
	return rc;
}

static struct database_txn *txn_of(struct database *db, MDB_txn *inner, bool write) {
	struct database_txn *txn = xcalloc(1, sizeof(*txn));
	txn->db = db;
	txn->txn = inner;
	txn->writes = write;
	return txn;
}

enum err database_begin(struct database *db, bool write, struct database_txn **out_txn, struct why *why) {
	MDB_txn *inner;
	if (write) (void)pthread_mutex_lock(&db->writing);
	int rc = begin(db, write, &inner);
	if (rc == 0) {
		*out_txn = txn_of(db, inner, write);
		return OK;
	}
	if (write) (void)pthread_mutex_unlock(&db->writing);
	explain(db, rc, why);
	return err_of(rc);
}

enum err database_look(struct database *db, struct database_txn **out_txn) {
	MDB_txn *inner;
	if (pthread_rwlock_tryrdlock(&db->opening) != 0) return ERR_AGAIN;
	int rc = try_begin(db, false, &inner);
	if (rc == 0) {
		*out_txn = txn_of(db, inner, false);
		return OK;
	}
	(void)pthread_rwlock_unlock(&db->opening);
	return err_of(rc);
}

static void txn_end(struct database_txn *txn) {
	(void)pthread_rwlock_unlock(&txn->db->opening);
	if (txn->writes) (void)pthread_mutex_unlock(&txn->db->writing);
	free(txn);
}

void database_abort(struct database_txn *txn) {
	mdb_txn_abort(txn->txn);
	txn_end(txn);
}

enum err database_commit(struct database_txn *txn, struct why *why) {
	int rc = EIO;
	bool is_full = fault_fires("store-full");
	if (is_full) rc = MDB_MAP_FULL;
	if (is_full || fault_fires("store-commit"))
		mdb_txn_abort(txn->txn);
	else
		rc = mdb_txn_commit(txn->txn);
	if (rc == 0 && fault_fires("store-committed")) rc = EIO; /* and is there all the same */
	if (rc) explain(txn->db, rc, why);
	txn_end(txn);
	return err_of(rc);
}

uint64_t database_transaction(const struct database_txn *txn) {
	return mdb_txn_id(txn->txn);
}

uint64_t database_last_transaction(struct database *db) {
	MDB_envinfo info = { 0 };
	(void)pthread_rwlock_rdlock(&db->opening);
	if (db->env) (void)mdb_env_info(db->env, &info); /* 0 is nobody's number */
	(void)pthread_rwlock_unlock(&db->opening);
	return info.me_last_txnid;
}

void database_wait_for_writer(struct database *db) {
	(void)pthread_mutex_lock(&db->writing);
	(void)pthread_mutex_unlock(&db->writing);
}

enum err database_sync(struct database *db, struct why *why) {
	(void)pthread_rwlock_rdlock(&db->opening);
	int rc = db->env ? mdb_env_sync(db->env, 1) : MDB_PANIC;
	(void)pthread_rwlock_unlock(&db->opening);
	if (rc) explain(db, rc, why);
	return err_of(rc);
}

/* Unless somebody reads. */
static void open_anew(struct database *db) {
	if (pthread_rwlock_trywrlock(&db->opening) != 0) return;
	if (db->env && db->written > WRITTEN_KEPT) {
		mdb_env_close(db->env);
		heap_rest(); /* of what LMDB takes now for writing most is never touched */
		err_ignore(err_of(open_environment(db))); /* the next to begin tries again, and tells */
	}
	(void)pthread_rwlock_unlock(&db->opening);
}

void database_rest(struct database *db) {
	(void)pthread_mutex_lock(&db->writing);
	open_anew(db);
	(void)pthread_mutex_unlock(&db->writing);
	(void)pthread_rwlock_rdlock(&db->opening);
	/* Mapped for reading only, so nothing can be lost; if it fails the pages stay. */
	if (db->env && db->map.start) (void)madvise(db->map.start, db->map.len, MADV_DONTNEED);
	(void)pthread_rwlock_unlock(&db->opening);
}

/* Keep the code of the first failure for database_explain. */
static enum err note(struct database_txn *txn, int rc) {
	if (rc && rc != MDB_NOTFOUND && !txn->failure) txn->failure = rc;
	return err_of(rc);
}

void database_explain(const struct database_txn *txn, struct why *why) {
	explain(txn->db, txn->failure, why);
}

/* LMDB does not write through mv_data where we use this. */
static MDB_val val_of(struct octets o) {
	return (MDB_val){ .mv_size = o.len, .mv_data = (void *)(uintptr_t)o.data };
}

enum err database_get(struct database_txn *txn, enum database_table table, struct octets key,
                      struct octets *out_value) {
	MDB_val k = val_of(key), v;
	int rc = mdb_get(txn->txn, txn->db->tables[table], &k, &v);
	if (!rc) *out_value = (struct octets){ v.mv_data, v.mv_size };
	return note(txn, rc);
}

enum err database_put(struct database_txn *txn, enum database_table table, struct octets key,
                      struct octets value) {
	if (fault_fires("store-put")) return note(txn, EIO);
	txn->db->written += key.len + value.len;
	MDB_val k = val_of(key), v = val_of(value);
	return note(txn, mdb_put(txn->txn, txn->db->tables[table], &k, &v, 0));
}

enum err database_delete(struct database_txn *txn, enum database_table table, struct octets key) {
	MDB_val k = val_of(key);
	enum err e = note(txn, mdb_del(txn->txn, txn->db->tables[table], &k, NULL));
	return e == ERR_NOTFOUND ? OK : e;
}

static bool begins_with(MDB_val key, struct octets prefix) {
	return key.mv_size >= prefix.len && memcmp(key.mv_data, prefix.data, prefix.len) == 0;
}

enum err database_delete_prefix(struct database_txn *txn, enum database_table table, struct octets prefix) {
	MDB_cursor *cursor;
	MDB_val k = val_of(prefix), v;
	int rc = mdb_cursor_open(txn->txn, txn->db->tables[table], &cursor);
	if (rc) return note(txn, rc);
	rc = mdb_cursor_get(cursor, &k, &v, MDB_SET_RANGE);
	while (!rc && begins_with(k, prefix)) {
		rc = mdb_cursor_del(cursor, 0);
		if (!rc) rc = mdb_cursor_get(cursor, &k, &v, MDB_NEXT);
	}
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? OK : note(txn, rc);
}

enum err database_table_bytes(struct database_txn *txn, enum database_table table, uint64_t *out_bytes) {
	MDB_stat stat;
	int rc = mdb_stat(txn->txn, txn->db->tables[table], &stat);
	if (rc) return note(txn, rc);
	uint64_t pages = (uint64_t)stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages;
	*out_bytes = pages * stat.ms_psize;
	return OK;
}

/* each is called with LMDB's own pointers.  More records than the table says it has: its pages form a
 * ring. */
static int walk(struct database_txn *txn, MDB_dbi table, database_each_fn *each, void *ctx) {
	MDB_stat stat;
	MDB_cursor *cursor;
	int rc = mdb_stat(txn->txn, table, &stat);
	if (!rc) rc = mdb_cursor_open(txn->txn, table, &cursor);
	if (rc) return rc;
	MDB_val k, v;
	size_t seen = 0;
	while (!(rc = mdb_cursor_get(cursor, &k, &v, MDB_NEXT)) && seen++ < stat.ms_entries) {
		each(ctx, (struct octets){ k.mv_data, k.mv_size }, (struct octets){ v.mv_data, v.mv_size });
	}
	mdb_cursor_close(cursor);
	if (rc && rc != MDB_NOTFOUND) return rc;
	return seen == stat.ms_entries ? 0 : MDB_CORRUPTED;
}

enum err database_each(struct database_txn *txn, enum database_table table, database_each_fn *each,
                       void *ctx) {
	return note(txn, walk(txn, txn->db->tables[table], each, ctx));
}

enum err database_some(struct database_txn *txn, enum database_table table, struct octets after, size_t max,
                       database_each_fn *each, void *ctx) {
	MDB_cursor *cursor;
	MDB_val k = val_of(after), v;
	int rc = mdb_cursor_open(txn->txn, txn->db->tables[table], &cursor);
	if (rc) return note(txn, rc);
	rc = mdb_cursor_get(cursor, &k, &v, after.len ? MDB_SET_RANGE : MDB_FIRST);
	if (!rc && after.len && k.mv_size == after.len && memcmp(k.mv_data, after.data, after.len) == 0)
		rc = mdb_cursor_get(cursor, &k, &v, MDB_NEXT);
	for (; !rc && max > 0; max--) {
		each(ctx, (struct octets){ k.mv_data, k.mv_size }, (struct octets){ v.mv_data, v.mv_size });
		rc = mdb_cursor_get(cursor, &k, &v, MDB_NEXT);
	}
	mdb_cursor_close(cursor);
	return note(txn, rc);
}

struct check {
	size_t last_page;
	struct octets last_key;
	unsigned sum;
	bool bad;
};

/* Touch every page, so that one beyond the file's end is noticed here. */
static void check_record(void *ctx, struct octets key, struct octets value) {
	struct check *c = ctx;
	const volatile uint8_t *p = value.data;
	for (size_t i = 0; i < value.len; i += 1024) {
		c->sum += p[i];
	}
	if (value.len) c->sum += p[value.len - 1];
	/* Keys ascend: octets first, then length. */
	size_t common = key.len < c->last_key.len ? key.len : c->last_key.len;
	int order = common ? memcmp(c->last_key.data, key.data, common) : 0;
	if (order > 0 || (order == 0 && c->last_key.len >= key.len)) c->bad = true;
	c->last_key = key;
}

static size_t load_size(const uint8_t *p) {
	size_t v;
	memcpy(&v, p, sizeof(v));
	return v;
}

/* A record of the list of free pages: their count, then their numbers, falling. */
static void check_free_pages(void *ctx, struct octets key, struct octets value) {
	struct check *c = ctx;
	const uint8_t *p = value.data;
	size_t room = value.len / sizeof(size_t), before = c->last_page + 1;
	size_t count = room ? load_size(p) : SIZE_MAX;
	if (key.len != sizeof(size_t) || count >= room) {
		c->bad = true;
		return;
	}
	for (size_t i = 1; i <= count; i++) {
		size_t page = load_size(p + i * sizeof(size_t));
		if (page < 2 || page >= before) c->bad = true;
		before = page;
	}
}

enum err database_check(struct database *db) {
	struct why why;
	struct database_txn *txn;
	MDB_envinfo info;
	enum err e = database_begin(db, false, &txn, &why);
	if (e != OK) return e;
	int rc = mdb_env_info(db->env, &info);
	struct check check = { .last_page = rc ? 0 : info.me_last_pgno };
	for (int i = 0; i < TABLE_COUNT && !rc; i++) {
		check.last_key = (struct octets){ NULL, 0 };
		rc = walk(txn, db->tables[i], check_record, &check);
	}
	if (!rc) rc = walk(txn, 0, check_free_pages, &check); /* 0: LMDB's own list of free pages */
	database_abort(txn);
	return !rc && check.bad ? ERR_CORRUPT : err_of(rc);
}
