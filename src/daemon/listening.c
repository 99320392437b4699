#include "daemon/listening.h"

#include <stdio.h>
#include <string.h>

#define BUFFERS_BYTES ((size_t)64 << 20) /* of a worker's connections, TLS sessions not counted */

/* Each worker counts its own connections, so it gets a part of the whole. */
static unsigned share_of(unsigned all, unsigned workers) {
	return (all + workers - 1) / workers;
}

static struct tcp_limits limits(const struct config_server *s) {
	struct tcp_limits limits = {
		.conns_max = share_of(s->tcp_clients_max, s->workers),
		.conns_per_client = share_of(s->tcp_clients_per_address, s->workers),
		.idle_ms = s->tcp_idle_s * 1000,
		.buffers_bytes = BUFFERS_BYTES,
	};
	if (s->tls.listen.count > 0) limits.buffers_bytes += (size_t)limits.conns_max * TLS_SESSION_BYTES;
	return limits;
}

struct workers_settings listening_settings(const struct config_server *server, struct tls_credentials *tls) {
	return (struct workers_settings){
		.count = server->workers,
		.listen = server->listen,
		.listen_count = server->listen_count,
		.tcp = limits(server),
		.udp_coalesce_us = server->udp_coalesce_us,
		.tls_listen = server->tls.listen.items,
		.tls_listen_count = server->tls.listen.count,
		.tls = tls,
		.proxies = server->allow_proxy.items,
		.proxies_count = server->allow_proxy.count,
	};
}

enum err listening_credentials(const struct config_server *server, const char *user,
                               struct tls_credentials **out_tls, char out_text[static LISTENING_TEXT_MAX]) {
	char text[TLS_TEXT_MAX];
	struct tls_credentials *tls = NULL;
	if (server->tls.listen.count > 0 &&
	    tls_credentials_load(server->tls.certificate, server->tls.key, server->tls.asks_clients, &tls,
	                         text) != OK) {
		/* Cutting is right for a message. */
		(void)snprintf(out_text, LISTENING_TEXT_MAX,
		               user ? "server.tls: %s (read as user %s)" : "server.tls: %s", text, user);
		return ERR_CONFIG;
	}
	*out_tls = tls;
	return OK;
}

static bool same_addresses(const struct addr *a, unsigned a_count, const struct addr *b, unsigned b_count) {
	if (a_count != b_count) return false;
	for (unsigned i = 0; i < a_count; i++) {
		if (!addr_equal(&a[i], &b[i])) return false;
	}
	return true;
}

bool listening_same(const struct config_server *a, const struct config_server *b) {
	return same_addresses(a->listen, a->listen_count, b->listen, b->listen_count);
}

bool listening_same_tls(const struct config_server *a, const struct config_server *b) {
	return same_addresses(a->tls.listen.items, a->tls.listen.count, b->tls.listen.items,
	                      b->tls.listen.count);
}

static bool same_text(const char *a, const char *b) {
	return a && b ? strcmp(a, b) == 0 : a == b;
}

bool listening_same_web(const struct config_web *a, const struct config_web *b) {
	return same_addresses(a->listen.items, a->listen.count, b->listen.items, b->listen.count) &&
	       same_text(a->certificate, b->certificate) && same_text(a->key, b->key) &&
	       same_text(a->user, b->user) && same_text(a->program, b->program) &&
	       a->requests_per_minute == b->requests_per_minute && a->body_max == b->body_max &&
	       a->metrics_open == b->metrics_open;
}
