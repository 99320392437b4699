/* The frame of an answer: header bits, question, OPT (RFC 6891), TSIG (RFC 8945). */
#include <string.h>

#include "serve/worker.h"

#define OPT_FIXED_LEN 11
#define EDE_OPTION_LEN 6 /* code, length, info code; no text */
#define OPTION_HEADER_LEN 4
#define OPTIONS_MAX (OPTION_HEADER_LEN + NSID_MAX + EDE_OPTION_LEN)

/* Kept from the request: opcode, RD (RFC 1035 section 4.1.1), CD (RFC 4035 section 3.1.6). */
static uint16_t flags_echoed(uint16_t flags) {
	return (uint16_t)(FLAG_QR | (flags & (0x7800U | FLAG_RD | FLAG_CD)));
}

static void count_rcode(struct serve_worker *w, unsigned rcode) {
	switch (rcode) {
	case RCODE_NOERROR: count(w, COUNTER_rcode_noerror); break;
	case RCODE_FORMERR: count(w, COUNTER_rcode_formerr); break;
	case RCODE_SERVFAIL: count(w, COUNTER_rcode_servfail); break;
	case RCODE_NXDOMAIN: count(w, COUNTER_rcode_nxdomain); break;
	case RCODE_NOTIMP: count(w, COUNTER_rcode_notimp); break;
	case RCODE_REFUSED: count(w, COUNTER_rcode_refused); break;
	default: count(w, COUNTER_rcode_other); break;
	}
	count(w, COUNTER_answers);
}

size_t reply_header(struct request *r, const uint8_t *request, enum rcode rcode) {
	if (r->cap < MESSAGE_HEADER_LEN) return 0;
	memset(r->out, 0, MESSAGE_HEADER_LEN);
	memcpy(r->out, request, 2);
	store_u16(r->out + 2, (uint16_t)(flags_echoed(load_u16(request + 2)) | rcode));
	count_rcode(r->worker, rcode);
	return MESSAGE_HEADER_LEN;
}

/* -- OPT -------------------------------------------------------------------------------------------------------- */

static bool wants_nsid(const struct request *r) {
	const struct edns *edns = &r->message.edns;
	unsigned pos = 0;
	uint16_t code, len;
	const uint8_t *data;
	if (edns->options_len == 0 || r->serve->nsid_len == 0) return false;
	while (edns_option_next(edns, &pos, &code, &data, &len))
		if (code == EDNS_NSID) return true;
	return false;
}

static uint16_t write_options(const struct request *r, uint8_t options[static OPTIONS_MAX]) {
	struct writer w = writer_init(options, OPTIONS_MAX);
	if (wants_nsid(r)) {
		write_u16(&w, EDNS_NSID);
		write_u16(&w, r->serve->nsid_len);
		write_bytes(&w, r->serve->settings.nsid, r->serve->nsid_len);
	}
	if (r->ede != EDE_NONE) {
		write_u16(&w, EDNS_EDE);
		write_u16(&w, 2);
		write_u16(&w, (uint16_t)r->ede);
	}
	return (uint16_t)w.len;
}

static uint16_t options_len(const struct request *r) {
	unsigned len = r->ede == EDE_NONE ? 0 : EDE_OPTION_LEN;
	if (wants_nsid(r)) len += OPTION_HEADER_LEN + (unsigned)r->serve->nsid_len;
	return (uint16_t)len;
}

/* Room for what comes after the records. */
static uint16_t tail_len(const struct request *r) {
	size_t len = 0;
	if (r->message.edns.present) len = OPT_FIXED_LEN + options_len(r);
	if (r->is_signed) len += tsig_answer_len(&r->worker->tsig);
	return (uint16_t)len;
}

static void put_opt(struct request *r, struct encoder *e) {
	uint8_t options[OPTIONS_MAX];
	struct edns opt = { .present = true,
		            .rcode_high = (uint8_t)(r->rcode >> 4),
		            .dnssec_ok = r->message.edns.dnssec_ok,
		            .udp_size = r->serve->settings.udp_size,
		            .options = options,
		            .options_len = write_options(r, options) };
	err_ignore(message_opt(e, &opt)); /* its room was reserved */
}

/* -- size and frame ------------------------------------------------------------------------------------------------ */

static size_t size_limit(const struct request *r) {
	if (r->transport == SERVE_TCP) return MESSAGE_MAX_LEN;
	size_t size = UDP_PLAIN_MAX;
	if (r->message.edns.present && r->message.edns.udp_size > size) size = r->message.edns.udp_size;
	size_t ours = r->serve->settings.udp_size;
	if (ours < UDP_PLAIN_MAX) ours = UDP_PLAIN_MAX;
	return size < ours ? size : ours;
}

bool reply_begin(struct request *r) {
	struct encoder *e = &r->worker->encoder;
	const struct message *m = &r->message;
	bool has_question = m->header.qdcount == 1;
	uint16_t tail = tail_len(r);
	size_t least = MESSAGE_HEADER_LEN + (has_question ? m->question.name.len + 4U : 0U) + tail;
	size_t limit = size_limit(r);
	/* A long name and a long key can fill 512 octets alone; an answer that can't be verified helps nobody. */
	if (limit < least) limit = least;
	if (limit > r->cap) limit = r->cap;
	if (limit < least) return false;
	message_begin(e, r->out, r->cap, limit);
	encoder_reserve(e, tail);
	e->header.id = m->header.id;
	if (has_question) message_question(e, &m->question);
	return true;
}

size_t reply_end(struct request *r) {
	struct encoder *e = &r->worker->encoder;
	encoder_unreserve(e, tail_len(r));
	if (r->message.edns.present) put_opt(r, e);
	e->header.flags = (uint16_t)(flags_echoed(r->message.header.flags) | r->flags | (r->rcode & 15U));
	size_t len = message_end(e);
	if (r->is_signed &&
	    tsig_sign_answer(&r->worker->tsig, (uint64_t)r->now.wall_s, r->out, len, r->cap, &len) != OK)
		return 0;
	if (r->flags & FLAG_TC) count(r->worker, COUNTER_truncated);
	count_rcode(r->worker, r->rcode);
	return len;
}

size_t reply_error(struct request *r, enum rcode rcode, enum ede ede) {
	r->rcode = (uint16_t)rcode;
	r->ede = ede;
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
