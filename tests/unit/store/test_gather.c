/* Small commits that share one of the database's: what is told is found by who reads, and by a start after a crash at any time. */
#include "committer_lab.h"

#include "base/fault.h"
#include "store/ahead.h"
#include "store/checksum.h"

#define HOSTS 3
#define OTHER "other.example"
#define NEVER_MS 600000

static uint64_t commits(const struct lab *lab) {
	return database_last_transaction(lab->store->db);
}

static void begin_after(struct lab *lab, unsigned open_ms) {
	lab_init(lab);
	lab_save_image_of(lab, OTHER, 7, 7, HOSTS, &lab_bounds);
	lab_save_image(lab, 6, 7, HOSTS, &lab_bounds);
	lab->store->committer.open_ms = open_ms;
	lab->store->committer.told_ms = INT64_MAX / 2; /* others came before */
	assert_true(store_committer_start(lab->store));
}

/* Nothing is committed unless there is a reason. */
static void begin(struct lab *lab) {
	begin_after(lab, NEVER_MS);
}

static void end(struct lab *lab) {
	store_committer_stop(lab->store);
	lab_done(lab);
}

/* Steps of the zone from 7 on, each in a batch of its own. */
static void tell_steps(struct lab *lab, uint32_t from, uint32_t to) {
	for (uint32_t i = from; i < to; i++) {
		unsigned told;
		assert_int_equal(lab_tell_step(lab, LAB_ZONE, i, i + 1, HOSTS, &told), OK);
		assert_int_equal(told, 1);
	}
}

/* -- what a crash leaves -- */

static void copy_file(const struct lab *from, const struct lab *to, const char *file) {
	char path[128];
	uint8_t buf[4096];
	ssize_t n;
	snprintf(path, sizeof(path), "%s/%s", from->dir, file);
	int in = open(path, O_RDONLY);
	snprintf(path, sizeof(path), "%s/%s", to->dir, file);
	int out = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0640);
	assert_true(in >= 0 && out >= 0);
	while ((n = read(in, buf, sizeof(buf))) > 0)
		assert_int_equal(write(out, buf, (size_t)n), n);
	close(in);
	close(out);
}

static void crash(const struct lab *lab, struct lab *out_after) {
	snprintf(out_after->dir, sizeof(out_after->dir), "/tmp/understudy-store-XXXXXX");
	assert_non_null(mkdtemp(out_after->dir));
	copy_file(lab, out_after, "store.mdb");
	copy_file(lab, out_after, "store.ahead");
}

static void change_ahead(const struct lab *lab, off_t place, const void *data, size_t len) {
	char path[128];
	snprintf(path, sizeof(path), "%s/store.ahead", lab->dir);
	int fd = open(path, O_WRONLY);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, data, len, place), len);
	close(fd);
}

#define assert_after(after, serial, history)                                                                 \
	do {                                                                                                 \
		lab_open(after);                                                                             \
		assert_restart(after, serial, HOSTS, history);                                               \
		lab_done(after);                                                                             \
	} while (0)

#define assert_crash(crashed, serial, history)                                                               \
	do {                                                                                                 \
		struct lab after;                                                                            \
		crash(crashed, &after);                                                                      \
		assert_after(&after, serial, history);                                                       \
	} while (0)

/* -- tests -- */

static void who_reads_finds_all_that_was_told(void **unused) {
	(void)unused;
	struct lab lab;
	begin(&lab);
	uint64_t before = commits(&lab);
	tell_steps(&lab, 7, 10);
	assert_int_equal(commits(&lab), before);
	assert_history(&lab, "6-7 7-8 8-9 9-10");
	assert_int_equal(commits(&lab), before + 1);
	tell_steps(&lab, 10, 11);
	assert_int_equal(commits(&lab), before + 1);
	store_rest(lab.store);
	assert_int_equal(commits(&lab), before + 2);
	end(&lab);
}

static void who_stops_leaves_nothing_open(void **unused) {
	(void)unused;
	struct lab lab;
	begin(&lab);
	tell_steps(&lab, 7, 10);
	store_committer_stop(lab.store);
	assert_null(lab.store->open);
	assert_history(&lab, "6-7 7-8 8-9 9-10");
	lab_done(&lab);
}

