#include "control/control.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "control/conn.h"
#include "control/unix_socket.h"

#define TICK_MS 1000
#define BACKLOG 128

/* What the two sockets may cost: neither can use up the other's share. */
static const struct side {
	unsigned clients_max;
	size_t input_bytes_max;
	mode_t mode;
} sides[CONTROL_SIDES] = {
	[CONTROL_OPERATOR] = { .clients_max = 64, .input_bytes_max = 32U << 20, .mode = 0660 },
	[CONTROL_WEB] = { .clients_max = 192, .input_bytes_max = 64U << 20, .mode = 0660 },
};

struct listener {
	struct control *control;
	uv_pipe_t pipe;
	char *path; /* NULL: there is none */
	struct conns conns;
};

struct control {
	struct listener listeners[CONTROL_SIDES];
	uv_timer_t tick;
	struct control_backend backend;
	unsigned handles; /* open; with the last one everything is freed */
};

static void control_release(void *ctx) {
	struct control *c = ctx;
	if (--c->handles > 0) return;
	for (unsigned i = 0; i < CONTROL_SIDES; i++) {
		conns_done(&c->listeners[i].conns);
		free(c->listeners[i].path);
	}
	free(c);
}

static void handle_closed(uv_handle_t *handle) {
	control_release(handle->data);
}

static void on_tick(uv_timer_t *tick) {
	struct control *c = tick->data;
	for (unsigned i = 0; i < CONTROL_SIDES; i++)
		conns_tick(&c->listeners[i].conns, uv_now(tick->loop));
}

static void on_connection(uv_stream_t *stream, int status) {
	struct listener *l = stream->data;
	if (status >= 0 && conns_accept(&l->conns, stream)) l->control->handles++;
}

static void listener_closed(uv_handle_t *handle) {
	struct listener *l = handle->data;
	control_release(l->control);
}

static enum err listener_open(struct listener *l, uv_loop_t *loop, const char *path, mode_t mode,
                              struct why *why) {
	int fd = -1;
	enum err e = unix_socket_bind(path, mode, &fd, why);
	if (e != OK) return e;
	l->path = xstrdup(path);
	int status = uv_pipe_init(loop, &l->pipe, 0);
	l->pipe.data = l;
	l->control->handles++;
	if (status == 0) status = uv_pipe_open(&l->pipe, fd);
	if (status != 0) close(fd);
	if (status == 0) status = uv_listen((uv_stream_t *)&l->pipe, BACKLOG, on_connection);
	return status == 0 ? OK : unix_socket_fails(why, path, uv_strerror(status));
}

static void conns_of_side(struct control *c, unsigned side, const struct control_settings *settings) {
	struct conns *conns = &c->listeners[side].conns;
	*conns = (struct conns){ .backend = &c->backend,
		                 .log = settings->log,
		                 .desk = settings->desk,
		                 .is_operator = side == CONTROL_OPERATOR,
		                 .max = sides[side].clients_max,
		                 .input_bytes_max = sides[side].input_bytes_max,
		                 .closed = control_release,
		                 .ctx = c };
	conns_init(conns);
	c->listeners[side].control = c;
}

enum err control_new(uv_loop_t *loop, const struct control_settings *settings,
                     const struct control_backend *backend, struct control **out_control, struct why *why) {
	struct control *c = xcalloc(1, sizeof(*c));
	enum err e = OK;
	json_object_seed(0); /* before two threads may want to */
	c->backend = *backend;
	c->handles = 1;
	c->tick.data = c;
	for (unsigned i = 0; i < CONTROL_SIDES; i++)
		conns_of_side(c, i, settings);
	if (uv_timer_init(loop, &c->tick) != 0 || uv_timer_start(&c->tick, on_tick, TICK_MS, TICK_MS) != 0)
		e = unix_socket_fails(why, settings->paths[0], "no timer");
	for (unsigned i = 0; i < CONTROL_SIDES && e == OK; i++)
		if (settings->paths[i])
			e = listener_open(&c->listeners[i], loop, settings->paths[i], sides[i].mode, why);
	if (e == OK)
		*out_control = c;
	else
		control_stop(c);
	return e;
}

void control_stop(struct control *c) {
	if (!c) return;
	for (unsigned i = 0; i < CONTROL_SIDES; i++) {
		struct listener *l = &c->listeners[i];
		conns_close(&l->conns);
		if (!l->path) continue;
		(void)unlink(l->path); /* a stale file would be replaced at the next start */
		uv_close((uv_handle_t *)&l->pipe, listener_closed);
	}
	uv_close((uv_handle_t *)&c->tick, handle_closed);
}
