/* A primary whose zones change at a steady rate, for measuring what a secondary does meanwhile: it makes everything from
 * the number of the zone and the serial, so that an update, its NOTIFY and its IXFR take some microseconds and no disk.
 *
 *     bench_steady ADDRESS PORT ZONES RECORDS CHANGES
 *
 * Its zones are h0.example, h1.example and so on, with so many records of hosts; all begin at serial 1.  Each serial has
 * CHANGES / 2 addresses of its own, which the next one removes again (bench/underload.py makes the same names).  It is told
 * what to do on standard input, and ends with it:
 *
 *     go ADDRESS PORT RATE    so many updates a second from now on, one zone after the other, each with a NOTIFY to there
 *     halt                    no more; prints one line of JSON about the time since: updates made, IXFRs that were asked
 *                             and the updates in them, whole zones asked, seconds, CPU seconds of this program
 *
 * SOA by UDP and TCP; IXFR and AXFR by TCP, pipelined, to any number of secondaries.  No checks but those that keep it from
 * reading beyond a message: it is for a loopback without strangers.  One thread. */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "put.h"
#include "sockets.h"

#define QUERY_MAX 2048
#define MESSAGE_FULL 16000               /* no record is begun after so many octets */
#define MESSAGE_MAX (MESSAGE_FULL + 512) /* of ours */
#define STEPS_MAX 1000                   /* of one IXFR; who is further behind gets the whole zone */

struct steady {
	int udp, listener, epoll, timer;
	unsigned zone_count, records, half; /* half: addresses of a serial */
	uint32_t *serials;
	uint64_t updates; /* ever: whose turn it is */
	struct sockaddr_in told;
	struct {
		uint64_t updates, ixfrs, steps, axfrs;
		double cpu_s, at_s;
	} since; /* the last "go" */
};

/* -- what the zones hold ----------------------------------------------------------------------------------------- */

static uint32_t mix(uint32_t x) {
	x *= 2654435761U;
	x = (x ^ x >> 15) * 2246822519U;
	return x ^ x >> 13;
}

/* As those of tests/functional/lib/bigzones.py. */
static void host_name(char out[static 64], uint32_t number) {
	if (number % 3)
		snprintf(out, 64, "host-%u", (unsigned)((uint64_t)number * 7919 % 10000000));
	else
		snprintf(out, 64, "srv%u.site%u", number, number % 997);
}

/* Address number i of a serial. */
static void put_change(struct output *o, uint32_t serial, unsigned i) {
	char name[96], host[64];
	uint32_t h = mix(serial * 64 + i);
	host_name(host, h % 1000);
	snprintf(name, sizeof(name), "n%u-%u.%s", h / 1000 % 1000000, i, host);
	put_host(o, name, 0xcb007100 | (h & 255));
}

/* -- answers ------------------------------------------------------------------------------------------------------ */

struct bytes {
	uint8_t *at;
	size_t len, room;
};

/* Messages that begin with the question, one after the other, each with its length before it. */
struct answer {
	struct bytes *to;
	const uint8_t *query;
	size_t question_end;
	struct output o;
	unsigned count;
};

static void message_begin(struct answer *a) {
	struct bytes *b = a->to;
	if (b->len + 2 + MESSAGE_MAX > b->room) {
		b->room = 2 * b->room + 2 + MESSAGE_MAX;
		b->at = realloc(b->at, b->room);
		if (!b->at) abort();
	}
	uint8_t *start = b->at + b->len + 2;
	memcpy(start, a->query, a->question_end);
	memset(start + 2, 0, 10);
	start[2] = 0x84;
	start[5] = 1;
	a->o = (struct output){ start, start + a->question_end };
	a->count = 0;
}

static void message_end(struct answer *a) {
	size_t len = (size_t)(a->o.at - a->o.start);
	a->o.start[-2] = (uint8_t)(len >> 8);
	a->o.start[-1] = (uint8_t)len;
	a->o.start[6] = (uint8_t)(a->count >> 8);
	a->o.start[7] = (uint8_t)a->count;
	a->to->len += 2 + len;
}

