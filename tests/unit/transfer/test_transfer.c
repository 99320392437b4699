/* The whole of transfer over loopback, against scripted primaries. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/fault.h"
#include "transfer_lab.h"
#include "zone/lookup.h"

static struct transfer_lab lab;

static int setup(void **state) {
	*state = &lab;
	lab_begin(&lab);
	return 0;
}

static int teardown(void **state) {
	lab_end(*state);
	return 0;
}

static const struct told nobody = { NULL, NULL };

static bool serves(struct transfer_lab *l, const char *zone, uint32_t serial) {
	struct name n = lab_name(zone);
	struct zone_entry *entry = table_find(l->table, n.wire);
	struct zone_version *v = entry ? table_served(l->table, entry) : NULL;
	return v && version_serial(v) == serial;
}

struct served {
	const char *zone;
	uint32_t serial;
};
static bool is_served(struct transfer_lab *l, void *ctx) {
	const struct served *s = ctx;
	return serves(l, s->zone, s->serial);
}

static bool run_until_served(struct transfer_lab *l, const char *zone, uint32_t serial) {
	struct served s = { zone, serial };
	return lab_run(l, is_served, &s);
}

struct failing {
	const char *zone;
	enum reason reason;
};
static bool is_failing(struct transfer_lab *l, void *ctx) {
	const struct failing *f = ctx;
	return lab_report(l, f->zone).saved.why.reason == f->reason;
}

static bool run_until_fails(struct transfer_lab *l, const char *zone, enum reason reason) {
	struct failing f = { zone, reason };
	return lab_run(l, is_failing, &f);
}

static bool are_all_served(struct transfer_lab *l, void *ctx) {
	struct transfer_counters c;
	transfer_count(l->t, &c);
	return c.zones_served == *(const unsigned *)ctx;
}

static void a_new_zone_is_transferred_and_served(void **state) {
	struct transfer_lab *l = *state;
	struct zone_policy *p = lab_policy(&l->primary.addr, 1, NULL);
	lab_add(l, "example.net.", p);
	policy_unref(p);
	assert_true(run_until_served(l, "example.net.", 1));
	struct zone_report r = lab_report(l, "example.net.");
	assert_string_equal(r.state, "active");
	assert_int_equal(r.records, 10);
	assert_int_equal(r.attempt_count, 1);
	assert_int_equal(r.attempts[0].records, 10);
	assert_true(r.attempts[0].ok);
	struct name host = lab_name("h3.example.net.");
	struct zone_version *v = transfer_version(l->t, r.name.wire);
	assert_true(node_found(zone_find(v, host.wire)));
	version_unref(v);
}

static bool is_in_state(struct transfer_lab *l, void *ctx) {
	return strcmp(lab_report(l, "example.net.").state, ctx) == 0;
}

static void what_is_committed_and_not_served_is_told_and_published_again(void **state) {
	struct transfer_lab *l = *state;
	struct zone_policy *p = lab_policy(&l->primary.addr, 1, NULL);
	struct name n = lab_name("example.net.");
	char error[] = "error", active[] = "active";
	lab_add(l, "example.net.", p);
	policy_unref(p);
	assert_true(run_until_served(l, "example.net.", 1));
	assert_true(lab_run(l, is_in_state, active));
	l->primary.serial = 2;
	fault_arm("table-publish", 1);
	assert_int_equal(transfer_refresh(l->t, n.wire), OK);
	assert_true(lab_run(l, is_in_state, error));
	fault_arm(NULL, 0);
	struct zone_report r = lab_report(l, "example.net.");
	struct transfer_counters c;
	transfer_count(l->t, &c);
	assert_int_equal(r.saved.why.reason, REASON_NOT_SERVED);
	assert_non_null(strstr(r.saved.why.evidence, "serial 2 is committed, questions get 1"));
	assert_int_equal(c.not_served, 1);
	assert_int_equal(version_serial(atomic_load(&table_find(l->table, n.wire)->served)), 2);
	assert_true(lab_run(l, is_in_state, active));
}

struct outcome {
	bool is_told;
	enum err error;
};
static void on_told(void *ctx, enum err e) {
	*(struct outcome *)ctx = (struct outcome){ true, e };
}

static bool is_told(struct transfer_lab *l, void *ctx) {
	(void)l;
	return ((struct outcome *)ctx)->is_told;
}

static void a_hold_is_told_when_the_store_has_it(void **state) {
	struct transfer_lab *l = *state;
	struct zone_policy *p = lab_policy(&l->primary.addr, 1, NULL);
	struct name n = lab_name("example.net.");
	struct outcome held = { 0 }, released = { 0 };
	lab_add(l, "example.net.", p);
	policy_unref(p);
	assert_true(run_until_served(l, "example.net.", 1));
	assert_int_equal(transfer_hold(l->t, n.wire, (struct told){ on_told, &held }), OK);
	assert_false(held.is_told);
	assert_true(lab_run(l, is_told, &held));
	assert_int_equal(held.error, OK);
	fault_arm("store-commit", 1);
	assert_int_equal(transfer_release(l->t, n.wire, (struct told){ on_told, &released }), OK);
	assert_true(lab_run(l, is_told, &released));
	fault_arm(NULL, 0);
	assert_true(released.error != OK);
}

static void a_held_zone_is_not_transferred_until_it_is_released(void **state) {
	struct transfer_lab *l = *state;
	struct zone_policy *p = lab_policy(&l->primary.addr, 1, NULL);
	struct name n = lab_name("example.net.");
	lab_add(l, "example.net.", p);
	policy_unref(p);
	assert_true(run_until_served(l, "example.net.", 1));
	assert_int_equal(transfer_release(l->t, n.wire, nobody), ERR_MISMATCH);
	assert_int_equal(transfer_hold(l->t, n.wire, nobody), OK);
	assert_int_equal(transfer_refresh(l->t, n.wire), ERR_REFUSED);
	l->primary.serial = 2;
	transfer_notified(l->t, table_find(l->table, n.wire), &l->primary.addr, true, 2);
	struct zone_report r = lab_report(l, "example.net.");
	assert_string_equal(r.state, "held");
	assert_int_equal(r.saved.why.reason, REASON_HELD);
	assert_int_equal(r.next.action, NEXT_WAITS_FOR_RELEASE);
	assert_int_equal(transfer_release(l->t, n.wire, nobody), OK);
	assert_true(run_until_served(l, "example.net.", 2));
	assert_string_equal(lab_report(l, "example.net.").state, "active");
}

static void a_signed_transfer_works_and_wrong_keys_are_named(void **state) {
	struct transfer_lab *l = *state;
	struct tsig_key key = lab_key("k1.", "c2VjcmV0IG9mIHRoZSB0ZXN0cw=="),
			secret = lab_key("k1.", "d3Jvbmc="),
			name = lab_key("k2.", "c2VjcmV0IG9mIHRoZSB0ZXN0cw==");
	l->primary.key = &key;
	struct zone_policy *good = lab_policy(&l->primary.addr, 1, &key),
			   *bad_secret = lab_policy(&l->primary.addr, 1, &secret),
			   *bad_name = lab_policy(&l->primary.addr, 1, &name);
	lab_add(l, "good.net.", good);
	lab_add(l, "secret.net.", bad_secret);
	lab_add(l, "name.net.", bad_name);
	policy_unref(good);
	policy_unref(bad_secret);
	policy_unref(bad_name);
	assert_true(run_until_served(l, "good.net.", 1));
	assert_true(lab_report(l, "good.net.").attempts[0].tsig);
	assert_true(run_until_fails(l, "secret.net.", REASON_TSIG_BADSIG));
	assert_true(run_until_fails(l, "name.net.", REASON_TSIG_BADKEY));
	l->primary.serial = 2;
	struct name n = lab_name("good.net.");
	assert_int_equal(transfer_refresh(l->t, n.wire), OK);
	assert_true(run_until_served(l, "good.net.", 2));
}

static void a_restart_serves_the_same_at_once(void **state) {
	struct transfer_lab *l = *state;
	struct zone_policy *p = lab_policy(&l->primary.addr, 1, NULL);
	lab_add(l, "example.net.", p);
	lab_add(l, "example.org.", p);
	assert_true(run_until_served(l, "example.net.", 1) && run_until_served(l, "example.org.", 1));
	assert_true(lab_stop(l));
	primary_stop(&l->primary);
	lab_start(l);
	lab_add(l, "example.net.", p);
	assert_true(serves(l, "example.net.", 1)); /* before anything was asked */
	transfer_claimed(l->t);
	struct zone_report r = lab_report(l, "example.net.");
	transfer_load_on(l->t, 60000);
	assert_true(r.saved.checked_s > 0 && r.saved.expire_s > r.saved.checked_s);
	assert_true(lab_stop(l));
	lab_start(l);
	lab_add(l, "example.org.", p); /* nobody claimed it: it is gone from the store */
	assert_false(serves(l, "example.org.", 1));
	policy_unref(p);
}

