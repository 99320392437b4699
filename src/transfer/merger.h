/* Keeps the layers of versions few: what has grown is merged in the background, and a whole image is saved when the
 * steps behind the saved one have become many.
 *
 *   publish ──► merger_look ──► version_merge (libuv's pool) ──► deltas: publish the equal version
 *                                                          └──► whole image: save (SAVE_IMAGE) ──► publish
 *
 * Steps that come meanwhile are laid over what was merged (version_rebase); if they can't be, the work is dropped and
 * looked at again with the next version; a whole image that could not be saved because another version was on its way to
 * the store, when that is over.  What is served does not change by it, only what it stands on.
 * Bounds: MERGER_RUNNING at once; a zone waits at most once.
 * Thread: the loop's. */
#ifndef UNDERSTUDY_TRANSFER_MERGER_H
#define UNDERSTUDY_TRANSFER_MERGER_H

#include <stdbool.h>

#define MERGER_RUNNING 1

struct merger;
struct transfer;
struct followed;

struct merger *merger_new(struct transfer *t);
/* z has a new version, or the save of one is over; wants_image: the store asks for a whole image.  The wish is kept until
 * one is saved (z->wants_image). */
void merger_look(struct merger *m, struct followed *z, bool wants_image);
/* Nothing runs (what waits is dropped when all of transfer stops). */
bool merger_is_idle(const struct merger *m);
void merger_free(struct merger *m);

#endif
