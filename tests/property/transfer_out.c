/* Random zones whose names have much in common, sent as transfers in messages of random sizes: every record comes out as
 * it is in the zone, octet for octet and in its order, and no pointer is written that a reader would not follow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../unit/serve/lab.h"
#include "base/random.h"
#include "zone_make.h"

enum { ROUNDS = 400, OWNERS_MAX = 400, DATA_MAX = 700 };

static const char *const labels[] = { "a", "b", "B", "ns1", "ns2", "a-label-that-is-long", "x\\007example",
	                              "*" };
static const char *const ends[] = { "", "example.net.", "Example.net.", "net.", "EXAMPLE." };
static const char *const apexes[] = { "z.", ".", "Zone.Example.", "b.b.b.b." };

/* -- a random zone ---------------------------------------------------------------------------------------------- */

static struct name random_name(struct random *r, const char *end, unsigned deepest) {
	char text[512] = "";
	unsigned depth = random_below(r, deepest + 1);
	for (unsigned i = 0; i < depth; i++)
		text_add(text, sizeof(text), "%s.",
		         labels[random_below(r, sizeof(labels) / sizeof(*labels))]);
	if (!(text[0] && strcmp(end, ".") == 0)) text_add(text, sizeof(text), "%s", end);
	return make_name(text[0] ? text : ".");
}

static struct name random_target(struct random *r, const char *apex) {
	unsigned which = random_below(r, 2 * sizeof(ends) / sizeof(*ends));
	return random_name(r, which < sizeof(ends) / sizeof(*ends) ? ends[which] : apex, 3);
}

static void add_target(struct random *r, struct builder *b, const struct name *owner, const char *apex) {
	static const uint16_t types[] = { RR_NS, RR_PTR, RR_MX, RR_MINFO, RR_SRV, RR_DNAME };
	uint8_t data[DATA_MAX];
	struct writer w = writer_init(data, sizeof(data));
	struct why why;
	uint16_t type = types[random_below(r, 6)];
	struct name target = random_target(r, apex), other = random_target(r, apex);
	if (type == RR_MX || type == RR_SRV) write_u16(&w, (uint16_t)random_below(r, 3));
	if (type == RR_SRV) write_u32(&w, 5);
	write_bytes(&w, target.wire, target.len);
	if (type == RR_MINFO) write_bytes(&w, other.wire, other.len);
	/* One that is there already is left out. */
	(void)!builder_add(b, owner->wire, type, random_below(r, 3), data, (uint16_t)w.len, &why);
}

static void add_octets(struct random *r, struct builder *b, const struct name *owner) {
	static const uint16_t types[] = { RR_A, RR_AAAA, 65300, RR_TXT };
	uint8_t data[DATA_MAX] = { 0 };
	struct why why;
	unsigned which = random_below(r, 4);
	uint16_t len = which == 0   ? 4
	               : which == 1 ? 16
	                            : (uint16_t)(2 + random_below(r, which == 2 ? 600 : 200));
	data[0] = which == 3 ? (uint8_t)(len - 1) : (uint8_t)random_below(r, 4);
	(void)!builder_add(b, owner->wire, types[which], 300, data, len, &why);
}

static struct zone_version *random_zone(struct random *r, const char *apex) {
	struct builder *b = make_zone(apex, 7);
	unsigned owners = random_below(r, random_below(r, 4) ? 20 : OWNERS_MAX);
	for (unsigned i = 0; i < owners; i++) {
		struct name owner = random_name(r, apex, 5);
		for (unsigned sets = random_below(r, 5); sets > 0; sets--)
			random_below(r, 2) ? add_target(r, b, &owner, apex) : add_octets(r, b, &owner);
	}
	return make_done(b);
}

/* -- what comes out ----------------------------------------------------------------------------------------------- */

struct coming {
	struct lab *lab;
	struct random *random;
	struct message message;
	struct reader reader;
	unsigned left; /* records of the message */
	uint64_t messages, octets;
};

