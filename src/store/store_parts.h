/* What the files of this folder share of struct store. */
#ifndef UNDERSTUDY_STORE_STORE_PARTS_H
#define UNDERSTUDY_STORE_STORE_PARTS_H

#include "base/random.h"
#include "store/database.h"
#include "store/image_file.h"
#include "store/saved_state.h"
#include "store/store.h"

/* Address space that the database may take; the file grows with what is in it.  16 GiB hold ten million small
 * zones. */
#define STORE_MAP_BYTES (sizeof(void *) >= 8 ? (size_t)16 << 30 : (size_t)1 << 30)

struct store {
	char *path;       /* of the database */
	int directory_fd; /* also holds the lock file's folder */
	int lock_fd;      /* flock: one daemon a directory */
	struct database *db;
	struct image_folder images;
	struct log *log; /* borrowed */
	struct random random;
};

static inline struct octets name_octets(const uint8_t *name) {
	return (struct octets){ name, name_len(name) };
}

/* The zone's name from a key of the database; false: not one of ours. */
bool store_name_of_key(struct octets key, struct name *out_name);

#endif