static void what_is_open_is_committed_in_time(void **unused) {
	(void)unused;
	struct lab lab;
	begin_after(&lab, 1);
	struct committer *c = &lab.store->committer;
	struct timespec limit;
	uint64_t before = commits(&lab), settled;
	clock_gettime(CLOCK_REALTIME, &limit);
	limit.tv_sec += 60;
	pthread_mutex_lock(&c->lock);
	settled = c->settled_count;
	pthread_mutex_unlock(&c->lock);
	tell_steps(&lab, 7, 8);
	pthread_mutex_lock(&c->lock);
	while (c->settled_count == settled)
		assert_int_equal(pthread_cond_timedwait(&c->settled, &c->lock, &limit), 0);
	pthread_mutex_unlock(&c->lock);
	assert_int_equal(commits(&lab), before + 1);
	end(&lab);
}

static void what_comes_alone_is_committed_at_once(void **unused) {
	(void)unused;
	struct lab lab;
	begin(&lab);
	lab.store->committer.told_ms = INT64_MIN / 2; /* long ago */
	uint64_t before = commits(&lab);
	tell_steps(&lab, 7, 8);
	assert_int_equal(commits(&lab), before + 1);
	tell_steps(&lab, 8, 9); /* soon after it */
	assert_int_equal(commits(&lab), before + 1);
	end(&lab);
}

static void what_was_told_is_there_after_a_crash(void **unused) {
	(void)unused;
	struct lab lab;
	begin(&lab);
	tell_steps(&lab, 7, 8);
	assert_crash(&lab, 8, "6-7 7-8");
	tell_steps(&lab, 8, 10);
	assert_crash(&lab, 10, "6-7 7-8 8-9 9-10");
	store_rest(lab.store);
	tell_steps(&lab, 10, 11); /* in the other slot */
	assert_crash(&lab, 11, "6-7 7-8 8-9 9-10 10-11");
	store_rest(lab.store);
	assert_crash(&lab, 11, "6-7 7-8 8-9 9-10 10-11");
	tell_steps(&lab, 11, 12); /* over the first of three parts */
	assert_crash(&lab, 12, "6-7 7-8 8-9 9-10 10-11 11-12");
	end(&lab);
}

/* The power may go at any octet of a part; what was told before it counts. */
static void parts_before_one_that_is_not_whole_count(void **unused) {
	(void)unused;
	struct lab lab, after;
	static const uint8_t other[] = { 0xEE };
	static const size_t places[] = { 0, 3, 4, 12, 16, 20, 100 };
	begin(&lab);
	tell_steps(&lab, 7, 10);
	off_t slot = (off_t)lab.store->ahead.current * AHEAD_SLOT_BYTES;
	assert_int_equal(lab.store->ahead.counts.bytes, 3 * AHEAD_BLOCK_BYTES);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		for (unsigned part = 0; part < 3; part++) {
			off_t place = slot + part * AHEAD_BLOCK_BYTES + (off_t)places[i];
			crash(&lab, &after);
			change_ahead(&after, place, other, sizeof(other));
			assert_after(&after, 7 + part,
			             part == 0   ? "6-7"
			             : part == 1 ? "6-7 7-8"
			                         : "6-7 7-8 8-9");
		}
	}
	end(&lab);
}

/* What can't be read for want of memory may have been told: the start fails, and the next one has all of it. */
static void parts_that_cannot_be_read_now_are_not_given_up(void **unused) {
	(void)unused;
	struct lab lab, after;
	struct store *s;
	struct why why;
	unsigned failed = 0;
	begin(&lab);
	tell_steps(&lab, 7, 10);
	for (unsigned nth = 1; nth <= 12; nth++) {
		crash(&lab, &after);
		fault_arm("alloc", nth);
		enum err e = store_open(after.dir, NULL, &s, &why);
		fault_arm(NULL, 0);
		failed += e != OK;
		assert_true(e == OK || e == ERR_NOMEM);
		if (e == OK) store_close(s);
		assert_after(&after, 10, "6-7 7-8 8-9 9-10");
	}
	assert_in_range(failed, 3, 11); /* each of the three parts, and not the last time */
	end(&lab);
}

static void read_block(const struct lab *lab, off_t place, uint8_t block[static AHEAD_BLOCK_BYTES]) {
	char path[128];
	snprintf(path, sizeof(path), "%s/store.ahead", lab->dir);
	int fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	assert_int_equal(pread(fd, block, AHEAD_BLOCK_BYTES, place), AHEAD_BLOCK_BYTES);
	close(fd);
}

