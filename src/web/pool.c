#include "web/pool.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "control/protocol.h"

#define TICK_MS 1000
#define LINKS_MAX 48
#define INPUT_FIRST 65536

static const struct lane_bounds {
	unsigned links, share; /* connections: of all, of one owner */
	unsigned waiting;
	uint64_t patience_ms; /* for a reply */
} lanes[LANE_COUNT] = {
	[LANE_QUICK] = { 8, 6, 512, 60000 },
	[LANE_LONG] = { 8, 6, 64, 60000 },
	/* The daemon says something every 15 s, and gives an account 16. */
	[LANE_WATCH] = { 48, 48, 0, 60000 },
};

struct ask {
	struct pool *pool;
	enum lane lane;
	uint64_t owner;
	char *text; /* own; the request and its newline; has a secret; NULL: it is sent, and is not sent again */
	size_t len;
	ask_reply *reply;
	void *arg;
	struct link *link; /* NULL: waits for one */
	struct ask *next;
	uint64_t since_ms; /* of the last step */
	bool paused;
	bool repeatable; /* asked twice it does what it does once */
	bool begun;      /* something of the reply has come */
};

struct link {
	struct pool *pool;
	enum lane lane;
	uv_pipe_t pipe;
	uv_connect_t connect;
	uv_write_t write;
	struct ask *ask; /* NULL: idle */
	bool answered;   /* it is a kept one: a request has had its last reply on it */
	char *input;
	size_t len, cap;
	size_t looked; /* octets of input without a newline */
	char *written; /* the ask's text, while it is written: an ask may be gone before */
	size_t written_len;
	bool connected, closing, writing;
};

struct pool {
	uv_loop_t *loop;
	const char *path;
	uv_timer_t tick, kick;
	struct link *links[LANE_COUNT][LINKS_MAX];
	struct ask *first[LANE_COUNT], **end[LANE_COUNT];
	unsigned waiting[LANE_COUNT];
	unsigned handles;
	bool closing;
};

static void pool_advance(struct pool *p, enum lane lane);
static void link_take(struct link *link);
static void link_open(struct pool *p, enum lane lane, struct link **place);
static void on_kick(uv_timer_t *kick);

static void secret_free(char *text, size_t len) {
	if (text) explicit_bzero(text, len);
	free(text);
}

static void ask_free(struct ask *a) {
	secret_free(a->text, a->len);
	free(a);
}

/* -- one connection ------------------------------------------------------------------------------------------- */

static void pool_release(struct pool *p) {
	if (--p->handles == 0) free(p);
}

static void link_closed(uv_handle_t *handle) {
	struct link *link = handle->data;
	secret_free(link->written, link->written_len);
	free(link->input);
	struct pool *p = link->pool;
	enum lane lane = link->lane;
	free(link);
	if (!p->closing) pool_advance(p, lane);
	pool_release(p);
}

/* The place is free at once. */
static void link_close(struct link *link) {
	if (link->closing) return;
	link->closing = true;
	for (int i = 0; i < LINKS_MAX; i++) {
		if (link->pool->links[link->lane][i] == link) link->pool->links[link->lane][i] = NULL;
	}
	uv_close((uv_handle_t *)&link->pipe, link_closed);
}

/* Whoever waits on this connection learns that nothing comes. */
static void link_fail(struct link *link) {
	struct ask *a = link->ask;
	link->ask = NULL;
	link_close(link);
	if (!a) return;
	a->reply(a->arg, NULL, true);
	ask_free(a);
}

/* The daemon may close a kept connection, or be started anew, at the moment in which we send: what may be asked twice, and has
 * had nothing of a reply, is asked once more. */
static bool may_repeat(const struct link *link) {
	const struct ask *a = link->ask;
	return a && a->text && link->answered && link->len == 0 && !a->begun;
}

/* Over a connection of its own, in the same place: others that are kept may be as old. */
static void repeat(struct link *link) {
	struct pool *p = link->pool;
	enum lane lane = link->lane;
	struct ask *a = link->ask;
	struct link **place = p->links[lane];
	while (*place != link)
		place++;
	link->ask = NULL;
	link_close(link);
	link_open(p, lane, place);
	(*place)->ask = a;
	a->link = *place;
	a->since_ms = uv_now(p->loop);
}

