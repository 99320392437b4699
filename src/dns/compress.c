/* The list and the table of names. */
#include "dns/compress.h"

#define QUESTION_POS 12 /* behind the header */
#define POINTER_MAX 0x3fff
#define SUFFIXES_MAX                                                                                         \
	40 /* of one name that are remembered, ip6.arpa whole: 127 labels must not fill the table */
#define HASH_FACTOR 0x9e3779b97f4a7c15U
#define LISTED_WORDS (COMPRESS_LISTED_OCTETS / 8U)

_Static_assert(COMPRESS_SLOTS == 256, "first_slot gives eight bits");
_Static_assert(COMPRESS_LISTED_OCTETS == 64, "a bit each in listed_name.starts");

/* -- the table --------------------------------------------------------------------------------------------------- */

/* Slots are found by the suffix's hash, computed label by label from the right, and checked against the message's own
 * octets. */

/* Of a label in front of `rest`, the hash of what follows it.  Letters of both cases give the same: they differ in
 * one bit, which is set for all octets. */
static uint64_t label_hash(uint64_t rest, const uint8_t *label) {
	const uint8_t *p = label + 1, *end = p + label[0];
	uint64_t h = rest ^ label[0];
	for (; end - p >= 4; p += 4)
		h = (h ^ (load_u32(p) | 0x20202020U)) * HASH_FACTOR;
	for (; p < end; p++)
		h = (h ^ (*p | 0x20U)) * HASH_FACTOR;
	return h * HASH_FACTOR;
}

/* Where the search for a name begins: the upper bits depend on all octets. */
static uint8_t first_slot(uint64_t hash) {
	return (uint8_t)(hash >> 56);
}

/* A suffix to look for: the name, and where the message is known to have it without its first label (0: not known). */
struct suffix {
	const uint8_t *name;
	unsigned rest;
};

/* The name at `offset` of the message, which may go on by a pointer, is that of the suffix. */
static bool matches(const struct compressor *c, const uint8_t *base, unsigned offset, struct suffix s) {
	const uint8_t *at = base + offset, *rest = base + s.rest, *name = s.name;
	for (;;) {
		while (*at >= 0xc0)
			at = base + (load_u16(at) & POINTER_MAX);
		if (at == rest) return name == s.name + 1 + *s.name;
		if (*at != *name) return false;
		if (*at == 0) return true;
		for (unsigned i = 1; i <= *name; i++)
			if (at[i] != name[i] && (c->exact_case || name_lower(at[i]) != name_lower(name[i])))
				return false;
		at += 1 + *at;
		name += 1 + *name;
	}
}

/* Slot that holds the suffix, or the empty one where it belongs; the table is never full. */
static unsigned find_slot(const struct compressor *c, const uint8_t *base, unsigned slot, struct suffix s) {
	while (c->slots[slot].generation == c->generation && !matches(c, base, c->slots[slot].offset, s))
		slot = (slot + 1) & (COMPRESS_SLOTS - 1);
	return slot;
}

/* A name taken apart: where its labels start, and in which slot the search for each suffix begins. */
struct taken {
	unsigned labels;
	uint8_t offsets[NAME_MAX_LABELS + 1];
	uint8_t firsts[NAME_MAX_LABELS + 1];
};

static void take_apart(const uint8_t *name, struct taken *t) {
	uint64_t hash = 0;
	t->labels = name_offsets(name, t->offsets);
	for (unsigned i = t->labels; i-- > 0;) {
		hash = label_hash(hash, name + t->offsets[i]);
		t->firsts[i] = first_slot(hash);
	}
}

/* Remember the suffixes of a name that stands from `pos` on: labels 0 … count - 1 are new. */
static void remember(struct compressor *c, const uint8_t *base, const uint8_t *name, const struct taken *t,
                     unsigned count, size_t pos) {
	for (unsigned i = t->labels > SUFFIXES_MAX ? t->labels - SUFFIXES_MAX : 0; i < count; i++) {
		size_t offset = pos + t->offsets[i];
		if (offset > POINTER_MAX || c->suffixes >= COMPRESS_SLOTS / 2) return;
		unsigned slot = find_slot(c, base, t->firsts[i], (struct suffix){ name + t->offsets[i], 0 });
		if (c->slots[slot].generation == c->generation) continue;
		c->slots[slot].generation = c->generation;
		c->slots[slot].offset = (uint16_t)offset;
		c->used[c->suffixes++] = (uint8_t)slot;
	}
}

