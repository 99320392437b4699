/* One client:
 *
 *   reading --a whole line--> answering --written, more--> answering --written, last--> reading
 *      | end, garbage too long, error          | REPLY_MS without progress
 *      v                                       v
 *    closed <----------------------------------+
 *
 * While a request is answered nothing is read, and the next reply is made when the former one has been taken: a
 * client costs at most one request and one reply, whether or not it reads. */
#include "control/control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/alloc.h"
#include "control/protocol.h"
#include "control/requests.h"

#define CLIENTS_MAX 32
#define REPLY_MS 30000 /* for a client to take a reply */
#define TICK_MS 1000
#define BACKLOG 32

struct client {
	struct control *control;
	uv_pipe_t pipe;
	uv_write_t write;
	struct request request;
	char *input; /* CONTROL_REQUEST_MAX octets */
	size_t input_len;
	char *output;      /* the reply on its way; NULL: none */
	uint64_t since_ms; /* when the reply was begun, or the last request answered */
	bool closing, last_reply;
};

struct control {
	uv_pipe_t listener;
	uv_timer_t tick;
	struct control_backend backend;
	struct log *log;
	char *path;
	struct client *clients[CLIENTS_MAX];
	unsigned handles; /* open; with the last one everything is freed */
};

static void control_release(struct control *c) {
	if (--c->handles > 0) return;
	free(c->path);
	free(c);
}

/* -- one client ------------------------------------------------------------------------------------------- */

static void client_advance(struct client *client);

static void client_closed(uv_handle_t *handle) {
	struct client *client = handle->data;
	struct control *c = client->control;
	for (unsigned i = 0; i < CLIENTS_MAX; i++) {
		if (c->clients[i] == client) c->clients[i] = NULL;
	}
	request_done(&client->request);
	free(client->input);
	free(client->output);
	free(client);
	control_release(c);
}

static void client_close(struct client *client) {
	if (client->closing) return;
	client->closing = true;
	uv_close((uv_handle_t *)&client->pipe, client_closed);
}

static void client_written(uv_write_t *write, int status) {
	struct client *client = write->data;
	free(client->output);
	client->output = NULL;
	if (client->closing) return;
	if (status < 0 || client->last_reply)
		client_close(client);
	else
		client_advance(client);
}

/* Takes reply. */
static void client_send(struct client *client, json_t *reply) {
	char *text = reply ? json_dumps(reply, JSON_COMPACT) : NULL;
	json_decref(reply);
	size_t len = text ? strlen(text) : 0;
	if (!text) {
		client_close(client); /* out of memory */
		return;
	}
	text[len] = '\n'; /* in the place of the NUL: uv_buf_t has a length */
	client->output = text;
	client->since_ms = uv_now(client->pipe.loop);
	client->write.data = client;
	uv_buf_t buf = uv_buf_init(text, (unsigned)len + 1);
	if (uv_write(&client->write, (uv_stream_t *)&client->pipe, &buf, 1, client_written) == 0) return;
	free(client->output);
	client->output = NULL;
	client_close(client);
}

static void client_refuse(struct client *client, const char *code, const char *text) {
	client->last_reply = true;
	client_send(client, request_refusal(code, text));
}

static void client_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
	struct client *client = handle->data;
	(void)suggested;
	*buf = uv_buf_init(client->input + client->input_len,
	                   (unsigned)(CONTROL_REQUEST_MAX - client->input_len));
}

static void client_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf) {
	struct client *client = stream->data;
	(void)buf;
	if (n < 0) {
		client_close(client); /* a half line that ends here was no request */
		return;
	}
	client->input_len += (size_t)n;
	if (n > 0) client_advance(client);
}

static json_t *next_request(struct client *client, size_t line_len) {
	struct control *c = client->control;
	json_t *reply = request_begin(&client->request, &c->backend, client->input, line_len);
	log_event(c->log, EVENT_CONTROL_REQUEST,
	          LOG_STR("request", client->request.name ? client->request.name : "not understood"));
	client->input_len -= line_len + 1;
	memmove(client->input, client->input + line_len + 1, client->input_len);
	return reply;
}

/* What comes next: a further reply, the next request that waits in the input, or reading on. */
static void client_advance(struct client *client) {
	if (client->closing) return;
	(void)uv_read_stop((uv_stream_t *)&client->pipe);
	if (client->request.next) {
		client_send(client, request_next(&client->request, &client->control->backend));
		return;
	}
	request_done(&client->request);
	const char *end = memchr(client->input, '\n', client->input_len);
	if (end) {
		client_send(client, next_request(client, (size_t)(end - client->input)));
	} else if (client->input_len == CONTROL_REQUEST_MAX) {
		client_refuse(client, CONTROL_CODE_REQUEST, "a request has at most 65536 octets");
	} else {
		client->since_ms = uv_now(client->pipe.loop);
		if (uv_read_start((uv_stream_t *)&client->pipe, client_alloc, client_read) != 0)
			client_close(client);
	}
}

/* -- all clients -------------------------------------------------------------------------------------------- */

/* A client that is not being answered gives way to a new one: the one that has been quiet the longest.  Never the
 * newest itself, though many may come within one millisecond. */
