#include "inventory/tries.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "dns/siphash.h"
#include "inventory/secrets.h"

#define SECOND_US 1000000LL
#define REFILL_US (TRIES_REFILL_S * SECOND_US)
#define MINUTE_US (60 * SECOND_US)
#define NAME_LEN_MAX 256

/* Tokens are counted as time: a bucket is full from full_us on, and each token taken moves that further away. */
struct bucket {
	uint64_t name; /* 0: free */
	int64_t full_us;
};

struct tries {
	uint8_t key[SIPHASH_KEY_LEN];
	struct bucket rows[TRIES_ROWS][TRIES_WAYS];
};

struct tries *tries_new(struct random *random) {
	struct tries *t = xcalloc(1, sizeof(*t));
	secret_octets(random, t->key, sizeof(t->key));
	return t;
}

void tries_free(struct tries *t) {
	free(t);
}

static size_t min_len(size_t a, size_t b) {
	return a < b ? a : b;
}

/* Never 0.  Texts are cut: what is equal so far shares a bucket. */
static uint64_t name_of(const struct tries *t, const char *kind, const char *text) {
	uint8_t octets[NAME_LEN_MAX], hash[SIPHASH_LEN];
	uint64_t name;
	size_t kind_len = min_len(strlen(kind), NAME_LEN_MAX / 2);
	size_t text_len = min_len(strlen(text), NAME_LEN_MAX / 2 - 1);
	memcpy(octets, kind, kind_len);
	octets[kind_len] = '\0';
	memcpy(octets + kind_len + 1, text, text_len);
	siphash24(t->key, octets, kind_len + 1 + text_len, hash);
	memcpy(&name, hash, sizeof(name));
	return name ? name : 1;
}

/* Until a bucket of a size, both in time, has cost in it; 0: it has. */
static uint32_t wait_s(int64_t full_us, int64_t now_us, int64_t cost_us, int64_t size_us) {
	int64_t missing_us = (full_us > now_us ? full_us - now_us : 0) + cost_us - size_us;
	return missing_us > 0 ? (uint32_t)((missing_us + SECOND_US - 1) / SECOND_US) : 0;
}

/* Up to a whole bucket. */
static void take(struct bucket *b, int64_t now_us, int64_t cost_us, int64_t size_us) {
	if (b->full_us < now_us) b->full_us = now_us;
	b->full_us += cost_us;
	if (b->full_us > now_us + size_us) b->full_us = now_us + size_us;
}

uint32_t tries_wait_s(const struct tries *t, const char *kind, const char *text, int64_t mono_ms) {
	uint64_t name = name_of(t, kind, text);
	const struct bucket *row = t->rows[name % TRIES_ROWS];
	for (unsigned i = 0; i < TRIES_WAYS; i++)
		if (row[i].name == name)
			return wait_s(row[i].full_us, mono_ms * 1000, REFILL_US, TRIES_BURST * REFILL_US);
	return 0;
}

/* The bucket of this name, or the one that its row can best do without. */
static struct bucket *bucket_for(struct tries *t, uint64_t name) {
	struct bucket *row = t->rows[name % TRIES_ROWS], *fullest = &row[0];
	for (unsigned i = 0; i < TRIES_WAYS; i++) {
		if (row[i].name == name) return &row[i];
		if (row[i].full_us < fullest->full_us) fullest = &row[i];
	}
	*fullest = (struct bucket){ .name = name };
	return fullest;
}

void tries_failed(struct tries *t, const char *kind, const char *text, int64_t mono_ms) {
	take(bucket_for(t, name_of(t, kind, text)), mono_ms * 1000, REFILL_US, TRIES_BURST * REFILL_US);
}

uint32_t tries_pace_s(struct tries *t, const char *text, uint32_t per_minute, int64_t mono_ms) {
	struct bucket *b = bucket_for(t, name_of(t, "pace", text));
	int64_t cost_us = MINUTE_US / per_minute;
	uint32_t wait = wait_s(b->full_us, mono_ms * 1000, cost_us, MINUTE_US);
	if (wait == 0) take(b, mono_ms * 1000, cost_us, MINUTE_US);
	return wait;
}

void tries_source_text(const struct addr *source, char out_text[static ADDR_TEXT_MAX]) {
	struct addr net = *source;
	net.port = 0;
	if (net.family == AF_INET6) memset(net.ip + 8, 0, 8);
	addr_text(&net, out_text);
}