static void what_was_saved_is_answered_before_its_turn_comes(void **state) {
	struct transfer_lab *l = *state;
	struct zone_policy *p = lab_policy(&l->primary.addr, 1, NULL);
	struct transfer_counters c;
	struct name n = lab_name("example.net.");
	lab_add(l, "example.net.", p);
	assert_true(run_until_served(l, "example.net.", 1));
	assert_true(lab_stop(l));
	primary_stop(&l->primary);
	lab_start(l);
	lab_add(l, "example.net.", p);
	lab_add(l, "new.net.", p);
	assert_ptr_equal(atomic_load(&table_find(l->table, n.wire)->served), &table_unread);
	assert_true(serves(l, "example.net.", 1));
	assert_false(serves(l, "new.net.", 1));
	transfer_count(l->t, &c);
	assert_int_equal(c.zones_unread, 2);
	transfer_load_on(l->t, 60000);
	transfer_count(l->t, &c);
	assert_int_equal(c.zones_unread, 0);
	assert_int_equal(c.zones_served, 1);
	assert_int_equal(c.zones_pending, 1);
	assert_true(serves(l, "example.net.", 1));
	assert_string_equal(lab_report(l, "example.net.").state, "active");
	policy_unref(p);
}

static void a_zone_that_is_removed_before_its_turn_does_not_come_back(void **state) {
	struct transfer_lab *l = *state;
	struct zone_policy *p = lab_policy(&l->primary.addr, 1, NULL);
	struct transfer_counters c;
	struct name n = lab_name("example.net.");
	lab_add(l, "example.net.", p);
	assert_true(run_until_served(l, "example.net.", 1));
	assert_true(lab_stop(l));
	primary_stop(&l->primary);
	lab_start(l);
	lab_add(l, "example.net.", p);
	transfer_claimed(l->t);
	transfer_zone_removed(l->t, n.wire);
	transfer_load_on(l->t, 60000);
	transfer_count(l->t, &c);
	assert_int_equal(c.zones, 0);
	lab_add(l, "example.net.", p);
	assert_false(serves(l, "example.net.", 1));
	policy_unref(p);
}