static void make_room(struct control *c, const struct client *newest) {
	struct client *quiet = NULL;
	for (unsigned i = 0; i < CLIENTS_MAX; i++) {
		struct client *client = c->clients[i];
		if (!client || client->closing) return;
		if (client == newest || client->output) continue;
		if (!quiet || client->since_ms < quiet->since_ms) quiet = client;
	}
	if (quiet) client_close(quiet);
}

static struct client **free_place(struct control *c) {
	for (unsigned i = 0; i < CLIENTS_MAX; i++) {
		if (!c->clients[i]) return &c->clients[i];
	}
	return NULL;
}

static void on_connection(uv_stream_t *listener, int status) {
	struct control *c = listener->data;
	if (status < 0) return;
	struct client *client = xcalloc(1, sizeof(*client));
	client->control = c;
	client->since_ms = uv_now(listener->loop);
	if (uv_pipe_init(listener->loop, &client->pipe, 0) != 0) {
		free(client);
		return;
	}
	client->pipe.data = client;
	c->handles++;
	client->input = xmalloc(CONTROL_REQUEST_MAX);
	struct client **place = free_place(c);
	if (uv_accept(listener, (uv_stream_t *)&client->pipe) != 0) {
		client_close(client);
	} else if (!place) {
		client_refuse(client, CONTROL_CODE_BUSY, "too many clients");
	} else {
		*place = client;
		make_room(c, client);
		client_advance(client);
	}
}

/* A client that takes nothing is let go, and with it what it holds. */
static void on_tick(uv_timer_t *tick) {
	struct control *c = tick->data;
	uint64_t now_ms = uv_now(tick->loop);
	for (unsigned i = 0; i < CLIENTS_MAX; i++) {
		struct client *client = c->clients[i];
		if (client && client->output && now_ms - client->since_ms > REPLY_MS) client_close(client);
	}
}

/* -- the socket ----------------------------------------------------------------------------------------------- */

static enum err fails(struct why *why, const char *path, const char *what) {
	why_set(why, REASON_INTERNAL, "control socket %s: %s", path, what);
	return ERR_IO;
}

static bool answers(const struct sockaddr_un *address) {
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0) return true; /* not known: do not take it away */
	int status = connect(fd, (const struct sockaddr *)address, sizeof(*address));
	bool dead = status != 0 && errno == ECONNREFUSED;
	close(fd);
	return !dead;
}

/* The file of a daemon that died is replaced; anything else than a socket is left alone. */
static enum err clear_place(const struct sockaddr_un *address, struct why *why) {
	struct stat st;
	if (lstat(address->sun_path, &st) != 0)
		return errno == ENOENT ? OK : fails(why, address->sun_path, strerror(errno));
	if (!S_ISSOCK(st.st_mode))
		return fails(why, address->sun_path, "something else than a socket is there");
	if (answers(address)) return fails(why, address->sun_path, "another daemon answers there");
	if (unlink(address->sun_path) != 0) return fails(why, address->sun_path, strerror(errno));
	return OK;
}

/* A Unix socket can be connected to by who may write to its file: until chmod that is at most its owner. */
static enum err socket_open(const char *path, int *out_fd, struct why *why) {
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(address.sun_path)) return fails(why, path, "the path is too long");
	memcpy(address.sun_path, path, strlen(path) + 1);
	enum err e = clear_place(&address, why);
	if (e != OK) return e;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0) return fails(why, path, strerror(errno));
	if (fchmod(fd, 0600) != 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
	    chmod(path, 0660) != 0) {
		e = fails(why, path, strerror(errno));
		close(fd);
		return e;
	}
	*out_fd = fd;
	return OK;
}

static void handle_closed(uv_handle_t *handle) {
	control_release(handle->data);
}

enum err control_new(uv_loop_t *loop, const char *path, const struct control_backend *backend,
                     struct log *log, struct control **out_control, struct why *why) {
	int fd = -1;
	enum err e = socket_open(path, &fd, why);
	if (e != OK) return e;
	struct control *c = xcalloc(1, sizeof(*c));
	c->backend = *backend;
	c->log = log;
	c->path = xstrdup(path);
	c->handles = 2;
	c->listener.data = c;
	c->tick.data = c;
	int status = uv_pipe_init(loop, &c->listener, 0);
	status |= uv_timer_init(loop, &c->tick);
	c->listener.data = c;
	c->tick.data = c;
	if (status == 0) status = uv_pipe_open(&c->listener, fd);
	if (status != 0) close(fd);
	if (status == 0) status = uv_listen((uv_stream_t *)&c->listener, BACKLOG, on_connection);
	if (status == 0) status = uv_timer_start(&c->tick, on_tick, TICK_MS, TICK_MS);
	if (status != 0) {
		e = fails(why, path, uv_strerror(status));
		control_stop(c);
		return e;
	}
	*out_control = c;
	return OK;
}

void control_stop(struct control *c) {
	if (!c) return;
	(void)unlink(c->path); /* a stale file would be replaced at the next start */
	for (unsigned i = 0; i < CLIENTS_MAX; i++) {
		if (c->clients[i]) client_close(c->clients[i]);
	}
	uv_close((uv_handle_t *)&c->listener, handle_closed);
	uv_close((uv_handle_t *)&c->tick, handle_closed);
}
