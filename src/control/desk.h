/* The desk: one thread that does, one after another, what may wait for the disk, such as the requests that read or
 * change the database.  The loop hands jobs over and gets them back; it never waits.
 *
 *   desk_take --> queue --> run (desk) --> queue --> done (loop)
 *   desk_put  --> queue, and the desk sleeps on until desk_take or desk_go
 *
 * Jobs come back in the order in which they were taken.
 * Thread: the loop's, but for run. */
#ifndef UNDERSTUDY_CONTROL_DESK_H
#define UNDERSTUDY_CONTROL_DESK_H

#include <stdbool.h>
#include <uv.h>

#include "base/err.h"

#define DESK_JOBS_MAX 512 /* taken and not back yet */

/* Stands in what the job is about; not touched by its owner between desk_take and done. */
struct desk_job {
	struct desk_job *next;
	void (*run)(struct desk_job *job);  /* on the desk */
	void (*done)(struct desk_job *job); /* on the loop; the job may be freed there */
	bool skipped;                       /* run was not called: the desk stopped first */
};

struct desk;

/* ERR_LIMIT: no thread, or no descriptors. */
MUST_CHECK enum err desk_new(uv_loop_t *loop, struct desk **out_desk);
/* ERR_LIMIT: DESK_JOBS_MAX are there; ERR_CLOSED: it has stopped.  Then done is not called. */
MUST_CHECK enum err desk_take(struct desk *desk, struct desk_job *job);
/* The same, but there is no hurry: it begins, in its turn, with the next job that is taken or with desk_go. */
MUST_CHECK enum err desk_put(struct desk *desk, struct desk_job *job);
void desk_go(struct desk *desk);
/* Wait for the job under way, call done of all that were taken, and end the thread.  The handle is closed; all is freed
 * when the loop has run it down. */
void desk_stop(struct desk *desk);

#endif
