/* Publishing to readers that never lock: quiescent-state based reclamation in C11 atomics.
 *
 * Readers (at most EPOCH_READERS_MAX threads) load published pointers freely and call epoch_quiescent()
 * when they hold none (between batches), or epoch_offline() before they wait for something.  Writers publish
 * by one pointer store and hand the old value to epoch_retire(); it is freed once every online reader has
 * passed a quiescent point.  Thread: retire and collect from any thread (a mutex guards the list; never taken
 * by readers). */
#ifndef UNDERSTUDY_BASE_EPOCH_H
#define UNDERSTUDY_BASE_EPOCH_H

#define EPOCH_READERS_MAX 256

struct epoch;
struct epoch_reader;

struct epoch *epoch_new(void);
/* All readers must have left; frees everything retired. */
void epoch_free(struct epoch *e);

/* Register the calling thread; it starts online.  NULL when the table is full. */
struct epoch_reader *epoch_join(struct epoch *e);
void epoch_leave(struct epoch_reader *r);
void epoch_quiescent(struct epoch_reader *r);
void epoch_offline(struct epoch_reader *r);
void epoch_online(struct epoch_reader *r);

/* Call free_fn(p) when no reader can hold p any more.  p must be unreachable for new readers already. */
void epoch_retire(struct epoch *e, void *p, void (*free_fn)(void *));
/* Free what can be freed now; returns how many are still waiting.  Call from a timer and after retiring. */
unsigned epoch_collect(struct epoch *e);

#endif
