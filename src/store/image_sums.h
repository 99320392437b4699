/* What the octets of the files of large images give, found out by a few threads while the start goes on with something
 * else: reading them takes longer than all the rest of it.
 *
 *     begin ── threads read file after file, large ones first ──► of(id) waits for one of them
 *
 * Thread: one owner; the folder stays open meanwhile. */
#ifndef UNDERSTUDY_STORE_IMAGE_SUMS_H
#define UNDERSTUDY_STORE_IMAGE_SUMS_H

#include "store/image_file.h"

struct image_sums;

/* Of all files that are in the folder now.  NULL: there are none. */
struct image_sums *image_sums_begin(const struct image_folder *folder);
/* Waits until the file was read; borrowed from s.  NULL: it was not there. */
const struct image_sum *image_sums_of(struct image_sums *s, uint64_t id);
/* Files that are not read yet are not read any more.  s may be NULL. */
void image_sums_free(struct image_sums *s);

#endif
