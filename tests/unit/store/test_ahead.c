/* Commits that are written ahead: who is told, and what a start makes of the record. */
#include "journal_lab.h"

#include <pthread.h>

#include "base/fault.h"
#include "store/ahead.h"
#include "store/checksum.h"

#define HOSTS 3

struct told {
	struct lab *lab;
	unsigned times;
	struct store_outcome *outcome, seen;
	pthread_t reader; /* of the history, started while the commit is under way */
	char history[200];
};

static void on_safe(void *ctx) {
	struct told *t = ctx;
	t->times++;
	if (t->outcome) t->seen = *t->outcome;
}

/* Save a step; how often it was told. */
static enum err save_early(struct lab *lab, uint32_t from, uint32_t to, unsigned hosts, store_safe_fn *safe,
                           struct told *t) {
	struct name name = lab_name(LAB_ZONE);
	struct change *step = lab_step(from, to, hosts);
	struct store_steps steps = { &step, 1, lab_bounds };
	struct zone_state state = lab_state(to);
	struct store_outcome outcome = { .error = ERR_FAULT };
	struct why why;
	struct store_batch *b = store_batch_new(lab->store);
	*t = (struct told){ .lab = lab, .outcome = &outcome };
	assert_int_equal(store_batch_step(b, name.wire, &state, &steps, &outcome), OK);
	enum err e = store_batch_commit_early(b, safe, t, &why);
	change_unref(step);
	return e != OK ? e : outcome.error;
}

static void begin(struct lab *lab, unsigned hosts) {
	lab_init(lab);
	lab_save_image(lab, 7, 7, hosts, &lab_bounds);
}

static void path_of(const struct lab *lab, const char *file, char path[static 128]) {
	snprintf(path, 128, "%s/%s", lab->dir, file);
}

/* A file of the store's folder as a whole; the caller frees it. */
static uint8_t *take_file(const struct lab *lab, const char *file, size_t *out_len) {
	char path[128];
	struct stat st;
	path_of(lab, file, path);
	int fd = open(path, O_RDONLY);
	assert_true(fd >= 0 && fstat(fd, &st) == 0);
	uint8_t *data = malloc((size_t)st.st_size);
	assert_non_null(data);
	assert_int_equal(read(fd, data, (size_t)st.st_size), st.st_size);
	close(fd);
	*out_len = (size_t)st.st_size;
	return data;
}

static void put_file(const struct lab *lab, const char *file, const uint8_t *data, size_t len) {
	char path[128];
	path_of(lab, file, path);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0640);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), (ssize_t)len);
	close(fd);
}

/* Told, written ahead, and not in the database: what a kill between the two leaves. */
static void leave_half_done(struct lab *lab, uint32_t from, uint32_t to) {
	struct told t;
	fault_arm("store-commit", 1);
	assert_int_equal(save_early(lab, from, to, HOSTS, on_safe, &t), OK);
	fault_arm(NULL, 0);
	assert_int_equal(t.times, 1);
}

static void step_is_told_once_with_its_outcome(void **unused) {
	(void)unused;
	struct lab lab;
	struct told t;
	begin(&lab, HOSTS);
	assert_int_equal(save_early(&lab, 7, 8, HOSTS, on_safe, &t), OK);
	assert_int_equal(t.times, 1);
	assert_int_equal(t.seen.error, OK);
	assert_int_equal(save_early(&lab, 7, 9, HOSTS, on_safe, &t), ERR_STALE);
	assert_int_equal(t.times, 0);
	assert_history(&lab, "7-8");
	assert_restart(&lab, 8, HOSTS, "7-8");
	lab_done(&lab);
}

static void what_was_told_survives_a_commit_that_failed(void **unused) {
	(void)unused;
	struct lab lab;
	begin(&lab, HOSTS);
	leave_half_done(&lab, 7, 8);
	assert_restart(&lab, 8, HOSTS, "7-8");
	assert_restart(&lab, 8, HOSTS, "7-8"); /* once is enough */
	assert_int_equal(lab_save_step(&lab, 8, 9, HOSTS, &lab_bounds).error, OK);
	assert_restart(&lab, 9, HOSTS, "7-8 8-9");
	lab_done(&lab);
}

