/* What is told of the saves of a batch. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ftw.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fault.h"
#include "transfer/saver.h"

/* libuv's pool has one thread here: what is queued last is done last. */
struct saver_lab {
	uv_loop_t loop;
	uv_work_t last;
	uv_sem_t done;
	char dir[64];
	struct store *store;
	struct saver *saver;
	struct name name;
};

struct lab_save {
	struct save save; /* first: the saver hands it back */
	struct saver_lab *lab;
	enum err told;
};

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at) {
	(void)st, (void)kind, (void)at;
	return remove(path);
}

static int setup(void **state) {
	struct saver_lab *l = calloc(1, sizeof(*l));
	struct why why;
	assert_int_equal(setenv("UV_THREADPOOL_SIZE", "1", 1), 0);
	snprintf(l->dir, sizeof(l->dir), "/tmp/understudy-saver-XXXXXX");
	assert_non_null(mkdtemp(l->dir));
	assert_int_equal(store_open(l->dir, NULL, &l->store, &why), OK);
	assert_int_equal(uv_loop_init(&l->loop), 0);
	assert_int_equal(uv_sem_init(&l->done, 0), 0);
	assert_int_equal(name_parse("example.net.", &l->name), OK);
	l->saver = saver_new(&l->loop, l->store, NULL);
	*state = l;
	return 0;
}

static void ignore_closed(void *ctx) {
	(void)ctx;
}

static int teardown(void **state) {
	struct saver_lab *l = *state;
	saver_close(l->saver, ignore_closed, NULL);
	(void)uv_run(&l->loop, UV_RUN_DEFAULT);
	saver_free(l->saver);
	uv_sem_destroy(&l->done);
	assert_int_equal(uv_loop_close(&l->loop), 0);
	store_close(l->store);
	assert_int_equal(nftw(l->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
	free(l);
	return 0;
}

static bool wanted(struct save *s) {
	(void)s;
	return true;
}

static void keep_error(struct save *s) {
	((struct lab_save *)s)->told = s->error;
}

static struct lab_save state_save(struct saver_lab *l, void (*told)(struct save *s)) {
	return (struct lab_save){
		.save = { .kind = SAVE_STATE, .name = l->name.wire, .prepare = wanted, .told = told },
		.lab = l,
		.told = ERR_FAULT
	};
}

static void on_last(uv_work_t *work) {
	uv_sem_post(&((struct saver_lab *)work->data)->done);
}

static void ignore(uv_work_t *work, int status) {
	(void)work, (void)status;
}

/* Everything that was queued for the pool is done. */
static void wait_for_pool(struct saver_lab *l) {
	l->last.data = l;
	assert_int_equal(uv_queue_work(&l->loop, &l->last, on_last, ignore), 0);
	uv_sem_wait(&l->done);
}

static void let_the_next_commit_fail(struct save *s) {
	keep_error(s);
	fault_arm("store-commit", 1);
}

static struct lab_save late;

static void save_again(struct save *s) {
	struct saver_lab *l = ((struct lab_save *)s)->lab;
	keep_error(s);
	fault_arm(NULL, 0);
	saver_add(l->saver, &late.save);
	wait_for_pool(l);
}

/* What one of them starts is written before the next one is told. */
static void a_batch_that_failed_failed_for_all_of_it(void **state) {
	struct saver_lab *l = *state;
	struct lab_save first = state_save(l, let_the_next_commit_fail), second = state_save(l, save_again),
			third = state_save(l, keep_error);
	late = state_save(l, keep_error);
	saver_add(l->saver, &first.save);
	saver_add(l->saver, &second.save); /* together, as the first is under way */
	saver_add(l->saver, &third.save);
	(void)uv_run(&l->loop, UV_RUN_DEFAULT); /* nothing is left to do in the end */
	assert_int_equal(first.told, OK);
	assert_true(second.told != OK && second.told != ERR_FAULT);
	assert_int_equal(third.told, second.told);
	assert_int_equal(late.told, OK);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_batch_that_failed_failed_for_all_of_it, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
