#include "serve/limit.h"

#include "serve/edns.h"

/* Whose address is proven, or who was sent for: an answer to them is no attack on anybody. */
static bool is_exempt(const struct request *r) {
	if (r->transport != SERVE_UDP || r->key || request_has_valid_cookie(r)) return true;
	/* A primary with many zones tells of many at once; the answer is no larger than what it sent. */
	return header_opcode(&r->message.header) == OPCODE_NOTIFY && r->rcode == RCODE_NOERROR;
}

/* docs/decisions/0005-rate-limit.md says why so. */
static struct rate_answer answer_of(const struct request *r) {
	const struct plan *p = &r->worker->plan;
	const struct question *q = &r->message.question;
	switch (r->kind) {
	case ANSWER_POSITIVE:
		if (p->made_below) return (struct rate_answer){ RATE_WILDCARD, q->type, p->made_below };
		return (struct rate_answer){ RATE_POSITIVE, q->type, q->name.wire };
	case ANSWER_NODATA: return (struct rate_answer){ RATE_NODATA, 0, r->zone->name };
	case ANSWER_NXDOMAIN: return (struct rate_answer){ RATE_NXDOMAIN, 0, r->zone->name };
	case ANSWER_REFERRAL: return (struct rate_answer){ RATE_REFERRAL, 0, p->cut };
	case ANSWER_ERROR: break;
	}
	return (struct rate_answer){ RATE_ERROR, 0, NULL };
}

static bool has_records(const struct request *r) {
	return (load_u16(r->out + 6) | load_u16(r->out + 8)) != 0;
}

/* As few octets as bring a real client back: by a cookie if it knows them (RFC 7873 section 5.2.3), else by TCP.  An
 * error says all that it has to say. */
static size_t slip(struct request *r, size_t len) {
	if (len == MESSAGE_HEADER_LEN) return len;
	bool empties = has_records(r);
	edns_keep_cookie(r);
	r->ede = EDE_NONE;
	if (empties && r->has_cookie) {
		r->rcode = RCODE_BADCOOKIE;
		r->flags = 0;
	} else if (empties) {
		r->flags |= FLAG_TC;
	}
	return reply_begin(r) ? reply_end(r) : 0;
}

size_t limit_answer(struct request *r, size_t len) {
	struct rate_limit *limit = r->settings->limit;
	if (!limit || is_exempt(r)) return len;
	struct rate_answer answer = answer_of(r);
	switch (rate_limit_check(limit, r->peer, &answer, r->now)) {
	case RATE_SEND: break;
	case RATE_SLIP: count(r->worker, COUNTER_rate_slipped); return slip(r, len);
	case RATE_DROP: count(r->worker, COUNTER_rate_dropped); return 0;
	}
	return len;
}