static void a_serial_that_went_back_is_an_error_until_it_is_accepted(void **state) {
	struct transfer_lab *l = *state;
	struct zone_policy *p = lab_policy(&l->primary.addr, 1, NULL);
	struct name n = lab_name("example.net.");
	l->primary.serial = 2;
	lab_add(l, "example.net.", p);
	policy_unref(p);
	assert_true(run_until_served(l, "example.net.", 2));
	assert_int_equal(transfer_accept(l->t, n.wire), ERR_MISMATCH);
	l->primary.serial = 1;
	assert_int_equal(transfer_refresh(l->t, n.wire), OK);
	assert_true(run_until_fails(l, "example.net.", REASON_SERIAL_BEHIND));
	struct zone_report r = lab_report(l, "example.net.");
	assert_string_equal(r.state, "error");
	assert_int_equal(r.serial, 2);
	assert_int_equal(transfer_accept(l->t, n.wire), OK);
	assert_true(run_until_served(l, "example.net.", 1));
	assert_string_equal(lab_report(l, "example.net.").state, "active");
}

static void a_rollback_is_served_after_a_restart_and_until_the_release(void **state) {
	struct transfer_lab *l = *state;
	struct zone_policy *p = lab_policy(&l->primary.addr, 1, NULL);
	struct name n = lab_name("example.net.");
	struct why why;
	lab_add(l, "example.net.", p);
	assert_true(run_until_served(l, "example.net.", 1));
	l->primary.serial = 2;
	assert_int_equal(transfer_refresh(l->t, n.wire), OK);
	assert_true(run_until_served(l, "example.net.", 2));
	assert_int_equal(transfer_rollback(l->t, n.wire, 7, &why, nobody), ERR_STALE);
	assert_int_equal(transfer_rollback(l->t, n.wire, 1, &why, nobody), OK);
	struct zone_report r = lab_report(l, "example.net.");
	assert_true(r.serial == 1 && r.rolled_back);
	assert_string_equal(r.state, "held");
	struct change *c;
	assert_int_equal(transfer_diff(l->t, n.wire, 2, 1, &c, &why), OK);
	assert_true(c->from == 2 && c->to == 1);
	change_unref(c);
	assert_true(lab_stop(l));
	lab_start(l);
	lab_add(l, "example.net.", p);
	transfer_claimed(l->t);
	r = lab_report(l, "example.net.");
	assert_true(r.serial == 1 && r.rolled_back);
	assert_string_equal(r.state, "held");
	assert_int_equal(transfer_release(l->t, n.wire, nobody), OK);
	assert_true(run_until_served(l, "example.net.", 2));
	assert_false(lab_report(l, "example.net.").rolled_back);
	policy_unref(p);
}

