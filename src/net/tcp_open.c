#include "net/tcp_open.h"

/* A session's memory is charged like the connection's other buffers. */
static bool session_make(struct tcp_conn *c, struct tls_credentials *credentials) {
	struct tcp_shared *shared = c->shared;
	if (!credentials) return false;
	if (TLS_SESSION_BYTES <= shared->buffers_limit - shared->buffers_used)
		c->tls = tls_session_new(credentials, c->fd, NULL, 0);
	if (c->tls)
		shared->buffers_used += TLS_SESSION_BYTES;
	else
		counter_add(&shared->counters.out_of_memory, 1);
	return c->tls != NULL;
}

enum err tcp_open_tls(struct tcp_conn *c, struct tls_credentials *credentials) {
	struct tcp_live_counters *counters = &c->shared->counters;
	if (!c->tls && !session_make(c, credentials)) return ERR_NOMEM;
	enum err e = tls_handshake(c->tls);
	if (e == ERR_AGAIN) return e;
	if (e != OK) {
		counter_add(&counters->tls_failed, 1);
		return e;
	}
	c->stage = TCP_STAGE_OPEN;
	counter_add(&counters->tls_opened, 1);
	if (tls_is_resumed(c->tls)) counter_add(&counters->tls_resumed, 1);
	return OK;
}
