/* TSIG of requests and answers.  First octet: which path; the rest is a message (of a stream: several, each with two
 * octets of length before it). */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "dns/message.h"
#include "dns/tsig.h"

#define NOW 1700000000 /* as in the corpus */
#define SECRET_LEN 32
#define QUESTION_LEN 29

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* A promise of ours does not hold. */
static void must(bool holds) {
	if (!holds) abort();
}

static void make_key(struct tsig_key *key, const char *name, enum tsig_algorithm algorithm) {
	memset(key, 0, sizeof(*key));
	must(name_parse(name, &key->name) == OK);
	key->algorithm = algorithm;
	key->secret_len = SECRET_LEN;
	for (unsigned i = 0; i < SECRET_LEN; i++)
		key->secret[i] = (uint8_t)(i + 1);
}

/* Whatever came, the answer can be signed as announced, and is a message. */
static void sign_answer(struct tsig_state *s) {
	uint8_t buf[1024] = { 0x12, 0x34, 0x80 };
	struct message m;
	size_t announced = tsig_answer_len(s), signed_len = 0;
	must(tsig_sign_answer(s, NOW, buf, MESSAGE_HEADER_LEN, sizeof(buf), &signed_len) == OK);
	must(signed_len == MESSAGE_HEADER_LEN + announced);
	must(message_parse(buf, signed_len, &m) == OK);
	must((m.tsig_pos != 0) == (announced != 0));
}

static void request(const struct message *m, const struct tsig_keyring *ring) {
	struct tsig_state s;
	enum err e = tsig_verify_request(&s, ring, m, NOW);
	must(e != OK || s.key);
	must(e == OK || e == ERR_TSIG_MISSING || e == ERR_MALFORMED || s.error != 0);
	sign_answer(&s);
	if (e == OK) sign_answer(&s); /* a second message of the same answer */
	tsig_done(&s);
}

static void answers(struct reader *r, const struct tsig_key *key) {
	/* Example.com. SOA, which the answers of the corpus belong to */
	uint8_t buf[512] = "\x12\x34\0\0\0\1\0\0\0\0\0\0\7Example\3com\0\0\6\0\1";
	struct tsig_state s;
	struct message m;
	size_t asked;
	unsigned unsigned_run = 0;
	must(tsig_sign_request(&s, key, NOW, buf, QUESTION_LEN, sizeof(buf), &asked) == OK);
	while (reader_left(r) > 2) {
		size_t message_len = read_u16(r);
		if (message_len > reader_left(r)) message_len = reader_left(r);
		const uint8_t *message = read_bytes(r, message_len);
		if (message_parse(message, message_len, &m) != OK) break;
		enum err e = tsig_verify_answer(&s, &m, NOW);
		unsigned_run = m.tsig_pos ? 0 : unsigned_run + 1;
		must(e != OK || unsigned_run <= TSIG_UNSIGNED_MAX);
		must(e != OK || (tsig_finish(&s) == OK) == (unsigned_run == 0));
	}
	tsig_done(&s);
}

/* What we sign ourselves verifies, and the answer to it too. */
static void round_trip(const struct message *m, const struct tsig_key *key, const struct tsig_keyring *ring) {
	size_t cap = m->len + TSIG_RECORD_MAX, signed_len, answer_len;
	uint8_t *buf = malloc(cap);
	struct tsig_state client, server;
	struct message parsed;
	memcpy(buf, m->data, m->len);
	if (tsig_sign_request(&client, key, NOW, buf, m->len, cap, &signed_len) == OK) {
		must(message_parse(buf, signed_len, &parsed) == OK);
		must(tsig_verify_request(&server, ring, &parsed, NOW) == OK);
		memcpy(buf, m->data, m->len);
		must(tsig_sign_answer(&server, NOW, buf, m->len, cap, &answer_len) == OK);
		must(message_parse(buf, answer_len, &parsed) == OK);
		must(tsig_verify_answer(&client, &parsed, NOW) == OK);
		must(tsig_finish(&client) == OK);
		tsig_done(&server);
	}
	tsig_done(&client);
	free(buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
	struct tsig_key keys[2];
	const struct tsig_key *list[2] = { &keys[0], &keys[1] };
	const struct tsig_keyring ring = { .keys = list, .count = 2 };
	struct message m;
	if (len == 0) return 0;
	make_key(&keys[0], "key.example", TSIG_HMAC_SHA256);
	make_key(&keys[1], "other.example", TSIG_HMAC_MD5);
	if (data[0] & 1) {
		struct reader r = reader_init(data + 1, len - 1);
		answers(&r, &keys[0]);
	} else if (message_parse(data + 1, len - 1, &m) == OK) {
		request(&m, &ring);
		if (m.tsig_pos == 0) round_trip(&m, &keys[(data[0] >> 1) & 1], &ring);
	}
	return 0;
}
