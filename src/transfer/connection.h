/* One connection to a primary, over TCP or TLS, with questions pipelined on it (RFC 7766 section 6.2.1.1) and answers told apart by
 * message ID.  Knows nothing of zones.
 *
 *   CONNECTING ── connected, over TLS handshake done ──► OPEN ── nothing under way for IDLE_MS, or any failure ──► closed
 *
 * Time limits: CONNECT_MS to connect, with the handshake; PROGRESS_MS without an octet (of data, over TLS) while something is under way, less if one of them asks for less; what the rules of each transfer say (pace.h); FRAME_MS for one
 * message; IDLE_MS with nothing under way.
 *
 * Thread: the loop's. */
#ifndef UNDERSTUDY_TRANSFER_CONNECTION_H
#define UNDERSTUDY_TRANSFER_CONNECTION_H

#include <uv.h>

#include "base/addr.h"
#include "base/random.h"
#include "base/why.h"
#include "transfer/exchange.h"
#include "transfer/trust_book.h"

#define CONNECTION_CONNECT_MS 5000
#define CONNECTION_PROGRESS_MS 20000
#define CONNECTION_IDLE_MS 4000
#define CONNECTION_FRAME_MS 600000
#define CONNECTION_PASSED_MAX 64 /* later questions answered first, until a missing answer counts as none */

struct connection;
/* How a connection ended. */
struct connection_end {
	struct exchange_list under_way; /* in the order they were sent; taken over by the owner */
	struct exchange *guilty;        /* of under_way: whose answer or silence ended it; NULL: none */
	struct why why;    /* without the name of what was asked; REASON_NONE: nobody is to blame */
	bool connected;    /* it had been made */
	unsigned answered; /* exchanges completed on it */
};
struct connection_owner {
	void *ctx;
	void (*opened)(void *ctx, struct connection *c);
	/* x, of connection c, is complete: ops->done is to be called by the owner after its own accounts. */
	void (*finished)(void *ctx, struct connection *c, struct exchange *x);
	/* c is gone when this returns. */
	void (*ended)(void *ctx, struct connection *c, struct connection_end *end);
	void (*closed)(void *ctx); /* the last handle of c is closed: one for each connection_open */
};

/* Begin to connect.  owner is copied.  random is borrowed.  tls: whom we must meet, borrowed for this call; NULL: in clear.
 * Failures come by owner->ended, never from inside. */
struct connection *connection_open(uv_loop_t *loop, const struct addr *to, const struct addr *source,
                                   const struct trusted *tls, const struct connection_owner *owner,
                                   struct random *random);
bool connection_is_open(const struct connection *c);
unsigned connection_under_way(const struct connection *c);
/* Exchanges completed so far. */
unsigned connection_answered(const struct connection *c);
/* An exchange with `alone` is under way. */
bool connection_is_taken(const struct connection *c);
/* Send x's question with the next connection_flush.  Only when open. */
void connection_send(struct connection *c, struct exchange *x);
/* Questions for many zones go out in one write; from inside of `finished`, when all that was read is dealt with. */
void connection_flush(struct connection *c);
/* x is no longer wanted: take it back and end the connection, where its answer would come. */
void connection_forget(struct connection *c, struct exchange *x);
/* End it now, by owner->ended before this returns; guilty may be NULL. */
void connection_drop(struct connection *c, struct exchange *guilty, enum reason reason, const char *text);

#endif
