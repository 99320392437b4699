/* What the files of this folder share of struct store. */
#ifndef UNDERSTUDY_STORE_STORE_PARTS_H
#define UNDERSTUDY_STORE_STORE_PARTS_H

#include <stdatomic.h>

#include "base/random.h"
#include "store/committer.h"
#include "store/database.h"
#include "store/image_file.h"
#include "store/saved_state.h"
#include "store/store.h"
#include "zone/history_memory.h"

/* Address space that the database may take; the file grows with what is in it.  16 GiB hold ten million small
 * zones. */
#define STORE_MAP_BYTES (sizeof(void *) >= 8 ? (size_t)16 << 30 : (size_t)1 << 30)

/* The journal of all zones may fill so much of it before zones give up history. */
#define STORE_JOURNAL_SHARE 2

/* History that any zone may keep, small as it may be. */
#define HISTORY_BYTES_LEAST 65536

/* Parts of one transaction in store.ahead (store/ahead.h): those that are written so far. */
struct ahead_chain {
	uint64_t transaction; /* valid if there are parts, as is the next */
	uint64_t checksum;    /* of the last */
	size_t bytes;         /* of the slot, in whole blocks */
	unsigned parts;
};

/* The writer's. */
struct ahead_file {
	int fd;                          /* -1: every commit is made without */
	size_t slot_bytes;               /* AHEAD_SLOT_BYTES; fewer in a file of former programs */
	unsigned current;                /* the slot with the parts that may be needed */
	struct ahead_chain counts, next; /* in the current slot; in the other, until ahead_turn */
};

struct store {
	size_t map_bytes;           /* of the database */
	uint64_t journal_bytes_max; /* beyond it every commit drops history */
	char *path;                 /* of the database */
	int directory_fd;           /* also holds the lock file's folder */
	int lock_fd;                /* flock: one daemon a directory */
	bool is_synced;             /* the directory, since it was opened: the writer's */
	struct ahead_file ahead;
	struct database *db;         /* NULL: not opened yet */
	struct database_probe probe; /* under way while is_probed is set */
	bool is_probed;
	struct image_folder images;
	struct log *log; /* borrowed */
	struct random random;
	struct history_memory *memory; /* of the steps of all zones */
	struct image_sums *sums;       /* of the files there were at the opening, until they are loaded */
	uint64_t *loaded_files;        /* handed over by store_load_files; sorted */
	size_t loaded_count;
	bool has_committed; /* since it was opened: what was in the database then is synced too; the writer's */
	struct store_batch *owed; /* told, written ahead, and not in the database; NULL: none */
	_Atomic bool is_ahead;    /* somebody was told of what the database is about to commit */
	struct committer committer;
	struct database_txn *open; /* the writer's, with what was told since the last commit; NULL: none */
	struct store_batch *told;  /* in it; NULL: nothing */
};

/* store_open with a database of another size, for tests. */
MUST_CHECK enum err store_open_bounded(const char *dir, size_t map_bytes, struct log *log,
                                       struct store **out_store, struct why *why);

/* What was made in the directory must still be there after a power cut: before the first commit, which is the first that
 * promises anything.  Passes the fault point "dir-sync".  The writer's. */
MUST_CHECK enum err store_sync_directory(struct store *s, struct why *why);

static inline struct octets name_octets(const uint8_t *name) {
	return (struct octets){ name, name_len(name) };
}

/* Octets of steps that a version of so many octets may have in memory. */
static inline uint64_t history_memory_share(uint64_t version_octets) {
	uint64_t share = version_octets / 16;
	return share > HISTORY_BYTES_LEAST ? share : HISTORY_BYTES_LEAST;
}

/* Before reading: whoever was told of a commit finds it. */
void store_catch_up(struct store *s);
void store_forget_owed(struct store *s);

/* The zone's name from a key of the database; false: not one of ours. */
bool store_name_of_key(struct octets key, struct name *out_name);

#endif
