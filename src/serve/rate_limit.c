/* Every account is one point in time: when it will be full again.  An answer moves it on by the time in which the
 * credit for one answer comes; it may be so far ahead of now as its burst allows (the generic cell rate algorithm).
 * An account that is not ahead is full, hence as good as none: its word may be given to another, and only accounts
 * in use need room.
 *
 *   meters    uint32_t: one a network, shared by networks whose hashes fall together: then both are looked at more
 *             closely, nothing else.  Counts all questions.
 *   accounts  uint64_t: tag 20 bits, slip 4, time 40; a cache line holds eight, that a hash may choose among.  When
 *             none of them is full, the one nearest to it gives way: never the one that is over its limit.
 *
 * The burst is a second's worth of answers: a quarter before the meter is over, the rest from the account. */
#include "serve/rate_limit.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/prefix_set.h"
#include "dns/name.h"
#include "serve/rate_report.h"

#define TICKS_PER_MS 16384 /* what one answer costs is rounded to these: half a percent at 100,000 a second */
#define SECOND (1000 * TICKS_PER_MS)
#define METER_BURST_MAX (SECOND / 4)
#define METER_FORGETS SECOND /* how far beyond its burst it goes, hence how soon it is forgotten */
/* Further ahead than anything gets, but for the eyes of a worker whose clock is behind: from before it went round. */
#define STALE (10 * SECOND)

#define METER_BITS 16
#define LINE_BITS 13
#define LINE_WORDS 8
#define LINE_BYTES (LINE_WORDS * sizeof(uint64_t))
#define TIME_BITS 40 /* goes round in 18 hours */
#define SLIP_BITS 4
#define SLIP_SHIFT TIME_BITS
#define TAG_SHIFT (TIME_BITS + SLIP_BITS)
#define TRIES 16 /* lost races for one word, after which the account is taken to be busy beyond its limit */

struct line {
	_Atomic uint64_t words[LINE_WORDS];
};

struct rate_limit {
	struct rate_settings settings; /* exempt is a copy of ours */
	struct prefix_set *exempt;
	int32_t cost[RATE_CLASSES]; /* ticks an answer; 0: no limit */
	int32_t meter_cost;
	int32_t meter_burst, account_burst; /* ticks; a second together */
	uint64_t key[6];
	uint64_t mask[3]; /* of an IPv4 address, of both halves of an IPv6 address, in memory order */
	struct rate_reports *reports;
	/* Within memory, from where a cache line begins: what is written lies apart from what is only read. */
	struct line *lines;
	_Atomic uint32_t *meters;
	void *memory;
};

/* -- hash ------------------------------------------------------------------------------------------------------ */

