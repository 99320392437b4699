/* The list and the table of names know the same, whatever is written, forgotten and written again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/random.h"
#include "dns/compress.h"

enum { MESSAGES = 3000, STEPS = 60, SIZE = 4096 };

/* Two messages with the same names: one begins with the list, the other has the table from the start. */
struct pair {
	struct compressor lists, table;
	uint8_t a[SIZE], b[SIZE];
	struct writer wa, wb;
};

static const char *const labels[] = { "a",     "A",         "b",     "ns1", "\\003ns1", "\\000",
	                              "a\\.b", "some-host", "xn--x", "NET", "net",      "z" };

static struct name random_name(struct random *r) {
	char text[NAME_TEXT_MAX] = "";
	struct name n;
	unsigned depth = random_below(r, 30) ? random_below(r, 6) : 20 + random_below(r, 50), len = 0;
	for (unsigned i = 0; i < depth; i++) {
		const char *label = labels[random_below(r, sizeof(labels) / sizeof(labels[0]))];
		len += (unsigned)snprintf(text + len, sizeof(text) - len, "%s.", label);
	}
	if (name_parse(len ? text : ".", &n) != OK) n = (struct name){ .len = 1 };
	return n;
}

static void begin(struct pair *p, struct random *r) {
	struct name question = random_name(r);
	p->wa = writer_init(p->a, SIZE);
	p->wb = writer_init(p->b, SIZE);
	compress_begin(&p->lists);
	compress_begin(&p->table);
	p->lists.exact_case = p->table.exact_case = random_below(r, 2);
	p->table.in_table = true;
	p->table.generation++;
	memset(write_reserve(&p->wa, 12), 0, 12);
	memset(write_reserve(&p->wb, 12), 0, 12);
	name_write(&p->wa, question.wire, question.len);
	name_write(&p->wb, question.wire, question.len);
	compress_question(&p->lists);
	compress_question(&p->table);
}

static void write_both(struct pair *p, struct random *r) {
	struct name n = random_name(r);
	size_t len = compress_write(&p->lists, &p->wa, n.wire);
	assert_int_equal(len, n.len);
	assert_int_equal(compress_write(&p->table, &p->wb, n.wire), len);
	assert_int_equal(p->wa.failed, p->wb.failed);
	assert_int_equal(p->wa.len, p->wb.len);
}

static void list_and_table_write_the_same(void **state) {
	struct pair *p = calloc(1, sizeof(*p));
	struct random r = random_seeded(1);
	(void)state;
	for (unsigned message = 0; message < MESSAGES; message++) {
		begin(p, &r);
		struct compress_mark ma = compress_mark(&p->lists), mb = compress_mark(&p->table);
		size_t mark = p->wa.len;
		for (unsigned steps = random_below(&r, STEPS); steps > 0; steps--) {
			write_both(p, &r);
			if (random_below(&r, 6) == 0 || p->wa.failed) {
				compress_rewind(&p->lists, ma);
				compress_rewind(&p->table, mb);
				p->wa.len = p->wb.len = mark;
				p->wa.failed = p->wb.failed = false;
			} else if (random_below(&r, 6) == 0) {
				ma = compress_mark(&p->lists);
				mb = compress_mark(&p->table);
				mark = p->wa.len;
			}
		}
		assert_memory_equal(p->a, p->b, p->wa.len);
	}
	free(p);
}

static void many_names_go_over_to_the_table(void **state) {
	struct pair *p = calloc(1, sizeof(*p));
	struct random r = random_seeded(2);
	(void)state;
	begin(p, &r);
	for (unsigned i = 0; i < 3 * COMPRESS_LISTED; i++) {
		char text[32];
		struct name n;
		snprintf(text, sizeof(text), "host%u.net", i);
		assert_int_equal(name_parse(text, &n), OK);
		(void)compress_write(&p->lists, &p->wa, n.wire); /* the length is n.len */
	}
	assert_true(p->lists.in_table);
	assert_true(p->wa.len < 12 + 60 + 10 + 3 * COMPRESS_LISTED * 10);
	free(p);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(list_and_table_write_the_same),
		cmocka_unit_test(many_names_go_over_to_the_table),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
