/* A zone that is written to its image piece by piece while its records come is the zone that is collected whole and then
 * written: whatever order the records come in, wherever the pieces end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/random.h"
#include "zone/collect.h"
#include "zone_make.h"

enum { ROUNDS = 1500, LINES_MAX = 120, RDATA_CAP = 48 };

struct line {
	struct name owner;
	uint16_t type, rdlength;
	uint32_t ttl_s;
	bool is_apart; /* NSEC3 and its signature */
	uint8_t rdata[RDATA_CAP];
};

static struct line lines[LINES_MAX];
static unsigned line_count;

static struct line *line_new(const char *owner, uint16_t type, uint32_t ttl_s) {
	struct line *l = &lines[line_count++];
	*l = (struct line){ .owner = make_name(owner), .type = type, .ttl_s = ttl_s };
	return l;
}

static void put_name(struct line *l, const char *text) {
	struct name n = make_name(text);
	memcpy(l->rdata + l->rdlength, n.wire, n.len);
	l->rdlength = (uint16_t)(l->rdlength + n.len);
}

static void put_octets(struct line *l, const void *octets, size_t len) {
	memcpy(l->rdata + l->rdlength, octets, len);
	l->rdlength = (uint16_t)(l->rdlength + len);
}

static void add_signature(const char *owner, uint16_t covered, bool is_apart) {
	uint8_t fixed[18] = { (uint8_t)(covered >> 8), (uint8_t)covered, 13, 2 };
	struct line *l = line_new(owner, RR_RRSIG, 300);
	put_octets(l, fixed, sizeof(fixed));
	put_name(l, "example.");
	put_octets(l, "signature", 9);
	l->is_apart = is_apart;
}

static void add_data(struct random *r, const char *owner) {
	uint8_t address[4] = { 192, 0, 2, (uint8_t)random_below(r, 4) };
	switch (random_below(r, 4)) {
	case 0: put_name(line_new(owner, RR_NS, 300), random_below(r, 2) ? "a.test." : "A.test."); break;
	case 1: add_signature(owner, RR_A, false); break;
	default: put_octets(line_new(owner, RR_A, 60 + random_below(r, 2)), address, 4);
	}
}

static void add_apex(bool nsec3) {
	static const uint8_t param[] = { 1, 0, 0, 0, 0 };
	struct line *soa = line_new("example.", RR_SOA, 300);
	put_name(soa, "a.");
	put_name(soa, "b.");
	put_octets(soa, "\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0\5", 20);
	put_name(line_new("example.", RR_NS, 300), "ns1.example.");
	if (nsec3) put_octets(line_new("example.", RR_NSEC3PARAM, 0), param, sizeof(param));
}

static void add_names(struct random *r, unsigned count) {
	static const char *const labels[] = { "a", "B", "*", "c", "\\000", "aa", "b", "A", "\\255" };
	for (unsigned i = 0; i < count; i++) {
		char owner[128];
		int len = 0;
		for (unsigned depth = 1 + random_below(r, 3); depth > 0; depth--)
			len += snprintf(owner + len, sizeof(owner) - (size_t)len, "%s.",
			                labels[random_below(r, 9)]);
		snprintf(owner + len, sizeof(owner) - (size_t)len, "example.");
		add_data(r, owner);
	}
}

/* Owners of 32 letters, behind the names, or mixed: some of them among the names.  Now and then something stands there
 * that is not of the chain. */
static void add_chain(struct random *r, unsigned count) {
	uint8_t fixed[] = { 1, 0, 0, 0, 0, 20 };
	bool mixed = random_below(r, 4) == 0;
	for (unsigned i = 0; i < count; i++) {
		char owner[64] = "0000000000000000000000000000000v.example.";
		for (unsigned k = 0; k < 2; k++)
			owner[k] = "0123456789abcdefghijklmnopqrstuv"[random_below(r, 32)];
		struct line *l = line_new(owner, RR_NSEC3, 300);
		put_octets(l, fixed, sizeof(fixed));
		put_octets(l, "01234567890123456789", 20);
		l->is_apart = !mixed || owner[0] < 'a';
		if (random_below(r, 2)) add_signature(owner, RR_NSEC3, l->is_apart);
		if (random_below(r, 60) == 0) add_data(r, owner);
	}
}