/* Multiplication with a secret on one side: without it nobody can tell which inputs fall together. */
static uint64_t fold(uint64_t a, uint64_t b) {
	unsigned __int128 product = (unsigned __int128)a * b;
	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t network_hash(const struct rate_limit *l, const struct addr *peer) {
	uint64_t half[2];
	if (peer->family == AF_INET) {
		uint32_t ip;
		memcpy(&ip, peer->ip, sizeof(ip));
		half[0] = ip & l->mask[0];
		half[1] = 4;
	} else {
		memcpy(half, peer->ip, sizeof(half));
		half[0] &= l->mask[1];
		half[1] &= l->mask[2];
	}
	return fold(fold(half[0] ^ l->key[0], half[1] ^ l->key[1]) ^ l->key[2], l->key[3]);
}

#define EACH(octet) (0x0101010101010101U * (octet))

/* Eight octets in lower case; the length octets of a name are below 'A' and stay. */
static uint64_t lower_word(uint64_t word) {
	uint64_t low = word & EACH(0x7f);
	uint64_t from_a = low + EACH(0x80 - 'A'), beyond_z = low + EACH(0x7f - 'Z');
	return word | ((from_a ^ beyond_z) & ~word & EACH(0x80)) >> 2;
}

/* What of a name's len octets begins at pos, at least one; the end of a name longer than that is read whole. */
static uint64_t name_word(const uint8_t *name, size_t len, size_t pos) {
	uint64_t word = 0;
	if (len < sizeof(word))
		memcpy(&word, name, len);
	else
		memcpy(&word, name + (pos + sizeof(word) <= len ? pos : len - sizeof(word)), sizeof(word));
	return lower_word(word);
}

static uint64_t account_hash(const struct rate_limit *l, uint64_t network, enum rate_class class,
                             const struct rate_answer *a) {
	uint64_t hash = network ^ ((uint64_t) class << 32);
	if (class == RATE_ALL) return fold(hash ^ l->key[4], l->key[5]);
	size_t len = a->name ? name_len(a->name) : 0;
	hash ^= a->type | (uint64_t)len << 16;
	for (size_t pos = 0; pos < len; pos += sizeof(uint64_t))
		hash = fold(hash ^ l->key[4], name_word(a->name, len, pos) ^ l->key[5]);
	return fold(hash ^ l->key[4], l->key[3]);
}

/* -- the meter of a network ------------------------------------------------------------------------------------- */

static _Atomic uint32_t *meter_of(const struct rate_limit *l, uint64_t network) {
	return &l->meters[network >> (64 - METER_BITS)];
}

/* Count a question; true: the network might be over some limit. */
static bool meter_over(struct rate_limit *l, uint64_t network, uint64_t now) {
	_Atomic uint32_t *meter = meter_of(l, network);
	uint32_t old = atomic_load_explicit(meter, memory_order_relaxed);
	int32_t max = l->meter_burst + METER_FORGETS;
	for (unsigned i = 0; i < TRIES; i++) {
		int32_t ahead = (int32_t)(old - (uint32_t)now);
		if (ahead < 0 || ahead > STALE) ahead = 0;
		if (ahead > max) return true; /* of a later time than ours: not to be put back */
		int32_t next = l->meter_cost < max - ahead ? ahead + l->meter_cost : max;
		uint32_t word = (uint32_t)now + (uint32_t)next;
		if (word == old ||
		    atomic_compare_exchange_weak_explicit(meter, &old, word, memory_order_relaxed,
		                                          memory_order_relaxed))
			return next > l->meter_burst;
	}
	return true;
}

/* -- accounts ----------------------------------------------------------------------------------------------------- */

/* Ticks until the account is full. */
static int64_t ahead_of(uint64_t word, uint64_t now) {
	int64_t ahead = (int64_t)((word - now) << (64 - TIME_BITS)) >> (64 - TIME_BITS);
	return ahead < 0 || ahead > STALE ? 0 : ahead;
}

static uint64_t word_of(uint64_t tag, unsigned slip, uint64_t time) {
	uint64_t low = time & ((1ULL << TIME_BITS) - 1);
	return tag << TAG_SHIFT | (uint64_t)slip << SLIP_SHIFT | low;
}

/* Where the account with this tag is, or is to be: in place of the one that is nearest to being full. */
static unsigned line_find(struct line *line, uint64_t tag, uint64_t now) {
	unsigned best = 0;
	int64_t best_ahead = INT64_MAX;
	for (unsigned i = 0; i < LINE_WORDS; i++)
		if (atomic_load_explicit(&line->words[i], memory_order_relaxed) >> TAG_SHIFT == tag) return i;
	for (unsigned i = 0; i < LINE_WORDS && best_ahead > 0; i++) {
		int64_t ahead = ahead_of(atomic_load_explicit(&line->words[i], memory_order_relaxed), now);
		if (ahead >= best_ahead) continue;
		best = i;
		best_ahead = ahead;
	}
	return best;
}

/* An account and what its word says now. */
struct account {
	uint64_t tag;
	unsigned slip; /* answers held back since the last that was slipped */
	int64_t ahead;
};

static struct account account_read(uint64_t word, uint64_t tag, uint64_t now) {
	struct account a = { .tag = tag };
	if (word >> TAG_SHIFT != tag) return a;
	a.ahead = ahead_of(word, now);
	if (a.ahead > 0) a.slip = (unsigned)(word >> SLIP_SHIFT & ((1U << SLIP_BITS) - 1));
	return a;
}

/* Take one answer out of it, or count one that is held back. */
static enum rate_verdict account_take(const struct rate_limit *l, struct account *a, int32_t cost) {
	int64_t burst = cost > l->account_burst ? cost : l->account_burst;
	if (a->ahead + cost <= burst) {
		a->ahead += cost;
		return RATE_SEND;
	}
	unsigned slip = l->settings.slip;
	if (slip < 2) return slip == 1 ? RATE_SLIP : RATE_DROP;
	enum rate_verdict verdict = a->slip == 0 ? RATE_SLIP : RATE_DROP;
	a->slip = (a->slip + 1) % slip;
	return verdict;
}

static enum rate_verdict line_take(struct rate_limit *l, uint64_t hash, int32_t cost, uint64_t now) {
	struct line *line = &l->lines[hash >> (64 - LINE_BITS)];
	uint64_t tag = (hash & ((1U << (64 - TAG_SHIFT)) - 1)) | 1; /* an empty word is nobody's */
	for (unsigned i = 0; i < TRIES; i++) {
		_Atomic uint64_t *at = &line->words[line_find(line, tag, now)];
		uint64_t word = atomic_load_explicit(at, memory_order_relaxed);
		struct account a = account_read(word, tag, now);
		enum rate_verdict verdict = account_take(l, &a, cost);
		uint64_t next = word_of(tag, a.slip, now + (uint64_t)a.ahead);
		if (next == word ||
		    atomic_compare_exchange_strong_explicit(at, &word, next, memory_order_relaxed,
		                                            memory_order_relaxed))
			return verdict;
	}
	return RATE_DROP;
}

/* -- the verdict ---------------------------------------------------------------------------------------------------- */

static void report(struct rate_limit *l, const struct addr *peer, uint64_t network, enum rate_class class,
                   const struct rate_answer *answer, enum rate_verdict verdict) {
	const struct rate_held held = {
		.account = fold(network ^ class, l->key[3]) | 1,
		.peer = peer,
		.prefix_len = peer->family == AF_INET ? l->settings.ipv4_prefix : l->settings.ipv6_prefix,
		.class = class,
		.answer = answer,
		.slipped = verdict == RATE_SLIP,
	};
	rate_reports_count(l->reports, &held);
}

/* Whether a class's account has credit, if it has a limit. */
static enum rate_verdict class_take(struct rate_limit *l, uint64_t network, enum rate_class class,
                                    const struct rate_answer *answer, uint64_t now) {
	if (l->cost[class] == 0) return RATE_SEND;
	return line_take(l, account_hash(l, network, class, answer), l->cost[class], now);
}

/* The network's meter is over. */
static enum rate_verdict look_closer(struct rate_limit *l, const struct addr *peer, uint64_t network,
                                     const struct rate_answer *answer, uint64_t now) {
	if (prefix_set_has(l->exempt, peer)) return RATE_SEND;
	enum rate_class class = answer->class;
	enum rate_verdict verdict = class_take(l, network, class, answer, now);
	if (verdict == RATE_SEND) {
		class = RATE_ALL;
		verdict = class_take(l, network, class, answer, now);
	}
	if (verdict != RATE_SEND) report(l, peer, network, class, answer, verdict);
	return verdict;
}

void rate_limit_expect(const struct rate_limit *l, const struct addr *peer) {
	if (l) __builtin_prefetch(meter_of(l, network_hash(l, peer)), 1);
}

enum rate_verdict rate_limit_check(struct rate_limit *l, const struct addr *peer,
                                   const struct rate_answer *answer, struct moment now) {
	if (!l) return RATE_SEND;
	uint64_t ticks = (uint64_t)now.mono_ms * TICKS_PER_MS; /* goes round */
	uint64_t network = network_hash(l, peer);
	if (!meter_over(l, network, ticks)) return RATE_SEND;
	return look_closer(l, peer, network, answer, ticks);
}

/* -- making --------------------------------------------------------------------------------------------------------- */

static uint64_t mask_word(unsigned bits, size_t first) {
	uint8_t octets[sizeof(uint64_t)] = { 0 };
	uint64_t word;
	for (size_t i = first * 8; i < bits && i < (first + sizeof(octets)) * 8; i++)
		octets[i / 8 - first] |= (uint8_t)(0x80 >> i % 8);
	memcpy(&word, octets, sizeof(word));
	return word;
}

static void costs_init(struct rate_limit *l) {
	for (unsigned i = 0; i < RATE_CLASSES; i++) {
		uint32_t per_s = l->settings.per_s[i];
		if (per_s == 0) continue;
		l->cost[i] = per_s < SECOND ? SECOND / (int32_t)per_s : 1;
		if (l->cost[i] > l->meter_cost) l->meter_cost = l->cost[i];
	}
	l->meter_burst = METER_BURST_MAX / l->meter_cost * l->meter_cost; /* whole answers */
	l->account_burst = SECOND - l->meter_burst;
}

static void table_init(struct rate_limit *l) {
	const size_t lines = (size_t)1 << LINE_BITS, meters = (size_t)1 << METER_BITS;
	l->memory = xcalloc(1, (lines + 1) * LINE_BYTES + meters * sizeof(l->meters[0]));
	uintptr_t at = (uintptr_t)l->memory;
	l->lines = (struct line *)((at + LINE_BYTES - 1) / LINE_BYTES * LINE_BYTES);
	l->meters = (_Atomic uint32_t *)(l->lines + lines);
}

static bool limits_nothing(const struct rate_settings *s) {
	static const uint32_t nothing[RATE_CLASSES];
	return memcmp(s->per_s, nothing, sizeof(nothing)) == 0;
}

struct rate_limit *rate_limit_new(const struct rate_settings *s, struct random *r) {
	if (limits_nothing(s)) return NULL;
	struct rate_limit *l = xcalloc(1, sizeof(*l));
	l->settings = *s;
	costs_init(l);
	l->settings.exempt = xmemdup(s->exempt, s->exempt_count * sizeof(s->exempt[0]));
	l->exempt = prefix_set_new(s->exempt, s->exempt_count);
	for (size_t i = 0; i < sizeof(l->key) / sizeof(l->key[0]); i++)
		l->key[i] = random_u64(r);
	l->mask[0] = mask_word(s->ipv4_prefix, 0) & mask_word(32, 0);
	l->mask[1] = mask_word(s->ipv6_prefix, 0);
	l->mask[2] = mask_word(s->ipv6_prefix, 8);
	l->reports = rate_reports_new();
	table_init(l);
	return l;
}

void rate_limit_free(struct rate_limit *l) {
	if (!l) return;
	rate_reports_free(l->reports);
	prefix_set_free(l->exempt);
	free((void *)l->settings.exempt);
	free(l->memory);
	free(l);
}

static bool prefix_equal(const struct addr_prefix *a, const struct addr_prefix *b) {
	return a->len == b->len && addr_same_ip(&a->addr, &b->addr);
}

bool rate_limit_has(const struct rate_limit *l, const struct rate_settings *s) {
	if (!l) return limits_nothing(s);
	const struct rate_settings *ours = &l->settings;
	if (memcmp(ours->per_s, s->per_s, sizeof(s->per_s)) != 0 || ours->slip != s->slip ||
	    ours->ipv4_prefix != s->ipv4_prefix || ours->ipv6_prefix != s->ipv6_prefix ||
	    ours->exempt_count != s->exempt_count)
		return false;
	for (unsigned i = 0; i < s->exempt_count; i++)
		if (!prefix_equal(&ours->exempt[i], &s->exempt[i])) return false;
	return true;
}

void rate_limit_report(struct rate_limit *l, struct log *log, struct moment now) {
	if (l) rate_reports_log(l->reports, log, now);
}
