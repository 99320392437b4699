/* The prover with a desk of its own and an inventory that the tests make up.  The root server is a socket on loopback,
 * which answers from a small world (walk_lab.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>

#include <cmocka.h>

#include "../diagnose/walk_lab.h"
#include "daemon/prover.h"

#define ROOT "127.0.0.1"

static const struct lab_row rows[] = {
	{ ROOT, ".", "mine.net", "NS", "alice7.ns1.understudy.net" },
	{ ROOT, ".", "lame.net", "NS", "ns1.understudy.net" },
	{ ROOT, ".", "sub.bob.net", "NS", "alice7.ns1.understudy.net" },
	{ ROOT, ".", "x.net", "TXT", "x" },
	{ ROOT, ".", "_understudy-challenge.x.net", "TXT", "understudy-proof=tok-a" },
};

static struct {
	uv_loop_t loop;
	uv_udp_t root;
	uint8_t input[2048];
	struct lab world;
	bool silent;
	unsigned questions;
	struct prover *prover;
	struct desk *desk;
	struct name_rules *rules;
	struct random random;
	struct config_server config;
	/* the inventory: one zone, touched on the desk while the loop waits for it */
	struct prover_case zone;
	_Atomic bool waits, due, bars_mark;
	unsigned many; /* so many zones like it */
	_Atomic unsigned gathered, marked;
	enum proof_kind kind;
	int64_t contest_won;
	/* told on the loop */
	unsigned told, changed;
	bool delegates;
	char delegates_asked[64];
	struct proof_verdict verdict;
	bool stopped;
} l;

/* -- the root -- */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
	(void)handle;
	(void)suggested;
	*buf = uv_buf_init((char *)l.input, sizeof(l.input));
}

static void on_question(uv_udp_t *udp, ssize_t got, const uv_buf_t *buf, const struct sockaddr *from,
                        unsigned flags) {
	static struct lab_reply reply;
	struct message m = { 0 };
	(void)buf;
	(void)flags;
	if (got <= 0) return;
	l.questions++;
	if (l.silent) return;
	assert_int_equal(message_parse(l.input, (size_t)got, &m), OK);
	lab_answer(&l.world, ROOT, &m, false, &reply);
	uv_buf_t out = uv_buf_init((char *)reply.data, (unsigned)reply.len);
	assert_int_equal(uv_udp_try_send(udp, &out, 1, from), reply.len);
}

static struct addr open_root(void) {
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_storage own;
	int len = sizeof(own);
	assert_int_equal(uv_udp_init(&l.loop, &l.root), 0);
	assert_int_equal(uv_udp_bind(&l.root, (const struct sockaddr *)&any, 0), 0);
	assert_int_equal(uv_udp_recv_start(&l.root, on_alloc, on_question), 0);
	assert_int_equal(uv_udp_getsockname(&l.root, (struct sockaddr *)&own, &len), 0);
	return addr_from_sockaddr((const struct sockaddr *)&own);
}

/* -- the inventory -- */

static enum err gather(void *ctx, const char *name, int64_t claimant, int64_t now_s,
                       struct prover_case *cases, unsigned limit, unsigned *out_count) {
	(void)ctx;
	assert_true(now_s > 1700000000 && limit > 0);
	l.gathered++;
	*out_count = l.waits && (name ? strcmp(name, l.zone.name) == 0 : (bool)l.due);
	if (claimant) *out_count = strcmp(name, l.zone.name) == 0 && claim_is_contestable(l.zone.facts.proof);
	if (*out_count) cases[0] = l.zone;
	if (claimant && *out_count) {
		cases[0].is_contest = true;
		cases[0].facts.account = claimant;
		snprintf(cases[0].facts.account_id, sizeof(cases[0].facts.account_id), "%s",
		         claimant == 2 ? "alice7" : "bob99");
		snprintf(cases[0].facts.token, sizeof(cases[0].facts.token),
		         claimant == 2 ? "tok-a" : "tok-b");
	}
	for (; !name && *out_count < l.many && *out_count < limit; ++*out_count) {
		cases[*out_count] = l.zone;
		snprintf(cases[*out_count].name, sizeof(l.zone.name), "z%u.net", *out_count);
	}
	return OK;
}

static enum err mark(void *ctx, const struct prover_case *c, enum proof_kind kind, int64_t now_s,
                     struct wanted_changes *out_changes) {
	(void)ctx;
	(void)now_s;
	(void)out_changes;
	if (l.bars_mark) return ERR_STALE;
	assert_string_equal(c->name, l.zone.name);
	l.kind = kind;
	l.contest_won = c->is_contest ? c->facts.account : 0;
	l.due = false;
	if (kind != PROOF_MISSING) l.waits = false;
	l.marked++;
	return OK;
}

static void changed(void *ctx, struct wanted_changes *changes) {
	(void)ctx;
	(void)changes;
	l.changed++;
}

static bool delegates(void *ctx, const uint8_t *zone, const uint8_t *name) {
	char a[NAME_TEXT_MAX], b[NAME_TEXT_MAX];
	(void)ctx;
	snprintf(l.delegates_asked, sizeof(l.delegates_asked), "%s %s", name_text_short(zone, a),
	         name_text_short(name, b));
	return l.delegates;
}

