/* A zone that has version 1 of primary a, for tests of follow.h. */
#ifndef UNDERSTUDY_TESTS_FOLLOW_LAB_H
#define UNDERSTUDY_TESTS_FOLLOW_LAB_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "transfer/follow.h"

static const struct timer_bounds bounds = { 2, 86400, 1, 3600, 2, 31536000 };
static const struct soa soa_1 = { .serial = 1, .refresh_s = 1000, .retry_s = 100, .expire_s = 10000 };
static const struct primary list[] = { { .name = "a" }, { .name = "b" }, { .name = "c" } };

/* One zone and its clock. */
struct lab {
	struct follow f;
	struct follow_env env;
	struct random random;
	struct follow_decision d; /* the last one */
};

static inline void due(struct lab *l) {
	l->env.now_s = follow_next_due(&l->f);
	l->d = follow_due(&l->f, &l->env);
}

static inline void fail_with(struct lab *l, enum reason reason) {
	struct why why;
	why_set(&why, reason, "scripted");
	l->d = follow_failed(&l->f, &l->env, &why, false);
}

static inline void answer(struct lab *l, uint32_t serial) {
	l->d = follow_answered(&l->f, &l->env, serial, true);
}

static inline void copy_and_save(struct lab *l, uint32_t serial) {
	struct soa soa = soa_1;
	soa.serial = serial;
	l->d = follow_copied(&l->f, &l->env, serial);
	assert_int_equal(l->d.act, FOLLOW_SAVE);
	l->d = follow_saved(&l->f, &l->env, &soa);
}

/* A zone that has version 1 of primary a. */
static inline void begin(struct lab *l, unsigned primaries, enum primary_choice choice) {
	memset(l, 0, sizeof(*l));
	l->random = random_seeded(7);
	l->env = (struct follow_env){ .bounds = &bounds,
		                      .primary_count = primaries,
		                      .primaries = list,
		                      .choice = choice,
		                      .ixfr = true,
		                      .now_s = 1000000,
		                      .random = &l->random };
	l->d = follow_begin(&l->f, &l->env, 0);
	due(l);
	while (l->d.act == FOLLOW_ASK)
		answer(l, 1);
	assert_int_equal(l->d.act, FOLLOW_COPY);
	assert_int_equal(l->d.primary, 0);
	assert_false(l->d.incremental);
	copy_and_save(l, 1);
}

#define ASSERT_ACT(l, what, which)                                                                           \
	do {                                                                                                 \
		assert_int_equal((l).d.act, what);                                                           \
		assert_int_equal((l).d.primary, which);                                                      \
	} while (0)
#define ASSERT_COPY(l, which, differences)                                                                   \
	do {                                                                                                 \
		ASSERT_ACT(l, FOLLOW_COPY, which);                                                           \
		assert_int_equal((l).d.incremental, differences);                                            \
	} while (0)

#endif