/* Of a program that saves more in a state: a part of it that is whole ends no chain, it makes it none. */
static void parts_of_another_program_are_not_used_in_part(void **unused) {
	(void)unused;
	struct lab lab, after;
	uint8_t first[AHEAD_BLOCK_BYTES], second[AHEAD_BLOCK_BYTES];
	begin(&lab);
	tell_steps(&lab, 7, 9);
	off_t slot = (off_t)lab.store->ahead.current * AHEAD_SLOT_BYTES;
	read_block(&lab, slot, first);
	read_block(&lab, slot + AHEAD_BLOCK_BYTES, second);
	size_t format = 20 + 1 + lab_name(LAB_ZONE).len + 8 + 2, len = load_u32(second + 4) - 8;
	assert_int_equal(second[format], SAVED_STATE_FORMAT);
	second[format]++;
	uint64_t checksum = checksum_of(second, len, first + load_u32(first + 4) - 8, 8);
	store_u32(second + len, (uint32_t)(checksum >> 32));
	store_u32(second + len + 4, (uint32_t)checksum);
	crash(&lab, &after);
	change_ahead(&after, slot + AHEAD_BLOCK_BYTES, second, sizeof(second));
	assert_after(&after, 7, "6-7");
	end(&lab);
}

/* A whole part of the same transaction, but behind another one. */
static void part_counts_only_behind_the_one_before_it(void **unused) {
	(void)unused;
	struct lab lab, after;
	uint8_t block[AHEAD_BLOCK_BYTES];
	begin(&lab);
	tell_steps(&lab, 7, 10);
	off_t slot = (off_t)lab.store->ahead.current * AHEAD_SLOT_BYTES;
	read_block(&lab, slot + 2 * AHEAD_BLOCK_BYTES, block);
	crash(&lab, &after);
	change_ahead(&after, slot + AHEAD_BLOCK_BYTES, block, sizeof(block));
	assert_after(&after, 8, "6-7 7-8");
	end(&lab);
}

/* How much history the first of two changes leaves depends on what a start does not know. */
static void second_change_of_a_zone_counts_whatever_history_is_left(void **unused) {
	(void)unused;
	struct lab lab;
	unsigned told;
	begin(&lab);
	lab.store->journal_bytes_max =
		0; /* tight: each commit gives up history, and that after a crash does not */
	tell_steps(&lab, 7, 9);
	assert_int_equal(lab_tell_step(&lab, OTHER, 7, 8, HOSTS, &told), OK);
	tell_steps(&lab, 9, 10);
	assert_crash(&lab, 10, "6-7 7-8 8-9 9-10");
	end(&lab);
}

static void batch_of_two_steps_of_a_zone_is_told(void **unused) {
	(void)unused;
	struct lab lab;
	struct store_outcome outcomes[3];
	unsigned told;
	begin(&lab);
	struct store_batch *b = store_batch_new(lab.store);
	lab_add_step(b, LAB_ZONE, 7, 8, HOSTS, &outcomes[0]);
	lab_add_step(b, LAB_ZONE, 8, 9, HOSTS, &outcomes[1]);
	lab_add_step(b, LAB_ZONE, 8, 10, HOSTS, &outcomes[2]);
	assert_int_equal(lab_commit(&lab, b, &told), OK);
	assert_int_equal(told, 1);
	assert_int_equal(outcomes[0].error, OK);
	assert_int_equal(outcomes[1].error, OK);
	assert_int_equal(outcomes[2].error, ERR_STALE);
	assert_crash(&lab, 9, "6-7 7-8 8-9");
	end(&lab);
}

static void batch_that_cannot_be_told_is_committed_with_the_others(void **unused) {
	(void)unused;
	struct lab lab;
	unsigned told;
	begin(&lab);
	uint64_t before = commits(&lab);
	tell_steps(&lab, 7, 9);
	struct store_batch *b = store_batch_new(lab.store);
	struct name other = lab_name(OTHER);
	assert_int_equal(store_batch_remove(b, other.wire), OK);
	assert_int_equal(lab_commit(&lab, b, &told), OK);
	assert_int_equal(told, 0);
	assert_int_equal(commits(&lab), before + 1);
	assert_crash(&lab, 9, "6-7 7-8 8-9");
	end(&lab);
}

struct file_job {
	struct lab *lab;
	uint64_t commits; /* after the file was written, and before its batch is committed */
	sem_t ended;
};

