#include "daemon/health.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

static const struct {
	const char *text, *counted;
} words[HEALTH_COUNT] = {
	[HEALTH_PENDING] = { "pending", "pending" },
	[HEALTH_SYNCED] = { "synced", "synced" },
	[HEALTH_STALE] = { "stale", "stale" },
	[HEALTH_UNREACHABLE] = { "master_unreachable", "masterUnreachable" },
	[HEALTH_ERROR] = { "error", "error" },
};

static bool no_answer(enum reason reason) {
	switch (reason) {
	case REASON_UNREACHABLE:
	case REASON_TIMEOUT:
	case REASON_TCP_BLOCKED:
	case REASON_TLS_TIMEOUT: return true;
	default: return false;
	}
}

enum health health_of(enum truth_state state, enum reason reason) {
	switch (state) {
	case TRUTH_ACTIVE:
	case TRUTH_HELD: return HEALTH_SYNCED;
	case TRUTH_PENDING: return no_answer(reason) ? HEALTH_UNREACHABLE : HEALTH_PENDING;
	case TRUTH_STALE: return no_answer(reason) ? HEALTH_UNREACHABLE : HEALTH_STALE;
	case TRUTH_EXPIRED:
	case TRUTH_ERROR:
	case TRUTH_COUNT: break;
	}
	return no_answer(reason) ? HEALTH_UNREACHABLE : HEALTH_ERROR;
}

const char *health_text(enum health health) {
	return words[health].text;
}

/* -- by account: rows of a database are numbered from 1 without great gaps, so an array does -------------------------- */

#define ACCOUNTS_MAX (1U << 24) /* further ones are counted together, as account 0 */

struct tally {
	uint32_t zones[HEALTH_COUNT];
};

struct health_counts {
	struct tally all, *accounts;
	size_t capacity;
};

struct health_counts *health_new(void) {
	return xcalloc(1, sizeof(struct health_counts));
}

void health_free(struct health_counts *h) {
	if (!h) return;
	free(h->accounts);
	free(h);
}

static struct tally *tally_of(struct health_counts *h, int64_t account) {
	size_t at = account > 0 && account < ACCOUNTS_MAX ? (size_t)account : 0;
	if (at >= h->capacity) {
		size_t capacity = h->capacity ? h->capacity : 16;
		while (capacity <= at)
			capacity *= 2;
		h->accounts = xrealloc(h->accounts, capacity * sizeof(*h->accounts));
		memset(h->accounts + h->capacity, 0, (capacity - h->capacity) * sizeof(*h->accounts));
		h->capacity = capacity;
	}
	return &h->accounts[at];
}

void health_come(struct health_counts *h, int64_t account, enum health health) {
	h->all.zones[health]++;
	tally_of(h, account)->zones[health]++;
}

void health_go(struct health_counts *h, int64_t account, enum health health) {
	h->all.zones[health]--;
	tally_of(h, account)->zones[health]--;
}

void health_move(struct health_counts *h, int64_t account, enum health former, enum health now) {
	health_go(h, account, former);
	health_come(h, account, now);
}

json_t *health_summary(const struct health_counts *h, int64_t account) {
	static const struct tally none = { .zones = { 0 } };
	size_t at = account > 0 && account < ACCOUNTS_MAX ? (size_t)account : 0;
	const struct tally *t = account < 0 ? &h->all : at < h->capacity ? &h->accounts[at] : &none;
	json_t *o = json_object();
	json_int_t total = 0;
	for (int i = 0; i < HEALTH_COUNT; i++)
		total += t->zones[i];
	(void)json_object_set_new(o, "total", json_integer(total)); /* out of memory: one less */
	for (int i = 0; i < HEALTH_COUNT; i++)
		(void)json_object_set_new(o, words[i].counted, json_integer(t->zones[i]));
	return o;
}
