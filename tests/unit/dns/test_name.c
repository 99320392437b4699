/* Names: reading hostile messages, comparing, cutting and joining. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "dns/name.h"

/* A message of exactly len octets on the heap, so that a sanitizer sees a read beyond it. */
static enum err read_at(const void *message, size_t len, size_t pos, struct name *out, size_t *out_pos) {
	uint8_t *copy = malloc(len ? len : 1);
	memcpy(copy, message, len);
	struct reader r = reader_init(copy, len);
	r.pos = pos;
	enum err e = name_read(&r, out);
	if (e == OK && out_pos) *out_pos = r.pos;
	if (e != OK) assert_true(r.failed);
	free(copy);
	return e;
}

#define HEADER "\0\0\0\0\0\0\0\0\0\0\0\0"

static struct name from_text(const char *text) {
	struct name n;
	assert_int_equal(name_parse(text, &n), OK);
	return n;
}

static void assert_name(const struct name *n, const char *text) {
	char buf[NAME_TEXT_MAX];
	assert_string_equal(name_text(n->wire, buf), text);
	assert_int_equal(n->len, name_len(n->wire));
}

/* -- reading -- */

static void plain_and_compressed_names_are_read(void **state) {
	(void)state;
	static const char m[] = HEADER "\7example\3com\0"
				       "\3www\xc0\x0c"
				       "\xc0\x19";
	struct name n;
	size_t pos;
	assert_int_equal(read_at(m, sizeof(m) - 1, 12, &n, &pos), OK);
	assert_name(&n, "example.com.");
	assert_int_equal(pos, 25);
	assert_int_equal(read_at(m, sizeof(m) - 1, 25, &n, &pos), OK);
	assert_name(&n, "www.example.com.");
	assert_int_equal(pos, 31);
	assert_int_equal(read_at(m, sizeof(m) - 1, 31, &n, &pos), OK);
	assert_name(&n, "www.example.com.");
	assert_int_equal(pos, 33);
}

static void a_name_cut_anywhere_is_refused(void **state) {
	(void)state;
	static const char m[] = HEADER "\1a\0"
				       "\3www\7example\xc0\x0c";
	struct name n = { .len = 77 };
	for (size_t len = 15; len < sizeof(m) - 1; len++) {
		assert_int_not_equal(read_at(m, len, 15, &n, NULL), OK);
		assert_int_equal(n.len, 77); /* outputs stay as they were */
	}
	assert_int_equal(read_at(m, sizeof(m) - 1, 15, &n, NULL), OK);
}

static void pointers_go_strictly_backwards(void **state) {
	(void)state;
	struct name n;
	/* to itself */
	assert_int_equal(read_at(HEADER "\xc0\x0c", 14, 12, &n, NULL), ERR_POINTER);
	/* to the start of its own labels */
	assert_int_equal(read_at(HEADER "\1a\xc0\x0c", 16, 12, &n, NULL), ERR_POINTER);
	/* into the middle of them */
	assert_int_equal(read_at(HEADER "\2aa\xc0\x0d", 17, 12, &n, NULL), ERR_POINTER);
	/* forward */
	assert_int_equal(read_at(HEADER "\xc0\x0e\1a", 17, 12, &n, NULL), ERR_POINTER);
	/* two that point at each other */
	assert_int_equal(read_at(HEADER "\xc0\x0e\xc0\x0c", 16, 14, &n, NULL), ERR_POINTER);
	/* beyond the end */
	assert_int_equal(read_at(HEADER "\xff\xff", 14, 12, &n, NULL), ERR_POINTER);
	/* into the header */
	assert_int_equal(read_at(HEADER "\xc0\x04", 14, 12, &n, NULL), ERR_POINTER);
}

static void other_label_types_are_refused(void **state) {
	(void)state;
	struct name n;
	assert_int_equal(read_at(HEADER "\x40"
	                                "a\0",
	                         15, 12, &n, NULL),
	                 ERR_NAME);
	assert_int_equal(read_at(HEADER "\x41"
	                                "a\0",
	                         15, 12, &n, NULL),
	                 ERR_NAME);
	assert_int_equal(read_at(HEADER "\x80"
	                                "a\0",
	                         15, 12, &n, NULL),
	                 ERR_NAME);
	assert_int_equal(read_at(HEADER "\xbf"
	                                "a\0",
	                         15, 12, &n, NULL),
	                 ERR_NAME);
}

static void plain_reading_refuses_pointers(void **state) {
	(void)state;
	struct name n;
	struct reader r = reader_init(HEADER "\1a\0\1b\xc0\x0c", 19);
	r.pos = 12;
	assert_int_equal(name_read_plain(&r, &n), OK);
	assert_int_equal(name_read_plain(&r, &n), ERR_POINTER);
}

/* labels of the given length until `total` octets are used, root label included. */
static size_t fill(uint8_t *to, size_t total, size_t label) {
	size_t pos = 0;
	while (pos + 1 < total) {
		size_t n = total - pos - 2 < label ? total - pos - 2 : label;
		to[pos] = (uint8_t)n;
		memset(to + pos + 1, 'x', n);
		pos += 1 + n;
	}
	to[pos] = 0;
	return pos + 1;
}