/* The primary has gone back too: nothing is transferred any more, and the newer version stays in the store. */
static void a_rollback_that_the_primary_follows_outlasts_the_release(void **state) {
	struct transfer_lab *l = *state;
	struct zone_policy *p = lab_policy(&l->primary.addr, 1, NULL);
	struct name n = lab_name("example.net.");
	char active[] = "active";
	struct why why;
	lab_add(l, "example.net.", p);
	assert_true(run_until_served(l, "example.net.", 1));
	l->primary.serial = 2;
	assert_int_equal(transfer_refresh(l->t, n.wire), OK);
	assert_true(run_until_served(l, "example.net.", 2));
	assert_int_equal(transfer_rollback(l->t, n.wire, 1, &why, nobody), OK);
	l->primary.serial = 1;
	assert_int_equal(transfer_release(l->t, n.wire, nobody), OK);
	assert_true(lab_run(l, is_in_state, active));
	assert_true(lab_stop(l));
	lab_start(l);
	lab_add(l, "example.net.", p);
	policy_unref(p);
	assert_true(serves(l, "example.net.", 1));
	struct zone_report r = lab_report(l, "example.net.");
	assert_false(r.rolled_back || r.held);
	l->primary.serial = 3;
	transfer_claimed(l->t);
	assert_int_equal(transfer_refresh(l->t, n.wire), OK);
	assert_true(run_until_served(l, "example.net.", 3));
}

static void a_notify_brings_the_new_serial(void **state) {
	struct transfer_lab *l = *state;
	struct zone_policy *p = lab_policy(&l->primary.addr, 1, NULL);
	lab_add(l, "example.net.", p);
	policy_unref(p);
	assert_true(run_until_served(l, "example.net.", 1));
	struct name n = lab_name("example.net.");
	struct zone_entry *entry = table_find(l->table, n.wire);
	unsigned asked = l->primary.soa_udp;
	for (int i = 0; i < 1000; i++)
		transfer_notified(l->t, entry, &l->primary.addr, true, 1); /* ours already */
	l->primary.serial = 2;
	transfer_notified(l->t, entry, &l->primary.addr, true, 2); /* coalesced, and not lost */
	assert_true(run_until_served(l, "example.net.", 2));
	assert_int_equal(l->primary.soa_udp, asked + 1);
	assert_int_equal(l->primary.axfr, 2);
}

