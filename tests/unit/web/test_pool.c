/* web/pool: turns between those who ask, against a daemon in the same loop that answers when it is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "web/pool.h"

#define LINKS 64
#define ASKS 1024

struct daemon {
	uv_loop_t loop;
	uv_pipe_t listener, links[LINKS];
	uv_timer_t patience;
	char folder[64], path[80], input[4096];
	unsigned accepted, requests; /* requests: whole lines that came */
	unsigned replies, failures;  /* what came back to those who asked */
	unsigned from[4];            /* requests that came of owner 1, 2, 3 */
	struct pool *pool;
};

static void give_input(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
	struct daemon *d = handle->data;
	(void)suggested;
	*buf = uv_buf_init(d->input, sizeof(d->input));
}

static void take_line(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf) {
	struct daemon *d = stream->data;
	(void)buf;
	if (n <= 0) return;
	assert_int_equal(d->input[n - 1], '\n');
	json_t *request = json_loadb(d->input, (size_t)n, 0, NULL);
	assert_non_null(request);
	d->requests++;
	d->from[json_integer_value(json_object_get(request, "owner"))]++;
	json_decref(request);
}

static void take_connection(uv_stream_t *listener, int status) {
	struct daemon *d = listener->data;
	assert_int_equal(status, 0);
	assert_true(d->accepted < LINKS);
	uv_pipe_t *link = &d->links[d->accepted++];
	assert_int_equal(uv_pipe_init(&d->loop, link, 0), 0);
	link->data = d;
	assert_int_equal(uv_accept(listener, (uv_stream_t *)link), 0);
	assert_int_equal(uv_read_start((uv_stream_t *)link, give_input, take_line), 0);
}

static void out_of_patience(uv_timer_t *timer) {
	(void)timer;
	fail_msg("what was waited for has not come");
}

static int setup(void **state) {
	struct daemon *d = calloc(1, sizeof(*d));
	snprintf(d->folder, sizeof(d->folder), "/tmp/test-pool-XXXXXX");
	assert_non_null(mkdtemp(d->folder));
	snprintf(d->path, sizeof(d->path), "%s/socket", d->folder);
	assert_int_equal(uv_loop_init(&d->loop), 0);
	assert_int_equal(uv_pipe_init(&d->loop, &d->listener, 0), 0);
	d->listener.data = d;
	assert_int_equal(uv_pipe_bind(&d->listener, d->path), 0);
	assert_int_equal(uv_listen((uv_stream_t *)&d->listener, LINKS, take_connection), 0);
	assert_int_equal(uv_timer_init(&d->loop, &d->patience), 0);
	assert_int_equal(uv_timer_start(&d->patience, out_of_patience, 20000, 0), 0);
	d->pool = pool_new(&d->loop, d->path);
	*state = d;
	return 0;
}

static void close_handle(uv_handle_t *handle, void *arg) {
	(void)arg;
	if (!uv_is_closing(handle)) uv_close(handle, NULL);
}

static int teardown(void **state) {
	struct daemon *d = *state;
	pool_close(d->pool);
	uv_walk(&d->loop, close_handle, NULL);
	assert_int_equal(uv_run(&d->loop, UV_RUN_DEFAULT), 0);
	assert_int_equal(uv_loop_close(&d->loop), 0);
	unlink(d->path);
	assert_int_equal(rmdir(d->folder), 0);
	free(d);
	return 0;
}

static void count_reply(void *arg, json_t *reply, bool last) {
	struct daemon *d = arg;
	assert_true(last);
	if (reply)
		d->replies++;
	else
		d->failures++;
}

static struct ask *ask(struct daemon *d, enum lane lane, uint64_t owner) {
	return pool_ask(d->pool, lane, owner, json_pack("{s:I}", "owner", (json_int_t)owner), count_reply, d);
}

/* How many of so many are taken. */
static unsigned ask_many(struct daemon *d, enum lane lane, uint64_t owner, unsigned count) {
	unsigned taken = 0;
	for (unsigned i = 0; i < count; i++)
		taken += ask(d, lane, owner) != NULL;
	return taken;
}

