#include "control/conn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "control/admit.h"
#include "control/protocol.h"
#include "control/reply_text.h"

#define REPLY_MS 30000   /* for a client to take a reply */
#define IDLE_MS 15000    /* then a stream says that it is alive */
#define STREAMS_PART 2   /* of a socket's connections so large a part may be streams */
#define STREAMS_EACH 16  /* with keys of one account */
#define AGAIN_S 30       /* when a further one may try again */
#define INPUT_FIRST 4096 /* octets of a connection that has not sent more */

struct conn {
	struct conns *conns;
	uv_pipe_t pipe;
	uv_write_t write;
	struct request *request; /* NULL: none is in hand */
	char *input;
	size_t input_len, input_cap;
	size_t looked;            /* octets of input without a newline */
	struct reply_text output; /* the reply on its way; without blocks: none */
	uint64_t since_ms;        /* when the reply was begun, or the last request answered */
	bool closing, last_reply;
	char scratch[64];
	struct request_from from;
	bool waits; /* for the desk, or for request_answer: somebody else points to the request */
};

static void conn_advance(struct conn *conn);

/* A reply is on its way. */
static bool is_written(const struct conn *conn) {
	return conn->output.count > 0;
}

/* -- the end of one ------------------------------------------------------------------------------------------- */

static void input_drop(struct conn *conn) {
	conn->conns->input_bytes -= conn->input_cap;
	free(conn->input);
	conn->input = NULL;
	conn->input_cap = conn->input_len = conn->looked = 0;
}

static void on_closed(uv_handle_t *handle) {
	struct conn *conn = handle->data;
	struct conns *conns = conn->conns;
	for (unsigned i = 0; i < conns->max; i++) {
		if (conns->list[i] == conn) conns->list[i] = NULL;
	}
	input_drop(conn);
	reply_text_free(&conn->output);
	free(conn);
	conns->closed(conns->ctx);
}

/* A request that somebody else points to is freed by whoever brings it back. */
static void request_drop(struct conn *conn) {
	struct request *r = conn->request;
	conn->request = NULL;
	if (!r) return;
	if (conn->waits)
		r->owner = NULL;
	else
		request_free(r);
	conn->waits = false;
}

static void conn_close(struct conn *conn) {
	if (conn->closing) return;
	conn->closing = true;
	request_drop(conn);
	uv_close((uv_handle_t *)&conn->pipe, on_closed);
}

/* -- answering ------------------------------------------------------------------------------------------------ */

static void on_written(uv_write_t *write, int status) {
	struct conn *conn = write->data;
	reply_text_free(&conn->output);
	if (conn->closing) return;
	if (status < 0 || conn->last_reply)
		conn_close(conn);
	else
		conn_advance(conn);
}

/* Takes reply. */
static void conn_send(struct conn *conn, json_t *reply) {
	bool made = reply && reply_text_make(reply, &conn->output);
	json_decref(reply);
	if (!made) {
		conn_close(conn); /* out of memory */
		return;
	}
	conn->since_ms = uv_now(conn->pipe.loop);
	conn->write.data = conn;
	if (uv_write(&conn->write, (uv_stream_t *)&conn->pipe, conn->output.blocks, conn->output.count,
	             on_written) == 0)
		return;
	reply_text_free(&conn->output);
	conn_close(conn);
}

static void conn_refuse(struct conn *conn, const char *code, const char *text) {
	conn->last_reply = true;
	conn_send(conn, reply_refusal(code, text));
}

/* Takes reply; of a request whose connection is gone nothing is told. */
static void reply_give(struct request *r, json_t *reply) {
	struct conn *conn = r->owner;
	if (!conn) {
		json_decref(reply);
		request_free(r);
		return;
	}
	conn->waits = false;
	conn_send(conn, reply);
}

/* With keys of the account; 0: all. */
static unsigned streams(const struct conns *conns, int64_t account) {
	unsigned n = 0;
	for (unsigned i = 0; i < conns->max; i++) {
		const struct request *r = conns->list[i] ? conns->list[i]->request : NULL;
		if (!r || !r->streams) continue;
		if (account == 0 || (r->caller && r->caller->account == account)) n++;
	}
	return n;
}

/* NULL: there is a place for one more stream, this one.  all: there are too many of all. */
static json_t *stream_fault(const struct conns *conns, const struct request *r, bool all) {
	if (all) return reply_refusal(CONTROL_CODE_BUSY, "too many watch already");
	if (!r->caller || streams(conns, r->caller->account) <= STREAMS_EACH) return NULL;
	json_t *reply = reply_refusal(CONTROL_CODE_TRIES, "too many watch already with keys of this account");
	if (reply) (void)json_object_set_new(reply, "wait", json_integer(AGAIN_S)); /* or without */
	return reply;
}