static void silence_by_udp_falls_back_to_tcp(void **state) {
	struct transfer_lab *l = *state;
	struct zone_policy *p = lab_policy(&l->primary.addr, 1, NULL);
	lab_add(l, "example.net.", p);
	policy_unref(p);
	assert_true(run_until_served(l, "example.net.", 1));
	l->primary.serial = 2;
	l->primary.no_udp = true;
	struct name n = lab_name("example.net.");
	assert_int_equal(transfer_refresh(l->t, n.wire), OK);
	assert_true(run_until_served(l, "example.net.", 2));
	assert_int_equal(l->primary.soa_tcp, 1);
}

static void blocked_tcp_is_told_apart_from_a_dead_primary(void **state) {
	struct transfer_lab *l = *state;
	struct addr dead = l->other.addr;
	uv_close((uv_handle_t *)&l->primary.tcp, NULL); /* UDP still answers */
	primary_stop(&l->other);
	struct zone_policy *p = lab_policy(&l->primary.addr, 1, NULL), *q = lab_policy(&dead, 1, NULL);
	lab_add(l, "blocked.net.", p);
	lab_add(l, "dead.net.", q);
	policy_unref(p);
	policy_unref(q);
	assert_true(run_until_fails(l, "blocked.net.", REASON_TCP_BLOCKED));
	assert_true(run_until_fails(l, "dead.net.", REASON_UNREACHABLE));
	struct zone_report r = lab_report(l, "blocked.net.");
	assert_string_equal(r.state, "error");
	assert_non_null(strstr(r.saved.why.evidence, "by UDP has serial 1"));
	/* The test's own handle is closed: the rest of the primary follows. */
	while (l->primary.open)
		lab_drop(l->primary.open);
	uv_close((uv_handle_t *)&l->primary.udp, NULL);
}

static void a_truncated_answer_is_asked_for_by_tcp(void **state) {
	struct transfer_lab *l = *state;
	struct zone_policy *p = lab_policy(&l->primary.addr, 1, NULL);
	lab_add(l, "example.net.", p);
	policy_unref(p);
	assert_true(run_until_served(l, "example.net.", 1));
	l->primary.serial = 2;
	l->primary.truncates = true;
	struct name n = lab_name("example.net.");
	assert_int_equal(transfer_refresh(l->t, n.wire), OK);
	assert_true(run_until_served(l, "example.net.", 2));
	assert_int_equal(l->primary.soa_udp, 1);
	assert_int_equal(l->primary.soa_tcp, 1);
}

static bool have_all_failed(struct transfer_lab *l, void *ctx) {
	for (unsigned i = 0; i < *(const unsigned *)ctx; i++) {
		char zone[32];
		snprintf(zone, sizeof(zone), "d%u.example.", i);
		if (lab_report(l, zone).saved.why.reason != REASON_UNREACHABLE) return false;
	}
	return true;
}

static void thousands_of_zones_do_not_each_wait_for_a_dead_primary(void **state) {
	struct transfer_lab *l = *state;
	struct zone_policy *p = lab_policy(&l->other.addr, 1, NULL),
			   *q = lab_policy(&l->primary.addr, 1, NULL);
	unsigned count = 3000;
	primary_stop(&l->other);
	for (unsigned i = 0; i < count; i++) {
		char zone[32];
		snprintf(zone, sizeof(zone), "d%u.example.", i);
		lab_add(l, zone, p);
	}
	lab_add(l, "example.net.", q);
	policy_unref(p);
	policy_unref(q);
	uint64_t start = uv_hrtime();
	assert_true(run_until_served(l, "example.net.", 1)); /* behind all of them */
	assert_true(lab_run(l, have_all_failed, &count));
	assert_true((uv_hrtime() - start) / 1000000 < 10000);
	/* Most never asked: they were told what the first ones found. */
	unsigned asked = 0;
	for (unsigned i = 0; i < count; i++) {
		char zone[32];
		snprintf(zone, sizeof(zone), "d%u.example.", i);
		struct zone_report r = lab_report(l, zone);
		for (unsigned k = 0; k < r.attempt_count; k++)
			asked += r.attempts[k].asked == RR_SOA;
	}
	assert_true(asked < 1000);
}

