/* CPU of one answer, from packet to packet without sockets: questions as those of a registry's servers (45 % referrals,
 * 40 % A records, 10 % names that do not exist, 5 % others) put to serve_packet over and over.
 *
 *   bench_answer [millions of questions] [edns | cookie]     prints nanoseconds of user time an answer
 *
 * Compare two trees on one machine in turn; `perf stat -e instructions:u` tells what noise can't touch. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>

#include "../tests/unit/serve/lab.h"

enum { DELEGATIONS = 20000, HOSTS = 20000, QUESTIONS = 65536 };

struct packet {
	uint16_t len;
	uint8_t data[80];
};

static void add_line(struct text_zone *z, const char *format, unsigned i) {
	char line[256];
	snprintf(line, sizeof(line), format, i, i);
	text_zone_line(z, line);
}

static struct zone_version *make_zone(void) {
	struct text_zone z = text_zone_parse("example.", "@ SOA ns hostmaster 7 3600 600 86400 300\n@ NS ns\n"
	                                                 "ns A 192.0.2.53\n");
	for (unsigned i = 0; i < DELEGATIONS; i++) {
		add_line(&z, "d%u NS ns1.d%u", i);
		add_line(&z, "d%u NS ns2.hoster.net.", i);
		add_line(&z, "ns1.d%u A 192.0.2.1", i);
	}
	for (unsigned i = 0; i < HOSTS; i++)
		add_line(&z, "h%u A 192.0.2.80", i);
	struct zone_version *v = text_zone_build(&z);
	text_zone_done(&z);
	return v;
}

static void make_question(struct lab *lab, uint64_t random, const char *options, struct packet *out) {
	unsigned kind = (unsigned)(random % 100), which = (unsigned)((random >> 8) % HOSTS);
	char text[128];
	if (kind < 45)
		snprintf(text, sizeof(text), "www.d%u.example. A", which);
	else if (kind < 85)
		snprintf(text, sizeof(text), "h%u.example. A", which);
	else if (kind < 95)
		snprintf(text, sizeof(text), "no%u.example. A", which);
	else
		snprintf(text, sizeof(text), "h%u.example. MX", which);
	text_add(text, sizeof(text), "%s", options);
	struct lab_question q = lab_parse(text);
	lab_build(lab, &q);
	if (lab->request_len > sizeof(out->data)) abort();
	memcpy(out->data, lab->request, lab->request_len);
	out->len = (uint16_t)lab->request_len;
}

static double user_seconds(void) {
	struct rusage usage;
	if (getrusage(RUSAGE_SELF, &usage) != 0) abort();
	return (double)usage.ru_utime.tv_sec + (double)usage.ru_utime.tv_usec / 1e6;
}

int main(int argc, char **argv) {
	uint64_t count = (argc > 1 ? strtoull(argv[1], NULL, 10) : 5) * 1000000, octets = 0, seed = 1;
	const char *options = argc < 3                         ? ""
	                      : strcmp(argv[2], "cookie") == 0 ? " opt=10:0102030405060708"
	                                                       : " edns=1232";
	struct lab *lab = lab_new();
	lab->settings.cookies = true;
	lab_configure(lab);
	struct packet *packets = calloc(QUESTIONS, sizeof(*packets));
	lab->versions[lab->version_count++] = make_zone();
	table_publish(lab->table, lab_entry(lab, "example."), lab->versions[0], ZONE_SERVED);
	for (unsigned i = 0; i < QUESTIONS; i++) {
		seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
		make_question(lab, seed >> 24, options, &packets[i]);
	}
	double before = user_seconds();
	for (uint64_t i = 0; i < count; i++) {
		const struct packet *p = &packets[i % QUESTIONS];
		struct serve_request r = {
			.data = p->data, .len = p->len, .peer = &lab->peer, .now = lab_now()
		};
		octets += serve_packet(lab->worker, &r, lab->answer, lab->cap, NULL);
	}
	printf("%.1f ns an answer, %.1f octets\n", (user_seconds() - before) / (double)count * 1e9,
	       (double)octets / (double)count);
	free(packets);
	lab_free(lab);
	return 0;
}