/* The first reply, after which nobody else points to the request unless it waits again.  Takes reply. */
static void reply_first(struct request *r, json_t *reply) {
	struct conn *conn = r->owner;
	bool all = conn && r->streams && streams(conn->conns, 0) > conn->conns->max / STREAMS_PART;
	json_t *fault = conn && r->streams ? stream_fault(conn->conns, r, all) : NULL;
	if (!fault) {
		reply_give(r, reply);
		return;
	}
	json_decref(reply);
	conn->waits = false;
	request_drop(conn);
	conn->last_reply = all; /* a connection less; an account's is of use for others */
	conn_send(conn, fault);
}

/* NULL: the desk has it. */
static json_t *desk_do(struct desk *desk, struct request *r) {
	if (desk_take(desk, &r->job) == OK) return NULL;
	return reply_refusal(CONTROL_CODE_BUSY, "too many requests wait for the database");
}

static void on_back(struct desk_job *job) {
	struct request *r = (struct request *)(void *)((char *)job - offsetof(struct request, job));
	json_t *reply = request_finish(r); /* what was changed is made known in any case */
	struct conn *conn = r->owner;
	if (!reply && r->stage != STAGE_NONE) reply = conn ? desk_do(conn->conns->desk, r) : json_null();
	if (reply) reply_first(r, reply);
}

static void on_run(struct desk_job *job) {
	request_run((struct request *)(void *)((char *)job - offsetof(struct request, job)));
}

static void on_wake(struct request *r) {
	reply_give(r, request_answered(r));
}

/* -- reading -------------------------------------------------------------------------------------------------- */

/* Room for more; false: the bounds of one request or of all are reached. */
static bool input_grow(struct conn *conn) {
	size_t cap = conn->input_cap ? conn->input_cap * 2 : INPUT_FIRST;
	size_t more = cap - conn->input_cap;
	if (cap > CONTROL_REQUEST_MAX || conn->conns->input_bytes + more > conn->conns->input_bytes_max)
		return false;
	char *larger = try_realloc(conn->input, cap);
	if (!larger) return false;
	conn->conns->input_bytes += more;
	conn->input = larger;
	conn->input_cap = cap;
	return true;
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
	struct conn *conn = handle->data;
	(void)suggested;
	*buf = uv_buf_init(conn->input + conn->input_len, (unsigned)(conn->input_cap - conn->input_len));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf) {
	struct conn *conn = stream->data;
	(void)buf;
	if (n < 0) {
		conn_close(conn); /* a half line that ends here was no request */
		return;
	}
	conn->input_len += (size_t)n;
	if (n > 0) conn_advance(conn);
}

/* What a client says while it watches is not looked at. */
static void on_alloc_scratch(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
	struct conn *conn = handle->data;
	(void)suggested;
	*buf = uv_buf_init(conn->scratch, sizeof(conn->scratch));
}

static void on_read_scratch(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf) {
	(void)buf;
	if (n < 0) conn_close(stream->data);
}

static void conn_read(struct conn *conn) {
	if (conn->input_len == conn->input_cap && !input_grow(conn)) {
		if (conn->input_cap == CONTROL_REQUEST_MAX)
			conn_refuse(conn, CONTROL_CODE_TOO_BIG, "a request has at most 8388608 octets");
		else
			conn_refuse(conn, CONTROL_CODE_BUSY, "too much is asked at once");
		return;
	}
	conn->since_ms = uv_now(conn->pipe.loop);
	if (uv_read_start((uv_stream_t *)&conn->pipe, on_alloc, on_read) != 0) conn_close(conn);
}

static void input_take(struct conn *conn, size_t octets) {
	conn->input_len -= octets;
	memmove(conn->input, conn->input + octets, conn->input_len);
	conn->looked = 0;
	if (conn->input_len == 0 && conn->input_cap > INPUT_FIRST) input_drop(conn);
}

static void conn_ask(struct conn *conn, size_t line_len) {
	struct request *r = conn->request = request_new(conn->conns->backend, &conn->from);
	r->owner = conn;
	r->wake = on_wake;
	r->job = (struct desk_job){ .run = on_run, .done = on_back };
	conn->waits = true; /* whoever answers in time says otherwise */
	json_t *reply = request_begin(r, conn->input, line_len);
	log_event(conn->conns->log, EVENT_CONTROL_REQUEST,
	          LOG_STR("request", r->row ? r->row->name : "not understood"));
	input_take(conn, line_len + 1);
	if (!reply && r->stage != STAGE_NONE) reply = desk_do(conn->conns->desk, r);
	if (reply) reply_first(r, reply);
}