static void told(void *ctx, const char *name, const struct proof_verdict *verdict) {
	(void)ctx;
	assert_string_equal(name, l.zone.name);
	l.verdict = *verdict;
	l.told++;
}

/* -- beginning and end -- */

static void with_zone(const char *name) {
	snprintf(l.zone.name, sizeof(l.zone.name), "%s", name);
	snprintf(l.zone.facts.account_id, sizeof(l.zone.facts.account_id), "alice7");
	snprintf(l.zone.facts.token, sizeof(l.zone.facts.token), "tok-a");
	assert_int_equal(addr_parse("192.0.2.1", 53, &l.zone.primaries[0]), OK);
	l.zone.primary_count = 1;
	l.waits = l.due = true;
}

static int begin(void **state) {
	(void)state;
	memset(&l, 0, sizeof(l));
	l.world.rows = rows;
	l.world.row_count = sizeof(rows) / sizeof(rows[0]);
	assert_int_equal(uv_loop_init(&l.loop), 0);
	l.config.root_servers.items[0] = open_root();
	l.config.root_servers.count = 1;
	l.config.name_servers.items[0] = lab_name("ns1.understudy.net");
	l.config.name_servers.count = 1;
	l.random = random_secure();
	assert_int_equal(name_rules_open(&l.rules), OK);
	assert_int_equal(desk_new(&l.loop, &l.desk), OK);
	return 0;
}

static void start(const char *zone) {
	with_zone(zone);
	struct prover_settings settings = { .config = &l.config,
		                            .desk = l.desk,
		                            .rules = l.rules,
		                            .random = &l.random,
		                            .ops = { NULL, gather, mark, changed, delegates, told } };
	l.prover = prover_new(&l.loop, &settings);
}

static void on_stopped(void *ctx) {
	(void)ctx;
	l.stopped = true;
}

static int end(void **state) {
	(void)state;
	prover_stop(l.prover, on_stopped, NULL);
	desk_stop(l.desk);
	uv_close((uv_handle_t *)&l.root, NULL);
	uv_run(&l.loop, UV_RUN_DEFAULT);
	assert_true(l.stopped);
	prover_free(l.prover);
	name_rules_close(l.rules);
	assert_int_equal(uv_loop_close(&l.loop), 0);
	return 0;
}

static void run_until_told(unsigned count) {
	while (l.told < count)
		assert_true(uv_run(&l.loop, UV_RUN_ONCE) != 0);
}

static void run_until_gathered(unsigned count) {
	while (l.gathered < count)
		assert_true(uv_run(&l.loop, UV_RUN_ONCE) != 0);
}

/* -- the tests -- */

/* FNV-1a, which anybody can compute. */
static uint64_t without_a_key(const char *name) {
	uint64_t hash = 0xcbf29ce484222325U;
	for (; *name; name++)
		hash = (hash ^ (uint8_t)*name) * 0x100000001b3U;
	return hash;
}

static void a_zone_that_waits_is_proven_and_told(void **state) {
	(void)state;
	start("mine.net");
	run_until_told(1);
	assert_int_equal(l.kind, PROOF_NAME_SERVERS);
	assert_int_equal(l.verdict.kind, PROOF_NAME_SERVERS);
	assert_int_equal(l.marked, 1);
	assert_int_equal(l.changed, 1);
	const struct prover_note *note = prover_find_note(l.prover, "Mine.NET");
	assert_int_not_equal(note->hash, without_a_key("mine.net")); /* nobody knows what meets it */
	assert_non_null(note);
	assert_int_equal(note->verdict.kind, PROOF_NAME_SERVERS);
	assert_null(prover_find_note(l.prover, "other.net"));
}

static void a_zone_that_is_not_proven_goes_on_waiting_with_a_reason(void **state) {
	(void)state;
	start("lame.net");
	run_until_told(1);
	assert_int_equal(l.kind, PROOF_MISSING);
	assert_true(l.waits);
	const struct prover_note *note = prover_find_note(l.prover, "lame.net");
	assert_int_equal(note->verdict.fault, PROOF_FAULT_PRIMARY_NOT_DELEGATED);
	assert_non_null(strstr(note->verdict.text, "TXT"));
}

static void who_asks_again_at_once_is_told_to_wait(void **state) {
	(void)state;
	start("lame.net");
	run_until_told(1);
	assert_false(prover_wake(l.prover, "lame.net"));
	with_zone("x.net");
	assert_true(prover_wake(l.prover, "x.net"));
	assert_false(prover_wake(l.prover, "X.net"));
	run_until_told(2);
	assert_int_equal(l.kind, PROOF_TXT);
}

