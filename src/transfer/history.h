/* The newest attempts of a zone, kept for status: as many as take PACKED_MAX octets, ATTEMPTS_KEPT at most.  Costs nothing
 * until the first attempt, then grows one by one; questions in a row that found nothing new are one entry, so that a zone in
 * step keeps two or three.
 * Thread: one (transfer's). */
#ifndef UNDERSTUDY_TRANSFER_HISTORY_H
#define UNDERSTUDY_TRANSFER_HISTORY_H

#include "base/packed.h"
#include "transfer/transfer.h"

struct history; /* NULL is the empty one */

/* Add the newest; returns the history, which has moved within p. */
struct history *history_add(struct packed *p, struct history *h, const struct attempt *attempt);
/* Newest first; returns how many. */
unsigned history_read(const struct history *h, struct attempt out_attempts[static ATTEMPTS_KEPT]);
void history_free(struct history *h);

#endif
