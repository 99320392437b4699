/* Changes laid over a zone as deltas: what is chosen, refused and bounded, and what is left when memory is short.
 * That the result is the right zone is tests/property/zone_delta.c's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/fault.h"
#include "zone/delta.h"
#include "zone_make.h"

enum { HOSTS = 3000, MANY = 20000 };

static const struct builder_limits no_limits;

static struct builder *many_hosts(uint32_t serial) {
	struct builder *b = make_zone("example.", serial);
	for (unsigned i = 0; i < HOSTS; i++) {
		char name[32];
		snprintf(name, sizeof(name), "h%05u.example.", i);
		make_a(b, name, "192.0.2.1");
	}
	return b;
}

/* Large enough for deltas; in canonical order. */
static struct zone_version *large(uint32_t serial) {
	return make_done(many_hosts(serial));
}

static void put_soa(struct change_writer *w, enum change_side side, uint32_t serial) {
	static const uint8_t root[] = { 0 };
	struct name m = make_name("ns1.example."), r = make_name("hostmaster.example.");
	uint8_t rdata[2 * NAME_MAX_LEN + 20];
	struct writer out = writer_init(rdata, sizeof(rdata));
	write_bytes(&out, m.wire, m.len);
	write_bytes(&out, r.wire, r.len);
	const uint32_t numbers[] = { serial, 3600, 600, 86400, 300 };
	for (unsigned i = 0; i < 5; i++)
		write_u32(&out, numbers[i]);
	struct change_record record = {
		.owner = root, .type = RR_SOA, .ttl_s = 3600, .rdlength = (uint16_t)out.len, .rdata = rdata
	};
	assert_int_equal(change_put(w, side, &record), OK);
}

static struct change_writer begin(uint32_t from, uint32_t to) {
	struct change_writer w = change_writer_init(0);
	put_soa(&w, CHANGE_REMOVED, from);
	put_soa(&w, CHANGE_ADDED, to);
	return w;
}

/* relative: as text, without a final dot */
static void put_a(struct change_writer *w, enum change_side side, const char *relative, uint8_t last) {
	struct name owner = make_name(relative);
	const uint8_t rdata[4] = { 192, 0, 2, last };
	struct change_record record = {
		.owner = owner.wire, .type = RR_A, .ttl_s = 300, .rdlength = 4, .rdata = rdata
	};
	assert_int_equal(change_put(w, side, &record), OK);
}

static struct change *end(struct change_writer *w) {
	struct change *c = NULL;
	assert_int_equal(change_finish(w, 0, &c), OK);
	return c;
}

/* One host gets another address. */
static struct change *small_step(uint32_t serial) {
	struct change_writer w = begin(serial, serial + 1);
	char name[32];
	snprintf(name, sizeof(name), "h%05u", serial % HOSTS);
	put_a(&w, CHANGE_REMOVED, name, 1);
	put_a(&w, CHANGE_ADDED, name, 2);
	return end(&w);
}

static struct zone_version *apply(struct zone_version *v, struct change *c) {
	struct zone_version *next = NULL;
	struct why why;
	assert_int_equal(version_apply(v, &c, 1, APPLY_FORWARD, &no_limits, &next, &why), OK);
	return next;
}

/* Takes v. */
static struct zone_version *step_on(struct zone_version *v) {
	struct change *c = small_step(version_serial(v));
	struct zone_version *next = apply(v, c);
	change_unref(c);
	version_unref(v);
	return next;
}

static void small_change_of_a_large_zone_is_laid_over_it(void **state) {
	(void)state;
	struct zone_version *v = large(1), *next;
	struct change *c = small_step(1);
	next = apply(v, c);
	assert_int_equal(next->layer_count, 2);
	assert_ptr_equal(next->layers[0], v->layers[0]);
	assert_int_equal(version_check_deep(next), OK);
	assert_true(version_bytes(next) < version_bytes(v) + 2048);
	change_unref(c);
	version_unref(v);
	version_unref(next);
}

