/* What the files of one connection share: connection.c (its life and its time), connection_stream.c (octets in and out,
 * TLS) and connection_answers.c (whose answer they are).  For these only; others include connection.h.
 * Thread: the loop's. */
#ifndef UNDERSTUDY_TRANSFER_CONNECTION_PARTS_H
#define UNDERSTUDY_TRANSFER_CONNECTION_PARTS_H

#include "net/tls_dial.h"
#include "transfer/connection.h"

#define CONNECTION_INPUT_CAP (2 + 65535)
#define CONNECTION_CIPHER_CAP 32768

struct connection {
	uv_tcp_t tcp;
	uv_timer_t timer;
	uv_connect_t connect;
	struct connection_owner owner;
	struct random *random;
	struct exchange_list under_way;
	unsigned answered;
	unsigned handles; /* not yet closed */
	bool connected, ended;
	bool is_tls;
	bool tcp_made;           /* TLS: what is missing is the handshake */
	struct tls_dial *tls;    /* NULL: not over TLS, or not yet */
	struct tls_trust *trust; /* a reference, until tls has its own */
	uint8_t *cipher;         /* CONNECTION_CIPHER_CAP octets as they come, with tls */
	bool reading;            /* inside on_read: what ends it is told afterwards, what it asks sent then */
	bool has_written;        /* since on_read began */
	struct connection_end end;
	int error;        /* of a call that failed at once: told from the loop */
	struct why early; /* as error; REASON_NONE: error tells */
	int64_t heard_ms; /* when an octet came last, or the state changed */
	int64_t frame_ms; /* when the frame that is not yet whole began */
	uint8_t *input;
	size_t input_len;
	uint8_t *output; /* questions that wait for connection_flush; NULL: none */
	size_t output_len, output_cap;
};

/* -- connection.c -- */

int64_t connection_now_ms(const struct connection *c);
/* Something happened: the time limits begin anew. */
void connection_restart_timer(struct connection *c);
/* As connection_drop, with words ready made. */
void connection_drop_because(struct connection *c, struct exchange *guilty, const struct why *why);
/* status: a failure of the system, negative as libuv has it. */
void connection_drop_by_system(struct connection *c, int status, const char *what);
/* Have it told by the loop: callers do not expect the end of a connection from inside their own call. */
void connection_fail_soon(struct connection *c, int status);
void connection_fail_soon_because(struct connection *c, enum reason reason, const char *text);
/* The handles are closed and the owner is told.  c->ended is set. */
void connection_tell_end(struct connection *c);

/* -- connection_stream.c -- */

/* The TCP connection is made: begin to read, over TLS with the handshake. */
void connection_begin_stream(struct connection *c);
/* A question in its frame, copied behind those that wait for connection_flush. */
void connection_put_question(struct connection *c, const uint8_t *data, size_t len);

/* -- connection_answers.c -- */

/* The exchange under way with this ID; NULL: none. */
struct exchange *connection_find(const struct connection *c, uint16_t id);
/* Of its answer so far, with what has come of the message that is not yet whole. */
uint64_t connection_octets_of(const struct connection *c, const struct exchange *x);
/* So many octets were added behind c->input_len. */
void connection_take_octets(struct connection *c, size_t got);

#endif
