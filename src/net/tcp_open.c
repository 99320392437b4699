#include "net/tcp_open.h"

#include <errno.h>
#include <sys/socket.h>

#include "net/proxy.h"

/* -- the header of a proxy -------------------------------------------------------------------------------------- */

/* Read until `len` octets are in the connection's own buffer. */
static enum err read_up_to(struct tcp_conn *c, size_t len) {
	struct tcp_bytes *in = &c->in;
	if (!tcp_bytes_grow(c, in, len)) return ERR_NOMEM;
	ssize_t n = recv(c->fd, in->data + in->len, len - in->len, MSG_DONTWAIT);
	if (n == 0) return ERR_CLOSED;
	if (n < 0) return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? ERR_AGAIN : ERR_CLOSED;
	in->len += (size_t)n;
	return OK;
}

enum err tcp_open_proxy(struct tcp_conn *c, struct addr *out_source) {
	struct tcp_live_counters *counters = &c->shared->counters;
	struct proxy_header header = { 0 };
	enum err e;
	while ((e = proxy_parse(c->in.data, c->in.len, &header)) == ERR_AGAIN) {
		enum err read = read_up_to(c, header.len);
		if (read != OK) return read;
	}
	if (e == ERR_MALFORMED) counter_add(&counters->proxy_malformed, 1);
	if (e != OK && e != ERR_NOTFOUND) return e;
	c->stage = c->listener == TCP_LISTENER_TLS ? TCP_STAGE_TLS : TCP_STAGE_OPEN;
	if (e == ERR_NOTFOUND) return e; /* what was read is of the next stage and stays in c->in */
	counter_add(&counters->proxied, 1);
	tcp_bytes_free(c, &c->in);
	*out_source = header.source;
	return OK;
}

/* -- TLS -------------------------------------------------------------------------------------------------------- */

/* A session's memory is charged like the connection's other buffers. */
static bool session_make(struct tcp_conn *c, struct tls_credentials *credentials) {
	struct tcp_shared *shared = c->shared;
	if (!credentials) return false;
	if (TLS_SESSION_BYTES <= shared->buffers_limit - shared->buffers_used)
		c->tls = tls_session_new(credentials, c->fd, c->in.data, c->in.len);
	tcp_bytes_free(c, &c->in);
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
	if (e != OK) return e;
	c->stage = TCP_STAGE_OPEN;
	counter_add(&counters->tls_opened, 1);
	if (tls_is_resumed(c->tls)) counter_add(&counters->tls_resumed, 1);
	return OK;
}
