/* Keys, buffers and short forms of the calls, for the tests of TSIG. */
#ifndef UNDERSTUDY_TESTS_TSIG_FIXTURE_H
#define UNDERSTUDY_TESTS_TSIG_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "dns/message.h"
#include "dns/tsig.h"
#include "dns/tsig_digest.h"
#include "tsig_vectors.h"

#define NOW VECTOR_TIME_S

struct bytes {
	const uint8_t *data;
	size_t len;
};
#define BYTES(array) ((struct bytes){ (array), sizeof(array) })

static inline struct tsig_key make_key(const char *name, enum tsig_algorithm algorithm) {
	struct tsig_key key = { .algorithm = algorithm, .secret_len = sizeof(vector_secret) };
	assert_int_equal(name_parse(name, &key.name), OK);
	memcpy(key.secret, vector_secret, sizeof(vector_secret));
	return key;
}

/* A key with its ring; must not be copied. */
struct owner {
	struct tsig_key key;
	const struct tsig_key *list[1];
	struct tsig_keyring ring;
};

static inline void owner_init(struct owner *o, enum tsig_algorithm algorithm) {
	o->key = make_key("key.example", algorithm);
	o->list[0] = &o->key;
	o->ring = (struct tsig_keyring){ .keys = o->list, .count = 1 };
}

static inline enum err verify_request_at(struct tsig_state *s, const struct tsig_keyring *ring,
                                         struct bytes wire, uint64_t now_s) {
	struct message m;
	enum err e = message_parse(wire.data, wire.len, &m);
	return e == OK ? tsig_verify_request(s, ring, &m, now_s) : e;
}

static inline enum err verify_request(struct tsig_state *s, const struct tsig_keyring *ring,
                                      struct bytes wire) {
	return verify_request_at(s, ring, wire, NOW);
}

static inline enum err verify_answer_at(struct tsig_state *s, struct bytes wire, uint64_t now_s) {
	struct message m;
	enum err e = message_parse(wire.data, wire.len, &m);
	return e == OK ? tsig_verify_answer(s, &m, now_s) : e;
}

static inline enum err verify_answer(struct tsig_state *s, struct bytes wire) {
	return verify_answer_at(s, wire, NOW);
}

struct buffer {
	uint8_t data[2048];
	size_t len;
};

static inline struct bytes bytes_of(const struct buffer *b) {
	return (struct bytes){ b->data, b->len };
}

static inline void fill(struct buffer *b, struct bytes from) {
	memcpy(b->data, from.data, from.len);
	b->len = from.len;
}

static inline struct tsig_state ask_at(struct buffer *b, const struct tsig_key *key, uint64_t now_s) {
	struct tsig_state s;
	fill(b, BYTES(vector_question));
	assert_int_equal(tsig_sign_request(&s, key, now_s, b->data, b->len, sizeof(b->data), &b->len), OK);
	return s;
}

static inline struct tsig_state ask(struct buffer *b, const struct tsig_key *key) {
	return ask_at(b, key, NOW);
}

static inline void reply_at(struct buffer *b, struct tsig_state *s, struct bytes plain, uint64_t now_s) {
	fill(b, plain);
	size_t announced = tsig_answer_len(s);
	assert_int_equal(tsig_sign_answer(s, now_s, b->data, b->len, sizeof(b->data), &b->len), OK);
	assert_int_equal(b->len, plain.len + announced);
}

static inline void reply(struct buffer *b, struct tsig_state *s, struct bytes plain) {
	reply_at(b, s, plain, NOW);
}

static inline void same(struct bytes a, struct bytes b) {
	assert_int_equal(a.len, b.len);
	assert_memory_equal(a.data, b.data, a.len);
}

static const struct bytes gappy_stream[] = { BYTES(vector_stream_1), BYTES(vector_answer_2),
	                                     BYTES(vector_answer_3), BYTES(vector_stream_4),
	                                     BYTES(vector_answer_5), BYTES(vector_answer_6),
	                                     BYTES(vector_stream_7) };

#endif
