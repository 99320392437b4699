/* The state of a zone saved at once, for somebody who waits until it is: what an operator has the answer to is not to be
 * lost by a crash.
 * Thread: the loop's. */
#ifndef UNDERSTUDY_TRANSFER_COMMIT_H
#define UNDERSTUDY_TRANSFER_COMMIT_H

#include "base/told.h"

struct followed;

/* told: OK: the state as it is when the batch is put together, or a later one, is on disk; ERR_NOTFOUND: the zone was
 * removed meanwhile; others: it could not be saved (the saver has logged why). */
void commit_state(struct followed *z, struct told told);

#endif
