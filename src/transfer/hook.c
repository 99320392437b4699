#include "transfer/hook.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "store/store.h"

#define SLICE_OCTETS (512UL << 10) /* any record fits */
#define EVIDENCE_MAX 160
#define HANDLES 4
#define VARIABLE_MAX (NAME_TEXT_MAX + 32)

struct run {
	struct hook *hook;
	struct hooks *hooks;
	struct run *next;
	uv_pipe_t input, errors;
	uv_poll_t ended;
	uv_timer_t timer;
	uv_write_t write;
	struct export_cursor cursor;
	uint8_t *slice;
	bool more;
	pid_t pid;
	int pidfd;
	bool timed_out, stopped;
	unsigned open; /* handles */
	struct why why;
	size_t line_len;
	char line[EVIDENCE_MAX + 1];
	char chunk[4096];
};

struct hooks {
	uv_loop_t *loop;
	struct hook *first, **last; /* waiting */
	struct run *runs;
	unsigned running;
	uint64_t waiting_octets;
	bool stopping;
};

/* -- what it says -- */

/* The first line of what it writes to standard error. */
static void take_line(struct run *r, const char *data, size_t len) {
	for (size_t i = 0; i < len && r->line_len < EVIDENCE_MAX; i++) {
		if (data[i] == '\n' && r->line_len) {
			r->line[r->line_len] = '\0';
			r->line_len = EVIDENCE_MAX; /* whole */
			return;
		}
		if (data[i] == '\n') continue;
		r->line[r->line_len++] = data[i];
		r->line[r->line_len] = '\0';
	}
}

static void on_alloc(uv_handle_t *handle, size_t wanted, uv_buf_t *out) {
	struct run *r = handle->data;
	(void)wanted;
	*out = uv_buf_init(r->chunk, sizeof(r->chunk));
}

static void on_errors(uv_stream_t *stream, ssize_t count, const uv_buf_t *buf) {
	if (count > 0) take_line(stream->data, buf->base, (size_t)count);
	if (count < 0) (void)uv_read_stop(stream); /* its end, or nothing more to learn */
}

/* What it wrote just before it ended. */
static void drain(struct run *r) {
	uv_os_fd_t fd;
	ssize_t count = 1;
	(void)uv_read_stop((uv_stream_t *)&r->errors);
	if (uv_fileno((uv_handle_t *)&r->errors, &fd) != 0) return;
	for (unsigned i = 0; i < 16 && count > 0; i++) {
		count = read(fd, r->chunk, sizeof(r->chunk));
		if (count > 0) take_line(r, r->chunk, (size_t)count);
	}
}

/* -- its end -- */

static void start_waiting(struct hooks *k);

static void run_done(struct run *r) {
	struct hooks *k = r->hooks;
	struct hook *h = r->hook;
	struct why why = r->why;
	struct run **at = &k->runs;
	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	k->running--;
	close(r->pidfd);
	free(r->slice);
	free(r);
	start_waiting(k);
	h->told(h, &why);
}

static void on_closed(uv_handle_t *handle) {
	struct run *r = handle->data;
	if (--r->open == 0) run_done(r);
}

static void close_handle(uv_handle_t *handle) {
	if (!uv_is_closing(handle)) uv_close(handle, on_closed);
}

static void judge(struct run *r, int status) {
	if (r->stopped)
		why_set(&r->why, REASON_CHECK_COMMAND_FAILED, "%s was ended since the server stops",
		        r->hook->argv[0]);
	else if (r->timed_out)
		why_set(&r->why, REASON_CHECK_COMMAND_TIMEOUT, "%s was not done after %u s%s%s",
		        r->hook->argv[0], r->hook->timeout_s, r->line[0] ? ": " : "", r->line);
	else if (WIFSIGNALED(status))
		why_set(&r->why, REASON_CHECK_COMMAND_FAILED, "%s was ended by signal %d%s%s",
		        r->hook->argv[0], WTERMSIG(status), r->line[0] ? ": " : "", r->line);
	else if (WEXITSTATUS(status) != 0)
		why_set(&r->why, REASON_CHECK_COMMAND_FAILED, "%s said %d%s%s", r->hook->argv[0],
		        WEXITSTATUS(status), r->line[0] ? ": " : "", r->line);
}

