/* Random names against a plain model of them: a list of labels, compared in the most obvious way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "dns/name.h"
#include "dns/rdata.h"

#define ROUNDS 40
#define NAMES 40

struct model {
	unsigned count;
	uint8_t len[NAME_MAX_LABELS];
	uint8_t octets[NAME_MAX_LABELS][LABEL_MAX_LEN]; /* lower case; [0] is the rightmost label */
};

static uint8_t random_octet(struct random *r) {
	static const char few[] = "abAB-*\\.@[`{";
	if (random_below(r, 4) == 0) return (uint8_t)random_below(r, 256);
	return (uint8_t)few[random_below(r, sizeof(few) - 1)];
}

/* Mostly short labels of few letters, so that names share suffixes and differ by case only. */
static void random_name(struct random *r, struct name *n) {
	unsigned labels = random_below(r, random_below(r, 10) == 0 ? 128 : 5),
		 longest = random_below(r, 10) == 0 ? 63 : 2;
	n->len = 0;
	for (unsigned i = 0; i < labels; i++) {
		unsigned len = 1 + random_below(r, longest);
		if (n->len + 1 + len + 1 > NAME_MAX_LEN) break;
		n->wire[n->len++] = (uint8_t)len;
		while (len-- > 0)
			n->wire[n->len++] = random_octet(r);
	}
	n->wire[n->len++] = 0;
}

static uint8_t lower(uint8_t c) {
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 'a' - 'A') : c;
}

static void model_of(const struct name *n, struct model *m) {
	m->count = name_labels(n->wire);
	for (unsigned i = 0; i < m->count; i++) {
		const uint8_t *label = name_skip(n->wire, m->count - 1 - i);
		m->len[i] = label[0];
		for (unsigned k = 0; k < label[0]; k++)
			m->octets[i][k] = lower(label[1 + k]);
	}
}

static int model_label_compare(const struct model *a, const struct model *b, unsigned i) {
	int d = memcmp(a->octets[i], b->octets[i], a->len[i] < b->len[i] ? a->len[i] : b->len[i]);
	return d ? d : a->len[i] - b->len[i];
}

static unsigned model_common(const struct model *a, const struct model *b) {
	unsigned i = 0;
	while (i < a->count && i < b->count && model_label_compare(a, b, i) == 0)
		i++;
	return i;
}

static int model_compare(const struct model *a, const struct model *b) {
	unsigned i = model_common(a, b);
	if (i == a->count || i == b->count) return (int)a->count - (int)b->count;
	return model_label_compare(a, b, i);
}

static int sign(int d) {
	return (d > 0) - (d < 0);
}

static void check_pair(const struct name *a, const struct name *b, const struct model *ma,
                       const struct model *mb) {
	int wanted = sign(model_compare(ma, mb));
	unsigned common = model_common(ma, mb);
	assert_int_equal(sign(name_compare(a->wire, b->wire)), wanted);
	assert_int_equal(name_equal(a->wire, b->wire), wanted == 0);
	assert_int_equal(name_common_labels(a->wire, b->wire), common);
	assert_int_equal(name_is_within(a->wire, b->wire), common == mb->count);
	/* as rdata of a type whose names are lowered, and of one whose names are not */
	assert_int_equal(rdata_compare(RR_NS, a->wire, a->len, b->wire, b->len) == 0, wanted == 0);
	bool same = a->len == b->len && memcmp(a->wire, b->wire, a->len) == 0;
	assert_int_equal(rdata_compare(65400, a->wire, a->len, b->wire, b->len) == 0, same);
}

static void check_text(const struct name *n) {
	char text[NAME_TEXT_MAX], again[NAME_TEXT_MAX];
	struct name back;
	assert_int_equal(name_parse(name_text(n->wire, text), &back), OK);
	assert_int_equal(back.len, n->len);
	assert_memory_equal(back.wire, n->wire, n->len);
	assert_true(strlen(text) < NAME_TEXT_MAX);
	assert_int_equal(name_parse(name_text_short(n->wire, again), &back), OK);
	assert_memory_equal(back.wire, n->wire, n->len);
}

static void check_alone(const struct name *n) {
	struct reader r = reader_init(n->wire, n->len);
	struct name back;
	assert_int_equal(name_check(n->wire, n->len), n->len);
	assert_int_equal(name_len(n->wire), n->len);
	assert_int_equal(name_read_plain(&r, &back), OK);
	assert_memory_equal(back.wire, n->wire, n->len);
	name_to_lower(&back);
	assert_true(name_equal(back.wire, n->wire));
	assert_int_equal(name_compare(back.wire, n->wire), 0);
	check_text(n);
}

/* prefix.owner with target for owner, put together by hand. */
static void check_substitution(const struct name *n, const struct name *target) {
	for (unsigned cut = 1; cut <= name_labels(n->wire); cut++) {
		const uint8_t *owner = name_skip(n->wire, cut);
		size_t kept = (size_t)(owner - n->wire);
		struct name out = { .len = 0 };
		enum err e = name_substitute(n->wire, owner, target->wire, &out);
		assert_int_equal(e, kept + target->len > NAME_MAX_LEN ? ERR_LIMIT : OK);
		if (e != OK) continue;
		assert_int_equal(out.len, kept + target->len);
		assert_memory_equal(out.wire, n->wire, kept);
		assert_memory_equal(out.wire + kept, target->wire, target->len);
	}
}

static void names_agree_with_a_plain_model(void **state) {
	(void)state;
	static struct name names[NAMES];
	static struct model models[NAMES];
	const char *given = getenv("SEED");
	uint64_t seed = given ? strtoull(given, NULL, 0) : 20260101;
	for (unsigned round = 0; round < ROUNDS; round++) {
		print_message("seed %llu\n", (unsigned long long)(seed + round));
		struct random r = random_seeded(seed + round);
		for (unsigned i = 0; i < NAMES; i++) {
			random_name(&r, &names[i]);
			model_of(&names[i], &models[i]);
			check_alone(&names[i]);
			check_substitution(&names[i], &names[random_below(&r, i + 1)]);
		}
		for (unsigned i = 0; i < NAMES * NAMES; i++) {
			unsigned a = i / NAMES, b = i % NAMES;
			check_pair(&names[a], &names[b], &models[a], &models[b]);
		}
	}
}

int main(void) {
	const struct CMUnitTest tests[] = { cmocka_unit_test(names_agree_with_a_plain_model) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