static void what_was_told_is_committed_before_what_comes_next(void **unused) {
	(void)unused;
	struct lab lab;
	struct told t;
	begin(&lab, HOSTS);
	leave_half_done(&lab, 7, 8);
	fault_arm("store-commit", 1);
	assert_int_equal(save_early(&lab, 8, 9, HOSTS, on_safe, &t),
	                 ERR_IO); /* the one before it fails again */
	fault_arm(NULL, 0);
	assert_int_equal(t.times, 0);
	assert_int_equal(save_early(&lab, 8, 9, HOSTS, on_safe, &t), OK);
	assert_int_equal(t.times, 1);
	assert_history(&lab, "7-8 8-9");
	assert_restart(&lab, 9, HOSTS, "7-8 8-9");
	lab_done(&lab);
}

static void *read_history(void *ctx) {
	struct told *t = ctx;
	struct name zone = lab_name(LAB_ZONE);
	assert_int_equal(store_history(t->lab->store, zone.wire, lab_list_step, t->history), OK);
	return NULL;
}

static void read_meanwhile(void *ctx) {
	struct told *t = ctx;
	assert_int_equal(pthread_create(&t->reader, NULL, read_history, t), 0);
}

static void who_was_told_finds_it_in_the_history(void **unused) {
	(void)unused;
	struct lab lab;
	struct told t;
	begin(&lab, HOSTS);
	assert_int_equal(save_early(&lab, 7, 8, HOSTS, read_meanwhile, &t), OK);
	assert_int_equal(pthread_join(t.reader, NULL), 0);
	assert_string_equal(t.history, "7-8");
	lab_done(&lab);
}

static void record_that_cannot_be_written_leaves_the_commit_alone(void **unused) {
	(void)unused;
	struct lab lab;
	struct told t;
	begin(&lab, HOSTS);
	fault_arm("ahead-write", 1);
	assert_int_equal(save_early(&lab, 7, 8, HOSTS, on_safe, &t), OK);
	fault_arm(NULL, 0);
	assert_int_equal(t.times, 0);
	assert_restart(&lab, 8, HOSTS, "7-8");
	lab_done(&lab);
}

static uint64_t commits(const struct lab *lab) {
	return database_last_transaction(lab->store->db);
}

/* Its commit takes no number, and the next one would have the same. */
static void what_changes_nothing_is_not_written_ahead(void **unused) {
	(void)unused;
	struct lab lab, after;
	struct told t;
	size_t len;
	begin(&lab, HOSTS);
	uint64_t before = commits(&lab);
	for (unsigned slot = 0; slot < AHEAD_SLOTS; slot++) {
		assert_int_equal(save_early(&lab, 3, 4, HOSTS, on_safe, &t), ERR_STALE);
		assert_int_equal(t.times, 0);
		assert_int_equal(commits(&lab), before);
		uint8_t *old = take_file(&lab, "store.mdb", &len);
		leave_half_done(&lab, 7 + slot, 8 + slot);
		lab_init(&after);
		store_close(after.store);
		put_file(&after, "store.mdb", old, len);
		free(old);
		uint8_t *record = take_file(&lab, "store.ahead", &len);
		put_file(&after, "store.ahead", record, len);
		free(record);
		lab_open(&after);
		assert_restart(&after, 8 + slot, HOSTS, slot ? "7-8 8-9" : "7-8");
		lab_done(&after);
		store_rest(lab.store);
		assert_int_equal(lab_save_step(&lab, 3, 4, HOSTS, &lab_bounds).error, ERR_STALE); /* pays */
		before = commits(&lab);
	}
	lab_done(&lab);
}

/* As a program wrote it that did write such a one ahead. */
static void write_refused(struct lab *lab) {
	struct name name = lab_name(LAB_ZONE);
	struct change *step = lab_step(3, 4, HOSTS);
	struct store_steps steps = { &step, 1, lab_bounds };
	struct zone_state state = lab_state(4);
	struct store_outcome outcome;
	struct database_txn *txn;
	struct why why;
	struct store_batch *b = store_batch_new(lab->store);
	assert_int_equal(store_batch_step(b, name.wire, &state, &steps, &outcome), OK);
	assert_int_equal(database_begin(lab->store->db, true, &txn, &why), OK);
	assert_int_equal(batch_apply(b, txn), OK);
	assert_int_equal(ahead_write(NULL, b, database_transaction(txn)), OK);
	ahead_turn(lab->store);
	database_abort(txn);
	store_batch_abort(b);
	change_unref(step);
}

/* Of two records with the number that one of them did not take, in either order. */
static void start_finds_the_one_that_changes_something(void **unused) {
	(void)unused;
	for (unsigned first = 0; first < AHEAD_SLOTS; first++) {
		struct lab lab;
		begin(&lab, HOSTS);
		lab.store->ahead.current = first;
		write_refused(&lab);
		leave_half_done(&lab, 7, 8);
		assert_restart(&lab, 8, HOSTS, "7-8");
		lab_done(&lab);
	}
}