/* Labels of the name before the longest suffix that is known; *out_pointer: where that stands. */
static unsigned find_known(const struct compressor *c, const uint8_t *base, const uint8_t *name,
                           const struct taken *t, unsigned *out_pointer) {
	unsigned known = t->labels, pointer = 0;
	while (known > 0) { /* a longer suffix can't be there without the shorter one */
		const struct suffix s = { name + t->offsets[known - 1], pointer };
		unsigned slot = find_slot(c, base, t->firsts[known - 1], s);
		if (c->slots[slot].generation != c->generation) break;
		known--;
		pointer = c->slots[slot].offset;
	}
	*out_pointer = pointer;
	return known;
}

static void remember_whole(struct compressor *c, const uint8_t *base, const uint8_t *name, size_t pos) {
	struct taken t;
	take_apart(name, &t);
	remember(c, base, name, &t, t.labels, pos);
}

/* Write the first `fresh` octets, then a pointer, or the root label where nothing is known (pointer 0). */
static void write_parts(struct writer *w, const uint8_t *name, size_t fresh, unsigned pointer) {
	uint8_t *to = write_reserve(w, fresh + (pointer ? 2 : 1));
	if (!to) return;
	name_move(to, name, fresh);
	if (pointer)
		store_u16(to + fresh, (uint16_t)(0xc000U | pointer));
	else
		to[fresh] = 0;
}

static size_t write_by_table(struct compressor *c, struct writer *w, const uint8_t *name) {
	struct taken t;
	unsigned pointer;
	size_t pos = w->len;
	take_apart(name, &t);
	unsigned known = find_known(c, w->data, name, &t, &pointer);
	write_parts(w, name, t.offsets[known], pointer);
	if (!w->failed) remember(c, w->data, name, &t, known, pos);
	return t.offsets[t.labels] + 1U;
}

/* -- the list ------------------------------------------------------------------------------------------------------ */

static uint64_t word_of(const struct listed_name *n, unsigned i) {
	uint64_t word;
	memcpy(&word, n->octets + i * sizeof(word), sizeof(word));
	return word;
}

/* Octets from the right in which words do not differ; difference is not 0. */
static unsigned equal_at_end(uint64_t difference) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return (unsigned)__builtin_clzll(difference) / 8;
#else
	return (unsigned)__builtin_ctzll(difference) / 8;
#endif
}

/* Bits of the octets in which both names end alike, and maybe of some before one of them begins, where no label does. */
static uint64_t common_end(const struct listed_name *a, const struct listed_name *b) {
	for (unsigned i = LISTED_WORDS; i-- > 0;) {
		uint64_t difference = word_of(a, i) ^ word_of(b, i);
		if (!difference) continue;
		unsigned common = 8 * (LISTED_WORDS - 1 - i) + equal_at_end(difference);
		return common ? UINT64_MAX << (COMPRESS_LISTED_OCTETS - common) : 0;
	}
	return UINT64_MAX;
}

/* Where in octets the longest suffix begins that is known, and where the message has it.  COMPRESS_LISTED_OCTETS - 1,
 * the root label, and 0: none.  Of several names that have it the first one has it written out. */
static unsigned list_find(const struct compressor *c, const struct listed_name *n, unsigned *out_pointer) {
	unsigned begin = COMPRESS_LISTED_OCTETS - 1, pointer = 0;
	for (unsigned i = 0; i < c->listed; i++) {
		const struct listed_name *known = &c->list[i];
		uint64_t suffixes = n->starts & known->starts & common_end(n, known);
		if (!suffixes || (unsigned)__builtin_ctzll(suffixes) >= begin) continue;
		begin = (unsigned)__builtin_ctzll(suffixes);
		pointer = known->pos + begin - (COMPRESS_LISTED_OCTETS - known->len);
	}
	*out_pointer = pointer;
	return begin;
}

typedef uint8_t eight __attribute__((vector_size(8)));
typedef uint8_t sixteen __attribute__((vector_size(16)));

/* Eight or sixteen octets, in lower case where that is wanted. */
static inline void move_eight(uint8_t *to, const uint8_t *from, bool lower) {
	eight octets;
	memcpy(&octets, from, sizeof(octets));
	if (lower) octets += (eight)(octets - 'A' < 26) & 32;
	memcpy(to, &octets, sizeof(octets));
}
static inline void move_sixteen(uint8_t *to, const uint8_t *from, bool lower) {
	sixteen octets;
	memcpy(&octets, from, sizeof(octets));
	if (lower) octets += (sixteen)(octets - 'A' < 26) & 32;
	memcpy(to, &octets, sizeof(octets));
}

/* The name's len octets to where the list has them; the last step goes over some again.  What stands before them there
 * means nothing. */
