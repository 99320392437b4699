/* A large database is not read before the start but behind it, by a process of its own: what that leaves behind makes the
 * next start look first, until it is known to be sound. */
#include "lab.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "store/database.h"

#define MOST (1U << 30)

/* A store of some zones whose file is larger than is read before a start; what is added is a hole. */
struct large {
	char dir[64], path[128], mark[160];
};

static void fill(struct lab *lab) {
	for (unsigned i = 0; i < 40; i++) {
		char zone[32];
		snprintf(zone, sizeof(zone), "zone%u.example", i);
		assert_int_equal(lab_save(lab, zone, 7, LAB_SMALL), OK);
	}
}

static void enlarge(const char *path) {
	assert_int_equal(truncate(path, (off_t)DATABASE_PROBE_BYTES + 4096), 0);
}

static struct large large_new(struct lab *lab) {
	struct large l;
	lab_init(lab);
	fill(lab);
	store_close(lab->store);
	snprintf(l.path, sizeof(l.path), "%s/store.mdb", lab->dir);
	snprintf(l.mark, sizeof(l.mark), "%s.unchecked", l.path);
	enlarge(l.path);
	return l;
}

/* All pages but the two that LMDB begins with are noise. */
static void damage(const struct large *l) {
	uint8_t noise[4096];
	memset(noise, 0xa5, sizeof(noise));
	int fd = open(l->path, O_WRONLY);
	for (unsigned page = 2; page < 40; page++)
		assert_int_equal(pwrite(fd, noise, sizeof(noise), (off_t)page * 4096), sizeof(noise));
	close(fd);
}

static bool is_marked(const struct large *l) {
	return access(l->mark, F_OK) == 0;
}

static enum err probe(const struct large *l) {
	struct why why;
	return database_probe_end(database_probe_begin(l->path, MOST), l->path, &why);
}

/* The processes that read behind a start come to us when those that began them are gone. */
static void wait_for_readers(void) {
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		continue;
	assert_int_equal(errno, ECHILD);
}

static double now_s(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void assert_moved_aside(const struct large *l) {
	char aside[160];
	snprintf(aside, sizeof(aside), "%s.damaged", l->path);
	assert_int_equal(access(aside, F_OK), 0);
	assert_false(is_marked(l));
}

/* Both at once, as a reader takes its time.  The sound one is in use meanwhile. */
static void what_is_read_behind_a_start_decides_what_the_next_one_does(void **unused) {
	(void)unused;
	struct lab sound_lab, damaged_lab;
	struct large sound = large_new(&sound_lab), damaged = large_new(&damaged_lab);
	damage(&damaged);
	double begin = now_s();
	lab_open(&sound_lab);
	assert_int_equal(probe(&damaged), OK); /* nobody has looked yet */
	assert_true(is_marked(&sound) && is_marked(&damaged));
	struct lab_loaded l = lab_load(&sound_lab, "zone1.example");
	assert_int_equal(l.zones, 40);
	version_unref(l.version);
	double told = now_s();
	wait_for_readers();
	assert_true(told - begin < (now_s() - begin) / 2); /* they were not waited for */
	assert_false(is_marked(&sound));
	assert_true(is_marked(&damaged));
	lab_done(&sound_lab);
	lab_open(&damaged_lab);
	assert_moved_aside(&damaged);
	lab_done(&damaged_lab);
}

/* The reader before it did not come to its end: the machine may have stopped because of what it read. */
static void mark_that_was_left_makes_a_start_look_first(void **unused) {
	(void)unused;
	struct lab lab;
	struct large l = large_new(&lab);
	close(open(l.mark, O_WRONLY | O_CREAT, 0640));
	assert_int_equal(probe(&l), OK);
	assert_false(is_marked(&l));
	damage(&l);
	close(open(l.mark, O_WRONLY | O_CREAT, 0640));
	lab_open(&lab);
	assert_moved_aside(&l);
	lab_done(&lab);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no reader was begun */
}

static void small_file_is_read_at_once(void **unused) {
	(void)unused;
	struct lab lab;
	struct large l = large_new(&lab);
	assert_int_equal(truncate(l.path, 40 * 4096), 0);
	damage(&l);
	assert_int_equal(probe(&l), ERR_CORRUPT);
	assert_false(is_marked(&l));
	lab_open(&lab);
	lab_done(&lab);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_read_behind_a_start_decides_what_the_next_one_does),
		cmocka_unit_test(mark_that_was_left_makes_a_start_look_first),
		cmocka_unit_test(small_file_is_read_at_once),
	};
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
