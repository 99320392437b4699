/* A slot is taken by the first worker that needs it, filled, and then said to be filled; only the reading thread
 * gives it back, after some quiet.  A worker that still counts for the former owner then spoils a figure of the
 * log by one, nothing else. */
#include "serve/rate_report.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "dns/name.h"

#define QUIET_MS 10000 /* without held answers until the end is logged */
#define AGAIN_MS 60000 /* an attack that goes on is logged again */
#define NAME_WORDS 32  /* NAME_MAX_LEN octets and one more */
#define IP_WORDS 2

struct slot {
	_Atomic uint64_t account; /* 0: free */
	_Atomic uint32_t dropped, slipped;
	_Atomic uint64_t ip[IP_WORDS];
	_Atomic uint64_t name[NAME_WORDS];
	_Atomic uint32_t what; /* WHAT_ bits; 0: not filled yet */
};

enum {
	WHAT_LEN = 0xff, /* bits of the network */
	WHAT_IPV6 = 1 << 8,
	WHAT_NAMED = 1 << 9,
	WHAT_CLASS = 16, /* the class is shifted by this */
	WHAT_FILLED = 1 << 24
};

/* The reading thread's own. */
struct seen {
	uint64_t dropped, slipped; /* since it began */
	int64_t held_ms;           /* when some were last found */
	int64_t logged_ms;
	bool begun;
};

struct rate_reports {
	struct slot slots[RATE_REPORTS_MAX];
	struct seen seen[RATE_REPORTS_MAX];
};

struct rate_reports *rate_reports_new(void) {
	return xcalloc(1, sizeof(struct rate_reports));
}

void rate_reports_free(struct rate_reports *r) {
	free(r);
}

/* -- workers ------------------------------------------------------------------------------------------------ */

static void words_store(_Atomic uint64_t *to, unsigned count, const uint8_t *from, size_t len) {
	for (unsigned i = 0; i < count; i++) {
		uint64_t word = 0;
		size_t at = i * sizeof(word);
		if (at < len) memcpy(&word, from + at, len - at < sizeof(word) ? len - at : sizeof(word));
		atomic_store_explicit(&to[i], word, memory_order_relaxed);
	}
}

/* The address without the bits that don't belong to the network. */
static void ip_store(struct slot *s, const uint8_t *from, unsigned prefix_len) {
	uint8_t ip[IP_WORDS * sizeof(uint64_t)] = { 0 };
	unsigned whole = prefix_len / 8, rest = prefix_len % 8;
	memcpy(ip, from, whole);
	if (rest > 0) ip[whole] = (uint8_t)(from[whole] & (0xff00U >> rest));
	words_store(s->ip, IP_WORDS, ip, sizeof(ip));
}

static void slot_fill(struct slot *s, const struct rate_held *held) {
	const struct rate_answer *answer = held->answer;
	uint32_t what = WHAT_FILLED | (uint32_t)held->class << WHAT_CLASS | held->prefix_len;
	if (held->peer->family == AF_INET6) what |= WHAT_IPV6;
	if (answer->name) {
		what |= WHAT_NAMED;
		words_store(s->name, NAME_WORDS, answer->name, name_len(answer->name));
	}
	ip_store(s, held->peer->ip, held->prefix_len);
	atomic_store_explicit(&s->what, what, memory_order_release);
}

void rate_reports_count(struct rate_reports *r, const struct rate_held *held) {
	struct slot *s = &r->slots[(held->account >> 32) % RATE_REPORTS_MAX];
	uint64_t owner = atomic_load_explicit(&s->account, memory_order_acquire);
	if (owner == 0 &&
	    atomic_compare_exchange_strong_explicit(&s->account, &owner, held->account, memory_order_acquire,
	                                            memory_order_acquire)) {
		slot_fill(s, held);
		owner = held->account;
	}
	if (owner == held->account)
		atomic_fetch_add_explicit(held->slipped ? &s->slipped : &s->dropped, 1, memory_order_relaxed);
}

/* -- the log ------------------------------------------------------------------------------------------------ */

static const char *class_text(enum rate_class class) {
	switch (class) {
	case RATE_POSITIVE: return "positive";
	case RATE_WILDCARD: return "wildcard";
	case RATE_NODATA: return "nodata";
	case RATE_NXDOMAIN: return "nxdomain";
	case RATE_REFERRAL: return "referral";
	case RATE_ERROR: return "error";
	case RATE_ALL:
	case RATE_CLASSES: break;
	}
	return "all";
}

static void words_load(const _Atomic uint64_t *from, unsigned count, uint8_t *to) {
	for (unsigned i = 0; i < count; i++) {
		uint64_t word = atomic_load_explicit(&from[i], memory_order_relaxed);
		memcpy(to + i * sizeof(word), &word, sizeof(word));
	}
}

static struct addr_prefix network_of(const struct slot *s, uint32_t what) {
	struct addr_prefix p = { .addr = { .family = what & WHAT_IPV6 ? AF_INET6 : AF_INET },
		                 .len = what & WHAT_LEN };
	words_load(s->ip, IP_WORDS, p.addr.ip);
	return p;
}

static void log_slot(struct log *log, enum event event, const struct slot *s, const struct seen *seen) {
	char network_text[ADDR_TEXT_MAX], text[NAME_TEXT_MAX];
	uint8_t name[NAME_WORDS * sizeof(uint64_t)];
	uint32_t what = atomic_load_explicit(&s->what, memory_order_relaxed);
	struct addr_prefix network = network_of(s, what);
	words_load(s->name, NAME_WORDS, name);
	log_event(log, event, LOG_STR("network", addr_prefix_text(&network, network_text)),
	          LOG_STR("class", class_text((enum rate_class)(what >> WHAT_CLASS & 0xffU))),
	          LOG_STR("name", what & WHAT_NAMED ? name_text_short(name, text) : "-"),
	          LOG_NUM("dropped", seen->dropped), LOG_NUM("slipped", seen->slipped));
}

/* Adds what came since the last time; false: nothing did. */
static bool slot_take(struct slot *s, struct seen *seen) {
	uint32_t dropped = atomic_exchange_explicit(&s->dropped, 0, memory_order_relaxed);
	uint32_t slipped = atomic_exchange_explicit(&s->slipped, 0, memory_order_relaxed);
	seen->dropped += dropped;
	seen->slipped += slipped;
	return dropped + slipped > 0;
}

static void slot_give_back(struct slot *s, struct seen *seen) {
	memset(seen, 0, sizeof(*seen));
	atomic_store_explicit(&s->what, 0, memory_order_relaxed);
	atomic_store_explicit(&s->account, 0, memory_order_release);
}

static void slot_log(struct slot *s, struct seen *seen, struct log *log, int64_t now_ms) {
	if (slot_take(s, seen)) seen->held_ms = now_ms;
	if (!seen->begun) seen->held_ms = now_ms;
	if (now_ms - seen->held_ms >= QUIET_MS) {
		log_slot(log, EVENT_PEER_RATE_ENDED, s, seen);
		slot_give_back(s, seen);
	} else if (!seen->begun || now_ms - seen->logged_ms >= AGAIN_MS) {
		log_slot(log, EVENT_PEER_RATE_LIMITED, s, seen);
		seen->begun = true;
		seen->logged_ms = now_ms;
	}
}

void rate_reports_log(struct rate_reports *r, struct log *log, struct moment now) {
	for (unsigned i = 0; i < RATE_REPORTS_MAX; i++) {
		struct slot *s = &r->slots[i];
		if (atomic_load_explicit(&s->what, memory_order_acquire) != 0)
			slot_log(s, &r->seen[i], log, now.mono_ms);
	}
}
