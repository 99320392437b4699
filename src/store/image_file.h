/* Files of large images: images/<16 hex>.img below the store's directory.  A file gets its name when it is
 * whole and synced, and is never changed after; which files count is said by the database alone. */
#ifndef UNDERSTUDY_STORE_IMAGE_FILE_H
#define UNDERSTUDY_STORE_IMAGE_FILE_H

#include "base/why.h"
#include "store/checksum.h"
#include "zone/version.h"

struct image_folder {
	int fd; /* of the folder "images" */
};

/* ERR_IO; why is filled on failure. */
MUST_CHECK enum err image_folder_open(int directory_fd, struct image_folder *out_folder, struct why *why);
void image_folder_close(struct image_folder *folder);
/* Remove files that are named as ours but not listed, and unfinished ones.  ids: sorted.  Returns how
 * many. */
size_t image_folder_clean(const struct image_folder *folder, const uint64_t *ids, size_t count);

/* Files with our names; to be freed.  Of unfinished ones nothing is told. */
MUST_CHECK enum err image_folder_list(const struct image_folder *folder, uint64_t **out_ids,
                                      size_t *out_count);
/* Whose it says to be: the apex in its header.  ERR_IO, ERR_CORRUPT. */
MUST_CHECK enum err image_file_apex(const struct image_folder *folder, uint64_t id, struct name *out_apex);

/* Write, sync, rename, sync the folder.  Passes the fault points "file-write" (each piece of 8 MiB),
 * "file-sync", "file-rename" and "dir-sync".  On failure nothing is left, errno tells. */
MUST_CHECK enum err image_file_write(const struct image_folder *folder, uint64_t id, const void *data,
                                     size_t size);
/* A file that is gone already is fine; one that stays is removed at the next start.
 * Passes the fault point "file-remove". */
void image_file_remove(const struct image_folder *folder, uint64_t id);

/* What the database says of an image. */
struct image_facts {
	const uint8_t *apex; /* borrowed; case ignored */
	uint64_t size, checksum;
	uint32_t serial;
};
/* True if the image is the one that facts speak of; else why says where it differs. */
bool image_matches(const struct image *image, const struct image_facts *facts, struct why *why);

/* Map a file that was just written. */
MUST_CHECK enum err image_file_map(const struct image_folder *folder, uint64_t id, uint64_t size,
                                   struct zone_version **out_version);
/* Read the whole file, verify checksum and facts, then map it: ERR_CORRUPT, ERR_VERSION, ERR_NOTFOUND,
 * ERR_IO, ERR_NOMEM; why is filled on failure.  Files are read, not touched through the mapping, since a
 * disk error must end in a code and not in a signal.  Thread: any. */
MUST_CHECK enum err image_file_load(const struct image_folder *folder, uint64_t id,
                                    const struct image_facts *facts, struct zone_version **out_version,
                                    struct why *why);

/* The same in two steps.  First what the octets of the file give, whatever they should. */
struct image_sum {
	enum err error; /* not OK: the file could not be read, see system_errno */
	int system_errno;
	uint64_t size;     /* of the file */
	uint64_t checksum; /* 0 if it is shorter than any image */
};
/* Octets of the file; 0 if it can't be told. */
uint64_t image_file_size(const struct image_folder *folder, uint64_t id);
/* buffer holds IMAGE_FILE_PIECE octets, scratch is reset here.  Thread: any, each with its own two. */
#define IMAGE_FILE_PIECE (64 * 1024)
void image_file_sum(const struct image_folder *folder, uint64_t id, uint8_t *buffer, struct checksum *scratch,
                    struct image_sum *out_sum);
/* Then whether they are the facts, and the mapping: fails as image_file_load does. */
MUST_CHECK enum err image_file_take(const struct image_folder *folder, uint64_t id,
                                    const struct image_sum *sum, const struct image_facts *facts,
                                    struct zone_version **out_version, struct why *why);

#endif
