#include "inventory/tries.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "dns/siphash.h"
#include "inventory/secrets.h"

#define FULL_MS (TRIES_BURST * TRIES_REFILL_S * 1000LL)
#define NAME_LEN_MAX 256

/* Tokens are counted as time: a bucket is full from full_ms on, and a failed try moves that by TRIES_REFILL_S. */
struct bucket {
	uint64_t name; /* 0: free */
	int64_t full_ms;
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

/* Never 0.  Texts are cut: what is equal so far shares a bucket. */
static uint64_t name_of(const struct tries *t, const char *kind, const char *text) {
	uint8_t octets[NAME_LEN_MAX], hash[SIPHASH_LEN];
	uint64_t name;
	size_t kind_len = strnlen(kind, NAME_LEN_MAX / 2), text_len = strnlen(text, NAME_LEN_MAX / 2 - 1);
	memcpy(octets, kind, kind_len);
	octets[kind_len] = '\0';
	memcpy(octets + kind_len + 1, text, text_len);
	siphash24(t->key, octets, kind_len + 1 + text_len, hash);
	memcpy(&name, hash, sizeof(name));
	return name ? name : 1;
}

uint32_t tries_wait_s(const struct tries *t, const char *kind, const char *text, int64_t mono_ms) {
	uint64_t name = name_of(t, kind, text);
	const struct bucket *row = t->rows[name % TRIES_ROWS];
	for (unsigned i = 0; i < TRIES_WAYS; i++) {
		if (row[i].name != name) continue;
		int64_t over = row[i].full_ms - mono_ms - (FULL_MS - TRIES_REFILL_S * 1000LL);
		return over > 0 ? (uint32_t)((over + 999) / 1000) : 0;
	}
	return 0;
}

/* The bucket of this name, or the one that its row can best do without. */
static struct bucket *bucket_for(struct tries *t, uint64_t name) {
	struct bucket *row = t->rows[name % TRIES_ROWS], *fullest = &row[0];
	for (unsigned i = 0; i < TRIES_WAYS; i++) {
		if (row[i].name == name) return &row[i];
		if (row[i].full_ms < fullest->full_ms) fullest = &row[i];
	}
	*fullest = (struct bucket){ .name = name };
	return fullest;
}

void tries_failed(struct tries *t, const char *kind, const char *text, int64_t mono_ms) {
	struct bucket *b = bucket_for(t, name_of(t, kind, text));
	if (b->full_ms < mono_ms) b->full_ms = mono_ms;
	b->full_ms += TRIES_REFILL_S * 1000LL;
	if (b->full_ms > mono_ms + FULL_MS) b->full_ms = mono_ms + FULL_MS;
}

void tries_source_text(const struct addr *source, char out_text[static ADDR_TEXT_MAX]) {
	struct addr net = *source;
	net.port = 0;
	if (net.family == AF_INET6) memset(net.ip + 8, 0, 8);
	addr_text(&net, out_text);
}