static void link_lost(struct link *link) {
	if (may_repeat(link))
		repeat(link);
	else
		link_fail(link);
}

static void link_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
	struct link *link = handle->data;
	(void)suggested;
	if (link->len == link->cap) {
		link->cap = link->cap ? link->cap * 2 : INPUT_FIRST;
		link->input = xrealloc(link->input, link->cap);
	}
	*buf = uv_buf_init(link->input + link->len, (unsigned)(link->cap - link->len));
}

static void link_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf) {
	struct link *link = stream->data;
	(void)buf;
	if (link->closing || n == 0) return;
	if (n > 0) link->len += (size_t)n;
	if (n < 0 || !link->ask) { /* an idle connection has nothing to say */
		link_lost(link);
		return;
	}
	link_take(link);
	if (!link->closing && link->len >= CONTROL_REPLY_MAX) link_fail(link);
}

static void link_written(uv_write_t *write, int status) {
	struct link *link = write->data;
	secret_free(link->written, link->written_len);
	link->written = NULL;
	link->writing = false;
	if (status < 0 && !link->closing) link_lost(link);
}

static void link_send(struct link *link) {
	struct ask *a = link->ask;
	bool keep = link->answered && a->repeatable; /* a new connection is not old: it is tried once */
	link->written = keep ? xmemdup(a->text, a->len) : a->text;
	link->written_len = a->len;
	if (!keep) a->text = NULL;
	link->writing = true;
	uv_buf_t buf = uv_buf_init(link->written, (unsigned)link->written_len);
	if (uv_write(&link->write, (uv_stream_t *)&link->pipe, &buf, 1, link_written) != 0) {
		link->writing = false;
		link_fail(link);
	}
}

static void link_connected(uv_connect_t *connect, int status) {
	struct link *link = connect->data;
	if (link->closing) return;
	if (status < 0 || uv_read_start((uv_stream_t *)&link->pipe, link_alloc, link_read) != 0) {
		link_fail(link);
		return;
	}
	link->connected = true;
	if (link->ask)
		link_send(link);
	else
		pool_advance(link->pool, link->lane);
}

/* The next reply of the input, a new reference; NULL: there is no whole line, or (*out_nonsense) it is none. */
static json_t *next_reply(struct link *link, bool *out_nonsense) {
	char *end = link->len > link->looked
	                    ? memchr(link->input + link->looked, '\n', link->len - link->looked)
	                    : NULL;
	link->looked = end ? 0 : link->len;
	if (!end) return NULL;
	size_t line = (size_t)(end - link->input);
	json_t *reply = json_loadb(link->input, line, 0, NULL);
	link->len -= line + 1;
	memmove(link->input, link->input + line + 1, link->len);
	*out_nonsense = !json_is_object(reply);
	if (!*out_nonsense) return reply;
	json_decref(reply);
	return NULL;
}

/* A watch ends with its connection, or by a refusal; an event may have a field "ok" of its own. */
static bool is_last(enum lane lane, json_t *reply) {
	if (lane == LANE_WATCH)
		return json_is_false(json_object_get(reply, "ok")) && !json_object_get(reply, "event");
	return !json_is_true(json_object_get(reply, "more"));
}

/* Hands on what has come, as far as the ask wants it. */
static void link_take(struct link *link) {
	bool nonsense = false;
	while (!link->closing && link->ask && !link->ask->paused) {
		struct ask *a = link->ask;
		json_t *reply = next_reply(link, &nonsense);
		if (!reply) break;
		bool last = is_last(link->lane, reply);
		a->since_ms = uv_now(link->pool->loop);
		a->begun = true;
		if (last) link->ask = NULL;
		if (last) link->answered = true;
		a->reply(a->arg, reply,
		         last); /* it may cancel a, which closes the link, unless this was the last */
		json_decref(reply);
		if (last) {
			if (a->paused && !link->closing)
				(void)uv_read_start(
					(uv_stream_t *)&link->pipe, link_alloc,
					link_read); /* as in link_connected, where it did not fail */
			ask_free(a);
			pool_advance(link->pool, link->lane);
		}
	}
	if (nonsense) link_fail(link);
}

