/* Group commit: what is to be stored waits in a queue; one job at a time takes all of it, writes it on the store's thread
 * in one batch (one sync for thousands of small zones), and then tells each.  In the order in which they were queued.
 * Thread: the loop's; between prepare and told the job's thread owns the save. */
#ifndef UNDERSTUDY_TRANSFER_SAVER_H
#define UNDERSTUDY_TRANSFER_SAVER_H

#include <uv.h>

#include "store/store.h"

#define SAVER_BATCH_MAX 1024 /* saves in one batch: what comes next waits for it, and LMDB keeps the memory */
#define SAVER_BATCH_OCTETS (256L << 20) /* images in one batch, beside the first */

enum save_kind {
	SAVE_VERSION, /* a whole image and the state, with the steps that led to it if they are known */
	SAVE_STEPS,   /* the steps to a new version and the state; the saved image stays */
	SAVE_IMAGE, /* the whole image of a version that the saved steps lead to or through; the state stays */
	SAVE_STATE,
	SAVE_REMOVE
};

/* Embedded in what waits for it. */
struct save {
	struct save *next;
	enum save_kind kind;
	const uint8_t *name;          /* borrowed until told */
	struct zone_version *version; /* SAVE_VERSION, SAVE_IMAGE: borrowed until told */
	struct store_steps steps; /* SAVE_STEPS, SAVE_VERSION: count 0 if not known; borrowed until told */
	/* Called when the batch is put together: fills state.  False: no longer wanted (told gets ERR_NOTFOUND). */
	bool (*prepare)(struct save *s);
	/* The outcome: error, why (if not OK) and saved. */
	void (*told)(struct save *s);
	struct zone_state state;
	struct zone_version *saved; /* the version to publish, a reference for who is told; NULL: none */
	bool wants_image;           /* the steps behind the saved image are many: SAVE_IMAGE should follow */
	struct store_outcome outcome; /* the saver's */
	enum err error;
	struct why why;
};

struct saver;
/* What the store has written ahead is told at once, while it still commits (store_batch_commit_early): what waits for the
 * next job does so until then. */
struct saver *saver_new(uv_loop_t *loop, struct store *store, struct log *log);
void saver_add(struct saver *s, struct save *save);
/* Nothing waits or runs. */
bool saver_is_idle(const struct saver *s);
/* Called each time when nothing waits or runs any more. */
void saver_on_idle(struct saver *s, void (*idle)(void *ctx), void *ctx);
/* Tell so now, if it is so: something outside that it waited for is over. */
void saver_check_idle(struct saver *s);
/* Saves that were told so far. */
uint64_t saver_count(const struct saver *s);
/* When it is idle, and will be.  Calls closed when its handle is. */
void saver_close(struct saver *s, void (*closed)(void *ctx), void *ctx);
/* After that. */
void saver_free(struct saver *s);

#endif