static void a_version_that_cannot_be_saved_is_not_served(void **state) {
	struct transfer_lab *l = *state;
	struct zone_policy *p = lab_policy(&l->primary.addr, 1, NULL);
	lab_add(l, "example.net.", p);
	policy_unref(p);
	assert_true(run_until_served(l, "example.net.", 1));
	struct name n = lab_name("example.net.");
	const char *points[] = { "store-put", "store-commit" };
	for (unsigned i = 1; i <= 2; i++) {
		l->primary.serial = i + 1;
		fault_arm(points[i - 1], 1);
		assert_int_equal(transfer_refresh(l->t, n.wire), OK);
		assert_true(run_until_fails(l, "example.net.", REASON_STORE_FAILED));
		assert_true(serves(l, "example.net.", i));
		assert_int_not_equal(lab_report(l, "example.net.").saved.why.evidence[0], '\0');
		fault_arm(NULL, 0);
		assert_int_equal(transfer_refresh(l->t, n.wire), OK);
		assert_true(run_until_served(l, "example.net.", i + 1));
	}
}

static void a_notify_that_waits_for_a_removed_zone_does_no_harm(void **state) {
	struct transfer_lab *l = *state;
	struct zone_policy *p = lab_policy(&l->primary.addr, 1, NULL);
	struct name n = lab_name("example.net.");
	lab_add(l, "example.net.", p);
	transfer_notified(l->t, table_find(l->table, n.wire), &l->primary.addr, false, 0);
	transfer_zone_removed(l->t, n.wire);
	lab_add(l, "example.net.", p); /* another zone of the same name */
	policy_unref(p);
	assert_true(run_until_served(l, "example.net.", 1));
	struct transfer_counters c;
	transfer_count(l->t, &c);
	assert_int_equal(c.zones, 1);
}

static void each_failure_has_its_name_and_the_next_primary_is_tried(void **state) {
	struct transfer_lab *l = *state;
	static const struct {
		enum script script;
		enum reason reason;
	} rows[] = { { SCRIPT_REFUSE, REASON_REFUSED },
		     { SCRIPT_CUT, REASON_TRUNCATED_STREAM },
		     { SCRIPT_MISMATCH, REASON_SOA_MISMATCH } };
	struct addr both[] = { l->primary.addr, l->other.addr };
	struct zone_policy *p = lab_policy(both, 2, NULL);
	for (unsigned i = 0; i < 3; i++) {
		char zone[32];
		snprintf(zone, sizeof(zone), "z%u.example.", i);
		l->primary.script = rows[i].script;
		lab_add(l, zone, p);
		assert_true(run_until_served(l, zone, 1));
		struct zone_report r = lab_report(l, zone);
		bool named = false;
		for (unsigned k = 0; k < r.attempt_count; k++)
			named |= r.attempts[k].why.reason == rows[i].reason;
		assert_true(named);
		assert_true(addr_equal(&r.attempts[0].primary, &l->other.addr));
	}
	policy_unref(p);
}

static void a_hanging_primary_does_not_delay_others(void **state) {
	struct transfer_lab *l = *state;
	l->other.script = SCRIPT_HANG;
	struct zone_policy *hang = lab_policy(&l->other.addr, 1, NULL),
			   *good = lab_policy(&l->primary.addr, 1, NULL);
	for (int i = 0; i < 200; i++) {
		char zone[32];
		snprintf(zone, sizeof(zone), "h%d.example.", i);
		lab_add(l, zone, hang);
	}
	for (int i = 0; i < 200; i++) {
		char zone[32];
		snprintf(zone, sizeof(zone), "g%d.example.", i);
		lab_add(l, zone, good);
	}
	policy_unref(hang);
	policy_unref(good);
	unsigned all = 200;
	uint64_t start = uv_hrtime();
	assert_true(lab_run(l, are_all_served, &all));
	assert_true((uv_hrtime() - start) / 1000000 < 5000);
}