static void link_open(struct pool *p, enum lane lane, struct link **place) {
	struct link *link = xcalloc(1, sizeof(*link));
	link->pool = p;
	link->lane = lane;
	link->connect.data = link;
	link->write.data = link;
	if (uv_pipe_init(p->loop, &link->pipe, 0) != 0) abort(); /* never fails for pipes that are not IPC */
	link->pipe.data = link;
	p->handles++;
	*place = link;
	uv_pipe_connect(&link->connect, &link->pipe, p->path, link_connected);
}

/* -- who goes next ---------------------------------------------------------------------------------------------- */

static struct ask *take_out(struct pool *p, enum lane lane, struct ask **at) {
	struct ask *a = *at;
	*at = a->next;
	if (!a->next) p->end[lane] = at;
	p->waiting[lane]--;
	a->next = NULL;
	return a;
}

/* Connections of the lane that are busy for the owner. */
static unsigned links_of(const struct pool *p, enum lane lane, uint64_t owner) {
	unsigned count = 0;
	for (unsigned i = 0; i < lanes[lane].links; i++) {
		const struct link *link = p->links[lane][i];
		count += link && link->ask && link->ask->owner == owner;
	}
	return count;
}

/* Where the one hangs whose turn it is: of those whose owners have the fewest connections the first; NULL: none may. */
static struct ask **next_turn(struct pool *p, enum lane lane) {
	struct ask **best = NULL;
	unsigned fewest = LINKS_MAX + 1;
	for (struct ask **at = &p->first[lane]; *at && fewest > 0; at = &(*at)->next) {
		uint64_t owner = (*at)->owner;
		unsigned count = owner == POOL_OURSELVES ? 0 : links_of(p, lane, owner);
		if (count >= fewest || count >= lanes[lane].share) continue;
		best = at;
		fewest = count;
	}
	return best;
}

/* An idle connection, or a new one; NULL: all are busy. */
static struct link *free_link(struct pool *p, enum lane lane) {
	struct link **empty = NULL;
	for (unsigned i = 0; i < lanes[lane].links; i++) {
		struct link *link = p->links[lane][i];
		if (link && !link->ask && !link->writing) return link;
		if (!link && !empty) empty = &p->links[lane][i];
	}
	if (!empty) return NULL;
	link_open(p, lane, empty);
	return *empty;
}

static void pool_advance(struct pool *p, enum lane lane) {
	for (struct ask **turn; !p->closing && (turn = next_turn(p, lane));) {
		struct link *link = free_link(p, lane);
		if (!link) return;
		link->ask = take_out(p, lane, turn);
		link->ask->link = link;
		link->ask->since_ms = uv_now(p->loop);
		if (link->connected) link_send(link);
	}
}

/* May no more of the owner's requests wait? */
static bool is_full(struct pool *p, enum lane lane, uint64_t owner) {
	unsigned bound = lanes[lane].waiting, count = 0;
	if (p->waiting[lane] >= bound) return !free_link(p, lane);
	if (owner == POOL_OURSELVES) return false;
	for (const struct ask *a = p->first[lane]; a; a = a->next)
		count += a->owner == owner;
	return count >= bound - bound / 4;
}

struct ask *pool_ask(struct pool *p, enum lane lane, uint64_t owner, json_t *request, ask_reply *reply,
                     void *arg) {
	char *text = request ? json_dumps(request, JSON_COMPACT) : NULL;
	json_decref(request);
	if (!text || is_full(p, lane, owner) || p->closing) {
		if (text) secret_free(text, strlen(text));
		return NULL;
	}
	struct ask *a = xcalloc(1, sizeof(*a));
	*a = (struct ask){ .pool = p,
		           .lane = lane,
		           .owner = owner,
		           .text = text,
		           .len = strlen(text),
		           .reply = reply,
		           .arg = arg };
	a->text[a->len++] = '\n'; /* in the place of the NUL: all use the length */
	a->since_ms = uv_now(p->loop);
	*p->end[lane] = a;
	p->end[lane] = &a->next;
	p->waiting[lane]++;
	(void)uv_timer_start(&p->kick, on_kick, 0, 0); /* fails without a callback only */
	return a;
}

