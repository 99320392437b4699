#include "inventory/gate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "inventory/secrets.h"

struct lab {
	struct random random;
	struct gate *gate;
	struct addr source;
	struct moment now;
	char key[API_KEY_LEN + 1];
	int64_t told_token, told_s;
	unsigned told_count;
};

static int begin(void **state) {
	struct lab *lab = calloc(1, sizeof(*lab));
	lab->random = random_seeded(11);
	lab->gate = gate_new(&lab->random);
	lab->now = (struct moment){ .wall_s = 1000000, .mono_ms = 5000 };
	assert_int_equal(addr_parse("192.0.2.1", 0, &lab->source), OK);
	api_key_make(&lab->random, lab->key);
	*state = lab;
	return 0;
}

static int end(void **state) {
	struct lab *lab = *state;
	gate_free(lab->gate);
	free(lab);
	return 0;
}

static struct caller *caller_new(int64_t token, int64_t account) {
	struct caller *c = calloc(1, sizeof(*c));
	atomic_init(&c->references, 1);
	c->token = token;
	c->account = account;
	snprintf(c->account_id, sizeof(c->account_id), "account%lld", (long long)account);
	return c;
}

static enum gate_verdict look(struct lab *lab, const char *key) {
	return gate_look(lab->gate, key, &lab->source, lab->now).verdict;
}

/* As if the database had it: the gate then holds the only reference. */
static enum gate_verdict learn(struct lab *lab, const char *key, struct caller *caller) {
	struct gate_answer a = gate_learn(lab->gate, key, &lab->source, caller, lab->now);
	caller_unref(caller);
	return a.verdict;
}

static void a_key_is_asked_for_once_then_known(void **state) {
	struct lab *lab = *state;
	assert_int_equal(look(lab, lab->key), GATE_ASK);
	assert_int_equal(learn(lab, lab->key, caller_new(7, 3)), GATE_KNOWN);
	struct gate_answer a = gate_look(lab->gate, lab->key, &lab->source, lab->now);
	assert_int_equal(a.verdict, GATE_KNOWN);
	assert_int_equal(a.caller->token, 7);
	assert_int_equal(a.caller->account, 3);
}

static void what_is_no_key_is_not_asked_for(void **state) {
	struct lab *lab = *state;
	assert_int_equal(look(lab, ""), GATE_UNKNOWN);
	assert_int_equal(look(lab, "ust_"), GATE_UNKNOWN);
	assert_int_equal(look(lab, "password"), GATE_UNKNOWN);
}

static void a_forgotten_key_is_asked_for_again(void **state) {
	struct lab *lab = *state;
	char other[API_KEY_LEN + 1];
	api_key_make(&lab->random, other);
	assert_int_equal(learn(lab, lab->key, caller_new(7, 3)), GATE_KNOWN);
	assert_int_equal(learn(lab, other, caller_new(8, 4)), GATE_KNOWN);
	gate_forget(lab->gate, 3);
	assert_int_equal(look(lab, lab->key), GATE_ASK);
	assert_int_equal(look(lab, other), GATE_KNOWN);
	gate_forget(lab->gate, 0);
	assert_int_equal(look(lab, other), GATE_ASK);
}

static void a_key_is_known_until_its_time_is_over(void **state) {
	struct lab *lab = *state;
	struct caller *caller = caller_new(7, 3);
	caller->expires_s = lab->now.wall_s + 10;
	assert_int_equal(learn(lab, lab->key, caller), GATE_KNOWN);
	lab->now.wall_s += 9;
	assert_int_equal(look(lab, lab->key), GATE_KNOWN);
	lab->now.wall_s += 1;
	assert_int_equal(look(lab, lab->key), GATE_UNKNOWN);
	caller = caller_new(7, 3);
	caller->expires_s = lab->now.wall_s;
	assert_int_equal(learn(lab, lab->key, caller), GATE_UNKNOWN);
}

static void a_source_that_fails_often_waits(void **state) {
	struct lab *lab = *state;
	char key[API_KEY_LEN + 1];
	for (unsigned i = 0; i < TRIES_BURST; i++) {
		api_key_make(&lab->random, key);
		assert_int_equal(look(lab, key), GATE_ASK);
		assert_int_equal(learn(lab, key, NULL), GATE_UNKNOWN);
	}
	struct gate_answer a = gate_look(lab->gate, key, &lab->source, lab->now);
	assert_int_equal(a.verdict, GATE_WAIT);
	assert_true(a.tries);
	assert_int_equal(a.wait_s, TRIES_REFILL_S);
	assert_int_equal(look(lab, "no key"), GATE_WAIT);
	lab->now.mono_ms += TRIES_REFILL_S * 1000;
	assert_int_equal(look(lab, key), GATE_ASK);
}

