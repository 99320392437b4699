#include "dns/name.h"

#include <string.h>

/* More jumps than labels are no compression; each costs its sender two octets, so they are counted. */
#define JUMPS_MAX NAME_MAX_LABELS

/* Length of the run of whole labels at data up to, not including, a root label, a pointer or another label type.
 * It stops behind NAME_MAX_LEN or len octets: then the result is not below that limit. */
static size_t run_len(const uint8_t *data, size_t len) {
	size_t p = 0, limit = len < NAME_MAX_LEN ? len : NAME_MAX_LEN;
	while (p < limit && data[p] != 0 && data[p] <= LABEL_MAX_LEN)
		p += 1U + data[p];
	return p;
}

static enum err read_fail(struct reader *r, enum err e) {
	r->failed = true;
	return e;
}

static enum err read_name(struct reader *r, bool may_compress, struct name *out_name) {
	uint8_t wire[NAME_MAX_LEN];
	size_t used = 0, pos = r->pos, after = 0;
	if (r->failed) return ERR_SHORT;
	for (unsigned jumps = 0;; jumps++) {
		size_t run = run_len(r->data + pos, r->len - pos), end = pos + run;
		if (used + run + 1 > NAME_MAX_LEN) return read_fail(r, ERR_NAME);
		if (end >= r->len) return read_fail(r, ERR_SHORT);
		name_move(wire + used, r->data + pos, run);
		used += run;
		uint8_t stop = r->data[end];
		if (stop == 0) {
			if (after == 0) after = end + 1;
			break;
		}
		if (stop < 0xc0 || !may_compress) return read_fail(r, stop < 0xc0 ? ERR_NAME : ERR_POINTER);
		if (end + 2 > r->len) return read_fail(r, ERR_SHORT);
		size_t target = load_u16(r->data + end) & 0x3fffU;
		/* Strictly before this run, so that every jump shortens what can follow; never into the
		 * header, where no name stands. */
		if (target >= pos || target < 12 || jumps == JUMPS_MAX) return read_fail(r, ERR_POINTER);
		if (after == 0) after = end + 2;
		pos = target;
	}
	wire[used++] = 0;
	name_move(out_name->wire, wire, used);
	out_name->len = (uint8_t)used;
	r->pos = after;
	return OK;
}

enum err name_read(struct reader *r, struct name *out_name) {
	return read_name(r, true, out_name);
}

enum err name_read_plain(struct reader *r, struct name *out_name) {
	return read_name(r, false, out_name);
}

size_t name_len(const uint8_t *name) {
	const uint8_t *p = name;
	while (*p)
		p += 1 + *p;
	return (size_t)(p - name) + 1;
}

size_t name_check(const uint8_t *data, size_t max) {
	size_t run = run_len(data, max);
	return run < max && data[run] == 0 && run < NAME_MAX_LEN ? run + 1 : 0;
}

unsigned name_labels(const uint8_t *name) {
	unsigned n = 0;
	for (; *name; name += 1 + *name)
		n++;
	return n;
}

/* Eight octets in ASCII lower case.  The additions set the top bit of each octet from 'A' on and after 'Z'; where
 * they differ stands a capital letter, unless the octet's own top bit is set. */
static uint64_t lower_eight(uint64_t octets) {
	const uint64_t ones = 0x0101010101010101U;
	uint64_t low = octets & 0x7f * ones;
	uint64_t from_a = low + (0x80 - 'A') * ones, after_z = low + (0x80 - 'Z' - 1) * ones;
	return octets | ((from_a ^ after_z) & ~octets & 0x80 * ones) >> 2;
}

static uint64_t load_eight(const uint8_t *p) {
	uint64_t octets;
	memcpy(&octets, p, sizeof(octets));
	return octets;
}

/* Length octets are below 'A', so lowering the whole name leaves them alone. */
static bool words_equal(uint64_t x, uint64_t y) {
	return x == y || lower_eight(x) == lower_eight(y);
}

/* Up to seven octets as one word: two overlapping halves, or one by one. */
static uint64_t load_few(const uint8_t *p, size_t len) {
	if (len >= 4) {
		uint32_t first, last;
		memcpy(&first, p, sizeof(first));
		memcpy(&last, p + len - sizeof(last), sizeof(last));
		return (uint64_t)first << 32 | last;
	}
	uint64_t octets = 0;
	for (size_t i = 0; i < len; i++)
		octets = octets << 8 | p[i];
	return octets;
}

/* From the end, where names that are unlike differ soonest; the last step may go over octets that were compared. */
static bool octets_equal(const uint8_t *a, const uint8_t *b, size_t len) {
	if (len < 8) return words_equal(load_few(a, len), load_few(b, len));
	for (; len > 8; len -= 8)
		if (!words_equal(load_eight(a + len - 8), load_eight(b + len - 8))) return false;
	return words_equal(load_eight(a), load_eight(b));
}