static void names_end_at_255_octets(void **state) {
	(void)state;
	uint8_t m[400] = { 0 };
	struct name n;
	assert_int_equal(fill(m + 12, 255, 63), 255);
	assert_int_equal(read_at(m, 12 + 255, 12, &n, NULL), OK);
	assert_int_equal(n.len, 255);
	assert_int_equal(name_check(m + 12, 255), 255);
	assert_int_equal(fill(m + 12, 256, 63), 256);
	assert_int_equal(read_at(m, 12 + 256, 12, &n, NULL), ERR_NAME);
	assert_int_equal(name_check(m + 12, 256), 0);
}

static void names_end_at_127_labels(void **state) {
	(void)state;
	uint8_t m[400] = { 0 };
	struct name n;
	fill(m + 12, 255, 1);
	assert_int_equal(read_at(m, 12 + 255, 12, &n, NULL), OK);
	assert_int_equal(name_labels(n.wire), NAME_MAX_LABELS);
	fill(m + 12, 257, 1);
	assert_int_equal(read_at(m, 12 + 257, 12, &n, NULL), ERR_NAME);
}

static void pointers_do_not_lengthen_beyond_255_octets(void **state) {
	(void)state;
	uint8_t m[400] = { 0 };
	struct name n;
	fill(m + 12, 253, 63);
	memcpy(m + 12 + 253, "\1a\xc0\x0c", 4);
	assert_int_equal(read_at(m, 12 + 253 + 4, 12 + 253, &n, NULL), OK);
	assert_int_equal(n.len, 255);
	memcpy(m + 12 + 253, "\2aa\xc0\x0c", 5);
	assert_int_equal(read_at(m, 12 + 253 + 5, 12 + 253, &n, NULL), ERR_NAME);
}

static void a_chain_of_pointers_has_an_end(void **state) {
	(void)state;
	uint8_t m[2000] = { 0 };
	struct name n;
	/* a root label, then pointers, each to the one before it */
	for (size_t i = 0; i < 500; i++) {
		size_t at = 13 + 2 * i, target = i == 0 ? 12 : at - 2;
		store_u16(m + at, (uint16_t)(0xc000 | target));
	}
	assert_int_equal(read_at(m, sizeof(m), 13 + 2 * 20, &n, NULL), OK);
	assert_int_equal(n.len, 1);
	assert_int_equal(read_at(m, sizeof(m), 13 + 2 * 499, &n, NULL), ERR_POINTER);
}

static void check_measures_plain_names_only(void **state) {
	(void)state;
	assert_int_equal(name_check((const uint8_t *)"\0", 1), 1);
	assert_int_equal(name_check((const uint8_t *)"\1a\0zz", 5), 3);
	assert_int_equal(name_check((const uint8_t *)"\1a\0", 2), 0);
	assert_int_equal(name_check((const uint8_t *)"\5a\0", 3), 0);
	assert_int_equal(name_check((const uint8_t *)"\1a\xc0\0", 4), 0);
	assert_int_equal(name_check((const uint8_t *)"", 0), 0);
}

/* -- comparing -- */

static void equality_ignores_ascii_case_only(void **state) {
	(void)state;
	struct name a = from_text("WwW.ExAmple."), b = from_text("wWw.eXaMPLE."),
		    c = from_text("www.example.org.");
	assert_true(name_equal(a.wire, b.wire));
	assert_false(name_equal(a.wire, c.wire));
	/* '@' and '`', '[' and '{' differ by the same bit as letters do */
	a = from_text("\\@\\[.");
	b = from_text("`{.");
	assert_false(name_equal(a.wire, b.wire));
	a = from_text("\\193.");
	b = from_text("\\225.");
	assert_false(name_equal(a.wire, b.wire));
}

/* The example of RFC 4034 section 6.1, in order. */
static void canonical_order_is_that_of_rfc_4034(void **state) {
	(void)state;
	static const char *const sorted[] = { "example.",         "a.example.",      "yljkjljk.a.example.",
		                              "Z.a.example.",     "zABC.a.EXAMPLE.", "z.example.",
		                              "\\001.z.example.", "*.z.example.",    "\\200.z.example." };
	size_t count = sizeof(sorted) / sizeof(sorted[0]);
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < count; j++) {
			struct name a = from_text(sorted[i]), b = from_text(sorted[j]);
			int d = name_compare(a.wire, b.wire);
			assert_int_equal((d > 0) - (d < 0), (i > j) - (i < j));
		}
	}
	assert_int_equal(name_compare((const uint8_t *)"\0", (const uint8_t *)"\0"), 0);
}

/* Names of each length are compared by words of other lengths. */
static void every_octet_counts_but_not_its_case(void **state) {
	(void)state;
	for (uint8_t len = 1; len <= 40; len++) {
		uint8_t a[42] = { len }, b[42] = { len };
		memset(a + 1, 'k', len);
		memcpy(b, a, sizeof(b));
		for (unsigned i = 1; i <= len; i++) {
			b[i] = 'K';
			assert_true(name_equal(a, b) && name_is_within(a, b));
			b[i] = 'K' ^ 0x40; /* 0x20 apart from no letter */
			assert_false(name_equal(a, b) || name_is_within(a, b));
			b[i] = 'l';
			assert_false(name_equal(a, b) || name_is_within(a, b));
			b[i] = 'k';
		}
	}
}

