/* Any octets as a message with a name in it: the first octet says where.  What is read is valid, and text,
 * order, offsets and the other operations agree about it. */
#include <stdlib.h>
#include <string.h>

#include "dns/message.h"
#include "dns/name.h"

static void check(bool ok) {
	if (!ok) abort();
}

static int sign(int n) {
	return (n > 0) - (n < 0);
}

static void check_text(const struct name *n) {
	char text[NAME_TEXT_MAX], again[NAME_TEXT_MAX];
	struct name back;
	name_text(n->wire, text);
	check(strlen(text) < NAME_TEXT_MAX && text[strlen(text) - 1] == '.');
	for (const char *p = text; *p; p++)
		check(*p > ' ' && *p <= '~');
	check(name_parse(text, &back) == OK);
	check(back.len == n->len && memcmp(back.wire, n->wire, n->len) == 0);
	name_text_short(n->wire, again);
	check(strncmp(again, text, strlen(again)) == 0 && strlen(again) + (n->len > 1) == strlen(text));
}

static void check_parts(const struct name *n) {
	uint8_t offsets[NAME_MAX_LABELS + 1];
	unsigned labels = name_labels(n->wire);
	check(name_offsets(n->wire, offsets) == labels && offsets[labels] == n->len - 1);
	for (unsigned i = 0; i <= labels; i++) {
		const uint8_t *tail = name_skip(n->wire, i);
		check(tail == n->wire + offsets[i]);
		check(name_check(tail, n->len - offsets[i]) == (size_t)(n->len - offsets[i]));
		check(name_is_within(n->wire, tail));
		check(i == 0 || !name_is_within(tail, n->wire));
		check(name_common_labels(n->wire, tail) == labels - i);
		check(i == 0 || name_compare(n->wire, tail) > 0);
	}
}

static void check_changes(const struct name *n, const struct name *other) {
	struct name lower = *n, wild, moved;
	name_to_lower(&lower);
	check(name_equal(lower.wire, n->wire) && name_compare(lower.wire, n->wire) == 0);
	if (name_make_wildcard(n->wire, &wild) == OK)
		check(name_is_within(wild.wire, n->wire) &&
		      name_labels(wild.wire) == name_labels(n->wire) + 1);
	if (name_is_within(n->wire, other->wire) &&
	    name_substitute(n->wire, other->wire, (const uint8_t *)"\3new", &moved) == OK)
		check(name_labels(moved.wire) == name_labels(n->wire) - name_labels(other->wire) + 1);
}

static void check_pair(const struct name *a, const struct name *b) {
	int order = name_compare(a->wire, b->wire);
	check(sign(order) == -sign(name_compare(b->wire, a->wire)));
	check((order == 0) == name_equal(a->wire, b->wire));
	unsigned common = name_common_labels(a->wire, b->wire);
	check(common == name_common_labels(b->wire, a->wire));
	check(name_is_within(a->wire, b->wire) == (common == name_labels(b->wire)));
}

/* Both names in one message: what the encoder makes of them is read as the same. */
static void check_encoder(const struct name *a, const struct name *b) {
	static struct encoder e;
	uint8_t buf[1024];
	struct question q = { .name = *a, .type = RR_NS, .class = CLASS_IN };
	const struct rr rr = { RR_NS, CLASS_IN, 0, a->wire, a->len };
	struct message m;
	struct record record;
	struct name target;
	message_begin(&e, buf, sizeof(buf), sizeof(buf));
	message_question(&e, &q);
	check(message_record(&e, SECTION_ANSWER, b->wire, &rr) == OK);
	size_t len = message_end(&e);
	check(message_parse(buf, len, &m) == OK);
	struct reader r = reader_init(buf, len);
	r.pos = m.answer_pos;
	check(record_read(&r, &record) == OK && name_equal(record.owner.wire, b->wire));
	check(record.rdlength <= 2 || name_labels(a->wire) > 40); /* suffixes that the encoder remembers */
	r.pos = record.rdata_pos;
	check(name_read(&r, &target) == OK && name_equal(target.wire, a->wire));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
	struct name a = { 0 }, b = { 0 }, plain;
	struct reader r = reader_init(data, len);
	if (len == 0) return 0;
	r.pos = data[0] < len ? data[0] : 0;
	size_t start = r.pos, plain_len = name_check(data + start, len - start);
	enum err e = name_read(&r, &a);
	check((e == OK) == !r.failed && r.pos <= len);
	check(!plain_len || (e == OK && a.len == plain_len));
	struct reader at_start = { .data = data, .len = len, .pos = start };
	check((name_read_plain(&at_start, &plain) == OK) == (plain_len > 0));
	if (e != OK) {
		check(r.pos == start && a.len == 0);
		return 0;
	}
	check(name_check(a.wire, a.len) == a.len && name_len(a.wire) == a.len);
	check_text(&a);
	check_parts(&a);
	if (name_read(&r, &b) != OK) b = (struct name){ .len = 1 };
	check_pair(&a, &b);
	check_changes(&a, &b);
	check_encoder(&a, &b);
	return 0;
}
