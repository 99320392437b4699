/* One question to a primary over a connection, and its answer of one or more messages.  What asks embeds it; the pool
 * (pool.h) and the connections (connection.h) keep it in their lists.
 * Thread: the loop's. */
#ifndef UNDERSTUDY_TRANSFER_EXCHANGE_H
#define UNDERSTUDY_TRANSFER_EXCHANGE_H

#include "base/why.h"
#include "transfer/follow.h"
#include "transfer/pace.h"

enum exchange_verdict {
	EXCHANGE_MORE, /* further messages belong to the answer */
	EXCHANGE_DONE, /* that was the last one */
	EXCHANGE_DROP  /* the rest of the answer is of no use: the connection is given up */
};

/* One question and its answer of one or more messages.  Embedded in what asks; zeroed at first. */
struct exchange;
struct exchange_ops {
	/* Write the question with this ID to buf; returns its length.  Called anew each time it is sent. */
	size_t (*begin)(struct exchange *x, uint16_t id, uint8_t *buf, size_t cap);
	/* A message of the answer.  Must not free x. */
	enum exchange_verdict (*message)(struct exchange *x, const uint8_t *data, size_t len);
	/* After EXCHANGE_DONE and EXCHANGE_DROP; x belongs to the asker again. */
	void (*done)(struct exchange *x);
	/* No answer, or only part of one.  why->reason REASON_CLOSED: the primary closed the connection.
	 * no_tcp: a connection could not even be made.  x belongs to the asker again. */
	void (*failed)(struct exchange *x, const struct why *why, bool no_tcp);
};
struct exchange {
	const struct exchange_ops *ops;
	struct exchange *next, *prev;  /* in a queue or on a connection */
	struct connection *connection; /* NULL: not under way */
	struct peer *peer;             /* set by the pool; NULL: not submitted */
	enum urgency urgency;
	bool is_transfer;
	uint8_t transport; /* enum transport; set by the pool before it is sent, and when it can't be */
	bool alone;        /* large: nothing else goes behind it on its connection */
	bool begun;        /* a message of the answer came */
	bool is_refused; /* set by the asker: the answer is an RCODE that may mean that it was asked for too much at once */
	bool is_ahead;    /* it was sent beside so many that it may have been too much */
	uint8_t requeued; /* how often it was sent again though nothing was wrong with it */
	uint8_t passed;   /* later questions on the connection that were answered before */
	uint16_t id;
	struct pace_rules rules; /* of the answer; set by the asker, zero for none */
	struct pace pace;
	uint32_t quiet_ms; /* so long may nothing more come, as the asker has it; 0: CONNECTION_PROGRESS_MS */
	uint64_t octets;   /* of the answer so far */
};

/* Doubly linked list of exchanges. */
struct exchange_list {
	struct exchange *first, *last;
	unsigned count;
};
void exchange_append(struct exchange_list *list, struct exchange *x);
void exchange_prepend(struct exchange_list *list, struct exchange *x);
void exchange_unlink(struct exchange_list *list, struct exchange *x);

#endif
