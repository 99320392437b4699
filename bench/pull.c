/* Takes transfers from a server as fast as it gives them and counts what came:
 *
 *   bench_pull ADDRESS PORT ZONE TIMES [SERIAL]
 *
 * Asks for the zone by AXFR, or from SERIAL on by IXFR, TIMES times one after the other, each over a connection of its
 * own.  Steps from record to record without looking into them, so that it takes a small part of what any server does.
 * Prints one line of JSON: records, octets (frames included), messages, SOA records, all of one transfer, and the seconds
 * and the CPU seconds of its own that all took. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "dns/message.h"

#define BUFFER_LEN (1U << 20)
#define SOA_NUMBERS_LEN 20

struct taken {
	uint64_t records, octets, messages, soas;
	uint32_t last_serial; /* of the first SOA record, which ends the transfer too */
	unsigned lasts;       /* SOA records with it */
	bool is_incremental, is_at_end;
};

static void fail(const char *what) {
	fprintf(stderr, "bench_pull: %s\n", what);
	exit(1);
}

static size_t make_request(uint8_t *frame, size_t cap, const struct question *q, const char *serial) {
	size_t len = message_query(frame + 2, cap - 2, 0x1234, 0, q, 0, false);
	struct writer w = writer_init(frame + 2, cap - 2);
	w.len = len;
	if (serial) {
		frame[2 + 9] = 1; /* NSCOUNT */
		write_u16(&w, 0xc00c);
		write_u16(&w, RR_SOA);
		write_u16(&w, CLASS_IN);
		write_u32(&w, 0);
		write_u16(&w, 2 + SOA_NUMBERS_LEN);
		write_u16(&w, 0);
		write_u32(&w, (uint32_t)strtoul(serial, NULL, 10));
		for (unsigned i = 0; i < 4; i++)
			write_u32(&w, 60);
	}
	store_u16(frame, (uint16_t)w.len);
	return w.len + 2;
}

/* Where the name at p ends; NULL: not before end. */
static const uint8_t *after_name(const uint8_t *p, const uint8_t *end) {
	while (p < end && *p != 0 && *p < 0xc0)
		p += 1 + *p;
	p += p < end && *p ? 2 : 1;
	return p <= end ? p : NULL;
}

/* The SOA record that opens is the end when it comes again; of differences, the time after that. */
static void count_soa(struct taken *t, uint32_t serial) {
	t->soas++;
	if (t->records == 0) t->last_serial = serial;
	if (t->records == 1) t->is_incremental = true;
	if (serial == t->last_serial) t->lasts++;
	t->is_at_end = t->lasts == (t->is_incremental ? 3 : 2);
}

static void count_message(struct taken *t, const uint8_t *message, size_t len) {
	const uint8_t *p = message + MESSAGE_HEADER_LEN, *end = message + len;
	if (len < MESSAGE_HEADER_LEN || (message[3] & 15)) fail("the server says no");
	for (unsigned i = load_u16(message + 4); i > 0; i--) {
		p = after_name(p, end);
		if (!p) fail("a message that can't be read");
		p += 4;
	}
	for (unsigned i = load_u16(message + 6); i > 0; i--) {
		p = after_name(p, end);
		if (!p || end - p < 10 || end - p - 10 < load_u16(p + 8)) fail("a record that can't be read");
		const uint8_t *next = p + 10 + load_u16(p + 8);
		if (load_u16(p) == RR_SOA) count_soa(t, load_u32(next - SOA_NUMBERS_LEN));
		t->records++;
		p = next;
	}
	t->messages++;
	t->octets += len + 2;
}

static struct taken take(int fd, uint8_t *buffer) {
	struct taken t = { 0 };
	size_t len = 0;
	while (!t.is_at_end) {
		ssize_t n = recv(fd, buffer + len, BUFFER_LEN - len, 0);
		if (n <= 0) fail("the connection ended early");
		len += (size_t)n;
		size_t pos = 0;
		while (len - pos >= 2 && len - pos - 2 >= load_u16(buffer + pos)) {
			count_message(&t, buffer + pos + 2, load_u16(buffer + pos));
			pos += 2U + load_u16(buffer + pos);
		}
		len -= pos;
		memmove(buffer, buffer + pos, len);
	}
	return t;
}

static struct taken transfer(const struct sockaddr_in *server, const uint8_t *request, size_t len,
                             uint8_t *buffer) {
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)server, sizeof(*server)) != 0)
		fail("can't connect");
	if (send(fd, request, len, 0) != (ssize_t)len) fail("can't send");
	struct taken t = take(fd, buffer);
	(void)close(fd); /* all is here */
	return t;
}

static double seconds(clockid_t clock) {
	struct timespec now;
	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
	if (argc < 5) fail("usage: bench_pull ADDRESS PORT ZONE TIMES [SERIAL]");
	struct sockaddr_in server = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[2])) };
	struct question q = { .type = argc > 5 ? RR_IXFR : RR_AXFR, .class = CLASS_IN };
	uint8_t request[600], *buffer = malloc(BUFFER_LEN);
	struct taken t = { 0 };
	if (!buffer || inet_pton(AF_INET, argv[1], &server.sin_addr) != 1) fail("no IPv4 address");
	if (name_parse(argv[3], &q.name) != OK) fail("no name");
	size_t len = make_request(request, sizeof(request), &q, argc > 5 ? argv[5] : NULL);
	double began = seconds(CLOCK_MONOTONIC);
	for (int i = atoi(argv[4]); i > 0; i--)
		t = transfer(&server, request, len, buffer);
	printf("{\"records\": %llu, \"octets\": %llu, \"messages\": %llu, \"soas\": %llu, \"seconds\": %.6f, \"own_cpu\": %.6f}\n",
	       (unsigned long long)t.records, (unsigned long long)t.octets, (unsigned long long)t.messages,
	       (unsigned long long)t.soas, seconds(CLOCK_MONOTONIC) - began,
	       seconds(CLOCK_PROCESS_CPUTIME_ID));
	free(buffer);
	return 0;
}