static void within_looks_at_whole_labels(void **state) {
	(void)state;
	struct name apex = from_text("example.com."), below = from_text("a.B.exaMPLE.com.");
	struct name like = from_text("anexample.com."), other = from_text("example.org."),
		    root = from_text(".");
	/* the octets of "\7example\3com" inside of one label */
	struct name fake = from_text("x\\007example\\003com.");
	assert_true(name_is_within(apex.wire, apex.wire));
	assert_true(name_is_within(below.wire, apex.wire));
	assert_true(name_is_within(below.wire, root.wire));
	assert_false(name_is_within(apex.wire, below.wire));
	assert_false(name_is_within(like.wire, apex.wire));
	assert_false(name_is_within(other.wire, apex.wire));
	assert_false(name_is_within(fake.wire, apex.wire));
}

static void common_labels_are_counted_from_the_right(void **state) {
	(void)state;
	struct name a = from_text("a.b.example.com."), b = from_text("x.B.Example.COM."),
		    c = from_text("b.org.");
	assert_int_equal(name_common_labels(a.wire, b.wire), 3);
	assert_int_equal(name_common_labels(a.wire, a.wire), 4);
	assert_int_equal(name_common_labels(a.wire, c.wire), 0);
}

/* -- cutting and joining -- */

static void labels_are_found_and_skipped(void **state) {
	(void)state;
	struct name n = from_text("a.bc.def.");
	uint8_t offsets[NAME_MAX_LABELS + 1];
	assert_int_equal(name_offsets(n.wire, offsets), 3);
	assert_int_equal(offsets[0], 0);
	assert_int_equal(offsets[1], 2);
	assert_int_equal(offsets[2], 5);
	assert_int_equal(offsets[3], 9);
	assert_ptr_equal(name_skip(n.wire, 2), n.wire + 5);
	assert_int_equal(*name_skip(n.wire, 3), 0);
}

static void wildcards_are_made_up_to_the_limit(void **state) {
	(void)state;
	struct name n = from_text("example."), w;
	uint8_t longest[256];
	assert_int_equal(name_make_wildcard(n.wire, &w), OK);
	assert_name(&w, "*.example.");
	fill(longest, 253, 63);
	assert_int_equal(name_make_wildcard(longest, &w), OK);
	assert_int_equal(w.len, 255);
	fill(longest, 254, 63);
	assert_int_equal(name_make_wildcard(longest, &w), ERR_LIMIT);
	assert_int_equal(w.len, 255);
}

static void dname_puts_the_target_for_the_owner(void **state) {
	(void)state;
	struct name name = from_text("a.B.old.example."), owner = from_text("OLD.example.");
	struct name target = from_text("new.test."), root = from_text("."), out;
	assert_int_equal(name_substitute(name.wire, owner.wire, target.wire, &out), OK);
	assert_name(&out, "a.B.new.test.");
	assert_int_equal(name_substitute(name.wire, owner.wire, root.wire, &out), OK);
	assert_name(&out, "a.B.");
	uint8_t longest[256];
	fill(longest, 252, 63);
	assert_int_equal(name_substitute(name.wire, owner.wire, longest, &out), ERR_LIMIT);
	fill(longest, 251, 63);
	assert_int_equal(name_substitute(name.wire, owner.wire, longest, &out), OK);
	assert_int_equal(out.len, 255);
}

static void lowering_leaves_all_but_letters(void **state) {
	(void)state;
	struct name n = from_text("A\\[Z\\193.");
	name_to_lower(&n);
	assert_memory_equal(n.wire, "\4a[z\xc1\0", 6);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_and_compressed_names_are_read),
		cmocka_unit_test(a_name_cut_anywhere_is_refused),
		cmocka_unit_test(pointers_go_strictly_backwards),
		cmocka_unit_test(other_label_types_are_refused),
		cmocka_unit_test(plain_reading_refuses_pointers),
		cmocka_unit_test(names_end_at_255_octets),
		cmocka_unit_test(names_end_at_127_labels),
		cmocka_unit_test(pointers_do_not_lengthen_beyond_255_octets),
		cmocka_unit_test(a_chain_of_pointers_has_an_end),
		cmocka_unit_test(check_measures_plain_names_only),
		cmocka_unit_test(equality_ignores_ascii_case_only),
		cmocka_unit_test(canonical_order_is_that_of_rfc_4034),
		cmocka_unit_test(every_octet_counts_but_not_its_case),
		cmocka_unit_test(within_looks_at_whole_labels),
		cmocka_unit_test(common_labels_are_counted_from_the_right),
		cmocka_unit_test(labels_are_found_and_skipped),
		cmocka_unit_test(wildcards_are_made_up_to_the_limit),
		cmocka_unit_test(dname_puts_the_target_for_the_owner),
		cmocka_unit_test(lowering_leaves_all_but_letters),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
