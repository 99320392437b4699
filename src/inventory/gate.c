#include "inventory/gate.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "inventory/secrets.h"

struct known {
	uint8_t digest[SECRET_DIGEST_LEN];
	const struct caller *caller; /* a reference; NULL: free */
	int64_t used_s, told_s;
};

struct gate {
	struct tries *tries;
	struct known rows[GATE_ROWS][GATE_WAYS];
	unsigned known; /* rows that are taken; while there are none, none is touched */
	uint64_t changes;
};

struct gate *gate_new(struct random *random) {
	struct gate *g = xcalloc(1, sizeof(*g));
	g->tries = tries_new(random);
	return g;
}

static void known_drop(struct gate *g, struct known *k) {
	if (k->caller) g->known--;
	caller_unref(k->caller);
	*k = (struct known){ 0 };
}

void gate_forget(struct gate *g, int64_t account) {
	g->changes++;
	for (unsigned i = 0; g->known > 0 && i < GATE_KEYS; i++) {
		struct known *k = &g->rows[i / GATE_WAYS][i % GATE_WAYS];
		if (k->caller && (account == 0 || k->caller->account == account)) known_drop(g, k);
	}
}

uint64_t gate_changes(const struct gate *g) {
	return g->changes;
}

void gate_free(struct gate *g) {
	if (!g) return;
	gate_forget(g, 0);
	tries_free(g->tries);
	free(g);
}

/* -- what is remembered -- */

static struct known *row_of(struct gate *g, const uint8_t digest[static SECRET_DIGEST_LEN]) {
	return g->rows[(digest[0] << 8 | digest[1]) % GATE_ROWS];
}

static struct known *known_find(struct gate *g, const uint8_t digest[static SECRET_DIGEST_LEN]) {
	struct known *row = row_of(g, digest);
	for (unsigned i = 0; i < GATE_WAYS; i++)
		if (row[i].caller && secret_equal(row[i].digest, digest, SECRET_DIGEST_LEN)) return &row[i];
	return NULL;
}

/* Its place, or that of the one whose last use is longest ago. */
static struct known *known_place(struct gate *g, const uint8_t digest[static SECRET_DIGEST_LEN]) {
	struct known *place = known_find(g, digest), *row = row_of(g, digest);
	for (unsigned i = 0; !place && i < GATE_WAYS; i++)
		if (!row[i].caller) place = &row[i];
	if (place) return place;
	place = row;
	for (unsigned i = 1; i < GATE_WAYS; i++)
		if (row[i].used_s < place->used_s) place = &row[i];
	return place;
}

const struct caller *gate_remembered(struct gate *g, const char *key) {
	uint8_t digest[SECRET_DIGEST_LEN];
	if (!api_key_is_text(key)) return NULL;
	secret_digest(key, API_KEY_LEN, digest);
	const struct known *k = known_find(g, digest);
	return k ? k->caller : NULL;
}

/* -- failures -- */

/* The part of a key that is no secret; what is no key at all has none. */
static void prefix_of(const char *key, char out_prefix[static API_KEY_PREFIX_LEN + 1]) {
	size_t len = api_key_is_text(key) ? API_KEY_PREFIX_LEN : 0;
	memcpy(out_prefix, key, len);
	out_prefix[len] = '\0';
}

static uint32_t wait_of(const struct gate *g, const char *source, const char *prefix, int64_t mono_ms) {
	uint32_t one = *source ? tries_wait_s(g->tries, "source", source, mono_ms) : 0;
	uint32_t two = *prefix ? tries_wait_s(g->tries, "key", prefix, mono_ms) : 0;
	return one > two ? one : two;
}

struct asker {
	char source[ADDR_TEXT_MAX];
	char prefix[API_KEY_PREFIX_LEN + 1];
};

static struct asker asker_of(const char *key, const struct addr *source) {
	struct asker a = { 0 };
	if (source) tries_source_text(source, a.source);
	prefix_of(key, a.prefix);
	return a;
}

/* While there are too many failures, a further one is not even told that it is one. */
static struct gate_answer refuse(struct gate *g, const struct asker *a, int64_t mono_ms) {
	uint32_t wait_s = wait_of(g, a->source, a->prefix, mono_ms);
	if (wait_s > 0) return (struct gate_answer){ .verdict = GATE_WAIT, .wait_s = wait_s, .tries = true };
	if (*a->source) tries_failed(g->tries, "source", a->source, mono_ms);
	if (*a->prefix) tries_failed(g->tries, "key", a->prefix, mono_ms);
	return (struct gate_answer){ .verdict = GATE_UNKNOWN };
}

/* -- looking -- */

static struct gate_answer let_in(struct gate *g, struct known *k, struct moment now) {
	uint32_t per_minute = k->caller->requests_per_minute;
	k->used_s = now.wall_s;
	uint32_t wait_s = per_minute ? tries_pace_s(g->tries, k->caller->account_id, per_minute, now.mono_ms)
	                             : 0;
	if (wait_s > 0) return (struct gate_answer){ .verdict = GATE_WAIT, .wait_s = wait_s };
	return (struct gate_answer){ .verdict = GATE_KNOWN, .caller = k->caller };
}

static bool is_expired(const struct caller *c, int64_t now_s) {
	return c->expires_s != 0 && now_s >= c->expires_s;
}

struct gate_answer gate_look(struct gate *g, const char *key, const struct addr *source, struct moment now) {
	struct asker a = asker_of(key, source);
	uint8_t digest[SECRET_DIGEST_LEN];
	if (!api_key_is_text(key)) return refuse(g, &a, now.mono_ms);
	secret_digest(key, API_KEY_LEN, digest);
	struct known *k = known_find(g, digest);
	if (k && !is_expired(k->caller, now.wall_s)) return let_in(g, k, now);
	if (k) {
		known_drop(g, k);
		return refuse(g, &a, now.mono_ms);
	}
	uint32_t wait_s = wait_of(g, a.source, "", now.mono_ms);
	if (wait_s > 0) return (struct gate_answer){ .verdict = GATE_WAIT, .wait_s = wait_s, .tries = true };
	return (struct gate_answer){ .verdict = GATE_ASK };
}

struct gate_answer gate_learn(struct gate *g, const char *key, const struct addr *source,
                              const struct caller *caller, struct moment now) {
	struct asker a = asker_of(key, source);
	uint8_t digest[SECRET_DIGEST_LEN];
	if (!caller || is_expired(caller, now.wall_s)) return refuse(g, &a, now.mono_ms);
	secret_digest(key, strlen(key), digest);
	struct known *k = known_place(g, digest);
	caller_ref(caller);
	known_drop(g, k);
	memcpy(k->digest, digest, sizeof(digest));
	k->caller = caller;
	g->known++;
	k->told_s = now.wall_s; /* tokens_verify has written it */
	return let_in(g, k, now);
}

void gate_tell_used(struct gate *g, int64_t now_s, void (*told)(void *ctx, int64_t token, int64_t used_s),
                    void *ctx) {
	for (unsigned i = 0; g->known > 0 && i < GATE_KEYS; i++) {
		struct known *k = &g->rows[i / GATE_WAYS][i % GATE_WAYS];
		if (!k->caller || k->used_s <= k->told_s || now_s - k->told_s < GATE_USED_S) continue;
		told(ctx, k->caller->token, k->used_s);
		k->told_s = k->used_s > now_s ? k->used_s : now_s;
	}
}