/* An image as programs wrote it before nodes told of names below them.  Takes v. */
static struct zone_version *without_parents(struct zone_version *v) {
	size_t size = layer_size(v->layers[0]);
	struct image_header *copy = malloc(size);
	memcpy(copy, layer_octets(v->layers[0]), size);
	copy->flags &= ~(uint32_t)IMAGE_HAS_PARENTS;
	struct image image = image_view(copy);
	for (uint32_t i = 0; i < copy->node_count; i++)
		((uint8_t *)copy)[copy->heap_pos + 4 * (size_t)image_order(&image)[i] + 2] &=
			(uint8_t)~NODE_PARENT;
	struct zone_version *old = version_new(VERSION_MALLOC, &image);
	version_unref(v);
	return old;
}

/* Its only record goes; what is below it may have come in another case, and may go in a later step.  Takes v. */
static void assert_stays_without_records(struct zone_version *v) {
	struct name host = make_name("h00007.example.");
	struct change_writer w = begin(1, 2);
	put_a(&w, CHANGE_REMOVED, "h00007", 1);
	put_a(&w, CHANGE_REMOVED, "h00008", 1);
	struct change *c = end(&w);
	struct zone_version *next = apply(v, c), *last;
	assert_int_equal(next->layer_count, 2);
	assert_int_equal(version_check_deep(next), OK);
	assert_int_equal(node_rrset_count(zone_find(next, host.wire)), 0);
	assert_false(node_found(zone_find(next, make_name("h00008.example.").wire)));
	change_unref(c);
	w = begin(2, 3);
	put_a(&w, CHANGE_REMOVED, "x.h00007", 1);
	c = end(&w);
	last = apply(next, c);
	assert_int_equal(version_check_deep(last), OK);
	assert_false(node_found(zone_find(last, host.wire)));
	change_unref(c);
	version_unref(v);
	version_unref(next);
	version_unref(last);
}

static void a_name_stays_while_one_is_below_it(void **state) {
	(void)state;
	struct builder *b = many_hosts(1), *same = many_hosts(1);
	make_a(b, "x.H00007.example.", "192.0.2.1");
	make_a(same, "x.H00007.example.", "192.0.2.1");
	assert_stays_without_records(make_done(b));
	assert_stays_without_records(without_parents(make_done(same)));
}

static void small_zone_is_built_anew(void **state) {
	(void)state;
	struct zone_version *v = make_done(make_zone("example.", 1)), *next;
	struct change_writer w = begin(1, 2);
	put_a(&w, CHANGE_ADDED, "www", 1);
	struct change *c = end(&w);
	next = apply(v, c);
	assert_true(version_is_whole(next));
	change_unref(c);
	version_unref(v);
	version_unref(next);
}

/* Takes v, which has Www with two addresses. */
static void assert_keeps_case(struct zone_version *v) {
	struct change_writer w = begin(1, 2);
	put_a(&w, CHANGE_REMOVED, "wWW", 1);
	struct change *c = end(&w);
	struct zone_version *next = apply(v, c);
	struct node n = zone_find(next, make_name("www.example.").wire);
	uint8_t len;
	assert_true(node_found(n));
	assert_memory_equal(node_relative(n, &len), "\3Www", 5);
	assert_int_equal(len, 4);
	change_unref(c);
	version_unref(v);
	version_unref(next);
}

static void what_stays_of_a_name_keeps_its_case(void **state) {
	(void)state;
	for (unsigned hosts = 0; hosts <= HOSTS; hosts += HOSTS) { /* built anew, and a delta */
		struct builder *b = make_zone("example.", 1);
		for (unsigned i = 0; i < hosts; i++) {
			char name[32];
			snprintf(name, sizeof(name), "h%05u.example.", i);
			make_a(b, name, "192.0.2.1");
		}
		make_a(b, "Www.example.", "192.0.2.1");
		make_a(b, "Www.example.", "192.0.2.2");
		assert_keeps_case(make_done(b));
	}
}

