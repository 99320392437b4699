#include "transfer/history.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "dns/rrtype.h"

/* An attempt without its 240 octets of evidence and 256 of a name, which most do not have. */
struct entry {
	struct attempt *failed; /* whole, when it failed or there is something to be said of it; owned */
	uint8_t *key;           /* name of the key when it went well; owned; NULL: not signed */
	struct addr primary;
	int64_t time_s;
	uint64_t records, bytes;
	uint32_t before, serial, messages, ms;
	uint16_t asked;
	uint8_t transport, got;
	bool has_before, has_serial;
};

struct history {
	unsigned count;
	struct entry entries[]; /* newest last */
};

static struct entry entry_of(const struct attempt *a) {
	return (struct entry){
		.failed = a->ok && a->why.reason == REASON_NONE ? NULL : xmemdup(a, sizeof(*a)),
		.key = a->ok && a->tsig ? xmemdup(a->key.wire, a->key.len) : NULL,
		.primary = a->primary,
		.time_s = a->time_s,
		.records = a->records,
		.bytes = a->bytes,
		.before = a->before,
		.serial = a->serial,
		.messages = a->messages,
		.ms = a->ms,
		.asked = a->asked,
		.transport = a->transport,
		.got = (uint8_t)a->got,
		.has_before = a->has_before,
		.has_serial = a->has_serial,
	};
}

static void entry_done(struct entry *e) {
	free(e->failed);
	free(e->key);
}

static struct attempt attempt_of(const struct entry *e) {
	if (e->failed) return *e->failed;
	struct attempt a = {
		.time_s = e->time_s,
		.primary = e->primary,
		.transport = e->transport,
		.asked = e->asked,
		.got = (enum attempt_got)e->got,
		.ok = true,
		.has_before = e->has_before,
		.before = e->before,
		.has_serial = e->has_serial,
		.serial = e->serial,
		.messages = e->messages,
		.records = e->records,
		.bytes = e->bytes,
		.ms = e->ms,
		.tsig = e->key != NULL,
	};
	if (e->key) name_copy(&a.key, e->key);
	return a;
}

/* Both are SOA questions to the same primary that brought the same serial. */
static bool is_repetition(const struct entry *last, const struct attempt *a) {
	return a->ok && !last->failed && a->asked == RR_SOA && last->asked == RR_SOA &&
	       a->serial == last->serial && addr_equal(&a->primary, &last->primary);
}

struct history *history_add(struct history *h, const struct attempt *attempt) {
	unsigned count = h ? h->count : 0;
	if (count > 0 && is_repetition(&h->entries[count - 1], attempt)) {
		entry_done(&h->entries[count - 1]);
		h->entries[count - 1] = entry_of(attempt);
		return h;
	}
	if (count == ATTEMPTS_KEPT) {
		entry_done(&h->entries[0]);
		memmove(&h->entries[0], &h->entries[1], (ATTEMPTS_KEPT - 1) * sizeof(h->entries[0]));
		count--;
	} else {
		h = xrealloc(h, sizeof(*h) + (count + 1) * sizeof(h->entries[0]));
	}
	h->entries[count] = entry_of(attempt);
	h->count = count + 1;
	return h;
}

unsigned history_read(const struct history *h, struct attempt out_attempts[static ATTEMPTS_KEPT]) {
	unsigned count = h ? h->count : 0;
	for (unsigned i = 0; i < count; i++)
		out_attempts[i] = attempt_of(&h->entries[count - 1 - i]);
	return count;
}

void history_free(struct history *h) {
	for (unsigned i = 0; h && i < h->count; i++)
		entry_done(&h->entries[i]);
	free(h);
}
