/* One question of a walk on the wire: by UDP from a socket and port of its own (RFC 5452 section 4.5), sent twice, or by
 * TCP on a connection of its own.  Knows nothing of names.
 * Time: by UDP 3 s in all, by TCP 5 s.  Memory: 4 KiB, by TCP 64 KiB.
 * Thread: the loop's. */
#ifndef UNDERSTUDY_DIAGNOSE_WALK_ASK_H
#define UNDERSTUDY_DIAGNOSE_WALK_ASK_H

#include <uv.h>

#include "diagnose/walk.h"

struct walk_ask;
struct walk_ask_ops {
	/* Something came from whom was asked.  True: it is the answer, the question is over. */
	bool (*answer)(void *ctx, const uint8_t *data, size_t len);
	/* No answer; error: 0 after the time, else of libuv.  The question is over. */
	void (*failed)(void *ctx, int error);
	/* All handles are closed: once for each walk_ask_send. */
	void (*closed)(void *closed_ctx);
	void *closed_ctx;
};

/* ops is borrowed until closed.  Never calls back from inside. */
struct walk_ask *walk_ask_send(uv_loop_t *loop, const struct walk_question *question,
                               const struct walk_ask_ops *ops, void *ctx);
/* No callback but closed follows.  NULL is allowed. */
void walk_ask_cancel(struct walk_ask *a);

#endif