static void a_zone_of_another_account_above_is_asked_whether_it_delegates(void **state) {
	(void)state;
	start("x.net");
	l.zone.facts.above = (struct claim_neighbour){ .is_there = true, .name = lab_name("net") };
	run_until_told(1);
	assert_string_equal(l.delegates_asked, "net x.net");
	assert_int_equal(l.verdict.fault, PROOF_FAULT_ZONE_ABOVE);
	with_zone("sub.bob.net");
	l.zone.facts.above.name = lab_name("bob.net");
	assert_true(prover_wake(l.prover, "sub.bob.net"));
	run_until_told(2);
	assert_int_equal(l.verdict.kind, PROOF_NAME_SERVERS); /* the delegation is seen */
}

static void content_that_delegates_is_enough_below_anothers_zone(void **state) {
	(void)state;
	l.delegates = true;
	start("x.net");
	l.zone.facts.above = (struct claim_neighbour){ .is_there = true, .name = lab_name("net") };
	run_until_told(1);
	assert_int_equal(l.verdict.kind, PROOF_TXT);
}

static void a_zone_that_went_away_meanwhile_is_not_marked(void **state) {
	(void)state;
	start("mine.net");
	run_until_gathered(1);
	l.waits = false;
	run_until_gathered(2);
	uv_run(&l.loop, UV_RUN_NOWAIT);
	assert_int_equal(l.marked, 0);
	assert_int_equal(l.told, 0);
}

static void a_mark_that_fails_tells_nothing(void **state) {
	(void)state;
	l.bars_mark = true;
	start("mine.net");
	run_until_gathered(2);
	assert_int_equal(l.told, 0);
	assert_null(prover_find_note(l.prover, "mine.net"));
}

/* mallory has named victim's true primaries; x.net has alice's token. */
static void who_proves_more_gets_a_zone_of_whom_only_the_content_was_right(void **state) {
	(void)state;
	start("x.net");
	l.waits = l.due = false;
	snprintf(l.zone.facts.proof, sizeof(l.zone.facts.proof), CLAIM_PRIMARIES);
	assert_true(prover_contest(l.prover, "x.net", 2));
	run_until_told(1);
	assert_int_equal(l.kind, PROOF_TXT);
	assert_int_equal(l.contest_won, 2);
	assert_int_equal(l.changed, 1);
	assert_null(prover_find_note(l.prover, "x.net"));
}

static void who_proves_nothing_gets_nothing_and_nobody_hears_of_it(void **state) {
	(void)state;
	start("x.net");
	l.waits = l.due = false;
	snprintf(l.zone.facts.proof, sizeof(l.zone.facts.proof), CLAIM_PRIMARIES);
	unsigned before = l.gathered;
	assert_true(prover_contest(l.prover, "x.net", 3));
	assert_false(prover_contest(l.prover, "x.net", 3));
	run_until_gathered(before + 3); /* the first turn, the contest, and the judge */
	for (unsigned i = 0; i < 20; i++)
		uv_run(&l.loop, UV_RUN_NOWAIT);
	assert_int_equal(l.marked, 0);
	assert_int_equal(l.told, 0);
}

static void a_zone_that_is_proven_better_cannot_be_contested(void **state) {
	(void)state;
	start("x.net");
	l.waits = l.due = false;
	snprintf(l.zone.facts.proof, sizeof(l.zone.facts.proof), CLAIM_TXT);
	assert_true(prover_contest(l.prover, "x.net", 2));
	run_until_gathered(2);
	for (unsigned i = 0; i < 20; i++)
		uv_run(&l.loop, UV_RUN_NOWAIT);
	assert_int_equal(l.questions, 0);
	assert_int_equal(l.marked, 0);
}

static void an_account_has_so_many_walks_at_once(void **state) {
	(void)state;
	l.silent = true;
	l.many = 8;
	start("mine.net");
	while (l.questions < CLAIM_AT_ONCE)
		assert_true(uv_run(&l.loop, UV_RUN_ONCE) != 0);
	for (unsigned i = 0; i < 20; i++)
		uv_run(&l.loop, UV_RUN_NOWAIT);
	assert_int_equal(l.questions, CLAIM_AT_ONCE);
}

static void it_can_be_stopped_in_the_middle(void **state) {
	(void)state;
	l.silent = true;
	start("mine.net");
	run_until_gathered(1);
	for (unsigned i = 0; i < 5; i++)
		uv_run(&l.loop, UV_RUN_NOWAIT);
	assert_int_equal(l.told, 0);
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		T(a_zone_that_waits_is_proven_and_told),
		T(a_zone_that_is_not_proven_goes_on_waiting_with_a_reason),
		T(who_asks_again_at_once_is_told_to_wait),
		T(a_zone_of_another_account_above_is_asked_whether_it_delegates),
		T(content_that_delegates_is_enough_below_anothers_zone),
		T(a_zone_that_went_away_meanwhile_is_not_marked),
		T(a_mark_that_fails_tells_nothing),
		T(who_proves_more_gets_a_zone_of_whom_only_the_content_was_right),
		T(who_proves_nothing_gets_nothing_and_nobody_hears_of_it),
		T(a_zone_that_is_proven_better_cannot_be_contested),
		T(an_account_has_so_many_walks_at_once),
		T(it_can_be_stopped_in_the_middle),
	};
	return cmocka_run_group_tests_name("prover", tests, NULL, NULL);
}