static void put_file_job(void *ctx) {
	struct file_job *j = ctx;
	struct zone_version *v = lab_zone(OTHER, 9, LAB_LARGE), *saved;
	struct name other = lab_name(OTHER);
	struct zone_state state = lab_state(9);
	struct store_batch *b = store_batch_new(j->lab->store);
	assert_int_equal(store_batch_put(b, other.wire, &state, v, NULL, &saved), OK);
	j->commits = commits(j->lab);
	store_batch_abort(b);
	version_unref(saved);
	version_unref(v);
	sem_post(&j->ended);
}

/* Files take long, and somebody may want to read meanwhile. */
static void what_is_open_does_not_wait_for_a_file(void **unused) {
	(void)unused;
	struct lab lab;
	begin(&lab);
	struct file_job j = { .lab = &lab };
	uint64_t before = commits(&lab);
	tell_steps(&lab, 7, 8);
	assert_int_equal(sem_init(&j.ended, 0, 0), 0);
	store_committer_run(lab.store, put_file_job, &j);
	while (sem_wait(&j.ended) != 0)
		continue;
	sem_destroy(&j.ended);
	assert_int_equal(j.commits, before + 1);
	end(&lab);
}

struct held_job {
	sem_t begun, may_end;
};

static void held_job(void *ctx) {
	struct held_job *j = ctx;
	sem_post(&j->begun);
	while (sem_wait(&j->may_end) != 0)
		continue;
}

/* Somebody saw that something was open, and asks when it is no more: the job that goes on is none of his. */
static void who_comes_late_does_not_wait_for_a_job(void **unused) {
	(void)unused;
	struct lab lab;
	struct held_job j;
	begin(&lab);
	assert_int_equal(sem_init(&j.begun, 0, 0) + sem_init(&j.may_end, 0, 0), 0);
	store_committer_run(lab.store, held_job, &j);
	while (sem_wait(&j.begun) != 0)
		continue;
	assert_true(committer_wait(lab.store));
	sem_post(&j.may_end);
	end(&lab);
	sem_destroy(&j.begun);
	sem_destroy(&j.may_end);
}

static void slot_that_is_full_ends_the_transaction(void **unused) {
	(void)unused;
	struct lab lab;
	unsigned told, steps = 0;
	lab_init(&lab);
	lab_save_image(&lab, 7, 7, 400, &lab_bounds);
	lab.store->committer.open_ms = NEVER_MS;
	lab.store->committer.told_ms = INT64_MAX / 2;
	assert_true(store_committer_start(lab.store));
	uint64_t before = commits(&lab);
	for (; commits(&lab) == before && steps < 100; steps++) {
		assert_int_equal(lab_tell_step(&lab, LAB_ZONE, 7 + steps, 8 + steps, 400, &told), OK);
		assert_int_equal(told, 1);
	}
	assert_in_range(steps, 3, 50);
	assert_int_equal(lab_tell_step(&lab, LAB_ZONE, 7 + steps, 8 + steps, 400, &told), OK);
	assert_int_equal(told, 1);
	assert_int_equal(commits(&lab), before + 1);
	end(&lab);
}

/* -- what fails -- */

static void batch_that_fails_takes_no_other_with_it(void **unused) {
	(void)unused;
	for (unsigned nth = 1; nth <= 2; nth++) { /* the second put is that of the journal or the state */
		struct lab lab;
		unsigned told;
		begin(&lab);
		tell_steps(&lab, 7, 9);
		fault_arm("store-put", nth);
		assert_int_equal(lab_tell_step(&lab, LAB_ZONE, 9, 10, HOSTS, &told), OK); /* by itself */
		fault_arm(NULL, 0);
		assert_history(&lab, "6-7 7-8 8-9 9-10");
		tell_steps(&lab, 10, 11);
		assert_crash(&lab, 11, "6-7 7-8 8-9 9-10 10-11");
		end(&lab);
	}
}

static void commit_that_fails_is_made_again(void **unused) {
	(void)unused;
	struct lab lab;
	begin(&lab);
	tell_steps(&lab, 7, 9);
	fault_arm("store-commit", 1);
	assert_history(&lab, "6-7 7-8 8-9");
	fault_arm(NULL, 0);
	tell_steps(&lab, 9, 10);
	assert_crash(&lab, 10, "6-7 7-8 8-9 9-10");
	end(&lab);
}

