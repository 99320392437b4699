/* Asks by UDP at a steady rate and says how long answers took:
 *
 *   bench_pace ADDRESS PORT FILE RATE SECONDS
 *
 * FILE has questions as dnsperf reads them: a name and a type on each line.  Time runs from just before a question is
 * sent until the kernel has the answer, so that waking us is not counted.  A question without an answer after two seconds
 * is lost.  It ends after SECONDS even if the machine had no time for all questions: `sent` tells.  Prints one line of JSON:
 * sent, lost, microseconds at several percentiles, and the median of the 99 % that each fifth of a second has for itself
 * ("typical99"): a machine that stands still for some milliseconds now and then, as virtual ones do, does not make it. */
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "base/prompt.h"
#include "dns/message.h"

#define SOCKETS 16 /* so that all workers are asked */
#define QUESTIONS_MAX 200000
#define IDS 65536
#define PATIENCE_NS 2000000000L

struct asked {
	uint8_t len;
	uint8_t wire[120];
};

struct pace {
	struct pollfd fds[SOCKETS];
	struct asked *questions;
	unsigned question_count;
	int64_t sent_ns[IDS]; /* 0: answered, or never sent */
	uint64_t sent, lost, answered;
	uint32_t *took_us;
};

static void fail(const char *what) {
	fprintf(stderr, "bench_pace: %s\n", what);
	exit(1);
}

static int64_t nanoseconds(void) {
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void read_questions(struct pace *p, const char *path) {
	char name[512], type[32];
	FILE *file = fopen(path, "r");
	if (!file) fail("no file");
	p->questions = calloc(QUESTIONS_MAX, sizeof(*p->questions));
	while (p->question_count < QUESTIONS_MAX && fscanf(file, "%511s %31s", name, type) == 2) {
		uint8_t wire[512];
		struct question q = { .class = CLASS_IN };
		if (name_parse(name, &q.name) != OK || rrtype_parse(type, &q.type) != OK) fail("no question");
		size_t len = message_query(wire, sizeof(wire), 0, 0, &q, 0, false);
		struct asked *a = &p->questions[p->question_count];
		if (len > sizeof(a->wire)) continue;
		memcpy(a->wire, wire, len);
		a->len = (uint8_t)len;
		p->question_count++;
	}
	fclose(file);
	if (p->question_count == 0) fail("no questions");
}

static void open_sockets(struct pace *p, const char *address, const char *port) {
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)) };
	int on = 1, room = 4 << 20;
	if (inet_pton(AF_INET, address, &to.sin_addr) != 1) fail("no IPv4 address");
	for (unsigned i = 0; i < SOCKETS; i++) {
		int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
		if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0) fail("no socket");
		setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
		p->fds[i] = (struct pollfd){ .fd = fd, .events = POLLIN };
	}
}

static void ask(struct pace *p) {
	unsigned id = (unsigned)(p->sent % IDS);
	struct asked *a = &p->questions[p->sent % p->question_count];
	if (p->sent_ns[id]) p->lost++;
	store_u16(a->wire, (uint16_t)id);
	p->sent_ns[id] = nanoseconds();
	p->sent++;
	ssize_t n = send(p->fds[id % SOCKETS].fd, a->wire, a->len, 0);
	(void)n; /* one that does not go is lost */
}

static int64_t arrival(struct msghdr *header) {
	for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
		struct timespec t;
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS) continue;
		memcpy(&t, CMSG_DATA(c), sizeof(t));
		return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
	}
	return nanoseconds();
}

static bool take_answer(struct pace *p, int fd) {
	uint8_t wire[4096], control[256];
	struct iovec iov = { wire, sizeof(wire) };
	struct msghdr header = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)
	};
	ssize_t n = recvmsg(fd, &header, 0);
	if (n < MESSAGE_HEADER_LEN) return false;
	unsigned id = load_u16(wire);
	if (!p->sent_ns[id]) return true; /* too late, or a second time */
	int64_t took = arrival(&header) - p->sent_ns[id];
	p->took_us[p->answered++] = took > 0 ? (uint32_t)(took / 1000) : 0;
	p->sent_ns[id] = 0;
	return true;
}