static int compare(const void *va, const void *vb) {
	const struct line *a = va, *b = vb;
	if (a->is_apart != b->is_apart) return a->is_apart - b->is_apart;
	return name_compare(a->owner.wire, b->owner.wire);
}

/* In order, with the chain behind; sometimes two lines are swapped, sometimes all are shuffled but the first. */
static void arrange(struct random *r) {
	qsort(lines + 1, line_count - 1, sizeof(lines[0]), compare);
	unsigned swaps = random_below(r, 3) ? 0 : 1 + random_below(r, 3) * random_below(r, line_count);
	while (swaps-- > 0) {
		unsigned a = 1 + random_below(r, line_count - 1), b = 1 + random_below(r, line_count - 1);
		struct line moving = lines[a];
		lines[a] = lines[b];
		lines[b] = moving;
	}
}

static struct zone_version *build(size_t piece) {
	struct builder *b = make_builder("example.");
	struct zone_version *v;
	struct why why;
	b->piece = piece;
	for (unsigned i = 0; i < line_count; i++)
		assert_int_equal(builder_add(b, lines[i].owner.wire, lines[i].type, lines[i].ttl_s,
		                             lines[i].rdata, lines[i].rdlength, &why),
		                 OK);
	assert_int_equal(builder_records(b), line_count);
	assert_int_equal(builder_finish(b, &v, &why), OK);
	builder_free(b);
	assert_int_equal(image_check_deep(&v->image), OK);
	return v;
}

static void assert_same_data(const uint8_t *a, const uint8_t *b, unsigned count) {
	for (; count > 0; count--) {
		uint16_t a_len, b_len;
		const uint8_t *x = rrset_next(&a, &a_len), *y = rrset_next(&b, &b_len);
		assert_int_equal(a_len, b_len);
		assert_memory_equal(x, y, a_len);
	}
}

static void assert_same_node(struct node a, struct node b) {
	uint8_t a_len, b_len;
	const uint8_t *a_name = node_relative(a, &a_len), *b_name = node_relative(b, &b_len);
	assert_int_equal(a_len, b_len);
	assert_memory_equal(a_name, b_name, a_len);
	assert_int_equal(node_rrset_count(a), node_rrset_count(b));
	assert_int_equal(node_flags(a), node_flags(b));
	for (unsigned i = 0; i < node_rrset_count(a); i++) {
		struct rrset x, y;
		node_rrset_at(a, i, &x);
		node_rrset_at(b, i, &y);
		assert_int_equal(x.type, y.type);
		assert_int_equal(x.count, y.count);
		assert_int_equal(x.sig_count, y.sig_count);
		assert_int_equal(x.ttl_s, y.ttl_s);
		assert_same_data(x.rdatas, y.rdatas, x.count);
		assert_same_data(x.sigs, y.sigs, x.sig_count);
	}
}

static void assert_same(const struct zone_version *v, const struct zone_version *w) {
	const struct image_header *a = v->image.header, *b = w->image.header;
	struct zone_walk at = { 0 }, also = { 0 };
	struct node n, m;
	assert_int_equal(a->record_count, b->record_count);
	assert_int_equal(a->collected, b->collected);
	assert_int_equal(a->node_count, b->node_count);
	assert_int_equal(a->nsec3_count, b->nsec3_count);
	assert_int_equal(a->rrset_count, b->rrset_count);
	assert_int_equal(a->flags, b->flags);
	assert_int_equal(a->size, b->size);
	assert_memory_equal(image_apex(a), image_apex(b), a->apex_len);
	while (zone_walk_next(v, &at, &n)) {
		assert_true(zone_walk_next(w, &also, &m));
		assert_same_node(n, m);
	}
	assert_false(zone_walk_next(w, &also, &m));
}

static void pieces_make_the_same_image(void **state) {
	(void)state;
	struct random r = random_seeded(41);
	for (unsigned round = 0; round < ROUNDS; round++) {
		bool nsec3 = random_below(&r, 2);
		line_count = 0;
		add_apex(nsec3);
		add_names(&r, random_below(&r, 40));
		if (nsec3) add_chain(&r, random_below(&r, 20));
		arrange(&r);
		struct zone_version *whole = build(SIZE_MAX), *pieces = build(1 + random_below(&r, 400));
		assert_same(whole, pieces);
		version_unref(whole);
		version_unref(pieces);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_make_the_same_image),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