static void large_change_builds_the_zone_anew(void **state) {
	(void)state;
	struct zone_version *v = large(1), *next;
	struct change_writer w = begin(1, 2);
	for (unsigned i = 0; i < HOSTS / 4; i++) {
		char name[32];
		snprintf(name, sizeof(name), "new%u", i);
		put_a(&w, CHANGE_ADDED, name, 1);
	}
	struct change *c = end(&w);
	next = apply(v, c);
	assert_true(version_is_whole(next));
	assert_int_equal(version_records(next), version_records(v) + HOSTS / 4);
	change_unref(c);
	version_unref(v);
	version_unref(next);
}

static void layers_and_memory_stay_bounded_without_anybody_who_merges(void **state) {
	(void)state;
	struct zone_version *v = large(1);
	for (unsigned i = 0; i < 500; i++) {
		v = step_on(v);
		assert_true(v->layer_count < VERSION_LAYERS_MAX);
	}
	assert_int_equal(version_check_deep(v), OK);
	assert_true(version_bytes(v) < 2 * layer_size(v->layers[0]));
	version_unref(v);
}

static void steps_that_come_during_a_merge_are_laid_over_what_was_merged(void **state) {
	(void)state;
	struct zone_version *from = step_on(step_on(step_on(large(1)))), *now = from, *merged, *rebased;
	struct change *none;
	struct why why;
	version_merge_keep(from);
	version_ref(from);
	for (unsigned i = 0; i < 5; i++)
		now = step_on(now);
	assert_int_equal(version_merge(from, MERGE_ALL, &merged, &why), OK);
	assert_true(version_is_whole(merged));
	rebased = version_rebase(merged, from, now);
	assert_non_null(rebased);
	assert_ptr_equal(rebased->layers[0], merged->layers[0]);
	assert_int_equal(version_check_deep(rebased), OK);
	assert_int_equal(version_diff(rebased, now, 0, 0, &none), OK);
	assert_int_equal(none->count[0] + none->count[1], 2);
	assert_true(version_stands_on(now, from) && version_stands_on(from, from));
	assert_false(version_stands_on(from, now) || version_stands_on(merged, from));
	assert_null(version_rebase(merged, now, from));
	change_unref(none);
	version_unref(rebased);
	version_unref(merged);
	version_unref(from);
	version_unref(now);
}

/* -- what does not fit ---------------------------------------------------------------------------------------- */

static void assert_refused(struct change *c, const struct builder_limits *limits, enum err expected,
                           const char *evidence) {
	struct zone_version *v = large(1), *next = NULL;
	struct why why = { 0 };
	assert_int_equal(version_apply(v, &c, 1, APPLY_FORWARD, limits, &next, &why), expected);
	assert_null(next);
	if (!strstr(why.evidence, evidence)) print_message("evidence: %s\n", why.evidence);
	assert_non_null(strstr(why.evidence, evidence));
	change_unref(c);
	version_unref(v);
}

static void removal_of_what_is_not_there_is_told(void **state) {
	(void)state;
	struct change_writer w = begin(1, 2);
	put_a(&w, CHANGE_REMOVED, "h00007", 99);
	assert_refused(end(&w), &no_limits, ERR_MISMATCH,
	               "from serial 1 to 2: h00007.example A is to be removed and is not there");
}

static void addition_of_what_is_there_is_told(void **state) {
	(void)state;
	struct change_writer w = begin(1, 2);
	put_a(&w, CHANGE_ADDED, "H00007", 1);
	assert_refused(end(&w), &no_limits, ERR_MISMATCH,
	               "from serial 1 to 2: H00007.example A is to be added and is there");
}

static void wrong_start_is_told(void **state) {
	(void)state;
	struct change_writer w = begin(5, 6);
	assert_refused(end(&w), &no_limits, ERR_MISMATCH, "a step from serial 5 to 6 does not fit serial 1");
}

