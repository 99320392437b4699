/* Answers of a primary, made for tests: records into messages, any number in each, signed or not. */
#ifndef TESTS_UNIT_TRANSFER_AXFR_LAB_H
#define TESTS_UNIT_TRANSFER_AXFR_LAB_H

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "dns/message.h"
#include "dns/rdata.h"
#include "dns/tsig.h"

#define LAB_ID 0x2a17
#define LAB_NOW 1700000000

struct lab_record {
	const char *owner;
	uint16_t type;
	uint16_t class; /* 0: IN */
	uint8_t rdata[128];
	uint16_t len;
};

static inline struct name lab_name(const char *text) {
	struct name n;
	enum err e = name_parse(text, &n);
	assert(e == OK);
	(void)e;
	return n;
}

static inline struct lab_record lab_soa(const char *zone, uint32_t serial) {
	struct lab_record r = { .owner = zone, .type = RR_SOA };
	struct name m = lab_name("ns1.example."), h = lab_name("host.example.");
	struct writer w = writer_init(r.rdata, sizeof(r.rdata));
	write_bytes(&w, m.wire, m.len);
	write_bytes(&w, h.wire, h.len);
	write_u32(&w, serial);
	write_u32(&w, 3600);
	write_u32(&w, 600);
	write_u32(&w, 86400);
	write_u32(&w, 300);
	r.len = (uint16_t)w.len;
	return r;
}

static inline struct lab_record lab_ns(const char *owner, const char *target) {
	struct lab_record r = { .owner = owner, .type = RR_NS };
	struct name n = lab_name(target);
	memcpy(r.rdata, n.wire, n.len);
	r.len = n.len;
	return r;
}

static inline struct lab_record lab_a(const char *owner, uint8_t last) {
	struct lab_record r = { .owner = owner, .type = RR_A, .len = 4, .rdata = { 192, 0, 2, last } };
	return r;
}

/* An answer of the records; flags: QR is always set, AA unless in flags_off. */
struct lab_message {
	uint8_t data[65535];
	size_t len;
};

struct lab_answer {
	const char *zone;
	uint16_t id, type;
	uint16_t flags; /* beside QR and AA: RCODE, TC, … */
	bool no_question, no_aa;
	struct tsig_state *tsig; /* server's; NULL: unsigned */
	uint64_t now_s;          /* signed at; 0: LAB_NOW */
};

static inline void lab_make(struct lab_message *m, const struct lab_answer *a,
                            const struct lab_record *records, size_t count) {
	struct encoder *e = calloc(1, sizeof(*e));
	struct question q = { .name = lab_name(a->zone), .type = a->type, .class = CLASS_IN };
	message_begin(e, m->data, sizeof(m->data), sizeof(m->data));
	e->header.id = a->id;
	e->header.flags = (uint16_t)(FLAG_QR | (a->no_aa ? 0 : FLAG_AA) | a->flags);
	if (!a->no_question) message_question(e, &q);
	for (size_t i = 0; i < count; i++) {
		struct name owner = lab_name(records[i].owner);
		uint16_t class = records[i].class ? records[i].class : CLASS_IN;
		const struct rr rr = { records[i].type, class, 300, records[i].rdata, records[i].len };
		enum err err = message_record(e, SECTION_ANSWER, owner.wire, &rr);
		assert(err == OK);
		(void)err;
	}
	m->len = message_end(e);
	free(e);
	if (a->tsig) {
		enum err err = tsig_sign_answer(a->tsig, a->now_s ? a->now_s : LAB_NOW, m->data, m->len,
		                                sizeof(m->data), &m->len);
		assert(err == OK);
		(void)err;
	}
}

static inline struct tsig_key lab_key(const char *name, const char *secret) {
	struct tsig_key key = { .algorithm = TSIG_HMAC_SHA256 };
	key.name = lab_name(name);
	enum err e = tsig_secret_parse(secret, &key);
	assert(e == OK);
	(void)e;
	return key;
}

/* The server's state for a request that was signed with key. */
static inline enum err lab_accept_at(struct tsig_state *server, const struct tsig_key *key,
                                     const uint8_t *request, size_t len, uint64_t now_s) {
	const struct tsig_key *keys[] = { key };
	struct tsig_keyring ring = { keys, 1 };
	struct message m;
	memset(server, 0, sizeof(*server));
	enum err e = message_parse(request, len, &m);
	return e == OK ? tsig_verify_request(server, &ring, &m, now_s) : e;
}
static inline enum err lab_accept(struct tsig_state *server, const struct tsig_key *key,
                                  const uint8_t *request, size_t len) {
	return lab_accept_at(server, key, request, len, LAB_NOW);
}

#endif
