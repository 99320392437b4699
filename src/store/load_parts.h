/* What the files that load zones at a start share. */
#ifndef UNDERSTUDY_STORE_LOAD_PARTS_H
#define UNDERSTUDY_STORE_LOAD_PARTS_H

#include "store/store_parts.h"

struct load {
	struct store *store;
	struct database_txn *txn;
	struct store_cursor *cursor;
	store_wants_fn *wants; /* NULL: all are wanted */
	store_each_fn *each;
	void *ctx;
};

struct image_facts load_facts(const struct saved_state *saved, const uint8_t *name);
/* From the image to what is to be served, and over to whom it concerns; a zone whose image is damaged (why tells) or that
 * has none (why is NULL) has no version. */
void load_deliver(const struct load *l, const struct name *name, const struct saved_state *saved,
                  struct zone_version *image, const struct why *why);
/* The file was handed over by store_load_files. */
bool load_has_file(const struct store *s, uint64_t id);

/* Files that no state names, and unfinished ones, go. */
MUST_CHECK enum err load_remove_orphans(struct store *s, struct why *why);

#endif