static void large_step_is_committed_without(void **unused) {
	(void)unused;
	struct lab lab;
	struct told t;
	begin(&lab, LAB_LARGE);
	assert_int_equal(save_early(&lab, 7, 8, LAB_LARGE, on_safe, &t), OK);
	assert_int_equal(t.times, 0);
	assert_history(&lab, "7-8");
	assert_restart(&lab, 8, LAB_LARGE, ""); /* more than memory keeps of it */
	lab_done(&lab);
}

/* States alone, a second one of a zone, and many operations. */
static unsigned told_of(struct lab *lab, unsigned states, bool with_step, const char *last) {
	struct store_batch *b = store_batch_new(lab->store);
	struct change *step = lab_step(7, 8, HOSTS);
	struct store_steps steps = { &step, 1, lab_bounds };
	struct store_outcome outcome;
	struct zone_state state = lab_state(8);
	struct name name = lab_name(LAB_ZONE), other;
	struct told t = { 0 };
	struct why why;
	char text[32];
	for (unsigned i = 0; i < states; i++) {
		snprintf(text, sizeof(text), "other%u.example", i);
		other = lab_name(text);
		assert_int_equal(store_batch_state(b, other.wire, &state), OK);
	}
	if (with_step) assert_int_equal(store_batch_step(b, name.wire, &state, &steps, &outcome), OK);
	other = lab_name(last);
	assert_int_equal(store_batch_state(b, other.wire, &state), OK);
	assert_int_equal(store_batch_commit_early(b, on_safe, &t, &why), OK);
	change_unref(step);
	return t.times;
}

static void only_few_with_a_step_are_written_ahead(void **unused) {
	(void)unused;
	static const struct {
		unsigned states;
		bool with_step;
		const char *last;
		unsigned told;
	} cases[] = {
		{ 0, false, "last.example", 0 },
		{ 1, true, LAB_ZONE, 1 },
		{ 1, true, "other0.example", 1 },
		{ AHEAD_OPERATIONS - 1, true, "last.example", 0 },
		{ AHEAD_OPERATIONS - 2, true, "last.example", 1 },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct lab lab;
		begin(&lab, HOSTS);
		assert_int_equal(told_of(&lab, cases[i].states, cases[i].with_step, cases[i].last),
		                 cases[i].told);
		assert_history(&lab, cases[i].with_step ? "7-8" : "");
		lab_done(&lab);
	}
}

/* Cut anywhere, and changed anywhere. */
static void record_that_is_not_whole_is_none(void **unused) {
	(void)unused;
	struct lab lab;
	size_t len;
	begin(&lab, HOSTS);
	leave_half_done(&lab, 7, 8);
	uint8_t *whole = take_file(&lab, "store.ahead", &len), *bad = malloc(len);
	assert_int_equal(len, AHEAD_FILE_BYTES);
	size_t end = load_u32(whole + 4);
	assert_true(end > 100 && end < AHEAD_BYTES);
	for (size_t i = 0; i < 2 * end; i++) {
		memcpy(bad, whole, len);
		if (i < end)
			memset(bad + i, 0, len - i);
		else
			bad[i - end] ^= 0x10;
		if (memcmp(bad, whole, len) == 0) continue; /* the last octets are zero */
		struct store_batch *b = store_batch_new(lab.store);
		struct ahead_chain chain = { 0 };
		assert_int_not_equal(ahead_decode(bad, AHEAD_BYTES, &chain, b), OK);
		assert_int_equal(b->count + chain.parts, 0);
		store_batch_abort(b);
	}
	store_close(lab.store);
	for (unsigned i = 0; i < 4; i++) { /* begun, half, all but one octet, nothing */
		size_t cut = i == 0 ? 8 : i == 1 ? end / 2 : i == 2 ? end - 1 : 0;
		memset(bad, 0xEE, len); /* what was there before */
		if (i == 3) memset(bad, 0, len);
		memcpy(bad, whole, cut);
		put_file(&lab, "store.ahead", bad, len);
		lab_open(&lab);
		assert_restart(&lab, 7, HOSTS, "");
		store_close(lab.store);
	}
	put_file(&lab, "store.ahead", whole, len);
	lab_open(&lab);
	assert_restart(&lab, 8, HOSTS, "7-8");
	free(bad);
	free(whole);
	lab_done(&lab);
}

