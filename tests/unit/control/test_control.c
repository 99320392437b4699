/* The socket: clients are plain descriptors of this process; the loop is turned until they have what they wait for. */
#include "backend_lab.h"

#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "control/conn.h"
#include "control/desk.h"
#include "control/events.h"
#include "control/protocol.h"

#define DEADLINE_MS 20000
#define STATUS_LINE "{\"request\":\"status\"}\n"

struct fixture {
	uv_loop_t loop;
	uv_timer_t wake; /* a turn of the loop ends at the latest with it */
	struct lab_backend lab;
	struct desk *desk;
	struct control *control;
	char folder[64], path[96];
};

static void on_wake(uv_timer_t *timer) {
	(void)timer;
}

static enum err open_control(struct fixture *f, struct control **control, struct why *why) {
	struct control_backend backend = lab_backend_of(&f->lab);
	struct control_settings settings = { .paths = { [CONTROL_OPERATOR] = f->path }, .desk = f->desk };
	return control_new(&f->loop, &settings, &backend, control, why);
}

static int setup(void **state) {
	struct fixture *f = calloc(1, sizeof(*f));
	struct why why = { 0 };
	snprintf(f->folder, sizeof(f->folder), "/tmp/understudy-control.XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	snprintf(f->path, sizeof(f->path), "%s/control.sock", f->folder);
	assert_int_equal(uv_loop_init(&f->loop), 0);
	uv_timer_init(&f->loop, &f->wake);
	uv_timer_start(&f->wake, on_wake, 5, 5);
	f->lab.events = events_new();
	assert_int_equal(desk_new(&f->loop, &f->desk), OK);
	assert_int_equal(open_control(f, &f->control, &why), OK);
	*state = f;
	return 0;
}

static int teardown(void **state) {
	struct fixture *f = *state;
	control_stop(f->control);
	desk_stop(f->desk);
	uv_close((uv_handle_t *)&f->wake, NULL);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	events_free(f->lab.events);
	assert_int_equal(rmdir(f->folder), 0); /* the socket's file is gone */
	free(f);
	return 0;
}

static int connect_to(const char *path) {
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void say(int fd, const char *text) {
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* Turn the loop until the peer sent a whole line or closed; false: closed. */
static bool hear(struct fixture *f, int fd, char *line, size_t size) {
	size_t len = 0;
	int64_t end = clock_now().mono_ms + DEADLINE_MS;
	while (clock_now().mono_ms < end) {
		ssize_t n = recv(fd, line + len, 1, 0);
		if (n == 0 || (n < 0 && errno == ECONNRESET)) return false;
		if (n < 0) {
			uv_run(&f->loop, UV_RUN_ONCE);
			continue;
		}
		if (line[len] == '\n') {
			line[len] = '\0';
			return true;
		}
		if (len + 2 < size) len++;
	}
	fail_msg("nothing came in time");
	return false;
}

static void assert_hears(struct fixture *f, int fd, const char *word) {
	char line[65536];
	assert_true(hear(f, fd, line, sizeof(line)));
	if (!strstr(line, word)) print_message("heard: %s\n", line);
	assert_non_null(strstr(line, word));
}

static void the_socket_is_for_owner_and_group(void **state) {
	struct fixture *f = *state;
	struct stat st;
	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
}

static void requests_are_answered_in_turn(void **state) {
	struct fixture *f = *state;
	int fd = connect_to(f->path);
	say(fd, STATUS_LINE "{\"request\":\"zone.refresh\",\"zone\":\"example.com\"}\n" STATUS_LINE);
	assert_hears(f, fd, "version");
	assert_hears(f, fd, "\"result\":{}");
	assert_hears(f, fd, "version");
	assert_int_equal(f->lab.refreshed, 1);
	close(fd);
}

static void a_request_may_come_in_pieces(void **state) {
	struct fixture *f = *state;
	int fd = connect_to(f->path);
	say(fd, "{\"requ");
	for (int i = 0; i < 5; i++)
		uv_run(&f->loop, UV_RUN_ONCE);
	say(fd, "est\":\"status\"}\n");
	assert_hears(f, fd, "version");
	close(fd);
}

static void garbage_is_refused_and_the_client_may_go_on(void **state) {
	struct fixture *f = *state;
	int fd = connect_to(f->path);
	say(fd, "\xff\xfe\x01garbage\n\n" STATUS_LINE);
	assert_hears(f, fd, CONTROL_CODE_REQUEST);
	assert_hears(f, fd, CONTROL_CODE_REQUEST);
	assert_hears(f, fd, "version");
	close(fd);
}

static void a_half_line_at_the_end_is_no_request(void **state) {
	struct fixture *f = *state;
	char line[100];
	int fd = connect_to(f->path);
	say(fd, "{\"request\":\"zone.refresh\",\"zone\":\"example.com\"}");
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	assert_false(hear(f, fd, line, sizeof(line)));
	assert_int_equal(f->lab.refreshed, 0);
	close(fd);
}

static void a_line_without_end_is_refused_and_the_client_closed(void **state) {
	struct fixture *f = *state;
	char line[200], *flood = malloc(CONTROL_REQUEST_MAX);
	size_t sent = 0;
	int fd = connect_to(f->path);
	memset(flood, 'x', CONTROL_REQUEST_MAX);
	int64_t end = clock_now().mono_ms + DEADLINE_MS;
	while (sent < CONTROL_REQUEST_MAX && clock_now().mono_ms < end) {
		ssize_t n = send(fd, flood, CONTROL_REQUEST_MAX - sent, MSG_NOSIGNAL);
		if (n > 0) sent += (size_t)n;
		uv_run(&f->loop, UV_RUN_ONCE);
	}
	assert_hears(f, fd, CONTROL_CODE_TOO_BIG);
	assert_false(hear(f, fd, line, sizeof(line)));
	free(flood);
	close(fd);
}

/* The request "status" in a line of so many octets. */
static char *long_line(size_t len) {
	char *line = malloc(len + 2);
	memset(line, ' ', len);
	memcpy(line, "{\"request\":\"status\"", 19);
	memcpy(line + len - 1, "}\n", 3);
	return line;
}

static void say_all(struct fixture *f, int fd, const char *text) {
	int64_t end = clock_now().mono_ms + DEADLINE_MS;
	while (*text && clock_now().mono_ms < end) {
		ssize_t n = send(fd, text, strlen(text), MSG_NOSIGNAL);
		if (n > 0) text += n;
		uv_run(&f->loop, UV_RUN_ONCE);
	}
}

static void a_long_request_is_read_on_the_desk_and_keeps_its_turn(void **state) {
	struct fixture *f = *state;
	char *line = long_line(CONTROL_REQUEST_MAX - 1);
	int fd = connect_to(f->path);
	say_all(f, fd, line);
	say(fd, "{\"request\":\"zone.refresh\",\"zone\":\"example.com\"}\n");
	assert_hears(f, fd, "version");
	assert_hears(f, fd, "\"result\":{}");
	free(line);
	close(fd);
}

struct holding {
	struct desk_job job;
	sem_t go;
	bool back;
};

static void holding_run(struct desk_job *job) {
	sem_wait(&((struct holding *)job)->go);
}

static void holding_done(struct desk_job *job) {
	((struct holding *)job)->back = true;
}

/* While the desk is held up a long request waits; others are answered, and whose client is gone harms nobody. */
static void a_client_may_go_while_its_request_is_on_the_desk(void **state) {
	struct fixture *f = *state;
	struct holding h = { .job = { .run = holding_run, .done = holding_done } };
	char *line = long_line(100000);
	sem_init(&h.go, 0, 0);
	assert_int_equal(desk_take(f->desk, &h.job), OK);
	int waits = connect_to(f->path), gone = connect_to(f->path), other = connect_to(f->path);
	say_all(f, waits, line);
	say_all(f, gone, line);
	close(gone);
	say(other, STATUS_LINE);
	assert_hears(f, other, "version");
	sem_post(&h.go);
	assert_hears(f, waits, "version");
	assert_true(h.back);
	close(waits);
	close(other);
	free(line);
	sem_destroy(&h.go);
}

static void stopping_with_requests_on_the_desk_leaks_nothing(void **state) {
	struct fixture *f = *state;
	struct holding h = { .job = { .run = holding_run, .done = holding_done } };
	char *line = long_line(100000);
	sem_init(&h.go, 0, 0);
	sem_post(&h.go); /* else the teardown would wait for it */
	assert_int_equal(desk_take(f->desk, &h.job), OK);
	int fd = connect_to(f->path);
	say_all(f, fd, line);
	control_stop(f->control);
	f->control = NULL;
	free(line);
	close(fd);
	desk_stop(f->desk);
	f->desk = NULL;
	sem_destroy(&h.go);
}

static void tell_added(struct fixture *f) {
	events_tell(f->lab.events, WATCH_ZONE_ADDED, 1, (const uint8_t *)"\7example\3com", json_object(), 1);
}

static void who_watches_is_told_an_event_a_line_and_may_leave(void **state) {
	struct fixture *f = *state;
	int fd = connect_to(f->path), gone = connect_to(f->path);
	say(fd, "{\"request\":\"watch\",\"kinds\":[\"zone.added\"]}\n");
	say(gone, "{\"request\":\"watch\"}\n");
	assert_hears(f, fd, "\"sequence\":0");
	assert_hears(f, gone, "\"more\":true");
	uv_run(&f->loop, UV_RUN_NOWAIT);
	tell_added(f);
	assert_hears(f, fd, "\"event\":\"zone.added\"");
	close(gone);
	for (int i = 0; i < 5; i++)
		uv_run(&f->loop, UV_RUN_ONCE);
	for (int i = 0; i < 1000; i++)
		tell_added(f);
	for (int i = 2; i <= 1001; i++) {
		char word[40];
		snprintf(word, sizeof(word), "\"sequence\":%d,", i);
		assert_hears(f, fd, word);
	}
	close(fd);
}

static void not_everybody_may_watch_at_once(void **state) {
	struct fixture *f = *state;
	int fds[40];
	char line[200];
	for (int i = 0; i < 40; i++) {
		fds[i] = connect_to(f->path);
		say(fds[i], "{\"request\":\"watch\"}\n");
		assert_hears(f, fds[i], i < 32 ? "\"ok\":true" : CONTROL_CODE_BUSY);
	}
	assert_false(hear(f, fds[39], line, sizeof(line)));
	for (int i = 0; i < 40; i++)
		close(fds[i]);
	for (int i = 0; i < 5; i++)
		uv_run(&f->loop, UV_RUN_ONCE);
	assert_false(events_wanted(f->lab.events, clock_now().wall_s + EVENTS_KEEP_S)); /* nobody is left */
}

static void on_conn_closed(void *ctx) {
	++*(unsigned *)ctx;
}

static void on_listener(uv_stream_t *stream, int status) {
	assert_int_equal(status, 0);
	assert_true(conns_accept(stream->data, stream));
}

static void an_event_does_not_overtake_a_sign_of_life(void **state) {
	struct fixture *f = *state;
	unsigned closed = 0;
	char path[96];
	uv_pipe_t listener;
	struct control_backend backend = lab_backend_of(&f->lab);
	struct conns conns = { .backend = &backend,
		               .desk = f->desk,
		               .is_operator = true,
		               .max = 4,
		               .input_bytes_max = 1 << 20,
		               .closed = on_conn_closed,
		               .ctx = &closed };
	conns_init(&conns);
	snprintf(path, sizeof(path), "%s/other.sock", f->folder);
	assert_int_equal(uv_pipe_init(&f->loop, &listener, 0), 0);
	listener.data = &conns;
	assert_int_equal(uv_pipe_bind(&listener, path), 0);
	assert_int_equal(uv_listen((uv_stream_t *)&listener, 4, on_listener), 0);
	int fd = connect_to(path);
	say(fd, "{\"request\":\"watch\"}\n");
	assert_hears(f, fd, "\"sequence\":0");
	uv_run(&f->loop, UV_RUN_NOWAIT);
	for (int i = 1; i <= 3; i++) {
		char word[40];
		snprintf(word, sizeof(word), "\"sequence\":%d,", i);
		conns_tick(&conns, uv_now(&f->loop) + 20000);
		tell_added(f); /* the line of the tick is still on its way */
		assert_hears(f, fd, "\"idle\"");
		assert_hears(f, fd, word);
		uv_run(&f->loop, UV_RUN_NOWAIT);
	}
	close(fd);
	while (closed == 0)
		uv_run(&f->loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&listener, NULL);
	uv_run(&f->loop, UV_RUN_NOWAIT);
	conns_done(&conns);
}

static void a_long_list_reaches_a_client_that_reads_it(void **state) {
	struct fixture *f = *state;
	char *line = malloc(1 << 20);
	size_t replies = 0;
	f->lab.zones = 20000;
	int fd = connect_to(f->path);
	say(fd, "{\"request\":\"zone.list\"}\n");
	do {
		assert_true(hear(f, fd, line, 1 << 20));
		replies++;
	} while (strstr(line, "\"more\":true"));
	assert_int_equal(replies, (20000 + 127) / 128);
	free(line);
	close(fd);
}

static void a_client_that_never_reads_holds_up_nobody(void **state) {
	struct fixture *f = *state;
	f->lab.zones = 1000000;
	int deaf = connect_to(f->path), other = connect_to(f->path);
	say(deaf, "{\"request\":\"zone.list\"}\n{\"request\":\"zone.list\"}\n");
	for (int i = 0; i < 200; i++)
		uv_run(&f->loop, UV_RUN_ONCE);
	say(other, STATUS_LINE);
	assert_hears(f, other, "version");
	close(deaf);
	close(other);
}

static void the_quietest_client_makes_room_for_a_new_one(void **state) {
	struct fixture *f = *state;
	int fds[80];
	for (int i = 0; i < 80; i++) {
		fds[i] = connect_to(f->path);
		uv_run(&f->loop, UV_RUN_ONCE);
	}
	say(fds[79], STATUS_LINE);
	assert_hears(f, fds[79], "version");
	char line[100];
	assert_false(hear(f, fds[0], line, sizeof(line)));
	for (int i = 0; i < 80; i++)
		close(fds[i]);
}

static void a_live_socket_is_not_taken_over(void **state) {
	struct fixture *f = *state;
	struct control *second = NULL;
	struct why why = { 0 };
	assert_int_equal(open_control(f, &second, &why), ERR_IO);
	assert_null(second);
	assert_non_null(strstr(why.evidence, "another daemon answers"));
	int fd = connect_to(f->path);
	say(fd, STATUS_LINE);
	assert_hears(f, fd, "version");
	close(fd);
}

/* What a daemon leaves behind that was killed. */
static void leave_stale(const char *path) {
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
}

static void a_stale_socket_is_replaced_and_a_file_is_not(void **state) {
	struct fixture *f = *state;
	struct control *second = NULL;
	struct why why = { 0 };
	char first[96];
	memcpy(first, f->path, sizeof(first));
	snprintf(f->path, sizeof(f->path), "%s/second.sock", f->folder);
	leave_stale(f->path);
	assert_int_equal(open_control(f, &second, &why), OK);
	int fd = connect_to(f->path);
	say(fd, STATUS_LINE);
	assert_hears(f, fd, "version");
	close(fd);
	control_stop(second);
	close(open(f->path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	assert_int_equal(open_control(f, &second, &why), ERR_IO);
	assert_int_equal(unlink(f->path), 0);
	memcpy(f->path, first, sizeof(first));
}

static void stopping_closes_clients_in_the_midst_of_an_answer(void **state) {
	struct fixture *f = *state;
	f->lab.zones = 1000000;
	int fd = connect_to(f->path);
	say(fd, "{\"request\":\"zone.list\"}\n");
	for (int i = 0; i < 50; i++)
		uv_run(&f->loop, UV_RUN_ONCE);
	close(fd); /* the rest is teardown's: the loop must run down, and nothing may leak */
}

#define HOLD_LINE "{\"request\":\"zone.hold\",\"zone\":\"example.com\"}\n"

static void turn_until_it_waits(struct fixture *f) {
	int64_t end = clock_now().mono_ms + DEADLINE_MS;
	while (!f->lab.waiting.fn && clock_now().mono_ms < end)
		uv_run(&f->loop, UV_RUN_ONCE);
	assert_non_null(f->lab.waiting.fn);
}

static void what_is_to_be_saved_is_answered_when_it_is(void **state) {
	struct fixture *f = *state;
	char octet;
	int fd = connect_to(f->path), other = connect_to(f->path);
	say(fd, HOLD_LINE STATUS_LINE);
	turn_until_it_waits(f);
	say(other, STATUS_LINE);
	assert_hears(f, other, "version"); /* others do not wait */
	assert_true(recv(fd, &octet, 1, 0) < 0 && errno == EAGAIN);
	lab_saved(&f->lab);
	assert_hears(f, fd, "\"result\":{}");
	assert_hears(f, fd, "version");
	close(fd);
	close(other);
}

static void an_outcome_may_come_after_the_socket_is_gone(void **state) {
	struct fixture *f = *state;
	struct why why;
	int fd = connect_to(f->path);
	say(fd, HOLD_LINE);
	turn_until_it_waits(f);
	control_stop(f->control);
	char line[64];
	assert_false(hear(f, fd, line, sizeof(line)));
	lab_saved(&f->lab);
	close(fd);
	assert_int_equal(open_control(f, &f->control, &why), OK); /* for teardown */
}

int main(void) {
	(void)signal(SIGPIPE, SIG_IGN); /* as the daemon does */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_socket_is_for_owner_and_group, setup, teardown),
		cmocka_unit_test_setup_teardown(requests_are_answered_in_turn, setup, teardown),
		cmocka_unit_test_setup_teardown(a_request_may_come_in_pieces, setup, teardown),
		cmocka_unit_test_setup_teardown(garbage_is_refused_and_the_client_may_go_on, setup, teardown),
		cmocka_unit_test_setup_teardown(a_half_line_at_the_end_is_no_request, setup, teardown),
		cmocka_unit_test_setup_teardown(a_line_without_end_is_refused_and_the_client_closed, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(a_long_request_is_read_on_the_desk_and_keeps_its_turn, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(a_client_may_go_while_its_request_is_on_the_desk, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(stopping_with_requests_on_the_desk_leaks_nothing, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(who_watches_is_told_an_event_a_line_and_may_leave, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(not_everybody_may_watch_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(an_event_does_not_overtake_a_sign_of_life, setup, teardown),
		cmocka_unit_test_setup_teardown(a_long_list_reaches_a_client_that_reads_it, setup, teardown),
		cmocka_unit_test_setup_teardown(a_client_that_never_reads_holds_up_nobody, setup, teardown),
		cmocka_unit_test_setup_teardown(the_quietest_client_makes_room_for_a_new_one, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(a_live_socket_is_not_taken_over, setup, teardown),
		cmocka_unit_test_setup_teardown(a_stale_socket_is_replaced_and_a_file_is_not, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(what_is_to_be_saved_is_answered_when_it_is, setup, teardown),
		cmocka_unit_test_setup_teardown(an_outcome_may_come_after_the_socket_is_gone, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(stopping_closes_clients_in_the_midst_of_an_answer, setup,
		                                teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