static void name_that_is_too_long_is_refused(void **state) {
	(void)state;
	struct change_writer w = begin(1, 2);
	char name[2 * 125 + 1] = "";
	for (unsigned i = 0; i < 125; i++)
		memcpy(name + (size_t)2 * i, "a.", 3);
	put_a(&w, CHANGE_ADDED, name, 1);
	assert_refused(end(&w), &no_limits, ERR_OUTZONE, "has a name that is too long");
}

static void limits_hold_for_what_comes_out(void **state) {
	(void)state;
	struct builder_limits records = { .max_records = HOSTS + 2 }, octets = { 0 };
	struct zone_version *v = large(1);
	octets.max_bytes = v->image.header->collected;
	version_unref(v);
	struct change_writer w = begin(1, 2), again = begin(1, 2);
	put_a(&w, CHANGE_ADDED, "one-more", 1);
	assert_refused(end(&w), &records, ERR_LIMIT, "more than 3002 records");
	put_a(&again, CHANGE_ADDED, "one-more", 1);
	assert_refused(end(&again), &octets, ERR_LIMIT, "octets");
}

static void both_forms_count_the_same_octets(void **state) {
	(void)state;
	struct zone_version *v = large(1), *delta, *whole;
	struct change_writer w = begin(1, 2);
	struct why why;
	put_a(&w, CHANGE_REMOVED, "h00001", 1);
	put_a(&w, CHANGE_ADDED, "h00002", 9);
	put_a(&w, CHANGE_ADDED, "a-new-name", 9);
	struct change *c = end(&w);
	struct apply_job job = { APPLY_DELTA, APPLY_FORWARD, &c, 1, &no_limits };
	assert_int_equal(version_apply_job(v, &job, &delta, &why), OK);
	job.form = APPLY_WHOLE;
	assert_int_equal(version_apply_job(v, &job, &whole, &why), OK);
	assert_int_equal(delta->image.header->collected, whole->image.header->collected);
	change_unref(c);
	version_unref(v);
	version_unref(delta);
	version_unref(whole);
}

/* -- cost ----------------------------------------------------------------------------------------------------- */

/* Records that differ in the case of their letters only: a table that took them for equal would be a list. */
static void many_alike_records_of_one_owner_cost_no_square(void **state) {
	(void)state;
	struct zone_version *v = large(1), *next;
	struct change_writer w = begin(1, 2);
	struct name owner = make_name("crowd");
	for (unsigned i = 0; i < MANY; i++) {
		uint8_t rdata[17] = { 16 };
		for (unsigned bit = 0; bit < 16; bit++)
			rdata[1 + bit] = (uint8_t)('a' - (i >> bit & 1) * 32);
		struct change_record r = {
			.owner = owner.wire, .type = RR_TXT, .ttl_s = 1, .rdlength = 17, .rdata = rdata
		};
		assert_int_equal(change_put(&w, CHANGE_ADDED, &r), OK);
	}
	struct change *c = end(&w);
	struct apply_job job = { APPLY_DELTA, APPLY_FORWARD, &c, 1, &no_limits };
	struct why why;
	assert_int_equal(version_apply_job(v, &job, &next, &why), OK);
	assert_int_equal(version_records(next), version_records(v) + MANY);
	version_unref(v);
	job.direction = APPLY_BACKWARD;
	assert_int_equal(version_apply_job(next, &job, &v, &why), OK);
	assert_int_equal(version_records(v), HOSTS + 2);
	change_unref(c);
	version_unref(v);
	version_unref(next);
}

/* -- short of memory ------------------------------------------------------------------------------------------ */

struct scene {
	struct zone_version *v;
	struct change *c;
};

static enum err apply_delta(const struct scene *s, struct zone_version **out) {
	struct apply_job job = { APPLY_DELTA, APPLY_FORWARD, (struct change *const *)&s->c, 1, &no_limits };
	struct why why;
	return version_apply_job(s->v, &job, out, &why);
}

static enum err apply_whole(const struct scene *s, struct zone_version **out) {
	struct apply_job job = { APPLY_WHOLE, APPLY_FORWARD, (struct change *const *)&s->c, 1, &no_limits };
	struct why why;
	return version_apply_job(s->v, &job, out, &why);
}

