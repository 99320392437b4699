/* For tests of the limiter: settings, peers, and floods of one kind of answer at one moment. */
#ifndef UNDERSTUDY_TESTS_RATE_LAB_H
#define UNDERSTUDY_TESTS_RATE_LAB_H

#include "dns/name.h"
#include "dns/rrtype.h"
#include "serve/rate_limit.h"

#define START_MS 1000000

static inline struct rate_settings limit_of(uint32_t per_s) {
	return (struct rate_settings){ .per_s = { per_s, per_s, per_s, per_s, per_s, per_s, 0 },
		                       .slip = 2,
		                       .ipv4_prefix = 24,
		                       .ipv6_prefix = 64 };
}

static inline struct rate_limit *limiter(struct rate_settings s) {
	struct random r = random_seeded(7);
	return rate_limit_new(&s, &r);
}

static inline struct addr peer(const char *text) {
	struct addr a;
	assert_int_equal(addr_parse(text, 0, &a), OK);
	return a;
}

static inline struct moment at(int64_t ms) {
	return (struct moment){ .mono_ms = ms };
}

static inline struct rate_answer answer_of(enum rate_class class, const char *name, uint16_t type,
                                           struct name *storage) {
	struct rate_answer a = { .class = class, .type = type };
	if (!name) return a;
	assert_int_equal(name_parse(name, storage), OK);
	a.name = storage->wire;
	return a;
}

struct tally {
	unsigned sent, slipped, dropped;
};

static inline void tally_add(struct tally *t, enum rate_verdict v) {
	if (v == RATE_SEND) t->sent++;
	if (v == RATE_SLIP) t->slipped++;
	if (v == RATE_DROP) t->dropped++;
}

/* count answers of one kind at one moment. */
static inline struct tally flood(struct rate_limit *l, const char *from, enum rate_class class,
                                 const char *name, uint16_t type, int64_t ms, unsigned count) {
	struct tally t = { 0 };
	struct name storage;
	struct addr a = peer(from);
	struct rate_answer answer = answer_of(class, name, type, &storage);
	for (unsigned i = 0; i < count; i++)
		tally_add(&t, rate_limit_check(l, &a, &answer, at(ms)));
	return t;
}

static inline unsigned sent(struct rate_limit *l, const char *from, enum rate_class class, const char *name,
                            int64_t ms, unsigned count) {
	return flood(l, from, class, name, class == RATE_POSITIVE ? RR_A : 0, ms, count).sent;
}

#endif
