/* Whose answer the octets of a connection are: frames, told apart by message ID. */
#include <string.h>

#include "base/bytes.h"
#include "dns/message.h"
#include "transfer/connection_parts.h"

struct exchange *connection_find(const struct connection *c, uint16_t id) {
	struct exchange *x = c->under_way.first;
	while (x && x->id != id)
		x = x->next;
	return x;
}

/* Questions before x on this connection that still wait for their first message were passed over. */
static struct exchange *pass_over(struct exchange *x) {
	struct exchange *lost = NULL;
	for (struct exchange *older = x->prev; older; older = older->prev) {
		if (!older->begun && ++older->passed > CONNECTION_PASSED_MAX) lost = older;
	}
	return lost;
}

static void complete(struct connection *c, struct exchange *x, enum exchange_verdict verdict) {
	struct exchange *lost = pass_over(x);
	exchange_unlink(&c->under_way, x);
	x->connection = NULL;
	if (verdict == EXCHANGE_DONE) c->answered++;
	if (verdict == EXCHANGE_DROP)
		connection_drop(c, NULL, REASON_CLOSED, "given up because of an unusable answer");
	else if (lost)
		connection_drop(c, lost, REASON_TIMEOUT, "later questions were answered, this one was not");
	c->owner.finished(c->owner.ctx, c, x);
}

static void take_message(struct connection *c, const uint8_t *data, size_t len) {
	struct exchange *x = len >= MESSAGE_HEADER_LEN ? connection_find(c, load_u16(data)) : NULL;
	if (!x) {
		connection_drop(c, c->under_way.first, REASON_BAD_MESSAGE,
		                "a message that answers no question");
		return;
	}
	pace_begin(&x->pace, c->frame_ms);
	x->begun = true;
	x->octets += len;
	enum exchange_verdict verdict = x->ops->message(x, data, len);
	if (verdict != EXCHANGE_MORE) complete(c, x, verdict);
}

/* The exchange to which the message belongs that has come in part; NULL: none, or not known yet. */
static struct exchange *begun_in_part(const struct connection *c) {
	return c->input_len >= 4 ? connection_find(c, load_u16(c->input + 2)) : NULL;
}

uint64_t connection_octets_of(const struct connection *c, const struct exchange *x) {
	return x->octets + (begun_in_part(c) == x ? c->input_len : 0);
}

static void take_messages(struct connection *c) {
	size_t pos = 0;
	while (!c->ended && c->input_len - pos >= 2) {
		size_t len = load_u16(c->input + pos);
		if (c->input_len - pos - 2 < len) break;
		take_message(c, c->input + pos + 2, len);
		pos += 2 + len;
		c->frame_ms = connection_now_ms(c);
	}
	c->input_len -= pos;
	memmove(c->input, c->input + pos, c->input_len);
	if (c->input_len > 0 && connection_now_ms(c) - c->frame_ms > CONNECTION_FRAME_MS)
		connection_drop(c, c->under_way.first, REASON_STALLED,
		                "a message took more than ten minutes");
}

void connection_take_octets(struct connection *c, size_t got) {
	if (c->input_len == 0) c->frame_ms = connection_now_ms(c);
	c->input_len += got;
	take_messages(c);
	if (c->ended) return;
	struct exchange *x = begun_in_part(c);
	if (x) pace_begin(&x->pace, c->frame_ms);
	connection_restart_timer(c);
}