static void run_until_requests(struct daemon *d, unsigned count) {
	while (d->requests < count)
		uv_run(&d->loop, UV_RUN_ONCE);
}

/* The loop runs until nothing is left to do at once: what should not come has had its chance. */
static void run_dry(struct daemon *d) {
	for (int i = 0; i < 50; i++)
		uv_run(&d->loop, UV_RUN_NOWAIT);
}

/* The daemon answers over its nth connection. */
static void answer(struct daemon *d, unsigned nth) {
	static char text[] = "{\"ok\":true}\n";
	uv_buf_t buf = uv_buf_init(text, sizeof(text) - 1);
	assert_int_equal(uv_try_write((uv_stream_t *)&d->links[nth], &buf, 1), (int)buf.len);
}

static void one_owner_leaves_connections_to_others(void **state) {
	struct daemon *d = *state;
	assert_int_equal(ask_many(d, LANE_QUICK, 1, 100), 100);
	run_until_requests(d, 6);
	run_dry(d);
	assert_int_equal(d->from[1], 6);
	assert_non_null(ask(d, LANE_QUICK, 2));
	run_until_requests(d, 7);
	assert_int_equal(d->from[2], 1);
}

static void who_has_the_fewest_goes_first(void **state) {
	struct daemon *d = *state;
	assert_int_equal(ask_many(d, LANE_QUICK, 1, 20) + ask_many(d, LANE_QUICK, 2, 20), 40);
	run_until_requests(d, 8);
	run_dry(d);
	assert_int_equal(d->from[1], 4);
	assert_int_equal(d->from[2], 4);
	assert_non_null(ask(d, LANE_QUICK, 3));
	run_dry(d);
	assert_int_equal(d->from[3], 0);
	answer(d, 0);
	run_until_requests(d, 9);
	assert_int_equal(d->from[3], 1);
	assert_int_equal(d->replies, 1);
}

static void ourselves_are_held_by_no_share(void **state) {
	struct daemon *d = *state;
	assert_int_equal(ask_many(d, LANE_QUICK, POOL_OURSELVES, 10), 10);
	run_until_requests(d, 8);
	assert_int_equal(d->from[0], 8);
}

static void one_owner_leaves_places_to_wait(void **state) {
	struct daemon *d = *state;
	assert_int_equal(ask_many(d, LANE_QUICK, 1, ASKS), 384);
	assert_int_equal(ask_many(d, LANE_QUICK, 2, 100), 100);
	assert_int_equal(ask_many(d, LANE_LONG, 1, ASKS), 48);
}

static void listeners_are_bounded_by_connections(void **state) {
	struct daemon *d = *state;
	for (unsigned i = 0; i < 48; i++) {
		assert_non_null(ask(d, LANE_WATCH, 1));
		run_until_requests(d, i + 1);
	}
	assert_null(ask(d, LANE_WATCH, 1));
	assert_null(ask(d, LANE_WATCH, 2));
}

static void who_waits_and_is_cancelled_is_not_asked(void **state) {
	struct daemon *d = *state;
	assert_int_equal(ask_many(d, LANE_QUICK, 1, 6), 6);
	struct ask *middle = ask(d, LANE_QUICK, 1), *last = ask(d, LANE_QUICK, 1);
	run_until_requests(d, 6);
	ask_cancel(last);
	ask_cancel(middle);
	assert_non_null(ask(d, LANE_QUICK, 2));
	run_until_requests(d, 7);
	answer(d, 0);
	run_dry(d);
	assert_int_equal(d->replies, 1);
	assert_int_equal(d->requests, 7);
	assert_int_equal(d->failures, 0);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_owner_leaves_connections_to_others, setup, teardown),
		cmocka_unit_test_setup_teardown(who_has_the_fewest_goes_first, setup, teardown),
		cmocka_unit_test_setup_teardown(ourselves_are_held_by_no_share, setup, teardown),
		cmocka_unit_test_setup_teardown(one_owner_leaves_places_to_wait, setup, teardown),
		cmocka_unit_test_setup_teardown(listeners_are_bounded_by_connections, setup, teardown),
		cmocka_unit_test_setup_teardown(who_waits_and_is_cancelled_is_not_asked, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