/* As programs wrote it that had one part a transaction, in slots of 64 KiB, and at first one slot. */
static void make_former(uint8_t *record) {
	size_t end = load_u32(record + 4) - 8;
	store_u32(record, 0x75414831U);
	uint64_t checksum = checksum_of(record, end, "", 0);
	store_u32(record + end, (uint32_t)(checksum >> 32));
	store_u32(record + end + 4, (uint32_t)checksum);
}

static void try_former_file(size_t file_bytes, size_t place) {
	struct lab lab;
	size_t len;
	begin(&lab, HOSTS);
	leave_half_done(&lab, 7, 8);
	uint8_t *whole = take_file(&lab, "store.ahead", &len);
	assert_int_equal(len, AHEAD_FILE_BYTES);
	make_former(whole);
	memmove(whole + place, whole, 65536);
	memset(whole, 0, place);
	store_close(lab.store);
	put_file(&lab, "store.ahead", whole, file_bytes);
	free(whole);
	lab_open(&lab);
	assert_restart(&lab, 8, HOSTS, "7-8");
	free(take_file(&lab, "store.ahead", &len));
	assert_int_equal(len, AHEAD_FILE_BYTES);
	assert_int_equal(lab_save_step(&lab, 8, 9, HOSTS, &lab_bounds).error, OK);
	leave_half_done(&lab, 9, 10);
	assert_restart(&lab, 10, HOSTS, "7-8 8-9 9-10");
	lab_done(&lab);
}

static void shorter_file_keeps_its_record(void **unused) {
	(void)unused;
	try_former_file(65536, 0);
	try_former_file(131072, 0);
	try_former_file(131072, 65536);
}

/* It can't be committed at the start, so the file stays as it is, and is used so. */
static void shorter_file_stays_while_its_record_is_needed(void **unused) {
	(void)unused;
	struct lab lab;
	struct told t;
	size_t len;
	begin(&lab, HOSTS);
	leave_half_done(&lab, 7, 8);
	uint8_t *whole = take_file(&lab, "store.ahead", &len);
	make_former(whole);
	store_close(lab.store);
	put_file(&lab, "store.ahead", whole, 131072);
	free(whole);
	fault_arm("store-commit", 1);
	lab_open(&lab);
	fault_arm(NULL, 0);
	assert_history(&lab, "");
	fault_arm("store-full", 1); /* room is made for what is owed */
	assert_int_equal(save_early(&lab, 8, 9, HOSTS, on_safe, &t), OK);
	fault_arm(NULL, 0);
	assert_int_equal(t.times, 1); /* what was owed was the first commit */
	free(take_file(&lab, "store.ahead", &len));
	assert_int_equal(len, 131072);
	leave_half_done(&lab, 9, 10);
	assert_restart(&lab, 10, HOSTS, "7-8 8-9 9-10");
	free(take_file(&lab, "store.ahead", &len));
	assert_int_equal(len, AHEAD_FILE_BYTES);
	lab_done(&lab);
}

/* With a step that nobody needs in order to serve the zone. */
static void begin_with_history(struct lab *lab) {
	lab_init(lab);
	lab_save_image(lab, 6, 7, HOSTS, &lab_bounds);
	assert_history(lab, "6-7");
}

static void room_for_what_was_told_is_made_of_the_history(void **unused) {
	(void)unused;
	struct lab lab;
	struct told t;
	begin_with_history(&lab);
	fault_arm("store-full", 1);
	assert_int_equal(save_early(&lab, 7, 8, HOSTS, on_safe, &t), OK);
	fault_arm(NULL, 0);
	assert_int_equal(t.times, 1);
	assert_history(&lab, "7-8");
	assert_restart(&lab, 8, HOSTS, "7-8");
	lab_done(&lab);
}

/* There is none after room was made, and none again when it is tried with the next. */
static void what_was_told_stays_owed_while_the_database_is_full(void **unused) {
	(void)unused;
	struct lab lab;
	struct told t;
	begin_with_history(&lab);
	fault_arm_more("store-full", 1);
	fault_arm_more("store-full", 4);
	fault_arm_more("store-full", 5);
	fault_arm_more("store-full", 7);
	assert_int_equal(save_early(&lab, 7, 8, HOSTS, on_safe, &t), OK);
	assert_int_equal(t.times, 1);
	assert_history(&lab, "");
	assert_int_equal(save_early(&lab, 8, 9, HOSTS, on_safe, &t), ERR_LIMIT);
	assert_int_equal(t.times, 0);
	fault_arm(NULL, 0);
	assert_history(&lab, "");
	assert_restart(&lab, 8, HOSTS, "7-8");
	assert_int_equal(save_early(&lab, 8, 9, HOSTS, on_safe, &t), OK);
	assert_history(&lab, "7-8 8-9");
	lab_done(&lab);
}

