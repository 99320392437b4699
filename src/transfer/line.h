/* Questions that wait to be sent by UDP: which one goes next.  Sans-IO.
 *
 *   line_put ──► queue of its peer and urgency ── line_next ──► on its way ── line_left ──► gone
 *
 * Operator goes before NOTIFY before refresh.  Among those of one urgency the peers take turns, and no peer has more
 * than half of all places: however many zones a primary that does not answer has, another's question waits for one turn
 * of the peers and not for the whole queue.
 *
 * Cost: constant; a peer that has nothing waiting costs nothing.
 * Thread: one (transfer's). */
#ifndef UNDERSTUDY_TRANSFER_LINE_H
#define UNDERSTUDY_TRANSFER_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "transfer/follow.h"

struct line_peer;

/* Embedded in what waits; zeroed before its first use. */
struct line_item {
	struct line_item *next, *prev;
	struct line_peer *peer; /* NULL: not waiting */
	uint8_t urgency;
};

struct line_queue {
	struct line_item *first, *last;
};

/* Embedded in a peer; zeroed before its first use, and not moved while something waits. */
struct line_peer {
	struct line_queue queue[URGENCY_COUNT];
	struct line_peer *next_turn[URGENCY_COUNT];
	bool has_turn[URGENCY_COUNT]; /* it is in the list of those that take turns */
	unsigned on_way;
};

struct line_turns {
	struct line_peer *first, *last;
};

struct line {
	struct line_turns turns[URGENCY_COUNT]; /* peers that have something waiting and a place */
	unsigned places, on_way;
};

static inline struct line line_of(unsigned places) {
	return (struct line){ .places = places };
}

void line_put(struct line *l, struct line_peer *peer, struct line_item *item, enum urgency urgency);
/* Take it out again; not waiting: nothing happens. */
void line_remove(struct line_item *item);
/* The one to be sent now, which from here on has a place; NULL: none waits, or no place is free. */
struct line_item *line_next(struct line *l);
/* One of the peer's gave its place back. */
void line_left(struct line *l, struct line_peer *peer);

#endif
