/* A primary of any zone, for measuring a secondary with very many: whatever name is asked for is a zone of ten records,
 * made from the name, at the serial given.  So it costs neither memory nor a start, and little CPU beside the secondary's.
 *
 *     bench_primary ADDRESS PORT [SERIAL]
 *
 * SOA by UDP and TCP; AXFR, and IXFR answered by the whole zone, by TCP, pipelined.  No checks but those that keep it from
 * reading beyond a message: it is for a loopback without strangers.  One thread. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "put.h"
#include "sockets.h"

#define MESSAGE_MAX 2048 /* of ours; ten records take 500 octets */

/* bench/million.py makes the same address of the name. */
static uint32_t number_of(const uint8_t *name, size_t len) {
	uint32_t h = 2166136261U;
	for (size_t i = 0; i < len; i++)
		h = (h ^ name[i]) * 16777619U;
	return h;
}

/* Ten records, and the SOA again. */
static unsigned put_zone(struct output *o, uint32_t serial, uint32_t number) {
	char text[64];
	snprintf(text, sizeof(text), "v=spf1 mx ip4:%u.%u.%u.%u -all", number >> 24, number >> 16 & 255,
	         number >> 8 & 255, number & 255);
	put_soa(o, serial);
	put_server(o, "ns1");
	put_server(o, "ns2");
	put_mail(o, "", "mail");
	put_text(o, "", text);
	put_host(o, "", number);
	put_host6(o, "", number);
	put_host(o, "mail", number + 1);
	put_host(o, "www", number);
	put_host6(o, "www", number);
	put_soa(o, serial);
	return 11;
}

/* Length of the answer; 0: none. */
static size_t answer(const uint8_t *query, size_t len, uint32_t serial, uint8_t out[static MESSAGE_MAX]) {
	if (len < 17 || query[2] & 0x80) return 0;
	size_t end = 12;
	while (end < len && query[end] != 0)
		end += 1 + query[end];
	if (end + 5 > len || end > 300) return 0;
	unsigned type = (unsigned)query[end + 1] << 8 | query[end + 2];
	memcpy(out, query, end + 5);
	struct output o = { out, out + end + 5 };
	unsigned count = 1;
	if (type == TYPE_AXFR || type == TYPE_IXFR)
		count = put_zone(&o, serial, number_of(query + 12, end - 12));
	else
		put_soa(&o, serial);
	out[2] = 0x84;
	out[3] = 0;
	memset(out + 4, 0, 8);
	out[5] = 1;
	out[7] = (uint8_t)count;
	return (size_t)(o.at - out);
}

/* -- connections ------------------------------------------------------------------------------------------------ */

struct connection {
	int fd;
	size_t in_len, out_len, out_at;
	uint8_t in[65536], out[1 << 18];
};

struct server {
	int udp, listener, epoll;
	uint32_t serial;
};

static void serve_udp(const struct server *s) {
	uint8_t query[MESSAGE_MAX], out[MESSAGE_MAX];
	struct sockaddr_storage from;
	for (;;) {
		socklen_t from_len = sizeof(from);
		ssize_t n = recvfrom(s->udp, query, sizeof(query), MSG_DONTWAIT, (struct sockaddr *)&from,
		                     &from_len);
		if (n < 0) return;
		size_t len = answer(query, (size_t)n, s->serial, out);
		if (len) (void)sendto(s->udp, out, len, 0, (struct sockaddr *)&from, from_len);
	}
}

static void close_connection(struct connection *c) {
	close(c->fd);
	free(c);
}

/* Whole messages of what came, as long as their answers have room. */
static void take_messages(const struct server *s, struct connection *c) {
	size_t at = 0;
	while (c->in_len - at >= 2 && c->out_len + 2 + MESSAGE_MAX <= sizeof(c->out)) {
		size_t len = (size_t)c->in[at] << 8 | c->in[at + 1];
		if (c->in_len - at < 2 + len) break;
		uint8_t *out = c->out + c->out_len;
		size_t out_len = answer(c->in + at + 2, len, s->serial, out + 2);
		out[0] = (uint8_t)(out_len >> 8);
		out[1] = (uint8_t)out_len;
		if (out_len) c->out_len += 2 + out_len;
		at += 2 + len;
	}
	memmove(c->in, c->in + at, c->in_len - at);
	c->in_len -= at;
}

static bool send_answers(struct connection *c) {
	while (c->out_at < c->out_len) {
		ssize_t n = send(c->fd, c->out + c->out_at, c->out_len - c->out_at, MSG_NOSIGNAL);
		if (n < 0) return errno == EAGAIN;
		c->out_at += (size_t)n;
	}
	c->out_at = c->out_len = 0;
	return true;
}

static bool serve_tcp(const struct server *s, struct connection *c) {
	for (;;) {
		if (!send_answers(c)) return false;
		if (c->out_len) break; /* the socket is full */
		ssize_t n = recv(c->fd, c->in + c->in_len, sizeof(c->in) - c->in_len, 0);
		if (n == 0 || (n < 0 && errno != EAGAIN)) return false;
		if (n > 0) c->in_len += (size_t)n;
		take_messages(s, c);
		if (n < 0 && c->out_len == 0) break;
	}
	watch(s->epoll, c->fd, c, c->out_len ? EPOLLOUT : EPOLLIN, EPOLL_CTL_MOD);
	return true;
}

static void accept_all(const struct server *s) {
	int fd;
	while ((fd = accept_next(s->listener)) >= 0) {
		struct connection *c = calloc(1, sizeof(*c));
		if (!c) abort();
		c->fd = fd;
		watch(s->epoll, fd, c, EPOLLIN, EPOLL_CTL_ADD);
	}
}

int main(int argc, char **argv) {
	if (argc < 3) {
		fprintf(stderr, "usage: bench_primary ADDRESS PORT [SERIAL]\n");
		return 2;
	}
	struct server s = { .serial = argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 10) : 1 };
	s.udp = open_socket(argv[1], argv[2], SOCK_DGRAM);
	s.listener = open_socket(argv[1], argv[2], SOCK_STREAM);
	s.epoll = epoll_create1(EPOLL_CLOEXEC);
	watch(s.epoll, s.udp, &s.udp, EPOLLIN, EPOLL_CTL_ADD);
	watch(s.epoll, s.listener, &s.listener, EPOLLIN, EPOLL_CTL_ADD);
	for (;;) {
		struct epoll_event events[64];
		int n = epoll_wait(s.epoll, events, 64, -1);
		for (int i = 0; i < n; i++) {
			void *ptr = events[i].data.ptr;
			if (ptr == &s.udp)
				serve_udp(&s);
			else if (ptr == &s.listener)
				accept_all(&s);
			else if (!serve_tcp(&s, ptr))
				close_connection(ptr);
		}
	}
}
