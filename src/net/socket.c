/* Opening listening sockets: one table of options for each kind, the first that fails names itself. */
#include "net/socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define UDP_BUFFER_BYTES (4 * 1024 * 1024) /* wished for; the system's limits may give less */
#define TCP_UNSENT_BYTES (128 * 1024)

struct socket_option {
	int level;
	int name;
	int value;
	bool is_wish; /* a refusal is no failure */
	const char *text;
};

static enum err fail(struct socket_error *out_error, const struct addr *a, const char *protocol,
                     const char *what) {
	int number = errno;
	char where[ADDR_TEXT_MAX], reason[96];
	out_error->system_errno = number;
	(void)snprintf(out_error->text, sizeof(out_error->text), "%s %s: %s: %s", protocol,
	               addr_text(a, where), what,
	               strerror_r(number, reason, sizeof(reason))); /* cutting is right for a message */
	return ERR_IO;
}

static bool is_wildcard(const struct addr *a) {
	static const uint8_t zero[16];
	return memcmp(a->ip, zero, a->family == AF_INET ? 4 : 16) == 0;
}

/* Name of the option that was refused, NULL when all are set. */
static const char *set_options(int fd, const struct socket_option *options, unsigned count) {
	for (unsigned i = 0; i < count; i++) {
		const struct socket_option *o = &options[i];
		if (setsockopt(fd, o->level, o->name, &o->value, sizeof(o->value)) != 0 && !o->is_wish)
			return o->text;
	}
	return NULL;
}

static int open_socket(const struct addr *a, int type) {
	return socket(a->family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static const char *set_family_options(int fd, const struct addr *a) {
	static const struct socket_option only_ipv6 = { IPPROTO_IPV6, IPV6_V6ONLY, 1, false, "IPV6_V6ONLY" };
	return a->family == AF_INET6 ? set_options(fd, &only_ipv6, 1) : NULL;
}

static bool bind_to(int fd, const struct addr *a) {
	struct sockaddr_storage sa;
	socklen_t len = addr_to_sockaddr(a, &sa);
	return bind(fd, (const struct sockaddr *)&sa, len) == 0;
}

static const char *set_udp_options(int fd, const struct addr *a) {
	static const struct socket_option all[] = {
		{ SOL_SOCKET, SO_REUSEPORT, 1, false, "SO_REUSEPORT" },
		{ SOL_SOCKET, SO_RCVBUF, UDP_BUFFER_BYTES, true, "SO_RCVBUF" },
		{ SOL_SOCKET, SO_SNDBUF, UDP_BUFFER_BYTES, true, "SO_SNDBUF" },
	};
	/* A forged ICMP "too big" must not make us send small fragments, which are easy to poison. */
	static const struct socket_option ipv4[] = {
		{ IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT, true, "IP_MTU_DISCOVER" },
		{ IPPROTO_IP, IP_PKTINFO, 1, false, "IP_PKTINFO" },
	};
	static const struct socket_option ipv6[] = {
		{ IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_OMIT, true, "IPV6_MTU_DISCOVER" },
		{ IPPROTO_IPV6, IPV6_RECVPKTINFO, 1, false, "IPV6_RECVPKTINFO" },
	};
	const char *refused = set_options(fd, all, sizeof(all) / sizeof(all[0]));
	if (!refused) refused = set_family_options(fd, a);
	/* The last option of each family is for wildcards only. */
	if (!refused) refused = set_options(fd, a->family == AF_INET6 ? ipv6 : ipv4, is_wildcard(a) ? 2 : 1);
	return refused;
}

enum err socket_udp_listen(const struct addr *a, int *out_fd, struct socket_error *out_error) {
	int fd = open_socket(a, SOCK_DGRAM);
	if (fd < 0) return fail(out_error, a, "UDP", "socket");
	const char *refused = set_udp_options(fd, a);
	if (!refused && !bind_to(fd, a)) refused = "bind";
	if (refused) {
		enum err e = fail(out_error, a, "UDP", refused);
		(void)close(fd); /* nothing was written to it */
		return e;
	}
	*out_fd = fd;
	return OK;
}

static const char *set_tcp_options(int fd, const struct addr *a) {
	/* Accepted connections inherit the TCP options. */
	static const struct socket_option all[] = {
		{ SOL_SOCKET, SO_REUSEADDR, 1, false, "SO_REUSEADDR" },
		{ SOL_SOCKET, SO_REUSEPORT, 1, false, "SO_REUSEPORT" },
		{ IPPROTO_TCP, TCP_NODELAY, 1, true, "TCP_NODELAY" },
		{ IPPROTO_TCP, TCP_NOTSENT_LOWAT, TCP_UNSENT_BYTES, true, "TCP_NOTSENT_LOWAT" },
	};
	const char *refused = set_options(fd, all, sizeof(all) / sizeof(all[0]));
	return refused ? refused : set_family_options(fd, a);
}

enum err socket_tcp_listen(const struct addr *a, int *out_fd, struct socket_error *out_error) {
	int fd = open_socket(a, SOCK_STREAM);
	if (fd < 0) return fail(out_error, a, "TCP", "socket");
	const char *refused = set_tcp_options(fd, a);
	if (!refused && !bind_to(fd, a)) refused = "bind";
	if (!refused && listen(fd, SOCKET_BACKLOG) != 0) refused = "listen";
	if (refused) {
		enum err e = fail(out_error, a, "TCP", refused);
		(void)close(fd); /* nothing was written to it */
		return e;
	}
	*out_fd = fd;
	return OK;
}

/* Bind without SO_REUSEPORT, which fails if anybody else has the address. */
static enum err try_bind(const struct addr *a, int type, struct socket_error *out_error) {
	static const struct socket_option reuse = { SOL_SOCKET, SO_REUSEADDR, 1, true, "SO_REUSEADDR" };
	const char *protocol = type == SOCK_STREAM ? "TCP" : "UDP";
	int fd = open_socket(a, type);
	if (fd < 0) return fail(out_error, a, protocol, "socket");
	const char *refused = set_family_options(fd, a);
	/* For TCP this lets old connections in TIME_WAIT be; for UDP it would share the port. */
	if (!refused && type == SOCK_STREAM) refused = set_options(fd, &reuse, 1);
	if (!refused && !bind_to(fd, a)) refused = "bind";
	if (!refused && type == SOCK_STREAM && listen(fd, 1) != 0) refused = "listen";
	enum err e = refused ? fail(out_error, a, protocol, refused) : OK;
	(void)close(fd); /* nothing was written to it */
	return e;
}

enum err socket_address_free(const struct addr *a, struct socket_error *out_error) {
	enum err e = try_bind(a, SOCK_DGRAM, out_error);
	if (e == OK) e = try_bind(a, SOCK_STREAM, out_error);
	return e;
}

enum err socket_tcp_address_free(const struct addr *a, struct socket_error *out_error) {
	return try_bind(a, SOCK_STREAM, out_error);
}

enum err socket_local_addr(int fd, struct addr *out_addr) {
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);
	if (getsockname(fd, (struct sockaddr *)&sa, &len) != 0) return ERR_IO;
	*out_addr = addr_from_sockaddr((const struct sockaddr *)&sa);
	return OK;
}