/* The whole group goes while its leader is not reaped yet: the number cannot be another's. */
static void kill_group(const struct run *r) {
	(void)kill(-r->pid, SIGKILL); /* none is left: as well */
}

static void on_ended(uv_poll_t *poll, int error, int events) {
	struct run *r = poll->data;
	int status = 0;
	(void)error, (void)events; /* it is readable when the process has ended, and only then */
	kill_group(r);
	drain(r);
	if (waitpid(r->pid, &status, WNOHANG) == 0) return; /* cannot be */
	judge(r, status);
	close_handle((uv_handle_t *)&r->ended);
	close_handle((uv_handle_t *)&r->timer);
	close_handle((uv_handle_t *)&r->input);
	close_handle((uv_handle_t *)&r->errors);
}

static void on_time_over(uv_timer_t *timer) {
	struct run *r = timer->data;
	r->timed_out = true;
	kill_group(r); /* its end is seen by on_ended */
}

/* -- the zone -- */

static void write_slice(struct run *r);

/* All is written, or it does not want to read on: both are the end of its input. */
static void on_written(uv_write_t *write, int status) {
	struct run *r = write->data;
	if (uv_is_closing((uv_handle_t *)&r->input)) return;
	if (status == 0 && r->more)
		write_slice(r);
	else
		close_handle((uv_handle_t *)&r->input);
}

static void write_slice(struct run *r) {
	struct writer out = writer_init(r->slice, SLICE_OCTETS);
	r->more = export_next(r->hook->version, &r->cursor, &out);
	uv_buf_t buf = uv_buf_init((char *)r->slice, (unsigned)out.len);
	if (uv_write(&r->write, (uv_stream_t *)&r->input, &buf, 1, on_written) != 0)
		close_handle((uv_handle_t *)&r->input);
}

/* -- its begin -- */

struct environment {
	char zone[VARIABLE_MAX], serial[VARIABLE_MAX], former[VARIABLE_MAX], path[4096];
	char *list[5];
};

static void environment_fill(struct environment *e, const struct hook *h) {
	char name[NAME_TEXT_MAX];
	const char *path = getenv("PATH");
	unsigned n = 0;
	snprintf(e->path, sizeof(e->path), "PATH=%s", path ? path : "/usr/bin:/bin");
	snprintf(e->zone, sizeof(e->zone), "UNDERSTUDY_ZONE=%s",
	         name_text_short(version_apex(h->version), name));
	snprintf(e->serial, sizeof(e->serial), "UNDERSTUDY_SERIAL=%" PRIu32, version_serial(h->version));
	e->list[n++] = e->path;
	e->list[n++] = e->zone;
	e->list[n++] = e->serial;
	if (h->former) {
		snprintf(e->former, sizeof(e->former), "UNDERSTUDY_FORMER_SERIAL=%" PRIu32,
		         version_serial(h->former));
		e->list[n++] = e->former;
	}
	e->list[n] = NULL;
}

/* 0, or an errno. */
static int spawn(const struct hook *h, int input, int errors, pid_t *out_pid) {
	struct environment env;
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t all, none;
	environment_fill(&env, h);
	sigfillset(&all);
	sigemptyset(&none);
	(void)posix_spawn_file_actions_init(
		&files); /* these fail for want of memory only; then so does the spawn */
	(void)posix_spawn_file_actions_adddup2(&files, input, 0);
	(void)posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
	(void)posix_spawn_file_actions_adddup2(&files, errors, 2);
	(void)posix_spawn_file_actions_addclosefrom_np(&files, 3);
	(void)posix_spawnattr_init(&attr);
	(void)posix_spawnattr_setpgroup(&attr, 0);
	(void)posix_spawnattr_setsigdefault(&attr, &all);
	(void)posix_spawnattr_setsigmask(&attr, &none);
	(void)posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF |
	                                              POSIX_SPAWN_SETSIGMASK);
	int error = posix_spawn(out_pid, h->argv[0], &files, &attr, (char *const *)(uintptr_t)h->argv,
	                        env.list);
	(void)posix_spawnattr_destroy(&attr);
	(void)posix_spawn_file_actions_destroy(&files);
	return error;
}