void ask_may_repeat(struct ask *a) {
	a->repeatable = true;
}

static void forget_waiting(struct ask *a) {
	struct pool *p = a->pool;
	for (struct ask **at = &p->first[a->lane]; *at; at = &(*at)->next) {
		if (*at != a) continue;
		(void)take_out(p, a->lane, at);
		return;
	}
}

void ask_cancel(struct ask *a) {
	if (!a) return;
	if (a->link) {
		a->link->ask = NULL;
		link_close(a->link);
	} else {
		forget_waiting(a);
	}
	ask_free(a);
}

void ask_pause(struct ask *a) {
	if (a->paused || !a->link) return;
	a->paused = true;
	if (a->link->connected) (void)uv_read_stop((uv_stream_t *)&a->link->pipe); /* never fails */
}

void ask_resume(struct ask *a) {
	if (!a->paused) return;
	a->paused = false;
	a->since_ms = uv_now(a->pool->loop);
	if (uv_read_start((uv_stream_t *)&a->link->pipe, link_alloc, link_read) == 0)
		(void)uv_timer_start(&a->pool->kick, on_kick, 0, 0); /* as above */
}

/* -- all of it ---------------------------------------------------------------------------------------------------- */

/* What was put off, so that no caller is called from within its own call. */
static void on_kick(uv_timer_t *kick) {
	struct pool *p = kick->data;
	for (int lane = 0; lane < LANE_COUNT; lane++) {
		for (int i = 0; i < LINKS_MAX; i++) {
			struct link *link = p->links[lane][i];
			if (link && link->ask && link->len > 0) link_take(link);
		}
		pool_advance(p, (enum lane)lane);
	}
}

static void expire_waiting(struct pool *p, enum lane lane, uint64_t now_ms) {
	while (p->first[lane] && now_ms - p->first[lane]->since_ms > lanes[lane].patience_ms) {
		struct ask *a = take_out(p, lane, &p->first[lane]);
		a->reply(a->arg, NULL, true);
		ask_free(a);
	}
}

static void on_tick(uv_timer_t *tick) {
	struct pool *p = tick->data;
	uint64_t now_ms = uv_now(p->loop);
	for (int lane = 0; lane < LANE_COUNT; lane++) {
		for (int i = 0; i < LINKS_MAX; i++) {
			struct link *link = p->links[lane][i];
			struct ask *a = link ? link->ask : NULL;
			if (a && !a->paused && now_ms - a->since_ms > lanes[lane].patience_ms)
				link_fail(link);
		}
		expire_waiting(p, (enum lane)lane, now_ms);
	}
}

struct pool *pool_new(uv_loop_t *loop, const char *path) {
	struct pool *p = xcalloc(1, sizeof(*p));
	p->loop = loop;
	p->path = path;
	p->handles = 2;
	for (int lane = 0; lane < LANE_COUNT; lane++)
		p->end[lane] = &p->first[lane];
	if (uv_timer_init(loop, &p->tick) != 0 || uv_timer_init(loop, &p->kick) != 0)
		abort(); /* never fails */
	p->tick.data = p;
	p->kick.data = p;
	(void)uv_timer_start(&p->tick, on_tick, TICK_MS, TICK_MS); /* fails without a callback only */
	return p;
}

static void timer_closed(uv_handle_t *handle) {
	pool_release(handle->data);
}

void pool_close(struct pool *p) {
	if (!p) return;
	p->closing = true;
	for (int lane = 0; lane < LANE_COUNT; lane++) {
		while (p->first[lane]) {
			struct ask *a = take_out(p, (enum lane)lane, &p->first[lane]);
			a->reply(a->arg, NULL, true);
			ask_free(a);
		}
		for (int i = 0; i < LINKS_MAX; i++) {
			if (p->links[lane][i]) link_fail(p->links[lane][i]);
		}
	}
	uv_close((uv_handle_t *)&p->tick, timer_closed);
	uv_close((uv_handle_t *)&p->kick, timer_closed);
}
