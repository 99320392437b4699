/* One HTTP request and its answer.
 *
 *   receiving --all of it--> running --exchange_reply_*--> answered --MHD took it--> sending --> gone
 *       | refused by its head: answered at once
 *
 * Handlers (handlers.h) see only this: they run when the request is whole, and answer now or later, once.  An answer
 * that is streamed is made while it is sent: exchange_write until exchange_end; when the client is slow, `drained`
 * says that there is room again.
 * server.c owns it, from the first line of the request until the answer is taken or the client is gone; whatever
 * waits for it (asks, jobs) ends there.
 * Thread: the loop's. */
#ifndef UNDERSTUDY_WEB_EXCHANGE_H
#define UNDERSTUDY_WEB_EXCHANGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "web/route.h"
#include "web/target.h"

#define EXCHANGE_HEADERS_MAX 24
#define EXCHANGE_BUFFER_MAX (1U << 20) /* octets of a stream that wait for the client, and one write */

struct ask;
struct site;
struct server;

enum stage { STAGE_NEW, STAGE_RECEIVING, STAGE_RUNNING, STAGE_ANSWERED, STAGE_SENDING };

struct exchange {
	struct site *site;
	enum method method;
	struct target target; /* text NULL: could not be taken apart, target_error tells */
	enum err target_error;
	const struct route *route; /* NULL until found */
	const char *params[ROUTE_PARAMS_MAX];
	struct addr from;
	uint64_t begun_ms;
	json_t *body;    /* own: what the route takes; NULL: none */
	const char *key; /* borrow from the request's headers; NULL: none */

	/* of the handler that is at work */
	struct ask *ask;
	void (*done)(struct exchange *x, json_t *result); /* api.h */
	void (*failed)(struct exchange *x, const char *code,
	               json_t *reply); /* api.h; NULL: the general one */
	void *job;                     /* own */
	void (*job_free)(void *job);
	void (*drained)(struct exchange *x); /* NULL: nobody waits */
	int ok_status;                       /* what success is told as, where it differs; 0: 200 */

	/* the answer */
	int status;
	struct {
		const char *name;
		char *value; /* own */
	} headers[EXCHANGE_HEADERS_MAX];
	unsigned header_count;
	char *text; /* own */
	size_t len, taken, cap;
	bool stream, ended, broken;

	/* of server.c */
	struct server *server;
	void *connection;
	enum stage stage;
	bool suspended, too_big;
	char *received; /* own */
	size_t received_len, received_cap;
	struct exchange *next, **back;
};

/* A header of the request, or NULL.  Borrowed until the exchange ends. */
const char *exchange_header(struct exchange *x, const char *name);

/* Add a header to the answer; name is a constant, value is copied; what is no header text becomes '?'. */
void exchange_set(struct exchange *x, const char *name, const char *value);

/* Answer.  Take text (malloc) and body. */
void exchange_text(struct exchange *x, int status, const char *type, char *text, size_t len);
void exchange_json(struct exchange *x, int status, json_t *body);
/* {"error": text by printf rules} */
void exchange_error(struct exchange *x, int status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void exchange_empty(struct exchange *x, int status);

/* Answer in parts. */
void exchange_stream(struct exchange *x, int status, const char *type);
void exchange_write(struct exchange *x, const char *data, size_t len);
/* false: it could not be made whole, which the client sees by a broken connection. */
void exchange_end(struct exchange *x, bool whole);
/* More waits for the client than should be added to. */
bool exchange_full(const struct exchange *x);
/* A HEAD request: what would be streamed is not wanted. */
bool exchange_head_only(const struct exchange *x);

/* For server.c. */
void exchange_clear(struct exchange *x);
/* Defined by server.c: the answer is there, or more of it. */
void server_wake(struct exchange *x);

#endif