static void watch(struct hooks *k, struct run *r, int input, int errors) {
	(void)uv_pipe_init(k->loop, &r->input, 0); /* these only fill in structs */
	(void)uv_pipe_init(k->loop, &r->errors, 0);
	(void)uv_timer_init(k->loop, &r->timer);
	(void)uv_poll_init(k->loop, &r->ended, r->pidfd);
	r->input.data = r->errors.data = r->timer.data = r->ended.data = r->write.data = r;
	r->open = HANDLES;
	(void)uv_pipe_open(&r->input, input);
	(void)uv_pipe_open(&r->errors, errors);
	(void)uv_poll_start(&r->ended, UV_READABLE, on_ended);
	(void)uv_timer_start(&r->timer, on_time_over, (uint64_t)r->hook->timeout_s * 1000, 0);
	(void)uv_read_start((uv_stream_t *)&r->errors, on_alloc, on_errors); /* fails: no evidence */
	write_slice(r);
}

/* 0, or an errno; then nothing is left open. */
static int begin(struct hooks *k, struct run *r) {
	int input[2], errors[2];
	if (pipe2(input, O_CLOEXEC) != 0) return errno;
	if (pipe2(errors, O_CLOEXEC) != 0) {
		close(input[0]);
		close(input[1]);
		return ENFILE;
	}
	int error = spawn(r->hook, input[0], errors[1], &r->pid);
	close(input[0]);
	close(errors[1]);
	r->pidfd = error ? -1 : pidfd_open(r->pid, 0);
	if (!error && r->pidfd < 0) {
		error = errno;
		kill_group(r);
		(void)waitpid(r->pid, NULL, 0); /* it was killed: it ends at once */
	}
	if (!error) {
		watch(k, r, input[1], errors[0]);
		return 0;
	}
	close(input[1]);
	close(errors[0]);
	return error;
}

static void start(struct hooks *k, struct hook *h) {
	struct run *r = xcalloc(1, sizeof(*r));
	struct why why;
	r->hook = h;
	r->hooks = k;
	r->slice = xmalloc(SLICE_OCTETS);
	int error = begin(k, r);
	if (error == 0) {
		r->next = k->runs;
		k->runs = r;
		k->running++;
		return;
	}
	free(r->slice);
	free(r);
	why_set(&why, REASON_CHECK_COMMAND_FAILED, "%s can't be run: %s", h->argv[0], strerror(error));
	h->told(h, &why);
}

static void start_waiting(struct hooks *k) {
	while (k->first && k->running < HOOKS_MAX && !k->stopping) {
		struct hook *h = k->first;
		k->first = h->next;
		if (!k->first) k->last = &k->first;
		k->waiting_octets -= h->octets;
		start(k, h);
	}
}

/* -- the whole -- */

void hooks_run(struct hooks *k, struct hook *h) {
	struct why why;
	bool too_much = k->running == HOOKS_MAX && k->waiting_octets + h->octets > HOOKS_WAITING_OCTETS;
	if (k->stopping || too_much) {
		why_set(&why, REASON_CHECK_COMMAND_FAILED, "%s was not run: %s", h->argv[0],
		        too_much ? "too much waits for such commands" : "the server stops");
		h->told(h, &why);
		return;
	}
	h->next = NULL;
	*k->last = h;
	k->last = &h->next;
	k->waiting_octets += h->octets;
	start_waiting(k);
}

void hooks_stop(struct hooks *k) {
	struct hook *h;
	struct why why;
	k->stopping = true;
	for (struct run *r = k->runs; r; r = r->next) {
		r->stopped = true;
		kill_group(r);
	}
	while ((h = k->first)) {
		k->first = h->next;
		why_set(&why, REASON_CHECK_COMMAND_FAILED, "%s was not run: the server stops", h->argv[0]);
		h->told(h, &why);
	}
	k->last = &k->first;
}

bool hooks_are_idle(const struct hooks *k) {
	return k->running == 0 && !k->first;
}

struct hooks *hooks_new(uv_loop_t *loop) {
	struct hooks *k = xcalloc(1, sizeof(*k));
	k->loop = loop;
	k->last = &k->first;
	return k;
}

void hooks_free(struct hooks *k) {
	free(k);
}
