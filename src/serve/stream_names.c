#include "serve/stream_names.h"

#define POINTER_MAX 0x3fff /* RFC 1035 section 4.1.4 */
#define HASH_FACTOR 0x9e3779b97f4a7c15U

void stream_names_init(struct stream_names *n, const uint8_t *apex) {
	*n = (struct stream_names){ .apex = apex, .apex_len = (uint8_t)name_len(apex) };
}

void stream_names_begin(struct stream_names *n, uint16_t apex_at) {
	n->apex_at = n->apex_len > 1 ? apex_at : 0; /* the root label is shorter than a pointer to it */
	n->label_count[n->side] = 0;
	if (++n->generation == 0) {
		memset(n->slots, 0, sizeof(n->slots));
		n->generation = 1;
	}
}

static uint8_t *put_pointer(uint8_t *p, unsigned at) {
	store_u16(p, (uint16_t)(0xc000U | at));
	return p + 2;
}

static uint16_t in_reach(size_t at) {
	return at <= POINTER_MAX ? (uint16_t)at : 0;
}

/* -- owners -------------------------------------------------------------------------------------------------------- */

/* Place among the last owner's labels from `from` on of the suffix of `left` octets; their number: it has none. */
static unsigned find_label(const struct stream_names *n, unsigned from, const uint8_t *suffix,
                           unsigned left) {
	const struct stream_label *labels = n->labels[n->side];
	unsigned count = n->label_count[n->side], i = from;
	while (i < count && labels[i].left > left)
		i++;
	if (i == count || labels[i].left != left || !labels[i].at) return count;
	return memcmp(n->owner + n->owner_len - left, suffix, left) == 0 ? i : count;
}

/* The labels that the new owner shares with the last one stand where they stood. */
static void keep_labels(struct stream_names *n, unsigned from, unsigned count) {
	const struct stream_label *last = n->labels[n->side];
	struct stream_label *next = n->labels[!n->side];
	for (unsigned i = from; i < n->label_count[n->side]; i++)
		next[count++] = last[i];
	n->side = !n->side;
	n->label_count[n->side] = (uint8_t)count;
}

uint8_t *stream_names_owner(struct stream_names *n, const uint8_t *base, uint8_t *p, const uint8_t *relative,
                            uint8_t len) {
	struct stream_label *next = n->labels[!n->side];
	unsigned count = 0, known = n->label_count[n->side], at = 0;
	while (at < len) {
		known = find_label(n, 0, relative + at, len - at);
		if (known < n->label_count[n->side]) break;
		next[count++] = (struct stream_label){ (uint8_t)(len - at),
			                               in_reach((size_t)(p - base) + at) };
		at += 1U + relative[at];
	}
	name_move(p, relative, at);
	unsigned pointer = at < len ? n->labels[n->side][known].at : n->apex_at;
	keep_labels(n, at < len ? known : n->label_count[n->side], count);
	n->owner = relative;
	n->owner_len = len;
	if (pointer) return put_pointer(p + at, pointer);
	n->apex_at = n->apex_len > 1 ? in_reach((size_t)(p - base) + at) : 0;
	name_move(p + at, n->apex, n->apex_len);
	return p + at + n->apex_len;
}

/* -- names in record data ------------------------------------------------------------------------------------------- */

static uint64_t hash_of(const uint8_t *octets, size_t len) {
	uint64_t h = len, part;
	for (; len >= 8; octets += 8, len -= 8) {
		memcpy(&part, octets, 8);
		h = (h ^ part) * HASH_FACTOR;
		h ^= h >> 32;
	}
	for (; len > 0; octets++, len--)
		h = (h ^ *octets) * HASH_FACTOR;
	return h;
}

/* Where the message has the suffix as its apex or as an end of the last owner; 0: it has not. */
static unsigned find_in_zone(const struct stream_names *n, const uint8_t *suffix, size_t len) {
	if (len < n->apex_len || memcmp(suffix + len - n->apex_len, n->apex, n->apex_len) != 0) return 0;
	if (len == n->apex_len) return n->apex_at;
	unsigned known = find_label(n, 0, suffix, (unsigned)len - n->apex_len);
	return known < n->label_count[n->side] ? n->labels[n->side][known].at : 0;
}

/* Where the message has the suffix, or 0, and then it is remembered as standing at this place. */
static unsigned find_or_take(struct stream_names *n, const uint8_t *suffix, size_t len, size_t at) {
	uint64_t hash = hash_of(suffix, len);
	struct stream_name *slot = &n->slots[hash >> (64 - STREAM_NAMES_SLOT_BITS)];
	uint32_t tag = (uint32_t)hash << 8 | (uint8_t)len;
	if (slot->generation == n->generation && slot->tag == tag && memcmp(slot->name, suffix, len) == 0)
		return slot->at;
	unsigned found = find_in_zone(n, suffix, len);
	if (found || at > POINTER_MAX) return found;
	*slot = (struct stream_name){ suffix, tag, n->generation, (uint16_t)at };
	return 0;
}

uint8_t *stream_names_data(struct stream_names *n, const uint8_t *base, uint8_t *p, const uint8_t *name,
                           size_t len) {
	size_t at = 0;
	unsigned pointer = 0;
	while (name[at] && !(pointer = find_or_take(n, name + at, len - at, (size_t)(p - base) + at)))
		at += 1U + name[at];
	name_move(p, name, at);
	if (pointer) return put_pointer(p + at, pointer);
	p[at] = 0;
	return p + at + 1;
}
