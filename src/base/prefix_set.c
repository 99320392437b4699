/* Ranges of addresses, sorted, none touching another.  IPv4 and IPv6 lie in one order, the family before the octets. */
#include "base/prefix_set.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

#define KEY_LEN (1 + sizeof(((struct addr *)0)->ip))

struct range {
	uint8_t from[KEY_LEN], to[KEY_LEN]; /* both in it */
};

struct prefix_set {
	unsigned count;
	struct range ranges[];
};

static unsigned ip_len(const struct addr *a) {
	return a->family == AF_INET ? 4 : 16;
}

static void key_of(const struct addr *a, uint8_t out[static KEY_LEN]) {
	memset(out, 0, KEY_LEN);
	out[0] = a->family == AF_INET ? 4 : 6;
	memcpy(out + 1, a->ip, ip_len(a));
}

static struct range range_of(const struct addr_prefix *p) {
	struct range r;
	key_of(&p->addr, r.from);
	memcpy(r.to, r.from, KEY_LEN);
	for (unsigned bit = p->len; bit < 8 * ip_len(&p->addr); bit++)
		r.to[1 + bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	return r;
}

static int compare(const void *a, const void *b) {
	return memcmp(((const struct range *)a)->from, ((const struct range *)b)->from, KEY_LEN);
}

/* Prefixes lie within each other or apart: of two that meet the one that starts earlier, or is wider, has both. */
static void drop_inner(struct prefix_set *s) {
	unsigned kept = 0;
	for (unsigned i = 0; i < s->count; i++) {
		struct range *last = kept ? &s->ranges[kept - 1] : NULL;
		if (last && memcmp(s->ranges[i].from, last->to, KEY_LEN) <= 0) {
			if (memcmp(s->ranges[i].to, last->to, KEY_LEN) > 0) *last = s->ranges[i];
			continue;
		}
		s->ranges[kept++] = s->ranges[i];
	}
	s->count = kept;
}

struct prefix_set *prefix_set_new(const struct addr_prefix *items, unsigned count) {
	if (count == 0) return NULL;
	struct prefix_set *s = xcalloc(1, sizeof(*s) + count * sizeof(s->ranges[0]));
	s->count = count;
	for (unsigned i = 0; i < count; i++)
		s->ranges[i] = range_of(&items[i]);
	qsort(s->ranges, count, sizeof(s->ranges[0]), compare);
	drop_inner(s);
	return s;
}

void prefix_set_free(struct prefix_set *s) {
	free(s);
}

bool prefix_set_has(const struct prefix_set *s, const struct addr *a) {
	uint8_t key[KEY_LEN];
	if (!s || (a->family != AF_INET && a->family != AF_INET6)) return false;
	key_of(a, key);
	unsigned low = 0,
		 high = s->count; /* the last range that starts at or before the address is below high */
	while (low < high) {
		unsigned middle = low + (high - low) / 2;
		if (memcmp(s->ranges[middle].from, key, KEY_LEN) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 && memcmp(key, s->ranges[low - 1].to, KEY_LEN) <= 0;
}
