/* What most attempts say takes some 30 octets: numbers of seven bits an octet, the lowest first, the eighth bit says that more
 * follow.  Each entry begins with what it has:
 *
 *   u8 marks | whole: pointer to the attempt |
 *   else: u8 got | u8 transport | u16 asked | u16 port, 4 or 16 octets of address | number: time, records, bytes, messages, ms |
 *         number: before, serial, as far as there | pointer to the key, if there is one */
#include "transfer/history.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "dns/rrtype.h"

enum mark {
	MARK_WHOLE = 1, /* it failed, or there is something to be said of it */
	MARK_KEY = 2,   /* it went well, signed by this key */
	MARK_V4 = 4,
	MARK_V6 = 8,
	MARK_BEFORE = 16,
	MARK_SERIAL = 32
};

#define ENTRY_MAX 128 /* octets of the longest one */

struct history {
	uint32_t place; /* in its block: base/packed.h */
	uint16_t len;
	uint16_t count;
	uint8_t entries[]; /* oldest first */
};

static size_t history_size(size_t len) {
	return sizeof(struct history) + len;
}

/* -- one entry: out is where it goes on ------------------------------------------------------------------------- */

static uint8_t *put(uint8_t *out, const void *data, size_t len) {
	memcpy(out, data, len);
	return out + len;
}

static const uint8_t *get(const uint8_t *at, void *out, size_t len) {
	memcpy(out, at, len);
	return at + len;
}

static uint8_t *put_number(uint8_t *out, uint64_t v) {
	for (; v > 127; v >>= 7)
		*out++ = (uint8_t)(v | 128);
	*out++ = (uint8_t)v;
	return out;
}

static const uint8_t *get_number(const uint8_t *at, uint64_t *out_v) {
	uint64_t v = 0;
	unsigned shift = 0;
	do
		v |= (uint64_t)(*at & 127) << shift;
	while (shift += 7, *at++ & 128);
	*out_v = v;
	return at;
}

static const uint8_t *get_u32(const uint8_t *at, uint32_t *out_v) {
	uint64_t v;
	at = get_number(at, &v);
	*out_v = (uint32_t)v;
	return at;
}

static uint8_t marks_of(const struct attempt *a) {
	if (!a->ok || a->why.reason != REASON_NONE) return MARK_WHOLE;
	return (uint8_t)((a->tsig ? MARK_KEY : 0) | (a->primary.family == AF_INET ? MARK_V4 : 0) |
	                 (a->primary.family == AF_INET6 ? MARK_V6 : 0) | (a->has_before ? MARK_BEFORE : 0) |
	                 (a->has_serial ? MARK_SERIAL : 0));
}

static size_t address_len(uint8_t marks) {
	return marks & MARK_V4 ? 4 : marks & MARK_V6 ? 16 : 0;
}

static uint8_t *put_pointer(uint8_t *out, const void *p) {
	return put(out, &p, sizeof(p));
}

static uint8_t *put_good(uint8_t *out, const struct attempt *a, uint8_t marks) {
	*out++ = (uint8_t)a->got;
	*out++ = a->transport;
	out = put(out, &a->asked, sizeof(a->asked));
	out = put(out, &a->primary.port, sizeof(a->primary.port));
	out = put(out, a->primary.ip, address_len(marks));
	out = put_number(out, (uint64_t)a->time_s);
	out = put_number(out, a->records);
	out = put_number(out, a->bytes);
	out = put_number(out, a->messages);
	out = put_number(out, a->ms);
	if (marks & MARK_BEFORE) out = put_number(out, a->before);
	if (marks & MARK_SERIAL) out = put_number(out, a->serial);
	return marks & MARK_KEY ? put_pointer(out, xmemdup(a->key.wire, a->key.len)) : out;
}

static size_t entry_put(uint8_t out[static ENTRY_MAX], const struct attempt *a) {
	uint8_t *at = out;
	*at++ = marks_of(a);
	at = out[0] & MARK_WHOLE ? put_pointer(at, xmemdup(a, sizeof(*a))) : put_good(at, a, out[0]);
	return (size_t)(at - out);
}

