/* What most attempts say takes some 30 octets, and what one that failed says beside that takes its octets once, however often
 * it failed so.  Numbers have seven bits an octet, the lowest first; the eighth bit says that more follow.  An entry:
 *
 *   u8 marks | u8 got | u8 transport | u16 asked | u16 port, 4 or 16 octets of address |
 *   numbers: time, records, bytes, messages, ms; before and serial, as far as there | name of the key, if there is one |
 *   why, if there is one: u8 back: the same as so many entries before | or u8 0, u8 reason, u8 length, evidence */
#include "transfer/history.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "dns/rrtype.h"

enum mark {
	MARK_OK = 1,
	MARK_WHY = 2, /* it failed, or there is something to be said of it */
	MARK_KEY = 4,
	MARK_V4 = 8,
	MARK_V6 = 16,
	MARK_BEFORE = 32,
	MARK_SERIAL = 64
};

#define NUMBER_MAX 10 /* octets */
#define ENTRY_MAX (7 + 16 + 7 * NUMBER_MAX + NAME_MAX_LEN + 3 + WHY_TEXT_MAX)

struct history {
	uint32_t place; /* in its block: base/packed.h */
	uint16_t len;
	uint16_t count;
	uint8_t entries[]; /* oldest first */
};

static size_t history_size(size_t len) {
	return sizeof(struct history) + len;
}

/* -- parts: what is returned is where it goes on ------------------------------------------------------------------ */

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

static size_t address_len(uint8_t marks) {
	return marks & MARK_V4 ? 4 : marks & MARK_V6 ? 16 : 0;
}

static bool why_equal(const struct why *a, const struct why *b) {
	return a->reason == b->reason && strcmp(a->evidence, b->evidence) == 0;
}

static uint8_t *put_why(uint8_t *out, const struct attempt *all, unsigned i) {
	const struct why *why = &all[i].why;
	for (unsigned back = 1; back <= i; back++)
		if (why_equal(why, &all[i - back].why)) {
			*out++ = (uint8_t)back;
			return out;
		}
	size_t len = strlen(why->evidence);
	*out++ = 0;
	*out++ = (uint8_t)why->reason;
	*out++ = (uint8_t)len;
	return put(out, why->evidence, len);
}

static const uint8_t *get_why(const uint8_t *at, struct attempt *all, unsigned i) {
	unsigned back = *at++;
	if (back) {
		all[i].why = all[i - back].why;
		return at;
	}
	all[i].why.reason = (enum reason) * at++;
	size_t len = *at++;
	return get(at, all[i].why.evidence, len); /* all is zero behind it */
}

/* -- entries ------------------------------------------------------------------------------------------------------ */

static uint8_t marks_of(const struct attempt *a) {
	bool has_why = !a->ok || a->why.reason != REASON_NONE;
	return (uint8_t)((a->ok ? MARK_OK : 0) | (has_why ? MARK_WHY : 0) | (a->tsig ? MARK_KEY : 0) |
	                 (a->primary.family == AF_INET ? MARK_V4 : 0) |
	                 (a->primary.family == AF_INET6 ? MARK_V6 : 0) | (a->has_before ? MARK_BEFORE : 0) |
	                 (a->has_serial ? MARK_SERIAL : 0));
}

static uint8_t *put_entry(uint8_t *out, const struct attempt *all, unsigned i) {
	const struct attempt *a = &all[i];
	uint8_t marks = marks_of(a);
	*out++ = marks;
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
	if (marks & MARK_KEY) out = put(out, a->key.wire, a->key.len);
	return marks & MARK_WHY ? put_why(out, all, i) : out;
}

static const uint8_t *get_entry(const uint8_t *at, struct attempt *all, unsigned i) {
	struct attempt *a = &all[i];
	uint8_t marks = *at++;
	uint64_t time_s;
	memset(a, 0, sizeof(*a));
	a->ok = marks & MARK_OK;
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
	a->tsig = marks & MARK_KEY;
	if (a->has_before) at = get_u32(at, &a->before);
	if (a->has_serial) at = get_u32(at, &a->serial);
	if (a->tsig) {
		name_copy(&a->key, at);
		at += a->key.len;
	}
	return marks & MARK_WHY ? get_why(at, all, i) : at;
}

/* -- the whole ---------------------------------------------------------------------------------------------------- */

/* Oldest first; returns how many. */
static unsigned read_all(const struct history *h, struct attempt all[static ATTEMPTS_KEPT]) {
	unsigned count = h ? h->count : 0;
	const uint8_t *at = h ? h->entries : NULL;
	for (unsigned i = 0; i < count; i++)
		at = get_entry(at, all, i);
	return count;
}

/* Both are SOA questions to the same primary that brought the same serial. */
static bool is_repetition(const struct attempt *last, const struct attempt *a) {
	bool last_is_good = last->ok && last->why.reason == REASON_NONE;
	return a->ok && last_is_good && a->asked == RR_SOA && last->asked == RR_SOA &&
	       a->serial == last->serial && addr_equal(&a->primary, &last->primary);
}

/* Returns how many there are then. */
static unsigned add(struct attempt all[static ATTEMPTS_KEPT], unsigned count, const struct attempt *attempt) {
	if (count > 0 && is_repetition(&all[count - 1], attempt))
		count--;
	else if (count == ATTEMPTS_KEPT)
		memmove(&all[0], &all[1], --count * sizeof(all[0]));
	all[count] = *attempt;
	return count + 1;
}

static size_t put_all(uint8_t entries[static ATTEMPTS_KEPT * ENTRY_MAX], const struct attempt *all,
                      unsigned count) {
	uint8_t *end = entries;
	for (unsigned i = 0; i < count; i++)
		end = put_entry(end, all, i);
	return (size_t)(end - entries);
}

struct history *history_add(struct packed *p, struct history *h, const struct attempt *attempt) {
	struct attempt all[ATTEMPTS_KEPT];
	uint8_t entries[ATTEMPTS_KEPT * ENTRY_MAX];
	uint32_t place;
	unsigned count = add(all, read_all(h, all), attempt), first = 0;
	size_t len = put_all(entries, all, count);
	while (history_size(len) > PACKED_MAX) /* the longest texts and names there can be */
		len = put_all(entries, all + ++first, --count);
	struct history *next = packed_take(p, history_size(len), &place);
	next->place = place;
	next->count = (uint16_t)count;
	next->len = (uint16_t)len;
	memcpy(next->entries, entries, len);
	history_free(h);
	return next;
}

unsigned history_read(const struct history *h, struct attempt out_attempts[static ATTEMPTS_KEPT]) {
	struct attempt all[ATTEMPTS_KEPT];
	unsigned count = read_all(h, all);
	for (unsigned i = 0; i < count; i++)
		out_attempts[i] = all[count - 1 - i];
	return count;
}

void history_free(struct history *h) {
	if (h) packed_give(h, history_size(h->len), h->place);
}
