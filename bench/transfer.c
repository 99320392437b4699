/* What a whole zone costs from its transfer's octets to its image, without sockets and disk: an AXFR that was kept in a
 * file (frames as they came by TCP) goes through transfer_in, the builder and the guards that are on by default.
 *
 *   bench_transfer FILE [rounds]
 *
 * Prints CPU milliseconds, user and system, and the peak of memory beside the image.  FILE: bench/keep_transfer.py. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "transfer/build.h"
#include "transfer/transfer_in.h"
#include "zone/check.h"

struct spent {
	double user_ms, system_ms;
};

static void must(bool holds, const char *what) {
	if (holds) return;
	fprintf(stderr, "%s\n", what);
	exit(1);
}

static double ms(struct timeval t) {
	return (double)t.tv_sec * 1e3 + (double)t.tv_usec / 1e3;
}

static struct spent now(void) {
	struct rusage usage;
	must(getrusage(RUSAGE_SELF, &usage) == 0, "getrusage");
	return (struct spent){ ms(usage.ru_utime), ms(usage.ru_stime) };
}

static void tell(const char *what, struct spent begin, struct spent end) {
	printf("  %s %.0f + %.0f", what, end.user_ms - begin.user_ms, end.system_ms - begin.system_ms);
}

static long peak_kib(void) {
	struct rusage usage;
	must(getrusage(RUSAGE_SELF, &usage) == 0, "getrusage");
	return usage.ru_maxrss;
}

/* -- the stream ----------------------------------------------------------------------------------------------- */

static void feed(FILE *file, struct transfer_in *in) {
	static uint8_t message[65536];
	uint8_t length[2];
	struct why why;
	struct question q;
	enum transfer_verdict v = TRANSFER_MORE;
	while (v == TRANSFER_MORE) {
		must(fread(length, 1, 2, file) == 2, "the stream ends early");
		size_t len = load_u16(length);
		must(fread(message, 1, len, file) == len, "the stream ends early");
		if (!in->asked.zone) { /* the first message tells what was asked for */
			struct reader r = reader_init(message, len);
			r.pos = MESSAGE_HEADER_LEN;
			must(question_read(&r, &q) == OK, "no question");
			in->asked = (struct asked){ .zone = q.name.wire,
				                    .type = RR_AXFR,
				                    .id = load_u16(message),
				                    .transport = TRANSPORT_TCP };
		}
		v = transfer_in_message(in, message, len, 0, &why);
	}
	if (v == TRANSFER_FAILED) fprintf(stderr, "%s\n", why.evidence);
	must(v == TRANSFER_WHOLE, "the transfer failed");
}

static struct zone_version *build(struct transfer_in *in) {
	struct build b = { .builder = transfer_in_take(in) };
	struct zone_version *v;
	struct why why;
	must(build_run(&b, &why) == OK, "the zone can't be built");
	v = b.version;
	b.version = NULL;
	build_done(&b);
	return v;
}

static void run(const char *path) {
	static const struct builder_limits limits = { 0 };
	static const struct check_rules rules = { .max_rrset_records = 10000 };
	struct transfer_in in;
	struct why why;
	FILE *file = fopen(path, "rb");
	must(file != NULL, path);
	struct spent begin = now();
	transfer_in_init(&in, &limits);
	feed(file, &in);
	struct spent fed = now();
	struct zone_version *v = build(&in);
	struct spent built = now();
	long peak = peak_kib();
	must(check_structure(v, NULL, &rules, &why) == OK, "the guard refuses it");
	struct spent checked = now();
	tell("collect", begin, fed);
	tell("build", fed, built);
	tell("guard", built, checked);
	tell("all", begin, checked);
	printf("  image %.1f MiB, peak %.1f MiB\n", (double)version_bytes(v) / 1048576, (double)peak / 1024);
	version_unref(v);
	transfer_in_done(&in);
	fclose(file);
}

int main(int argc, char **argv) {
	must(argc >= 2, "usage: bench_transfer FILE [rounds]");
	for (int i = 0; i < (argc > 2 ? atoi(argv[2]) : 1); i++)
		run(argv[1]);
	return 0;
}