static enum err merge_all(const struct scene *s, struct zone_version **out) {
	struct why why;
	return version_merge(s->v, MERGE_ALL, out, &why);
}

static enum err merge_deltas(const struct scene *s, struct zone_version **out) {
	struct why why;
	return version_merge(s->v, MERGE_DELTAS, out, &why);
}

static enum err differ(const struct scene *s, struct zone_version **out) {
	struct change *c;
	enum err e = version_diff(s->v, s->v, 0, 0, &c);
	if (e != OK) return e;
	change_unref(c);
	version_ref(s->v);
	*out = s->v;
	return OK;
}

static void any_allocation_may_fail_and_nothing_is_lost(void **state) {
	(void)state;
	enum err (*const works[])(const struct scene *, struct zone_version **) = { apply_delta, apply_whole,
		                                                                    merge_all, merge_deltas,
		                                                                    differ };
	struct scene s = { .v = step_on(step_on(large(1))) };
	version_merge_keep(s.v);
	s.v = step_on(s.v);
	s.c = small_step(version_serial(s.v));
	for (size_t i = 0; i < sizeof(works) / sizeof(works[0]); i++) {
		enum err e = ERR_NOMEM;
		for (unsigned nth = 1; e != OK; nth++) {
			struct zone_version *out = NULL;
			fault_arm("alloc", nth);
			e = works[i](&s, &out);
			fault_arm(NULL, 0);
			if (e != OK) assert_int_equal(e, ERR_NOMEM);
			assert_int_equal(out != NULL, e == OK);
			version_unref(out);
			assert_true(nth < 1000);
		}
	}
	assert_int_equal(version_check_deep(s.v), OK);
	change_unref(s.c);
	version_unref(s.v);
}

static void merge_may_end_at_any_node_and_nothing_is_lost(void **state) {
	(void)state;
	struct scene s = { .v = step_on(step_on(large(1))) };
	version_merge_keep(s.v);
	s.v = step_on(s.v);
	const unsigned nths[] = { 1, 2, HOSTS / 2, HOSTS, HOSTS + 1, HOSTS + 2 }; /* the apex is a node too */
	for (size_t i = 0; i < sizeof(nths) / sizeof(nths[0]); i++) {
		struct zone_version *out = NULL;
		fault_arm("merge-node", nths[i]);
		enum err e = merge_all(&s, &out);
		fault_arm(NULL, 0);
		assert_int_equal(e, nths[i] > HOSTS + 1 ? OK : ERR_NOMEM);
		assert_int_equal(out != NULL, e == OK);
		if (out) assert_int_equal(version_check_deep(out), OK);
		version_unref(out);
		assert_int_equal(version_check_deep(s.v), OK);
	}
	version_unref(s.v);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_change_of_a_large_zone_is_laid_over_it),
		cmocka_unit_test(small_zone_is_built_anew),
		cmocka_unit_test(a_name_stays_while_one_is_below_it),
		cmocka_unit_test(what_stays_of_a_name_keeps_its_case),
		cmocka_unit_test(large_change_builds_the_zone_anew),
		cmocka_unit_test(layers_and_memory_stay_bounded_without_anybody_who_merges),
		cmocka_unit_test(steps_that_come_during_a_merge_are_laid_over_what_was_merged),
		cmocka_unit_test(removal_of_what_is_not_there_is_told),
		cmocka_unit_test(addition_of_what_is_there_is_told),
		cmocka_unit_test(wrong_start_is_told),
		cmocka_unit_test(name_that_is_too_long_is_refused),
		cmocka_unit_test(limits_hold_for_what_comes_out),
		cmocka_unit_test(both_forms_count_the_same_octets),
		cmocka_unit_test(many_alike_records_of_one_owner_cost_no_square),
		cmocka_unit_test(any_allocation_may_fail_and_nothing_is_lost),
		cmocka_unit_test(merge_may_end_at_any_node_and_nothing_is_lost),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