static inline void list_fill(struct listed_name *n, const uint8_t *name, size_t len, bool lower) {
	uint8_t *to = n->octets + COMPRESS_LISTED_OCTETS - len;
	if (len >= sizeof(sixteen)) {
		for (size_t i = 0; i + sizeof(sixteen) < len; i += sizeof(sixteen))
			move_sixteen(to + i, name + i, lower);
		move_sixteen(to + len - sizeof(sixteen), name + len - sizeof(sixteen), lower);
	} else if (len >= sizeof(eight)) {
		move_eight(to, name, lower);
		move_eight(to + len - sizeof(eight), name + len - sizeof(eight), lower);
	} else {
		for (size_t i = 0; i < len; i++)
			to[i] = lower ? name_lower(name[i]) : name[i];
	}
}

/* Fill n but for its place.  False: the name is too long for the list. */
static bool list_make(struct listed_name *n, const uint8_t *name, bool exact_case) {
	unsigned len = 0, labels = 0;
	uint64_t starts = 0;
	for (; name[len]; len += 1U + name[len]) {
		if (len >= COMPRESS_LISTED_OCTETS) return false;
		starts |= UINT64_C(1) << len;
		labels++;
	}
	if (++len > COMPRESS_LISTED_OCTETS) return false;
	list_fill(n, name, len, !exact_case);
	n->starts = starts << (COMPRESS_LISTED_OCTETS - len);
	n->len = (uint8_t)len;
	n->labels = (uint8_t)labels;
	return true;
}

/* All that is listed goes into the table. */
static void list_leave(struct compressor *c, const uint8_t *base) {
	c->in_table = true;
	c->suffixes = 0;
	if (++c->generation == 0) {
		memset(c->slots, 0, sizeof(c->slots));
		c->generation = 1;
	}
	for (unsigned i = 0; i < c->listed; i++) {
		const struct listed_name *n = &c->list[i];
		struct taken t;
		unsigned pointer;
		const uint8_t *name = n->octets + COMPRESS_LISTED_OCTETS - n->len;
		take_apart(name, &t);
		unsigned known = find_known(c, base, name, &t, &pointer);
		remember(c, base, name, &t, known, n->pos);
	}
}

/* c->list[c->listed], whose first `fresh` octets stand at pos, is one of the list from now on.  False: it can't be. */
static bool list_take(struct compressor *c, size_t pos, size_t fresh) {
	struct listed_name *n = &c->list[c->listed];
	unsigned suffixes = c->suffixes + (unsigned)n->labels;
	if (c->listed == COMPRESS_LISTED || pos + fresh > POINTER_MAX || suffixes > COMPRESS_SLOTS / 2)
		return false;
	n->pos = (uint16_t)pos;
	c->suffixes = (uint16_t)suffixes;
	c->listed++;
	return true;
}

/* -- both ------------------------------------------------------------------------------------------------------------ */

void compress_begin(struct compressor *c) {
	c->question_waits = false;
	c->in_table = false;
	c->listed = 0;
	c->suffixes = 0;
}

static void take_question(struct compressor *c, const uint8_t *base) {
	const uint8_t *name = base + QUESTION_POS;
	struct listed_name *n = &c->list[c->listed];
	c->question_waits = false;
	if (!c->in_table) {
		if (list_make(n, name, c->exact_case) && list_take(c, QUESTION_POS, n->len)) return;
		list_leave(c, base);
	}
	remember_whole(c, base, name, QUESTION_POS);
}

size_t compress_write(struct compressor *c, struct writer *w, const uint8_t *name) {
	if (c->question_waits) take_question(c, w->data);
	struct listed_name *n = &c->list[c->listed];
	if (!c->in_table && !list_make(n, name, c->exact_case)) list_leave(c, w->data);
	if (c->in_table) return write_by_table(c, w, name);
	size_t len = n->len, pos = w->len;
	unsigned pointer, begin = list_find(c, n, &pointer);
	size_t fresh = begin - (COMPRESS_LISTED_OCTETS - len);
	write_parts(w, name, fresh, pointer);
	if (fresh == 0 || w->failed || list_take(c, pos, fresh)) return len;
	list_leave(c, w->data);
	struct taken t;
	take_apart(name, &t);
	unsigned count = 0;
	while (count < t.labels && t.offsets[count] < fresh)
		count++;
	remember(c, w->data, name, &t, count, pos);
	return len;
}

/* The newest entries are taken out in reverse order, which leaves every probe sequence as it was before them.  The list
 * is still there as it was when it was left. */
void compress_rewind(struct compressor *c, struct compress_mark mark) {
	while (mark.in_table && c->suffixes > mark.suffixes)
		c->slots[c->used[--c->suffixes]].generation = 0;
	c->suffixes = mark.suffixes;
	c->listed = mark.listed;
	c->in_table = mark.in_table;
	c->question_waits = mark.question_waits;
}
