/* Walks on the wire.  The root is a socket of the test's own on loopback, which answers or not; real trees are walked in
 * tests/functional/test_proof.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "diagnose/walker.h"
#include "dns/message.h"

static struct {
	uv_loop_t loop;
	struct walker *walker;
	struct random random;
	uv_udp_t root; /* answers each question once `answers` says so */
	uint8_t input[2048];
	unsigned questions, results;
	bool answers;
	uint16_t ports[64];
	struct findings found;
	bool stopped;
} l;

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
	(void)handle;
	(void)suggested;
	*buf = uv_buf_init((char *)l.input, sizeof(l.input));
}

/* "There is no such name", with authority. */
static void on_question(uv_udp_t *udp, ssize_t got, const uv_buf_t *buf, const struct sockaddr *from,
                        unsigned flags) {
	(void)buf;
	(void)flags;
	if (got <= 0) return;
	struct addr a = addr_from_sockaddr(from);
	if (l.questions < 64) l.ports[l.questions] = a.port;
	l.questions++;
	if (!l.answers) return;
	store_u16(l.input + 2, FLAG_QR | FLAG_AA | RCODE_NXDOMAIN);
	uv_buf_t out = uv_buf_init((char *)l.input, (unsigned)got);
	assert_int_equal(uv_udp_try_send(udp, &out, 1, from), got);
}

static int begin(void **state) {
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_storage own;
	int len = sizeof(own);
	(void)state;
	memset(&l, 0, sizeof(l));
	assert_int_equal(uv_loop_init(&l.loop), 0);
	assert_int_equal(uv_udp_init(&l.loop, &l.root), 0);
	assert_int_equal(uv_udp_bind(&l.root, (const struct sockaddr *)&any, 0), 0);
	assert_int_equal(uv_udp_recv_start(&l.root, on_alloc, on_question), 0);
	assert_int_equal(uv_udp_getsockname(&l.root, (struct sockaddr *)&own, &len), 0);
	struct addr root = addr_from_sockaddr((const struct sockaddr *)&own);
	struct walker_settings settings = { &root, 1 };
	l.random = random_secure();
	l.walker = walker_new(&l.loop, &settings, &l.random);
	assert_int_equal(walker_port(l.walker), root.port);
	assert_true(walker_anywhere(l.walker));
	return 0;
}

static void on_stopped(void *ctx) {
	(void)ctx;
	l.stopped = true;
}

static int end(void **state) {
	(void)state;
	walker_stop(l.walker, on_stopped, NULL);
	uv_close((uv_handle_t *)&l.root, NULL);
	uv_run(&l.loop, UV_RUN_DEFAULT);
	assert_true(l.stopped);
	walker_free(l.walker);
	assert_int_equal(uv_loop_close(&l.loop), 0);
	return 0;
}

static void on_found(void *ctx, const struct findings *found) {
	(void)ctx;
	l.results++;
	l.found = *found;
}

static struct walker_job *start(const char *zone) {
	struct name name;
	assert_int_equal(name_parse(zone, &name), OK);
	return walker_start(l.walker, name.wire, on_found, NULL);
}

static void run_until(const unsigned *counter, unsigned value) {
	while (*counter < value)
		assert_true(uv_run(&l.loop, UV_RUN_ONCE) != 0);
}

static void a_walk_ends_with_its_findings(void **state) {
	(void)state;
	l.answers = true;
	assert_non_null(start("victim.net"));
	assert_int_equal(l.results, 0);
	run_until(&l.results, 1);
	assert_int_equal(l.found.delegation, FINDING_NO_NAME);
	assert_int_equal(l.found.parent.len, 1);
	assert_int_equal(l.found.questions,
	                 3); /* the delegation and two texts; none at the top of all names */
}

static void each_question_has_a_port_of_its_own(void **state) {
	unsigned different = 0;
	(void)state;
	l.answers = true;
	for (unsigned i = 0; i < 8; i++)
		assert_non_null(start("victim.net"));
	run_until(&l.results, 8);
	for (unsigned i = 1; i < l.questions; i++)
		different += l.ports[i] != l.ports[i - 1];
	assert_int_equal(l.questions, 24);
	assert_true(different > 20); /* sockets that are closed may give their port back */
}

static void a_question_without_an_answer_is_sent_twice_and_then_told(void **state) {
	(void)state;
	assert_non_null(start("victim.net"));
	run_until(&l.results, 1);
	assert_int_equal(l.questions, 2);
	assert_int_equal(l.found.delegation, FINDING_FAILED);
	assert_non_null(strstr(l.found.trouble, "no answer"));
}

static void so_many_walks_at_once_and_no_more(void **state) {
	struct walker_job *jobs[WALKER_WALKS_MAX];
	(void)state;
	for (unsigned i = 0; i < WALKER_WALKS_MAX; i++)
		assert_non_null(jobs[i] = start("victim.net"));
	assert_null(start("victim.net"));
	walker_cancel(jobs[3]);
	assert_non_null(jobs[3] = start("victim.net"));
	run_until(&l.questions, 4);
	for (unsigned i = 0; i < WALKER_WALKS_MAX; i++)
		walker_cancel(jobs[i]);
	assert_int_equal(l.results, 0);
}

static void the_roots_of_the_internet_are_the_default(void **state) {
	(void)state;
	struct walker_settings none = { 0 };
	struct walker *w = walker_new(&l.loop, &none, &l.random);
	assert_int_equal(walker_port(w), 53);
	assert_false(walker_anywhere(w));
	walker_free(w);
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		T(a_walk_ends_with_its_findings),
		T(each_question_has_a_port_of_its_own),
		T(a_question_without_an_answer_is_sent_twice_and_then_told),
		T(so_many_walks_at_once_and_no_more),
		T(the_roots_of_the_internet_are_the_default),
	};
	return cmocka_run_group_tests_name("walker", tests, NULL, NULL);
}