/* A stream waits for an event, or for its client to leave. */
static void conn_listen(struct conn *conn) {
	if (uv_read_start((uv_stream_t *)&conn->pipe, on_alloc_scratch, on_read_scratch) != 0)
		conn_close(conn);
}

/* What comes next: a further reply, the next request that waits in the input, or reading on. */
static void conn_advance(struct conn *conn) {
	if (conn->closing) return;
	(void)uv_read_stop((uv_stream_t *)&conn->pipe); /* cannot fail */
	if (conn->request && conn->request->next) {
		json_t *reply = request_next(conn->request);
		if (reply)
			conn_send(conn, reply);
		else
			conn_listen(conn);
		return;
	}
	request_drop(conn);
	const char *end = conn->input_len > conn->looked
	                          ? memchr(conn->input + conn->looked, '\n', conn->input_len - conn->looked)
	                          : NULL;
	conn->looked = conn->input_len;
	if (end)
		conn_ask(conn, (size_t)(end - conn->input));
	else
		conn_read(conn);
}

/* -- all of a socket -------------------------------------------------------------------------------------------- */

void conns_init(struct conns *conns) {
	conns->list = xcalloc(conns->max, sizeof(struct conn *));
	conns->input_bytes = 0;
}

void conns_done(struct conns *conns) {
	free(conns->list);
	conns->list = NULL;
}

/* A client that is not being answered gives way to a new one: the one that has been quiet the longest.  Never the
 * newest itself, though many may come within one millisecond. */
static void make_room(struct conns *conns, const struct conn *newest) {
	struct conn *quiet = NULL;
	for (unsigned i = 0; i < conns->max; i++) {
		struct conn *conn = conns->list[i];
		if (!conn || conn->closing) return;
		if (conn == newest || conn->request || is_written(conn)) continue;
		if (!quiet || conn->since_ms < quiet->since_ms) quiet = conn;
	}
	if (quiet) conn_close(quiet);
}

static struct conn **free_place(struct conns *conns) {
	for (unsigned i = 0; i < conns->max; i++) {
		if (!conns->list[i]) return &conns->list[i];
	}
	return NULL;
}

/* Who is at the other end, for the audit. */
static void peer_find(struct conn *conn) {
	uv_os_fd_t fd;
	struct ucred peer;
	socklen_t len = sizeof(peer);
	if (uv_fileno((uv_handle_t *)&conn->pipe, &fd) != 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0)
		snprintf(conn->from.who, sizeof(conn->from.who), "somebody");
	else
		admit_peer(peer.uid, conn->from.who);
}

bool conns_accept(struct conns *conns, uv_stream_t *listener) {
	struct conn *conn = xcalloc(1, sizeof(*conn));
	conn->conns = conns;
	conn->since_ms = uv_now(listener->loop);
	if (uv_pipe_init(listener->loop, &conn->pipe, 0) != 0) {
		free(conn);
		return false;
	}
	conn->pipe.data = conn;
	conn->from.is_operator = conns->is_operator;
	struct conn **place = free_place(conns);
	if (uv_accept(listener, (uv_stream_t *)&conn->pipe) != 0) {
		conn_close(conn);
	} else if (!place) {
		conn_refuse(conn, CONTROL_CODE_BUSY, "too many clients");
	} else {
		*place = conn;
		peer_find(conn);
		make_room(conns, conn);
		conn_advance(conn);
	}
	return true;
}

/* While this is on its way no event may be: those that come meanwhile are read when it is written. */
static void idle_say(struct conn *conn) {
	conn->request->watcher.waits = false;
	conn_send(conn, json_pack("{s:b}", "idle", 1));
}

void conns_tick(struct conns *conns, uint64_t now_ms) {
	for (unsigned i = 0; i < conns->max; i++) {
		struct conn *conn = conns->list[i];
		if (!conn || conn->closing) continue;
		uint64_t quiet_ms = now_ms - conn->since_ms;
		if (is_written(conn) && quiet_ms > REPLY_MS)
			conn_close(conn);
		else if (!is_written(conn) && conn->request && conn->request->streams && quiet_ms > IDLE_MS)
			idle_say(conn);
	}
}

void conns_close(struct conns *conns) {
	for (unsigned i = 0; i < conns->max; i++) {
		if (conns->list[i]) conn_close(conns->list[i]);
	}
}
