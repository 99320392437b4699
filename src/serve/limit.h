/* The limiter of rate_limit.h, asked about an answer that is ready to go. */
#ifndef UNDERSTUDY_SERVE_LIMIT_H
#define UNDERSTUDY_SERVE_LIMIT_H

#include "serve/worker.h"

/* r->out has an answer of len octets.  Result: how many of them to send, of another answer perhaps, then r tells about
 * that one; 0: none.  Counts what is held back. */
size_t limit_answer(struct request *r, size_t len);

#endif