static void a_known_key_passes_whatever_fails_beside_it(void **state) {
	struct lab *lab = *state;
	assert_int_equal(learn(lab, lab->key, caller_new(7, 3)), GATE_KNOWN);
	char guess[API_KEY_LEN + 1];
	memcpy(guess, lab->key, sizeof(guess)); /* the same visible part */
	guess[API_KEY_LEN - 3] = guess[API_KEY_LEN - 3] == 'a' ? 'b' : 'a';
	for (unsigned i = 0; i < 3 * TRIES_BURST; i++) {
		lab->source.ip[3] = (uint8_t)i;
		(void)learn(lab, guess, NULL);
	}
	assert_int_equal(learn(lab, guess, NULL), GATE_WAIT);
	assert_int_equal(look(lab, lab->key), GATE_KNOWN);
	gate_forget(lab->gate, 0);
	lab->source.ip[3] = 99;
	assert_int_equal(look(lab, lab->key), GATE_ASK);
	assert_int_equal(learn(lab, lab->key, caller_new(7, 3)), GATE_KNOWN);
}

static void an_account_makes_so_many_requests_a_minute(void **state) {
	struct lab *lab = *state;
	char other[API_KEY_LEN + 1];
	api_key_make(&lab->random, other);
	struct caller *one = caller_new(7, 3), *two = caller_new(8, 3);
	one->requests_per_minute = two->requests_per_minute = 30;
	assert_int_equal(learn(lab, lab->key, one), GATE_KNOWN);
	assert_int_equal(learn(lab, other, two), GATE_KNOWN);
	for (unsigned i = 2; i < 30; i++)
		assert_int_equal(look(lab, i % 2 ? lab->key : other), GATE_KNOWN);
	struct gate_answer a = gate_look(lab->gate, other, &lab->source, lab->now);
	assert_int_equal(a.verdict, GATE_WAIT);
	assert_false(a.tries);
	assert_int_equal(a.wait_s, 2);
	lab->now.mono_ms += 2000;
	assert_int_equal(look(lab, other), GATE_KNOWN);
	assert_int_equal(look(lab, lab->key), GATE_WAIT);
}

static void told(void *ctx, int64_t token, int64_t used_s) {
	struct lab *lab = ctx;
	lab->told_token = token;
	lab->told_s = used_s;
	lab->told_count++;
}

static void the_last_use_is_told_once_a_minute_and_only_after_a_use(void **state) {
	struct lab *lab = *state;
	assert_int_equal(learn(lab, lab->key, caller_new(7, 3)), GATE_KNOWN);
	lab->now.wall_s += 59;
	assert_int_equal(look(lab, lab->key), GATE_KNOWN);
	gate_tell_used(lab->gate, lab->now.wall_s, told, lab);
	assert_int_equal(lab->told_count, 0);
	lab->now.wall_s += 1;
	gate_tell_used(lab->gate, lab->now.wall_s, told, lab);
	assert_int_equal(lab->told_count, 1);
	assert_int_equal(lab->told_token, 7);
	assert_int_equal(lab->told_s, lab->now.wall_s - 1);
	lab->now.wall_s += 1000;
	gate_tell_used(lab->gate, lab->now.wall_s, told, lab);
	assert_int_equal(lab->told_count, 1);
}

static void what_is_remembered_is_bounded(void **state) {
	struct lab *lab = *state;
	char key[API_KEY_LEN + 1];
	for (unsigned i = 0; i < GATE_KEYS * 2; i++) {
		api_key_make(&lab->random, key);
		lab->now.wall_s++;
		assert_int_equal(learn(lab, key, caller_new(i, 1)), GATE_KNOWN);
	}
	assert_int_equal(look(lab, key), GATE_KNOWN);
}

static void a_bound_key_is_kept_from_other_zones(void **state) {
	(void)state;
	struct caller c = { 0 };
	static const char zones[] = "a.example\0b.example"; /* and its own NUL */
	assert_false(caller_is_kept_from(&c, "a.example"));
	c.zones = (char *)(uintptr_t)zones;
	c.zones_len = sizeof(zones);
	assert_false(caller_is_kept_from(&c, "a.example"));
	assert_false(caller_is_kept_from(&c, "b.example"));
	assert_true(caller_is_kept_from(&c, "c.example"));
	assert_true(caller_is_kept_from(&c, "example"));
	assert_true(caller_is_kept_from(&c, ""));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void) {
	const struct CMUnitTest tests[] = {
		TEST(a_key_is_asked_for_once_then_known),
		TEST(what_is_no_key_is_not_asked_for),
		TEST(a_forgotten_key_is_asked_for_again),
		TEST(a_key_is_known_until_its_time_is_over),
		TEST(a_source_that_fails_often_waits),
		TEST(a_known_key_passes_whatever_fails_beside_it),
		TEST(an_account_makes_so_many_requests_a_minute),
		TEST(the_last_use_is_told_once_a_minute_and_only_after_a_use),
		TEST(what_is_remembered_is_bounded),
		TEST(a_bound_key_is_kept_from_other_zones),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
