#include "web/limits.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/crypto.h"
#include "base/random.h"

#define MINUTE_MS 60000U
#define SETS 4096 /* a power of two */
#define WAYS 4
#define DIGEST_LEN 16
#define SALT_LEN 16
#define INPUT_MAX 512

struct counter {
	uint8_t id[DIGEST_LEN];
	uint64_t begun_ms; /* of this minute; 0: the place is free */
	uint64_t used_ms;
	unsigned count;
};

struct table {
	struct counter places[SETS][WAYS];
};

struct limits {
	uint8_t salt[SALT_LEN];
	unsigned per_minute;
	struct table keys, addresses;
};

struct limits *limits_new(unsigned per_minute) {
	struct limits *l = xcalloc(1, sizeof(*l));
	struct random r = random_secure();
	for (size_t i = 0; i < SALT_LEN; i += sizeof(uint64_t)) {
		uint64_t draw = random_u64(&r);
		memcpy(l->salt + i, &draw, sizeof(draw));
	}
	l->per_minute = per_minute;
	return l;
}

void limits_free(struct limits *l) {
	free(l);
}

void limits_configure(struct limits *l, unsigned per_minute) {
	l->per_minute = per_minute;
}

/* A digest that nobody outside can steer: counters of different callers do not meet on purpose. */
static void identify(const struct limits *l, const void *data, size_t len,
                     uint8_t out_id[static DIGEST_LEN]) {
	uint8_t input[SALT_LEN + INPUT_MAX], digest[32];
	if (len > INPUT_MAX) len = INPUT_MAX;
	memcpy(input, l->salt, SALT_LEN);
	memcpy(input + SALT_LEN, data, len);
	digest_of(DIGEST_SHA256, input, SALT_LEN + len, digest);
	memcpy(out_id, digest, DIGEST_LEN);
	explicit_bzero(input, sizeof(input));
}

static void identify_key(const struct limits *l, const char *key, uint8_t out_id[static DIGEST_LEN]) {
	identify(l, key, strlen(key), out_id);
}

static void identify_address(const struct limits *l, const struct addr *from,
                             uint8_t out_id[static DIGEST_LEN]) {
	uint8_t text[1 + 8] = { (uint8_t)from->family };
	memcpy(text + 1, from->ip, from->family == AF_INET ? 4 : 8);
	identify(l, text, sizeof(text), out_id);
}

static struct counter *set_of(struct table *t, const uint8_t id[static DIGEST_LEN]) {
	uint32_t number;
	memcpy(&number, id, sizeof(number));
	return t->places[number & (SETS - 1)];
}

static struct counter *find(struct table *t, const uint8_t id[static DIGEST_LEN]) {
	struct counter *set = set_of(t, id);
	for (int i = 0; i < WAYS; i++) {
		if (set[i].begun_ms != 0 && memcmp(set[i].id, id, DIGEST_LEN) == 0) return &set[i];
	}
	return NULL;
}

static struct counter *find_or_make(struct table *t, const uint8_t id[static DIGEST_LEN], uint64_t now_ms) {
	struct counter *c = find(t, id);
	if (c) return c;
	c = set_of(t, id);
	for (int i = 1; i < WAYS; i++) {
		struct counter *other = set_of(t, id) + i;
		if (other->used_ms < c->used_ms) c = other;
	}
	*c = (struct counter){ .begun_ms = now_ms + 1, .used_ms = now_ms };
	memcpy(c->id, id, DIGEST_LEN);
	return c;
}

/* Moments are kept plus one, so that 0 stays free. */
static struct allowance count(struct counter *c, unsigned limit, uint64_t now_ms) {
	if (now_ms + 1 - c->begun_ms >= MINUTE_MS) {
		c->begun_ms = now_ms + 1;
		c->count = 0;
	}
	c->used_ms = now_ms;
	bool allowed = limit == 0 || c->count < limit;
	if (allowed) c->count++;
	uint64_t left_ms = c->begun_ms + MINUTE_MS - (now_ms + 1);
	return (struct allowance){ .allowed = allowed,
		                   .limit = limit,
		                   .remaining = limit > c->count ? limit - c->count : 0,
		                   .reset_s = (unsigned)((left_ms + 999) / 1000) };
}

struct allowance limits_take(struct limits *l, const char *key, const struct addr *from, uint64_t now_ms) {
	uint8_t id[DIGEST_LEN];
	identify_key(l, key, id);
	struct counter *c = find(&l->keys, id);
	if (c) {
		struct allowance a = count(c, l->per_minute, now_ms);
		a.known = true;
		return a;
	}
	identify_address(l, from, id);
	return count(find_or_make(&l->addresses, id, now_ms), LIMITS_UNKNOWN_PER_MINUTE, now_ms);
}

void limits_known(struct limits *l, const char *key, const struct addr *from, uint64_t now_ms) {
	uint8_t id[DIGEST_LEN];
	identify_key(l, key, id);
	if (find(&l->keys, id)) return;
	(void)count(find_or_make(&l->keys, id, now_ms), l->per_minute,
	            now_ms); /* this request, which was let through */
	identify_address(l, from, id);
	struct counter *c = find(&l->addresses, id);
	if (c && c->count > 0) c->count--;
}

void limits_unknown(struct limits *l, const char *key, const struct addr *from, uint64_t now_ms) {
	uint8_t id[DIGEST_LEN];
	identify_key(l, key, id);
	struct counter *c = find(&l->keys, id);
	if (!c) return; /* the address has paid already */
	*c = (struct counter){ 0 };
	identify_address(l, from, id);
	(void)count(find_or_make(&l->addresses, id, now_ms), LIMITS_UNKNOWN_PER_MINUTE,
	            now_ms); /* it pays, no verdict */
}

uint64_t limits_owner(const struct limits *l, const char *key, const struct addr *from) {
	uint8_t id[DIGEST_LEN];
	uint64_t number;
	if (key)
		identify_key(l, key, id);
	else
		identify_address(l, from, id);
	memcpy(&number, id, sizeof(number));
	return number ? number : 1;
}
