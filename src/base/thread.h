/* Threads of ours: each has a name, which tools of the system show (ps -L, top -H, /proc/PID/task/TID/comm), and no signal
 * comes to any of them: signals are the main thread's. */
#ifndef UNDERSTUDY_BASE_THREAD_H
#define UNDERSTUDY_BASE_THREAD_H

#include <pthread.h>
#include <stdbool.h>

#define THREAD_NAME_MAX 15 /* octets that the system keeps */

/* name: copied; what is over THREAD_NAME_MAX is cut.  False: there is no thread to be had.  To be joined. */
bool thread_start(pthread_t *out_thread, const char *name, void *(*run)(void *), void *ctx);

/* The calling thread, which others have started.  name: a constant; the same one again costs nothing. */
void thread_name(const char *name);

/* What libuv's threads are called while they build and merge. */
#define THREAD_POOL "pool"

#endif
