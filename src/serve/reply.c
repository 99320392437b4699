/* The frame of an answer: header bits, question, OPT (RFC 6891), TSIG (RFC 8945). */
#include <string.h>

#include "serve/edns.h"

/* Kept from the request: opcode, RD (RFC 1035 section 4.1.1), and CD, which RFC 4035 section 3.1.6 would clear. */
static uint16_t flags_echoed(uint16_t flags) {
	return (uint16_t)(FLAG_QR | (flags & (0x7800U | FLAG_RD | FLAG_CD)));
}

size_t reply_header(struct request *r, enum rcode rcode) {
	const uint8_t *request = r->message.data;
	r->rcode = (uint16_t)rcode;
	if (r->cap < MESSAGE_HEADER_LEN) return 0;
	memset(r->out, 0, MESSAGE_HEADER_LEN);
	memcpy(r->out, request, 2);
	store_u16(r->out + 2, (uint16_t)(flags_echoed(load_u16(request + 2)) | rcode));
	return MESSAGE_HEADER_LEN;
}

/* -- size and frame ------------------------------------------------------------------------------------------------ */

size_t reply_size_limit(const struct request *r) {
	if (r->transport != SERVE_UDP) return MESSAGE_MAX_LEN;
	size_t size = UDP_PLAIN_MAX;
	if (r->message.edns.present && r->message.edns.udp_size > size) size = r->message.edns.udp_size;
	return size < r->settings->udp_size ? size : r->settings->udp_size;
}

/* Room for what comes after the records.  room: what the message may have besides its question. */
static void keep_room(struct request *r, size_t room) {
	r->opt_len = 0;
	if (!r->message.edns.present) return;
	r->opt_len = OPT_FIXED_LEN;
	if (r->answer_options) r->opt_len += edns_reserve(r, room - OPT_FIXED_LEN - r->signature_len);
}

bool reply_begin(struct request *r) {
	struct encoder *e = &r->worker->encoder;
	const struct message *m = &r->message;
	bool has_question = m->header.qdcount == 1 && !r->without_question;
	size_t head = MESSAGE_HEADER_LEN + (has_question ? m->question.name.len + 4U : 0U);
	r->signature_len = r->is_signed ? (uint16_t)tsig_answer_len(&r->worker->tsig) : 0;
	size_t least = head + (m->edns.present ? OPT_FIXED_LEN : 0U) + r->signature_len;
	size_t limit = reply_size_limit(r);
	/* That a key is not known is told at no length beyond the limit: anybody may have asked. */
	if (limit < least && !r->key) {
		least -= r->signature_len;
		r->signature_len = 0;
		r->is_signed = false;
	}
	/* A long name and a long key can fill 512 octets alone; an answer that can't be verified helps nobody. */
	if (limit < least) limit = least;
	if (limit > r->cap) limit = r->cap;
	if (limit < least) return false;
	keep_room(r, limit - head);
	message_begin(e, r->out, r->cap, limit);
	encoder_reserve(e, (uint16_t)(r->opt_len + r->signature_len));
	e->header.id = m->header.id;
	if (has_question) message_question(e, &m->question);
	return true;
}

/* The room that was kept, and what the records left of theirs. */
static void put_opt(struct request *r, struct encoder *e) {
	const struct edns opt = { .present = true,
		                  .rcode_high = (uint8_t)(r->rcode >> 4),
		                  .dnssec_ok = r->message.edns.dnssec_ok,
		                  .udp_size = r->settings->udp_size };
	encoder_unreserve(e, r->opt_len);
	if (message_opt(e, &opt) != OK) return; /* its room was kept */
	size_t start = e->w.len;
	if (r->answer_options == 0 && r->ede == EDE_NONE) return;
	edns_write(r, &e->w);
	edns_pad(r, &e->w, r->signature_len);
	store_u16(e->w.data + start - 2, (uint16_t)(e->w.len - start));
}

size_t reply_end(struct request *r) {
	struct encoder *e = &r->worker->encoder;
	if (r->message.edns.present) put_opt(r, e);
	e->header.flags = (uint16_t)(flags_echoed(r->message.header.flags) | r->flags | (r->rcode & 15U));
	size_t len = message_end(e);
	if (!r->is_signed) return len;
	if (tsig_sign_answer(&r->worker->tsig, (uint64_t)r->now.wall_s, r->out, len, r->cap, &len) != OK)
		return 0;
	return len;
}

size_t reply_error(struct request *r, enum rcode rcode, enum ede ede) {
	r->rcode = (uint16_t)rcode;
	r->ede = ede;
	r->kind = ANSWER_ERROR;
	return reply_begin(r) ? reply_end(r) : 0;
}

/* All zones of a configuration share its keys, so a key is known whatever the question is about. */
static const struct tsig_keyring *keys_of(const struct serve *s, const struct zone_entry *entry) {
	static const struct tsig_keyring no_keys = { NULL, 0 };
	if (!entry) entry = table_any(s->table);
	if (!entry) return &no_keys;
	const struct zone_policy *policy = atomic_load_explicit(&entry->policy, memory_order_acquire);
	return policy && policy->keyset ? &policy->keyset->ring : &no_keys;
}

bool request_verify(struct request *r, const struct zone_entry *entry) {
	struct tsig_state *tsig = &r->worker->tsig;
	if (r->message.tsig_pos == 0) return true;
	const struct tsig_keyring *ring = keys_of(r->serve, entry);
	enum err e = tsig_verify_request(tsig, ring, &r->message, (uint64_t)r->now.wall_s);
	if (e == OK) {
		r->is_signed = true;
		r->key = tsig->key;
		return true;
	}
	count(r->worker, COUNTER_tsig_failed);
	r->is_signed = e != ERR_MALFORMED;
	r->rcode = e == ERR_MALFORMED ? RCODE_FORMERR : RCODE_NOTAUTH;
	return false;
}