/* Paid without being made again: the state that came before the step would win over the step's. */
static void commit_that_only_seems_to_fail_is_not_made_again(void **unused) {
	(void)unused;
	struct lab lab;
	struct store_outcome outcome;
	struct name name = lab_name(LAB_ZONE);
	struct zone_state old = lab_state(7);
	unsigned told;
	begin(&lab);
	struct store_batch *b = store_batch_new(lab.store);
	old.checked_s = 5;
	assert_int_equal(store_batch_state(b, name.wire, &old), OK);
	lab_add_step(b, LAB_ZONE, 7, 8, HOSTS, &outcome);
	assert_int_equal(lab_commit(&lab, b, &told), OK);
	assert_int_equal(told, 1);
	fault_arm("store-committed", 1);
	assert_history(&lab, "6-7 7-8");
	fault_arm(NULL, 0);
	assert_null(lab.store->owed);
	store_committer_stop(lab.store);
	char steps[200];
	struct lab_loaded l = lab_restart(&lab, 1 << 20, steps);
	assert_int_equal(l.state.checked_s, lab_state(8).checked_s);
	assert_is_version(l.version, 8, HOSTS);
	version_unref(l.version);
	lab_done(&lab);
}

static void what_was_told_stays_owed_until_it_is_committed(void **unused) {
	(void)unused;
	struct lab lab;
	begin(&lab);
	tell_steps(&lab, 7, 9);
	fault_arm_more("store-commit", 1);
	fault_arm_more("store-commit", 2);
	assert_history(&lab, "6-7");
	fault_arm(NULL, 0);
	assert_non_null(lab.store->owed);
	assert_crash(&lab, 9, "6-7 7-8 8-9");
	tell_steps(&lab, 9, 10); /* after it */
	assert_null(lab.store->owed);
	assert_history(&lab, "6-7 7-8 8-9 9-10");
	end(&lab);
}

static void room_for_all_that_was_told_is_made_of_the_history(void **unused) {
	(void)unused;
	struct lab lab;
	unsigned told;
	begin(&lab);
	tell_steps(&lab, 7, 9);
	assert_int_equal(lab_tell_step(&lab, OTHER, 7, 8, HOSTS, &told), OK);
	fault_arm_more("store-full", 1);
	fault_arm_more("store-full", 2);
	assert_history(&lab, "7-8 8-9");
	fault_arm(NULL, 0);
	assert_crash(&lab, 9, "7-8 8-9");
	tell_steps(&lab, 9, 10);
	assert_crash(&lab, 10, "7-8 8-9 9-10");
	end(&lab);
}

static void part_that_cannot_be_written_is_committed_at_once(void **unused) {
	(void)unused;
	struct lab lab;
	unsigned told;
	begin(&lab);
	uint64_t before = commits(&lab);
	tell_steps(&lab, 7, 8);
	fault_arm("ahead-write", 1);
	assert_int_equal(lab_tell_step(&lab, LAB_ZONE, 8, 9, HOSTS, &told), OK);
	fault_arm(NULL, 0);
	assert_int_equal(told, 0);
	assert_int_equal(commits(&lab), before + 1);
	assert_crash(&lab, 9, "6-7 7-8 8-9");
	end(&lab);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_reads_finds_all_that_was_told),
		cmocka_unit_test(who_stops_leaves_nothing_open),
		cmocka_unit_test(what_is_open_is_committed_in_time),
		cmocka_unit_test(what_comes_alone_is_committed_at_once),
		cmocka_unit_test(what_was_told_is_there_after_a_crash),
		cmocka_unit_test(parts_before_one_that_is_not_whole_count),
		cmocka_unit_test(parts_that_cannot_be_read_now_are_not_given_up),
		cmocka_unit_test(parts_of_another_program_are_not_used_in_part),
		cmocka_unit_test(part_counts_only_behind_the_one_before_it),
		cmocka_unit_test(second_change_of_a_zone_counts_whatever_history_is_left),
		cmocka_unit_test(batch_of_two_steps_of_a_zone_is_told),
		cmocka_unit_test(batch_that_cannot_be_told_is_committed_with_the_others),
		cmocka_unit_test(what_is_open_does_not_wait_for_a_file),
		cmocka_unit_test(who_comes_late_does_not_wait_for_a_job),
		cmocka_unit_test(slot_that_is_full_ends_the_transaction),
		cmocka_unit_test(batch_that_fails_takes_no_other_with_it),
		cmocka_unit_test(commit_that_fails_is_made_again),
		cmocka_unit_test(commit_that_only_seems_to_fail_is_not_made_again),
		cmocka_unit_test(what_was_told_stays_owed_until_it_is_committed),
		cmocka_unit_test(room_for_all_that_was_told_is_made_of_the_history),
		cmocka_unit_test(part_that_cannot_be_written_is_committed_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
