#include "transfer/question.h"

#include <string.h>

#include "zone/lookup.h"

#define UDP_SIZE 1232 /* what passes everywhere in one piece */
#define DNSSEC_OK 0x8000
#define OWNER_IS_QUESTION (0xc000 | MESSAGE_HEADER_LEN)

static void write_question(struct writer *w, const struct question_form *form) {
	write_bytes(w, form->zone, name_len(form->zone));
	write_u16(w, form->type);
	write_u16(w, CLASS_IN);
}

static void write_soa(struct writer *w, const struct zone_version *have) {
	struct rrset set;
	uint16_t len;
	if (!node_rrset(zone_apex(have), RR_SOA, &set)) return; /* no version is without one */
	const uint8_t *next = set.rdatas;
	const uint8_t *rdata = rrset_next(&next, &len);
	write_u16(w, OWNER_IS_QUESTION);
	write_u16(w, RR_SOA);
	write_u16(w, CLASS_IN);
	write_u32(w, set.ttl_s);
	write_u16(w, len);
	write_bytes(w, rdata, len);
}

/* What signs the question counts too. */
static void write_padding(struct writer *w, size_t signature) {
	size_t whole = w->len + 4 + signature;
	size_t len = (QUESTION_BLOCK - whole % QUESTION_BLOCK) % QUESTION_BLOCK;
	write_u16(w, EDNS_PADDING);
	write_u16(w, (uint16_t)len);
	uint8_t *zeros = write_reserve(w, len);
	if (zeros) memset(zeros, 0, len);
}

static void write_opt(struct writer *w, const struct question_form *form, size_t signature) {
	write_u8(w, 0);
	write_u16(w, RR_OPT);
	write_u16(w, UDP_SIZE);
	write_u32(w, form->dnssec_ok ? DNSSEC_OK : 0);
	size_t at = w->len;
	write_u16(w, 0);
	if (form->edns) {
		write_u16(w, EDNS_EXPIRE);
		write_u16(w, 0);
	}
	if (form->pads) write_padding(w, signature);
	if (!w->failed) store_u16(w->data + at, (uint16_t)(w->len - at - 2));
}

static size_t write_question_of(const struct question_form *form, uint16_t id, size_t signature, uint8_t *buf,
                                size_t cap) {
	struct writer w = writer_init(buf, cap);
	struct header h = { .id = id,
		            .flags = form->flags,
		            .qdcount = 1,
		            .nscount = form->have ? 1 : 0,
		            .arcount = form->edns || form->pads ? 1 : 0 };
	header_write(&w, &h);
	write_question(&w, form);
	if (form->have) write_soa(&w, form->have);
	if (form->edns || form->pads) write_opt(&w, form, signature);
	return w.failed ? 0 : w.len;
}

size_t question_write(const struct question_form *form, uint16_t id, uint8_t *buf, size_t cap) {
	return write_question_of(form, id, 0, buf, cap);
}

size_t question_write_signed(const struct question_form *form, uint16_t id, const struct tsig_key *key,
                             int64_t now_s, struct tsig_state *tsig, uint8_t *buf, size_t cap) {
	size_t signed_len = 0;
	size_t len = write_question_of(form, id, key ? tsig_request_len(key) : 0, buf, cap);
	if (!key || len == 0) return len;
	if (tsig_sign_request(tsig, key, (uint64_t)now_s, buf, len, cap, &signed_len) != OK) return 0;
	return signed_len;
}
