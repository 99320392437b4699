/* What servers may answer to a walk (diagnose/walk.h).  The input is a row of answers: an octet of how, the counts of
 * the three sections (an octet each), two octets of length, and the records.  Header and question are made here, so that
 * the answers fit their questions:
 *   how   bits 0-3 RCODE, 4 AA, 5 TC, 6 no question in it, 7 the octets are the whole message but its ID
 * Whatever comes, the walk ends within its questions, asks no address of special purpose, and its findings are whole. */
#include <stdlib.h>
#include <string.h>

#include "diagnose/proof.h"
#include "diagnose/special.h"
#include "diagnose/walk.h"
#include "dns/message.h"

#define QUESTIONS_MAX 60

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(bool ok) {
	if (!ok) abort();
}

static void write_own(struct writer *w, const struct walk_question *q, uint8_t how, const uint8_t *counts,
                      const uint8_t *body, size_t body_len) {
	struct message m = { 0 };
	check(message_parse(q->data, q->len, &m) == OK && m.header.qdcount == 1);
	bool asked = (how & 0x40) == 0;
	struct header h = { .id = m.header.id,
		            .flags = (uint16_t)(FLAG_QR | (how & 15) | (how & 0x10 ? FLAG_AA : 0) |
		                                (how & 0x20 ? FLAG_TC : 0)),
		            .qdcount = asked,
		            .ancount = counts[0],
		            .nscount = counts[1],
		            .arcount = counts[2] };
	header_write(w, &h);
	if (asked) write_bytes(w, q->data + MESSAGE_HEADER_LEN, m.question.name.len + 4U);
	write_bytes(w, body, body_len);
}

/* The next answer of the input; false: there is none. */
static bool next_answer(struct reader *r, const struct walk_question *q, struct writer *w) {
	uint8_t how = read_u8(r);
	const uint8_t *counts = read_bytes(r, 3);
	uint16_t len = read_u16(r);
	if (r->failed) return false;
	if (len > reader_left(r)) len = (uint16_t)reader_left(r);
	const uint8_t *body = read_bytes(r, len);
	if (how & 0x80) {
		write_bytes(w, q->data, 2);
		write_bytes(w, body, len);
	} else {
		write_own(w, q, how, counts, body, len);
	}
	return !w->failed;
}

static void step(struct walk *w, const struct walk_question *q, struct reader *r) {
	static uint8_t buf[MESSAGE_MAX_LEN];
	struct writer to = writer_init(buf, sizeof(buf));
	check(q->len <= WALK_QUESTION_MAX && !addr_is_special(&q->to) && q->to.port == 53);
	if (!next_answer(r, q, &to)) {
		walk_silent(w, "no answer", false);
		return;
	}
	uint8_t *exact = malloc(to.len ? to.len : 1); /* its end is guarded */
	memcpy(exact, buf, to.len);
	enum walk_taken taken = walk_answer(w, exact, to.len);
	free(exact);
	if (taken == WALK_STRANGE) walk_silent(w, "strange", false);
}

static void check_texts(const struct findings_texts *texts) {
	check(texts->found != FINDING_NONE || texts->count == 0);
	check(texts->count <= FINDINGS_TEXTS_MAX);
	for (unsigned i = 0; i < texts->count; i++)
		check(strnlen(texts->items[i], FINDINGS_TEXT_MAX) < FINDINGS_TEXT_MAX);
}

static void check_findings(const struct findings *f) {
	check(f->questions <= QUESTIONS_MAX && f->delegation != FINDING_NONE);
	check(f->server_count <= FINDINGS_SERVERS_MAX);
	for (unsigned i = 0; i < f->server_count; i++) {
		const struct findings_server *s = &f->servers[i];
		check(s->address_count <= FINDINGS_ADDRESSES_MAX);
		check(name_check(s->name.wire, s->name.len) == s->name.len);
	}
	check_texts(&f->challenge);
	check_texts(&f->apex);
	check_texts(&f->above);
	check(strnlen(f->trouble, sizeof(f->trouble)) < sizeof(f->trouble));
}

static void judge(const struct findings *f) {
	struct addr primary;
	struct proof_verdict verdict;
	check(addr_parse("185.2.2.2", 53, &primary) == OK);
	struct name ours = { .len = 5, .wire = { 3, 'n', 's', '1', 0 } };
	struct proof_claim claim = { .zone = f->zone.wire,
		                     .token = "tok",
		                     .primaries = &primary,
		                     .primary_count = 1,
		                     .our_servers = &ours,
		                     .our_server_count = 1,
		                     .port = 53 };
	proof_judge(&claim, f, &verdict);
	check((verdict.kind == PROOF_MISSING) == (verdict.fault != PROOF_FAULT_NONE));
	check(strnlen(verdict.text, sizeof(verdict.text)) < sizeof(verdict.text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
	struct reader r = reader_init(data, len);
	struct random random = random_seeded(7);
	struct addr root;
	struct name zone;
	struct walk_question q;
	check(addr_parse("198.41.0.4", 53, &root) == OK && name_parse("www.victim.net", &zone) == OK);
	struct walk_settings settings = {
		.roots = &root, .root_count = 1, .port = 53, .questions_max = QUESTIONS_MAX, .random = &random
	};
	struct walk *w = walk_new(&settings, zone.wire);
	unsigned steps = 0;
	while (walk_next(w, &q)) {
		check(++steps <= QUESTIONS_MAX);
		step(w, &q, &r);
	}
	check_findings(walk_findings(w));
	judge(walk_findings(w));
	walk_free(w);
	return 0;
}
