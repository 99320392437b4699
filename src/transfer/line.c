/* For each urgency a ring of peers that take turns.  A peer whose places are all taken leaves it and comes back with
 * line_left, so that no call has to look at peers in vain. */
#include "transfer/line.h"

static unsigned places_of_peer(const struct line *l) {
	return l->places > 1 ? l->places / 2 : 1;
}

static void take_turn(struct line *l, struct line_peer *peer, unsigned urgency) {
	struct line_turns *turns = &l->turns[urgency];
	if (peer->has_turn[urgency] || !peer->queue[urgency].first) return;
	peer->has_turn[urgency] = true;
	peer->next_turn[urgency] = NULL;
	if (turns->last)
		turns->last->next_turn[urgency] = peer;
	else
		turns->first = peer;
	turns->last = peer;
}

static struct line_peer *first_turn(struct line *l, unsigned urgency) {
	struct line_turns *turns = &l->turns[urgency];
	struct line_peer *peer = turns->first;
	if (!peer) return NULL;
	turns->first = peer->next_turn[urgency];
	if (!turns->first) turns->last = NULL;
	peer->has_turn[urgency] = false;
	return peer;
}

void line_put(struct line *l, struct line_peer *peer, struct line_item *item, enum urgency urgency) {
	struct line_queue *queue = &peer->queue[urgency];
	*item = (struct line_item){ .prev = queue->last, .peer = peer, .urgency = (uint8_t)urgency };
	if (queue->last)
		queue->last->next = item;
	else
		queue->first = item;
	queue->last = item;
	if (peer->on_way < places_of_peer(l)) take_turn(l, peer, urgency);
}

void line_remove(struct line_item *item) {
	if (!item->peer) return;
	struct line_queue *queue = &item->peer->queue[item->urgency];
	if (item->prev)
		item->prev->next = item->next;
	else
		queue->first = item->next;
	if (item->next)
		item->next->prev = item->prev;
	else
		queue->last = item->prev;
	*item = (struct line_item){ 0 };
}

/* The peer whose turn it is and that can use it: one that lost its last item, or has no place, is passed over. */
static struct line_peer *peer_in_turn(struct line *l, unsigned urgency) {
	struct line_peer *peer;
	while ((peer = first_turn(l, urgency))) {
		if (peer->queue[urgency].first && peer->on_way < places_of_peer(l)) return peer;
	}
	return NULL;
}

struct line_item *line_next(struct line *l) {
	for (unsigned u = 0; u < URGENCY_COUNT && l->on_way < l->places; u++) {
		struct line_peer *peer = peer_in_turn(l, u);
		if (!peer) continue;
		struct line_item *item = peer->queue[u].first;
		line_remove(item);
		l->on_way++;
		peer->on_way++;
		if (peer->on_way < places_of_peer(l)) take_turn(l, peer, u);
		return item;
	}
	return NULL;
}

void line_left(struct line *l, struct line_peer *peer) {
	l->on_way--;
	peer->on_way--;
	for (unsigned u = 0; u < URGENCY_COUNT; u++)
		take_turn(l, peer, u);
}
