/* What a client may send to the TCP and TLS listeners, headers of proxies included.  The first octet says how, the
 * second in pieces of what size:
 *   0  the octets to the TCP listener                 3  after a handshake, the octets inside the session
 *   1  the octets to the TLS listener                 4  a handshake and a request, in which octets are changed:
 *   2  after a handshake, the octets in clear            the input is triples of place (2) and change (1)
 * However it goes, when the client has left, nothing of it is left within a bounded number of turns. */
#include <errno.h>

#include "../unit/net/certificate_make.h"
#include "base/bytes.h"
#include "net/socket.h"
#include "net/tls.h"
#include "net/worker.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { HOWS = 5, TURNS_MAX = 2000, SENT_MAX = 16384 };

struct world {
	struct net_worker *worker;
	struct prefix_set *proxies;
	struct addr plain, tls;
	gnutls_certificate_credentials_t client;
};

struct client {
	struct world *world;
	int fd;
	size_t piece, sent;
	const uint8_t *changes; /* triples */
	size_t changes_len;
};

static struct moment no_time(void) {
	return (struct moment){ 0 };
}

static void no_udp(void *ctx, struct udp_packet *packets, unsigned count) {
	(void)ctx, (void)packets, (void)count;
}

static long two_messages(void *state, uint8_t *buf, size_t cap) {
	unsigned *left = state;
	memset(buf, 's', cap);
	return (*left)-- > 0 ? (long)cap : TCP_STREAM_END;
}

static void answer(void *ctx, struct tcp_conn *conn, const uint8_t *req, size_t len) {
	(void)ctx;
	must(len > 0 && tcp_peer(conn)->family != AF_UNSPEC);
	if (req[0] == 's') {
		unsigned *left = malloc(sizeof(*left));
		must(left != NULL);
		*left = 2;
		tcp_stream(conn, two_messages, left, free);
	} else if (req[0] != 'n') {
		must(tcp_answer(conn, req, len) == OK);
	}
	if (req[0] == 'z') tcp_close_after(conn);
}

static struct addr add_listener(struct net_worker *w, enum err (*add)(struct net_worker *, int)) {
	struct addr a;
	struct socket_error error;
	int fd;
	must(addr_parse("127.0.0.1", 0, &a) == OK);
	must(socket_tcp_listen(&a, &fd, &error) == OK);
	must(socket_local_addr(fd, &a) == OK);
	must(add(w, fd) == OK);
	return a;
}

static struct world *make_world(void) {
	struct addr_prefix loopback;
	static struct world world;
	struct net_worker_config config = { .udp = no_udp, .tcp = answer, .now = no_time };
	struct tls_files files;
	struct tls_credentials *credentials;
	char text[TLS_TEXT_MAX];
	must(addr_prefix_parse("127.0.0.0/8", &loopback) == OK);
	must(net_worker_new(&config, &world.worker) == OK);
	world.proxies = prefix_set_new(&loopback, 1);
	net_worker_set_proxies(world.worker, world.proxies);
	world.plain = add_listener(world.worker, net_worker_add_tcp);
	world.tls = add_listener(world.worker, net_worker_add_tls);
	tls_files_make(&files, "fuzz");
	must(tls_credentials_load(files.certificate, files.key, false, &credentials, text) == OK);
	tls_files_remove(&files);
	net_worker_set_tls(world.worker, credentials);
	tls_credentials_unref(credentials);
	must(gnutls_certificate_allocate_credentials(&world.client) == 0);
	return &world;
}

/* -- the client -------------------------------------------------------------------------------------------------- */

static void run(struct client *c) {
	for (int i = 0; i < 3; i++)
		net_worker_turn(c->world->worker, 0);
}

static void connect_to(struct client *c, const struct addr *to) {
	struct sockaddr_storage sa;
	socklen_t len = addr_to_sockaddr(to, &sa);
	struct linger reset = {
		.l_onoff = 1
	}; /* no port may wait for the ends of thousands of connections */
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	must(c->fd >= 0 && setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)) == 0);
	must(connect(c->fd, (const struct sockaddr *)&sa, len) == 0);
	run(c);
}

static void drain(const struct client *c) {
	uint8_t buf[4096];
	while (recv(c->fd, buf, sizeof(buf), MSG_DONTWAIT) > 0)
		continue;
}

static void send_pieces(struct client *c, const uint8_t *data, size_t len) {
	for (size_t at = 0; at < len;) {
		size_t piece = c->piece < len - at ? c->piece : len - at;
		if (send(c->fd, data + at, piece, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
			return; /* the server has closed */
		at += piece;
		run(c);
		drain(c);
	}
}

static ssize_t push(gnutls_transport_ptr_t to, const void *data, size_t len) {
	struct client *c = to;
	uint8_t copy[SENT_MAX];
	if (len > sizeof(copy)) len = sizeof(copy);
	memcpy(copy, data, len);
	for (size_t i = 0; i + 3 <= c->changes_len; i += 3) {
		size_t place = load_u16(c->changes + i);
		if (place >= c->sent && place < c->sent + len) copy[place - c->sent] ^= c->changes[i + 2];
	}
	ssize_t n = send(c->fd, copy, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	c->sent += n > 0 ? (size_t)n : 0;
	return n;
}

static ssize_t pull(gnutls_transport_ptr_t from, void *buf, size_t len) {
	const struct client *c = from;
	return recv(c->fd, buf, len, MSG_DONTWAIT);
}

static bool shake(struct client *c, gnutls_session_t session) {
	int n = GNUTLS_E_AGAIN;
	for (int i = 0; i < 100 && n == GNUTLS_E_AGAIN; i++) {
		n = gnutls_handshake(session);
		run(c);
	}
	return n == 0;
}

static void talk(struct client *c, gnutls_session_t session, unsigned how, const uint8_t *data, size_t len) {
	if (!shake(c, session)) return;
	if (how == 2) send_pieces(c, data, len);
	for (size_t at = 0; how == 3 && at < len; at += c->piece) {
		if (gnutls_record_send(session, data + at, c->piece < len - at ? c->piece : len - at) < 0)
			return;
		run(c);
		drain(c);
	}
	if (how == 4) (void)gnutls_record_send(session, "\0\4echo", 6); /* the server may have closed */
	run(c);
}

static void over_tls(struct client *c, unsigned how, const uint8_t *data, size_t len) {
	gnutls_session_t session;
	if (how == 4) {
		c->changes = data;
		c->changes_len = len;
	}
	must(gnutls_init(&session, GNUTLS_CLIENT | GNUTLS_NONBLOCK) == 0);
	must(gnutls_priority_set_direct(session, len % 2 ? "NORMAL:-VERS-TLS1.3" : "NORMAL", NULL) == 0);
	must(gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, c->world->client) == 0);
	gnutls_transport_set_ptr(session, c);
	gnutls_transport_set_push_function(session, push);
	gnutls_transport_set_pull_function(session, pull);
	talk(c, session, how, data, len);
	gnutls_deinit(session);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
	static struct world *world;
	if (!world) world = make_world();
	if (len < 2) return 0;
	unsigned how = data[0] % HOWS;
	struct client c = { .world = world, .piece = (size_t)data[1] * data[1] / 4 + 1 };
	connect_to(&c, how == 0 ? &world->plain : &world->tls);
	if (how < 2)
		send_pieces(&c, data + 2, len - 2);
	else
		over_tls(&c, how, data + 2, len - 2);
	must(close(c.fd) == 0);
	for (int i = 0; net_worker_counters(world->worker).tcp.open > 0; i++) {
		must(i < TURNS_MAX);
		net_worker_turn(world->worker, 5);
	}
	return 0;
}
