/* A thread of the store's own that writes.  It does jobs, one at a time, and in between commits what they have left open
 * (store/batch_parts.h, gather): as soon as somebody who reads waits for it, and else after COMMITTER_OPEN_MS, so that
 * the small commits that come one after the other meanwhile share one of the database's.  One that is alone, none having come in
 * that time before it, is not left open: what is warm costs least.
 * Thread: each function tells; the lock is held for moments. */
#ifndef UNDERSTUDY_STORE_COMMITTER_H
#define UNDERSTUDY_STORE_COMMITTER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#define COMMITTER_OPEN_MS 200

struct store;

/* Part of struct store.  What follows `lock` is read and changed with it alone. */
struct committer {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t work, settled; /* of the thread; of those who wait for it */
	bool runs;
	bool is_ending;
	bool is_hurried; /* somebody waits for a commit */
	void (*job)(void *ctx);
	void *job_ctx;
	uint64_t settled_count;
	int64_t due_ms;   /* monotonic: when what is open is to be committed; the thread's */
	int64_t told_ms;  /* monotonic: when the last small commit came; the thread's */
	unsigned open_ms; /* COMMITTER_OPEN_MS; changed by tests, before the thread starts */
};

void committer_init(struct committer *w);
void committer_done(struct committer *w);

/* Nothing that was told is outside the database: those who wait go on.  The writer's. */
void committer_tell_settled(struct store *s);
/* A small commit has come: whether others are to be expected soon.  The writer's. */
bool committer_expects_more(struct store *s);
/* Until what was told is in the database, or owed; false, and no wait: no such thread runs.  Any thread but the writer's. */
bool committer_wait(struct store *s);

#endif