bool name_equal(const uint8_t *a, const uint8_t *b) {
	size_t len = name_len(a);
	return len == name_len(b) && octets_equal(a, b, len);
}

/* RFC 4034 section 6.1: labels as unsigned left-justified octet strings, lower case; absence sorts first. */
static int label_compare(const uint8_t *a, const uint8_t *b) {
	unsigned shorter = *a < *b ? *a : *b;
	for (unsigned i = 1; i <= shorter; i++) {
		if (a[i] == b[i]) continue;
		int d = name_lower(a[i]) - name_lower(b[i]);
		if (d != 0) return d;
	}
	return (int)*a - (int)*b;
}

int name_compare(const uint8_t *a, const uint8_t *b) {
	uint8_t offsets_a[NAME_MAX_LABELS + 1], offsets_b[NAME_MAX_LABELS + 1];
	unsigned i = name_offsets(a, offsets_a), j = name_offsets(b, offsets_b);
	while (i > 0 && j > 0) {
		int d = label_compare(a + offsets_a[--i], b + offsets_b[--j]);
		if (d != 0) return d;
	}
	return (int)i - (int)j;
}

bool name_ends_with(const uint8_t *name, size_t len, const uint8_t *ancestor, size_t wanted) {
	if (len < wanted) return false;
	/* The octets first: they differ nearly always, and then no label has to be walked. */
	const uint8_t *end = name + (len - wanted);
	if (!octets_equal(end, ancestor, wanted)) return false;
	while (name < end)
		name += 1 + *name;
	return name == end;
}

bool name_is_within(const uint8_t *name, const uint8_t *ancestor) {
	return name_ends_with(name, name_len(name), ancestor, name_len(ancestor));
}

const uint8_t *name_skip(const uint8_t *name, unsigned count) {
	while (count-- > 0)
		name += 1 + *name;
	return name;
}

unsigned name_common_labels(const uint8_t *a, const uint8_t *b) {
	uint8_t offsets_a[NAME_MAX_LABELS + 1], offsets_b[NAME_MAX_LABELS + 1];
	unsigned i = name_offsets(a, offsets_a), j = name_offsets(b, offsets_b), common = 0;
	while (i > 0 && j > 0 && label_compare(a + offsets_a[--i], b + offsets_b[--j]) == 0)
		common++;
	return common;
}

unsigned name_offsets(const uint8_t *name, uint8_t out_offsets[static NAME_MAX_LABELS + 1]) {
	unsigned n = 0, pos = 0;
	for (; name[pos]; pos += 1U + name[pos])
		out_offsets[n++] = (uint8_t)pos;
	out_offsets[n] = (uint8_t)pos;
	return n;
}

void name_copy(struct name *dst, const uint8_t *src) {
	size_t len = name_len(src);
	memmove(dst->wire, src, len);
	dst->len = (uint8_t)len;
}

void name_lower_to(uint8_t *to, const uint8_t *from, size_t len) {
	size_t i = 0;
	for (; i + 8 <= len; i += 8) {
		uint64_t octets = lower_eight(load_eight(from + i));
		memcpy(to + i, &octets, sizeof(octets));
	}
	for (; i < len; i++)
		to[i] = name_lower(from[i]);
}

void name_to_lower(struct name *n) {
	name_lower_to(n->wire, n->wire, n->len);
}

enum err name_join(const uint8_t *relative, const uint8_t *apex, struct name *out_name) {
	size_t front = name_len(relative) - 1, back = name_len(apex);
	if (front + back > NAME_MAX_LEN) return ERR_LIMIT;
	memcpy(out_name->wire, relative, front);
	memcpy(out_name->wire + front, apex, back);
	out_name->len = (uint8_t)(front + back);
	return OK;
}

enum err name_make_wildcard(const uint8_t *parent, struct name *out_name) {
	size_t len = name_len(parent);
	if (len + 2 > NAME_MAX_LEN) return ERR_LIMIT;
	memmove(out_name->wire + 2, parent, len);
	out_name->wire[0] = 1;
	out_name->wire[1] = '*';
	out_name->len = (uint8_t)(len + 2);
	return OK;
}

enum err name_substitute(const uint8_t *name, const uint8_t *owner, const uint8_t *target,
                         struct name *out_name) {
	size_t kept = name_len(name) - name_len(owner), target_len = name_len(target);
	if (kept + target_len > NAME_MAX_LEN) return ERR_LIMIT;
	struct name result = { .len = (uint8_t)(kept + target_len) };
	name_move(result.wire, name, kept);
	name_move(result.wire + kept, target, target_len);
	*out_name = result;
	return OK;
}