static void take_answers(struct pace *p, int64_t until_ns) {
	int64_t left = until_ns - nanoseconds();
	struct timespec wait = { 0, left > 0 ? (long)(left < 1000000 ? left : 1000000) : 0 };
	if (ppoll(p->fds, SOCKETS, &wait, NULL) <= 0) return;
	for (unsigned i = 0; i < SOCKETS; i++)
		while (p->fds[i].revents && take_answer(p, p->fds[i].fd)) {
		}
}

static void run(struct pace *p, double rate, double seconds) {
	int64_t began = nanoseconds(), last = began + (int64_t)(seconds * 1e9);
	uint64_t total = (uint64_t)(rate * seconds);
	while (p->sent < total && nanoseconds() < last) {
		int64_t due = began + (int64_t)((double)p->sent / rate * 1e9);
		if (nanoseconds() >= due) ask(p);
		if (nanoseconds() < due || p->sent % 32 == 0) take_answers(p, due);
	}
	int64_t end = nanoseconds() + PATIENCE_NS;
	while (p->answered + p->lost < p->sent && nanoseconds() < end)
		take_answers(p, end);
	for (unsigned i = 0; i < IDS; i++)
		p->lost += p->sent_ns[i] != 0;
}

static int compare(const void *a, const void *b) {
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return x < y ? -1 : x > y;
}

static uint32_t percentile(const uint32_t *sorted, uint64_t count, double part) {
	return count ? sorted[(uint64_t)(part * (double)(count - 1))] : 0;
}

/* The median of the percentile of each run of so many answers, which are in the order that they came in. */
static uint32_t typical(const struct pace *p, uint64_t run, double part) {
	uint64_t runs = run ? p->answered / run : 0;
	uint32_t *of_runs = calloc(runs + 1, sizeof(*of_runs)), *sorted = calloc(run + 1, sizeof(*sorted));
	for (uint64_t i = 0; i < runs; i++) {
		memcpy(sorted, p->took_us + i * run, run * sizeof(*sorted));
		qsort(sorted, run, sizeof(*sorted), compare);
		of_runs[i] = percentile(sorted, run, part);
	}
	qsort(of_runs, runs, sizeof(*of_runs), compare);
	uint32_t found = percentile(of_runs, runs, .5);
	free(sorted);
	free(of_runs);
	return found;
}

int main(int argc, char **argv) {
	if (argc < 6) fail("usage: bench_pace ADDRESS PORT FILE RATE SECONDS");
	double rate = atof(argv[4]), seconds = atof(argv[5]);
	struct pace *p = calloc(1, sizeof(*p));
	read_questions(p, argv[3]);
	open_sockets(p, argv[1], argv[2]);
	p->took_us = calloc((size_t)(rate * seconds) + 1, sizeof(*p->took_us));
	prompt_thread(); /* what is measured is the server, not when we get the processor */
	run(p, rate, seconds);
	uint32_t typical_99 = typical(p, (uint64_t)(rate / 5), .99);
	qsort(p->took_us, p->answered, sizeof(*p->took_us), compare);
	printf("{\"sent\": %llu, \"lost\": %llu, \"typical99\": %u", (unsigned long long)p->sent,
	       (unsigned long long)p->lost, typical_99);
	static const struct {
		const char *name;
		double part;
	} told[] = { { "p50", .5 }, { "p90", .9 }, { "p99", .99 }, { "p999", .999 }, { "most", 1 } };
	for (unsigned i = 0; i < sizeof(told) / sizeof(told[0]); i++)
		printf(", \"%s\": %u", told[i].name, percentile(p->took_us, p->answered, told[i].part));
	printf("}\n");
	return 0;
}