static const uint8_t *get_good(const uint8_t *at, uint8_t marks, struct attempt *a, void **out_owned) {
	uint64_t time_s;
	a->ok = true;
	a->got = (enum attempt_got) * at++;
	a->transport = *at++;
	at = get(at, &a->asked, sizeof(a->asked));
	at = get(at, &a->primary.port, sizeof(a->primary.port));
	a->primary.family = marks & MARK_V4 ? AF_INET : marks & MARK_V6 ? AF_INET6 : AF_UNSPEC;
	at = get(at, a->primary.ip, address_len(marks));
	at = get_number(at, &time_s);
	a->time_s = (int64_t)time_s;
	at = get_number(at, &a->records);
	at = get_number(at, &a->bytes);
	at = get_u32(at, &a->messages);
	at = get_u32(at, &a->ms);
	a->has_before = marks & MARK_BEFORE;
	a->has_serial = marks & MARK_SERIAL;
	if (a->has_before) at = get_u32(at, &a->before);
	if (a->has_serial) at = get_u32(at, &a->serial);
	if (!(marks & MARK_KEY)) return at;
	at = get(at, out_owned, sizeof(*out_owned));
	a->tsig = true;
	name_copy(&a->key, *out_owned);
	return at;
}

/* out_owned: what the entry holds beside its octets, or NULL. */
static const uint8_t *entry_get(const uint8_t *at, struct attempt *out_attempt, void **out_owned) {
	uint8_t marks = *at++;
	*out_owned = NULL;
	if (marks & MARK_WHOLE) {
		at = get(at, out_owned, sizeof(*out_owned));
		*out_attempt = *(const struct attempt *)*out_owned;
		return at;
	}
	memset(out_attempt, 0, sizeof(*out_attempt));
	return get_good(at, marks, out_attempt, out_owned);
}

/* -- the whole --------------------------------------------------------------------------------------------------- */

/* Both are SOA questions to the same primary that brought the same serial. */
static bool is_repetition(const struct attempt *last, const struct attempt *a) {
	bool last_is_good = last->ok && last->why.reason == REASON_NONE;
	return a->ok && last_is_good && a->asked == RR_SOA && last->asked == RR_SOA &&
	       a->serial == last->serial && addr_equal(&a->primary, &last->primary);
}

/* What stays of the former ones: octets from … to, and how many they are. */
struct kept {
	const uint8_t *from, *to;
	unsigned count;
};

static struct kept keep(const struct history *h, const struct attempt *next) {
	struct attempt a;
	void *owned;
	if (!h) return (struct kept){ 0 };
	struct kept kept = { h->entries, h->entries + h->len, h->count };
	const uint8_t *last = h->entries;
	for (unsigned i = 1; i < h->count; i++)
		last = entry_get(last, &a, &owned);
	(void)entry_get(last, &a, &owned);
	if (is_repetition(&a, next)) {
		kept.to = last;
		kept.count--;
	} else if (h->count == ATTEMPTS_KEPT) {
		kept.from = entry_get(h->entries, &a, &owned);
		kept.count--;
	} else {
		owned = NULL;
	}
	free(owned); /* of what does not stay */
	return kept;
}

struct history *history_add(struct packed *p, struct history *h, const struct attempt *attempt) {
	uint8_t entry[ENTRY_MAX];
	uint32_t place;
	size_t len = entry_put(entry, attempt);
	struct kept kept = keep(h, attempt);
	size_t former = (size_t)(kept.to - kept.from);
	struct history *next = packed_take(p, history_size(former + len), &place);
	next->place = place;
	next->count = (uint16_t)(kept.count + 1);
	next->len = (uint16_t)(former + len);
	if (former) memcpy(next->entries, kept.from, former);
	memcpy(next->entries + former, entry, len);
	if (h) packed_give(h, history_size(h->len), h->place);
	return next;
}

unsigned history_read(const struct history *h, struct attempt out_attempts[static ATTEMPTS_KEPT]) {
	unsigned count = h ? h->count : 0;
	const uint8_t *at = h ? h->entries : NULL;
	void *owned;
	for (unsigned i = count; i-- > 0;)
		at = entry_get(at, &out_attempts[i], &owned);
	return count;
}

void history_free(struct history *h) {
	struct attempt a;
	void *owned;
	if (!h) return;
	const uint8_t *at = h->entries;
	for (unsigned i = 0; i < h->count; i++) {
		at = entry_get(at, &a, &owned);
		free(owned);
	}
	packed_give(h, history_size(h->len), h->place);
}