/* Where the next record goes. */
static struct output *next(struct answer *a) {
	if (a->o.at - a->o.start > MESSAGE_FULL) {
		message_end(a);
		message_begin(a);
	}
	a->count++;
	return &a->o;
}

/* One host, of at most so many records; returns how many it has. */
static unsigned put_whole_host(struct answer *a, unsigned zone, uint32_t number, unsigned most) {
	char name[64], other[64];
	uint32_t h = mix(number * 64 + zone % 64), roll = h % 100, address = mix(h);
	host_name(name, number);
	if (roll < 15) {
		struct output *o = next(a);
		uint8_t *data = record_begin(o, name, TYPE_CNAME);
		host_name(other, address % (number + 1));
		put_name(o, other);
		record_end(o, data);
		return 1;
	}
	unsigned count = 1;
	put_host(next(a), name, address);
	if (count < most && roll > 45) {
		put_host6(next(a), name, address);
		count++;
	}
	if (count < most && roll > 75) {
		put_mail(next(a), name, "mail");
		count++;
	}
	if (count < most && roll > 85) {
		snprintf(other, sizeof(other), "v=spf1 ip4:%u.0.0.0/8 id=%08x -all", address >> 24, address);
		put_text(next(a), name, other);
		count++;
	}
	return count;
}

static void put_zone(const struct steady *s, struct answer *a, unsigned zone) {
	uint32_t serial = s->serials[zone];
	unsigned count = 3 + s->half;
	put_soa(next(a), serial);
	put_server(next(a), "ns1");
	put_host(next(a), "ns1", 0xc0000201);
	for (unsigned i = 0; i < s->half; i++)
		put_change(next(a), serial, i);
	for (uint32_t number = 0; count < s->records; number++)
		count += put_whole_host(a, zone, number, s->records - count);
	put_soa(next(a), serial);
}

/* RFC 1995 section 4: the newest SOA record around all, and for each step what goes and what comes. */
static void put_steps(const struct steady *s, struct answer *a, uint32_t from, uint32_t to) {
	put_soa(next(a), to);
	for (uint32_t serial = from; serial != to; serial++) {
		put_soa(next(a), serial);
		for (unsigned i = 0; i < s->half; i++)
			put_change(next(a), serial, i);
		put_soa(next(a), serial + 1);
		for (unsigned i = 0; i < s->half; i++)
			put_change(next(a), serial + 1, i);
	}
	if (from != to) put_soa(next(a), to);
}

/* The end of a name, or len. */
static size_t skip_name(const uint8_t *query, size_t at, size_t len) {
	while (at < len && query[at] != 0) {
		if (query[at] >= 0xc0) return at + 2 < len ? at + 2 : len;
		at += 1 + query[at];
	}
	return at < len ? at + 1 : len;
}