static void a_server_that_closes_after_each_answer_fails_nobody(void **state) {
	struct transfer_lab *l = *state;
	l->primary.script = SCRIPT_CLOSE_AFTER_ONE;
	struct zone_policy *p = lab_policy(&l->primary.addr, 1, NULL);
	for (int i = 0; i < 100; i++) {
		char zone[32];
		snprintf(zone, sizeof(zone), "z%d.example.", i);
		lab_add(l, zone, p);
	}
	policy_unref(p);
	unsigned all = 100;
	assert_true(lab_run(l, are_all_served, &all));
	struct transfer_counters c;
	transfer_count(l->t, &c);
	assert_int_equal(c.transfers_failed, 0);
	assert_true(l->primary.connections >= 100);
}

static void add_many(struct transfer_lab *l, unsigned count) {
	struct zone_policy *p = lab_policy(&l->primary.addr, 1, NULL);
	for (unsigned i = 0; i < count; i++) {
		char zone[32];
		snprintf(zone, sizeof(zone), "z%u.example.", i);
		lab_add(l, zone, p);
	}
	policy_unref(p);
}

static void small_zones_are_asked_for_many_at_once(void **state) {
	struct transfer_lab *l = *state;
	unsigned all = 2000;
	add_many(l, all);
	assert_true(lab_run(l, are_all_served, &all));
	assert_true(l->primary.together > 16);
	assert_int_equal(l->primary.axfr, all);
	assert_int_equal(l->primary.connections, 2);
}

static void a_primary_with_a_quota_gets_no_more_than_usual_and_fails_nobody(void **state) {
	struct transfer_lab *l = *state;
	l->primary.script = SCRIPT_QUOTA;
	unsigned all = 2000;
	add_many(l, all);
	assert_true(lab_run(l, are_all_served, &all));
	struct transfer_counters c;
	transfer_count(l->t, &c);
	assert_int_equal(c.transfers_failed, 0);
	assert_in_range(l->primary.axfr, all + 1, all + 100); /* it has tried, once */
}

static void notify_goes_out_and_is_answered(void **state) {
	struct transfer_lab *l = *state;
	struct zone_policy *p = lab_policy(&l->primary.addr, 1, NULL);
	p->notify = p->primaries;
	p->notify_count = 1;
	lab_add(l, "example.net.", p);
	policy_unref(p);
	assert_true(run_until_served(l, "example.net.", 1));
	struct transfer_counters c;
	transfer_count(l->t, &c);
	assert_int_equal(c.notify_out, 1);
	const struct notify_list *told = lab_report(l, "example.net.").notify;
	assert_int_equal(told->told_count, 1);
	assert_int_equal(told->told[0].serial, 1);
	assert_true(addr_equal(&told->told[0].addr, &l->primary.addr));
}

static void zones_removed_and_changed_in_mid_transfer_do_no_harm(void **state) {
	struct transfer_lab *l = *state;
	struct zone_policy *p = lab_policy(&l->primary.addr, 1, NULL),
			   *q = lab_policy(&l->other.addr, 1, NULL);
	unsigned kept = 0;
	for (unsigned i = 0; i < 300; i++) {
		char zone[32];
		snprintf(zone, sizeof(zone), "z%u.example.", i);
		struct name n = lab_name(zone);
		lab_add(l, zone, p);
		uv_run(&l->loop, UV_RUN_NOWAIT);
		if (i % 3 == 0) {
			snprintf(zone, sizeof(zone), "z%u.example.", i / 2);
			n = lab_name(zone);
			kept -= table_find(l->table, n.wire) != NULL;
			transfer_zone_removed(l->t, n.wire);
		} else if (i % 3 == 1) {
			transfer_zone_changed(l->t, n.wire, q);
		}
		kept++;
	}
	assert_true(lab_run(l, are_all_served, &kept));
	assert_int_equal(table_count(l->table), kept);
	policy_unref(p);
	policy_unref(q);
}