/* The record cannot be written anew, so nothing is given up that it counts on. */
static void no_room_is_made_without_a_record(void **unused) {
	(void)unused;
	struct lab lab;
	struct told t;
	begin_with_history(&lab);
	fault_arm_more("store-full", 1);
	fault_arm_more("ahead-write", 2);
	assert_int_equal(save_early(&lab, 7, 8, HOSTS, on_safe, &t), OK);
	fault_arm(NULL, 0);
	assert_int_equal(t.times, 1);
	assert_history(&lab, "6-7");
	assert_restart(&lab, 8, HOSTS, "6-7 7-8");
	lab_done(&lab);
}

static void record_counts_only_for_its_transaction(void **unused) {
	(void)unused;
	struct lab lab;
	struct told t;
	size_t len, old_len;
	begin(&lab, HOSTS);
	uint8_t *old = take_file(&lab, "store.mdb", &old_len);
	assert_int_equal(save_early(&lab, 7, 8, HOSTS, on_safe, &t), OK);
	uint8_t *record = take_file(&lab, "store.ahead", &len);
	assert_int_equal(save_early(&lab, 8, 9, HOSTS, on_safe, &t), OK);
	store_close(lab.store);
	put_file(&lab, "store.ahead", record, len); /* an older one */
	lab_open(&lab);
	assert_restart(&lab, 9, HOSTS, "7-8 8-9");
	assert_int_equal(save_early(&lab, 9, 10, HOSTS, on_safe, &t), OK);
	assert_int_equal(t.times, 0); /* the first since the start */
	assert_int_equal(save_early(&lab, 10, 11, HOSTS, on_safe, &t), OK);
	assert_int_equal(t.times, 1);
	assert_int_equal(save_early(&lab, 11, 12, HOSTS, on_safe, &t), OK);
	assert_int_equal(t.times, 1);
	store_close(lab.store);
	put_file(&lab, "store.mdb", old, old_len); /* older than both records */
	lab_open(&lab);
	assert_restart(&lab, 7, HOSTS, "");
	free(record);
	free(old);
	lab_done(&lab);
}

/* As many transactions, but another state. */
static void record_counts_only_on_the_state_that_it_was_made_of(void **unused) {
	(void)unused;
	struct lab lab, other;
	size_t len;
	begin(&lab, HOSTS);
	leave_half_done(&lab, 7, 8);
	uint8_t *record = take_file(&lab, "store.ahead", &len);
	lab_init(&other);
	struct history_bounds bounds = lab_bounds;
	lab_save_image(&other, 7, 7, HOSTS + 1, &bounds);
	store_close(other.store);
	put_file(&other, "store.ahead", record, len);
	lab_open(&other);
	assert_restart(&other, 7, HOSTS + 1, "");
	free(record);
	lab_done(&other);
	lab_done(&lab);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(step_is_told_once_with_its_outcome),
		cmocka_unit_test(what_was_told_survives_a_commit_that_failed),
		cmocka_unit_test(what_was_told_is_committed_before_what_comes_next),
		cmocka_unit_test(who_was_told_finds_it_in_the_history),
		cmocka_unit_test(record_that_cannot_be_written_leaves_the_commit_alone),
		cmocka_unit_test(what_changes_nothing_is_not_written_ahead),
		cmocka_unit_test(start_finds_the_one_that_changes_something),
		cmocka_unit_test(large_step_is_committed_without),
		cmocka_unit_test(only_few_with_a_step_are_written_ahead),
		cmocka_unit_test(record_that_is_not_whole_is_none),
		cmocka_unit_test(shorter_file_keeps_its_record),
		cmocka_unit_test(shorter_file_stays_while_its_record_is_needed),
		cmocka_unit_test(room_for_what_was_told_is_made_of_the_history),
		cmocka_unit_test(what_was_told_stays_owed_while_the_database_is_full),
		cmocka_unit_test(no_room_is_made_without_a_record),
		cmocka_unit_test(record_counts_only_for_its_transaction),
		cmocka_unit_test(record_counts_only_on_the_state_that_it_was_made_of),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