static void take_message(struct coming *c) {
	size_t cap = 1400 + random_below(c->random, random_below(c->random, 2) ? 3000 : 60000);
	long len = serve_stream_next(c->lab->stream, lab_now(), c->lab->answer, cap);
	assert_true(len > 0 && (size_t)len <= cap);
	assert_int_equal(message_parse(c->lab->answer, (size_t)len, &c->message), OK);
	c->reader = reader_init(c->lab->answer, (size_t)len);
	c->reader.pos = c->message.answer_pos;
	c->left = c->message.header.ancount;
	c->messages++;
	c->octets += (size_t)len;
	assert_true(c->left > 0);
}

static void expect_record(struct coming *c, const struct name *owner, const struct rr *rr) {
	uint8_t data[RDATA_MAX_LEN];
	struct record record;
	struct writer w = writer_init(data, sizeof(data));
	if (c->left == 0) take_message(c);
	c->left--;
	assert_int_equal(record_read(&c->reader, &record), OK);
	assert_int_equal(record.owner.len, owner->len);
	assert_memory_equal(record.owner.wire, owner->wire, owner->len);
	assert_int_equal(record.type, rr->type);
	assert_int_equal(record.class, CLASS_IN);
	assert_int_equal(record.ttl_s, rr->ttl_s);
	struct reader in = c->reader;
	in.pos = record.rdata_pos;
	assert_int_equal(rdata_read(&in, record.type, record.rdlength, &w), OK);
	assert_int_equal(w.len, rr->rdlength);
	assert_memory_equal(data, rr->rdata, w.len);
}

static void expect_rrset(struct coming *c, struct node node, const struct rrset *set) {
	struct name owner;
	const uint8_t *next = set->rdatas;
	node_owner(node, &owner);
	for (unsigned i = 0; i < set->count; i++) {
		struct rr rr = { .type = set->type, .ttl_s = set->ttl_s };
		rr.rdata = rrset_next(&next, &rr.rdlength);
		expect_record(c, &owner, &rr);
	}
}

static void expect_zone(struct coming *c, const struct zone_version *v) {
	struct zone_walk walk = { 0 };
	struct node node;
	struct rrset set, soa;
	assert_true(node_rrset(zone_apex(v), RR_SOA, &soa));
	expect_rrset(c, zone_apex(v), &soa);
	while (zone_walk_next(v, &walk, &node)) {
		for (unsigned i = 0; i < node_rrset_count(node); i++) {
			node_rrset_at(node, i, &set);
			if (set.type != RR_SOA) expect_rrset(c, node, &set);
		}
	}
	expect_rrset(c, zone_apex(v), &soa);
	assert_int_equal(c->left, 0);
	assert_int_equal(serve_stream_next(c->lab->stream, lab_now(), c->lab->answer, 65535), 0);
}

static void send_zone(struct random *r, const char *apex, const char *asked) {
	struct lab *lab = lab_new();
	struct zone_version *v = random_zone(r, apex);
	table_publish(lab->table, lab_entry(lab, apex), v, ZONE_SERVED);
	lab->versions[lab->version_count++] = v;
	char question[128];
	snprintf(question, sizeof(question), "%s AXFR tcp", asked);
	struct lab_question q = lab_parse(question);
	lab_build(lab, &q);
	(void)lab_send(lab, SERVE_TCP); /* the answer is the stream */
	assert_non_null(lab->stream);
	struct coming c = { .lab = lab, .random = r };
	expect_zone(&c, v);
	lab_free(lab);
}

static void every_record_comes_as_it_is(void **state) {
	(void)state;
	struct random r = random_seeded(20261126);
	for (unsigned i = 0; i < ROUNDS; i++)
		send_zone(&r, apexes[i % 4],
		          i % 8 < 4    ? apexes[i % 4]
		          : i % 4 == 2 ? "zONE.eXAMPLE."
		                       : apexes[i % 4]);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_record_comes_as_it_is),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