static void transfers_that_fill_the_memory_give_way(void **state) {
	struct transfer_lab *l = *state;
	assert_true(lab_stop(l));
	l->collect_max_bytes = 100; /* less than the first message of a transfer holds */
	lab_start(l);
	struct zone_policy *p = lab_policy(&l->primary.addr, 1, NULL);
	lab_add(l, "example.net.", p);
	assert_true(run_until_fails(l, "example.net.", REASON_TOO_LARGE));
	assert_true(lab_stop(l));
	l->collect_max_bytes = 40000; /* small ones are let through */
	lab_start(l);
	unsigned wanted = 300;
	for (unsigned i = 0; i < wanted; i++) {
		char zone[32];
		snprintf(zone, sizeof(zone), "z%u.example.", i);
		lab_add(l, zone, p);
	}
	assert_true(lab_run(l, are_all_served, &wanted));
	policy_unref(p);
}

static void ten_thousand_zones_take_seconds(void **state) {
	struct transfer_lab *l = *state;
	struct zone_policy *p = lab_policy(&l->primary.addr, 1, NULL);
	uint64_t start = uv_hrtime();
	for (int i = 0; i < 10000; i++) {
		char zone[32];
		snprintf(zone, sizeof(zone), "z%d.example.", i);
		lab_add(l, zone, p);
	}
	policy_unref(p);
	unsigned all = 10000;
	assert_true(lab_run(l, are_all_served, &all));
	printf("10000 zones in %u ms, %u connections\n", (unsigned)((uv_hrtime() - start) / 1000000),
	       l->primary.connections);
	assert_int_equal(l->primary.axfr, 10000);
	assert_true(l->primary.connections <= 4);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
	const struct CMUnitTest tests[] = {
		TEST(a_new_zone_is_transferred_and_served),
		TEST(what_is_committed_and_not_served_is_told_and_published_again),
		TEST(a_hold_is_told_when_the_store_has_it),
		TEST(a_held_zone_is_not_transferred_until_it_is_released),
		TEST(a_signed_transfer_works_and_wrong_keys_are_named),
		TEST(a_restart_serves_the_same_at_once),
		TEST(what_was_saved_is_answered_before_its_turn_comes),
		TEST(a_zone_that_is_removed_before_its_turn_does_not_come_back),
		TEST(a_serial_that_went_back_is_an_error_until_it_is_accepted),
		TEST(a_rollback_is_served_after_a_restart_and_until_the_release),
		TEST(a_rollback_that_the_primary_follows_outlasts_the_release),
		TEST(a_notify_brings_the_new_serial),
		TEST(silence_by_udp_falls_back_to_tcp),
		TEST(blocked_tcp_is_told_apart_from_a_dead_primary),
		TEST(a_truncated_answer_is_asked_for_by_tcp),
		TEST(thousands_of_zones_do_not_each_wait_for_a_dead_primary),
		TEST(a_version_that_cannot_be_saved_is_not_served),
		TEST(a_notify_that_waits_for_a_removed_zone_does_no_harm),
		TEST(each_failure_has_its_name_and_the_next_primary_is_tried),
		TEST(a_hanging_primary_does_not_delay_others),
		TEST(a_server_that_closes_after_each_answer_fails_nobody),
		TEST(small_zones_are_asked_for_many_at_once),
		TEST(a_primary_with_a_quota_gets_no_more_than_usual_and_fails_nobody),
		TEST(notify_goes_out_and_is_answered),
		TEST(zones_removed_and_changed_in_mid_transfer_do_no_harm),
		TEST(transfers_that_fill_the_memory_give_way),
		TEST(ten_thousand_zones_take_seconds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