/* What an IXFR asks from: the serial of its SOA record; 0 if it has none. */
static uint32_t serial_asked(const uint8_t *query, size_t at, size_t len) {
	size_t fixed = skip_name(query, at, len);
	if (fixed + 10 > len) return 0;
	size_t end = fixed + 10 + ((size_t)query[fixed + 8] << 8 | query[fixed + 9]);
	if (end > len || end < fixed + 30) return 0;
	const uint8_t *p = query + end - 20;
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void put_difference(struct steady *s, struct answer *a, unsigned zone, uint32_t from) {
	uint32_t steps = s->serials[zone] - from;
	if (steps > STEPS_MAX || from == 0) {
		s->since.axfrs++;
		put_zone(s, a, zone);
		return;
	}
	s->since.ixfrs += steps > 0;
	s->since.steps += steps;
	put_steps(s, a, from, s->serials[zone]);
}

/* Appends the answer, if there is one. */
static void answer(struct steady *s, const uint8_t *query, size_t len, bool is_tcp, struct bytes *to) {
	if (len < 19 || query[2] & 0x80 || query[12] < 2 || query[13] != 'h') return;
	unsigned zone = 0, type;
	for (size_t i = 14; i < 13U + query[12] && i < len; i++)
		zone = zone * 10 + (unsigned)(query[i] - '0');
	size_t name_end = skip_name(query, 12, len);
	if (zone >= s->zone_count || name_end + 4 > len) return;
	type = (unsigned)query[name_end] << 8 | query[name_end + 1];
	struct answer a = { .to = to, .query = query, .question_end = name_end + 4 };
	message_begin(&a);
	if (type == TYPE_AXFR && is_tcp) {
		s->since.axfrs++;
		put_zone(s, &a, zone);
	} else if (type == TYPE_IXFR && is_tcp) {
		put_difference(s, &a, zone, serial_asked(query, a.question_end, len));
	} else {
		put_soa(next(&a), s->serials[zone]);
	}
	message_end(&a);
}

/* -- updates ------------------------------------------------------------------------------------------------------ */

static void send_notify(const struct steady *s, unsigned zone) {
	uint8_t out[128] = { 0, 0, 0x24, 0, 0, 1, 0, 1 };
	struct output o = { out, out + 12 };
	char label[16];
	int len = snprintf(label, sizeof(label), "h%u", zone);
	out[0] = (uint8_t)(s->updates >> 8);
	out[1] = (uint8_t)s->updates;
	*o.at++ = (uint8_t)len;
	memcpy(o.at, label, (size_t)len);
	memcpy(o.at + len, "\7example", 9);
	o.at += len + 9;
	put_u16(&o, TYPE_SOA);
	put_u16(&o, 1);
	put_soa(&o, s->serials[zone]);
	(void)sendto(s->udp, out, (size_t)(o.at - out), 0, (const struct sockaddr *)&s->told,
	             sizeof(s->told));
}

static void update(struct steady *s) {
	unsigned zone = (unsigned)(s->updates++ % s->zone_count);
	s->serials[zone]++;
	s->since.updates++;
	send_notify(s, zone);
}

static void set_timer(const struct steady *s, double rate) {
	struct itimerspec t = { .it_value.tv_nsec = rate > 0 ? (long)(1e9 / rate) : 0 };
	t.it_interval = t.it_value;
	if (timerfd_settime(s->timer, 0, &t, NULL) != 0) perror("timerfd_settime");
}

static void make_updates(struct steady *s) {
	uint64_t count = 0;
	if (read(s->timer, &count, sizeof(count)) != sizeof(count)) return;
	while (count-- > 0)
		update(s);
}

static double seconds_now(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double cpu_seconds(void) {
	struct rusage u;
	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void halt(const struct steady *s) {
	set_timer(s, 0);
	printf("{\"updates\": %llu, \"ixfrs\": %llu, \"steps\": %llu, \"axfrs\": %llu, \"updating_s\": %.3f, \"primary_cpu_s\": %.3f}\n",
	       (unsigned long long)s->since.updates, (unsigned long long)s->since.ixfrs,
	       (unsigned long long)s->since.steps, (unsigned long long)s->since.axfrs,
	       seconds_now() - s->since.at_s, cpu_seconds() - s->since.cpu_s);
	fflush(stdout);
}

/* A line comes whole: it is written at once. */
static bool obey(struct steady *s) {
	char line[128], address[64];
	unsigned port;
	double rate;
	ssize_t len = read(STDIN_FILENO, line, sizeof(line) - 1);
	if (len <= 0) return false;
	line[len] = '\0';
	if (sscanf(line, "go %63s %u %lf", address, &port, &rate) == 3) {
		s->told = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
		if (inet_pton(AF_INET, address, &s->told.sin_addr) != 1) return false;
		memset(&s->since, 0, sizeof(s->since));
		s->since.cpu_s = cpu_seconds();
		s->since.at_s = seconds_now();
		set_timer(s, rate);
	} else {
		halt(s);
	}
	return true;
}

/* -- sockets ------------------------------------------------------------------------------------------------------ */

struct connection {
	int fd;
	size_t in_len, sent;
	struct bytes out;
	uint8_t in[65536];
};

static void serve_udp(struct steady *s) {
	static struct bytes out; /* kept for the next */
	uint8_t query[QUERY_MAX];
	struct sockaddr_storage from;
	for (;;) {
		socklen_t from_len = sizeof(from);
		ssize_t n = recvfrom(s->udp, query, sizeof(query), MSG_DONTWAIT, (struct sockaddr *)&from,
		                     &from_len);
		if (n < 0) return;
		out.len = 0;
		answer(s, query, (size_t)n, false, &out);
		if (out.len)
			(void)sendto(s->udp, out.at + 2, out.len - 2, 0, (struct sockaddr *)&from, from_len);
	}
}

static void close_connection(struct connection *c) {
	close(c->fd);
	free(c->out.at);
	free(c);
}

/* Whole messages of what came. */
static void take_messages(struct steady *s, struct connection *c) {
	size_t at = 0;
	while (c->in_len - at >= 2) {
		size_t len = (size_t)c->in[at] << 8 | c->in[at + 1];
		if (c->in_len - at < 2 + len) break;
		answer(s, c->in + at + 2, len, true, &c->out);
		at += 2 + len;
	}
	memmove(c->in, c->in + at, c->in_len - at);
	c->in_len -= at;
}

static bool send_answers(struct connection *c) {
	while (c->sent < c->out.len) {
		ssize_t n = send(c->fd, c->out.at + c->sent, c->out.len - c->sent, MSG_NOSIGNAL);
		if (n < 0) return errno == EAGAIN;
		c->sent += (size_t)n;
	}
	c->sent = c->out.len = 0;
	return true;
}

/* False: it is at its end. */
static bool serve_tcp(struct steady *s, struct connection *c) {
	bool was_full = c->out.len > 0;
	ssize_t n = was_full ? 0 : recv(c->fd, c->in + c->in_len, sizeof(c->in) - c->in_len, 0);
	if (!was_full && (n == 0 || (n < 0 && errno != EAGAIN))) return false;
	if (n > 0) c->in_len += (size_t)n;
	take_messages(s, c);
	if (!send_answers(c)) return false;
	bool is_full = c->out.len > 0;
	if (is_full != was_full) watch(s->epoll, c->fd, c, is_full ? EPOLLOUT : EPOLLIN, EPOLL_CTL_MOD);
	return true;
}

static void accept_all(const struct steady *s) {
	int fd;
	while ((fd = accept_next(s->listener)) >= 0) {
		struct connection *c = calloc(1, sizeof(*c));
		if (!c) abort();
		c->fd = fd;
		watch(s->epoll, fd, c, EPOLLIN, EPOLL_CTL_ADD);
	}
}

static void begin(struct steady *s, char **argv) {
	s->zone_count = (unsigned)strtoul(argv[3], NULL, 10);
	s->records = (unsigned)strtoul(argv[4], NULL, 10);
	s->half = (unsigned)strtoul(argv[5], NULL, 10) / 2;
	s->serials = calloc(s->zone_count, sizeof(*s->serials));
	for (unsigned i = 0; i < s->zone_count; i++)
		s->serials[i] = 1;
	s->udp = open_socket(argv[1], argv[2], SOCK_DGRAM);
	s->listener = open_socket(argv[1], argv[2], SOCK_STREAM);
	s->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	watch(s->epoll, s->udp, &s->udp, EPOLLIN, EPOLL_CTL_ADD);
	watch(s->epoll, s->listener, &s->listener, EPOLLIN, EPOLL_CTL_ADD);
	watch(s->epoll, s->timer, &s->timer, EPOLLIN, EPOLL_CTL_ADD);
	watch(s->epoll, STDIN_FILENO, NULL, EPOLLIN, EPOLL_CTL_ADD);
}

/* False: standard input is at its end. */
static bool handle(struct steady *s, void *ptr) {
	if (!ptr) return obey(s);
	if (ptr == &s->timer)
		make_updates(s);
	else if (ptr == &s->udp)
		serve_udp(s);
	else if (ptr == &s->listener)
		accept_all(s);
	else if (!serve_tcp(s, ptr))
		close_connection(ptr);
	return true;
}

int main(int argc, char **argv) {
	struct steady s = { 0 };
	if (argc < 6) {
		fprintf(stderr, "usage: bench_steady ADDRESS PORT ZONES RECORDS CHANGES\n");
		return 2;
	}
	begin(&s, argv);
	for (;;) {
		struct epoll_event events[64];
		int n = epoll_wait(s.epoll, events, 64, -1);
		for (int i = 0; i < n; i++)
			if (!handle(&s, events[i].data.ptr)) return 0;
	}
}
