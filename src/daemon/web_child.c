#include "daemon/web_child.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "daemon/launcher.h"

#define BACKOFF_MIN_MS 500
#define BACKOFF_MAX_MS 60000
#define STAYED_MS 30000 /* who ran so long starts again at once */

struct web_child {
	struct log *log;
	int fd; /* to the launcher; -1: it is gone */
	pid_t launcher;
	int pid; /* of understudy-web; 0: it does not run */
	unsigned restarts;
	uint64_t started_ms, backoff_ms;
	uv_poll_t poll;
	uv_timer_t timer;
	bool started, stopping;
};

enum err web_child_fork(const struct config *config, struct log *log, struct web_child **out_child) {
	static const char *const levels[] = { "debug", "info", "warning", "error" };
	static const char *const formats[] = { "text", "json", "journald" };
	if (config->web.listen.count == 0 || !config->web_socket) return OK;
	const struct launcher_job job = {
		.program = config->web.program,
		.user = config->web.user ? config->web.user : config->server.user,
		.socket = config->web_socket,
		.log_level = levels[config->log_level],
		.log_format = formats[config->log_format],
	};
	struct web_child *w = xcalloc(1, sizeof(*w));
	w->log = log;
	w->backoff_ms = BACKOFF_MIN_MS;
	enum err e = launcher_fork(&job, &w->fd, &w->launcher);
	if (e == OK)
		*out_child = w;
	else
		free(w);
	return e;
}

static void give_up(struct web_child *w) {
	(void)uv_poll_stop(&w->poll); /* cannot fail */
	close(w->fd);
	w->fd = -1;
	w->pid = 0;
	log_event(w->log, EVENT_WEB_ENDED,
	          LOG_STR("reason", "its launcher is gone; a restart of the daemon brings it back"));
}

static void on_timer(uv_timer_t *timer) {
	struct web_child *w = timer->data;
	if (w->fd >= 0 && launcher_start(w->fd) != OK) give_up(w);
}

static void start_later(struct web_child *w) {
	uint64_t ran_ms = uv_now(w->timer.loop) - w->started_ms;
	if (ran_ms >= STAYED_MS) w->backoff_ms = BACKOFF_MIN_MS;
	if (uv_timer_start(&w->timer, on_timer, w->backoff_ms, 0) != 0) return; /* cannot fail: it is open */
	w->backoff_ms = w->backoff_ms * 2 < BACKOFF_MAX_MS ? w->backoff_ms * 2 : BACKOFF_MAX_MS;
	w->restarts++;
}

static void on_news(struct web_child *w, const struct launcher_news *news) {
	if (news->word == LAUNCHER_RUNS) {
		w->pid = news->number;
		w->started_ms = uv_now(w->timer.loop);
		log_event(w->log, EVENT_WEB_STARTED, LOG_NUM("pid", news->number));
		return;
	}
	int status = news->number;
	bool ended = news->word == LAUNCHER_ENDED, by_signal = ended && WIFSIGNALED(status);
	log_event(w->log, EVENT_WEB_ENDED, LOG_NUM("pid", w->pid),
	          LOG_STR("reason", !ended      ? "no process"
	                            : by_signal ? "signal"
	                                        : "exit"),
	          LOG_NUM("status", !ended      ? status
	                            : by_signal ? WTERMSIG(status)
	                                        : WEXITSTATUS(status)));
	w->pid = 0;
	start_later(w);
}

static void on_poll(uv_poll_t *poll, int status, int events) {
	struct web_child *w = poll->data;
	struct launcher_news news;
	enum err e = OK;
	(void)events;
	while (status == 0 && e == OK) {
		e = launcher_hear(w->fd, &news);
		if (e == OK) on_news(w, &news);
	}
	if (status != 0 || e == ERR_CLOSED) give_up(w);
}

enum err web_child_start(struct web_child *w, uv_loop_t *loop) {
	if (!w) return OK;
	if (uv_timer_init(loop, &w->timer) != 0 || uv_poll_init(loop, &w->poll, w->fd) != 0) return ERR_LIMIT;
	w->timer.data = w;
	w->poll.data = w;
	w->started = true;
	if (uv_poll_start(&w->poll, UV_READABLE, on_poll) != 0) return ERR_LIMIT;
	if (launcher_start(w->fd) != OK) give_up(w);
	return OK;
}

void web_child_reload(struct web_child *w) {
	if (w && w->fd >= 0 && w->pid && launcher_hangup(w->fd) != OK) give_up(w);
}

void web_child_stop(struct web_child *w) {
	if (!w || w->stopping) return;
	w->stopping = true;
	if (w->started) {
		uv_close((uv_handle_t *)&w->poll, NULL);
		uv_close((uv_handle_t *)&w->timer, NULL);
	}
	if (w->fd >= 0) close(w->fd);
	w->fd = -1;
}

void web_child_free(struct web_child *w) {
	if (!w) return;
	if (w->fd >= 0) close(w->fd);
	(void)waitpid(w->launcher, NULL, 0); /* it ends when the descriptor is closed */
	free(w);
}

json_t *web_child_status(const struct web_child *w) {
	if (!w) return NULL;
	return json_pack("{s:o?, s:i}", "pid", w->pid ? json_integer(w->pid) : NULL, "restarts",
	                 (int)w->restarts);
}
