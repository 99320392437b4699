/* Single steps of the work, each done over and over: what one costs is counted in instructions by bench/microbench, which
 * no other load on the machine can change.
 *
 *   bench_micro                  lists the steps
 *   bench_micro STEP [rounds]    does one so often, and prints how many operations that was
 *
 * Whatever prepares a step stays outside `measured`; callgrind counts only what is inside. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "../tests/unit/serve/lab.h"
#include "transfer/transfer_in.h"
#include "zone/apply.h"

enum { NAMES = 20000, QUESTIONS = 4096, CHANGED = 200, MESSAGES = 4096, MESSAGE_ID = 0x1234 };

struct packet {
	uint16_t len;
	uint8_t data[80];
};
struct bench {
	struct lab *lab;
	struct zone_version *zone, *next; /* serials 7 and 8, which differ in CHANGED hosts */
	struct change *step;              /* between them */
	struct packet packets[QUESTIONS];
	struct name owners[QUESTIONS];
	uint8_t *messages[MESSAGES]; /* of a transfer of zone */
	size_t lengths[MESSAGES];
	unsigned message_count;
	struct builder *builder;
};
/* prepare makes ready for one call of run, which does `count` operations and gives how many it did. */
struct step {
	const char *name, *what;
	void (*prepare)(struct bench *b);
	uint64_t (*run)(struct bench *b);
	void (*after)(struct bench *b);
};

/* -- zones and questions ---------------------------------------------------------------------------------------------- */

static void add_line(struct text_zone *z, const char *format, unsigned i, unsigned j) {
	char line[256];
	snprintf(line, sizeof(line), format, i, j);
	text_zone_line(z, line);
}

/* Delegations, a part with glue, and hosts; of the hosts CHANGED have an address that depends on the serial. */
static struct zone_version *make_zone(unsigned serial) {
	char head[128];
	snprintf(head, sizeof(head), "@ SOA ns hostmaster %u 3600 600 86400 300\n@ NS ns\nns A 192.0.2.53\n",
	         serial);
	struct text_zone z = text_zone_parse("example.", head);
	for (unsigned i = 0; i < NAMES; i++) {
		add_line(&z, i % 10 ? "d%u NS ns1.hoster%u.net." : "d%u NS ns1.d%u", i, i % 10 ? i % 500 : i);
		add_line(&z, "d%u NS ns2.hoster%u.net.", i, i % 500);
		if (i % 10 == 0) add_line(&z, "ns1.d%u A 192.0.2.%u", i, i % 256);
		add_line(&z, "h%u A 198.51.100.%u", i, i < CHANGED ? serial : i % 256);
		add_line(&z, "h%u MX 10 mx%u", i, i % 50);
	}
	struct zone_version *v = text_zone_build(&z);
	text_zone_done(&z);
	return v;
}

static void ask(struct bench *b, const char *format) {
	for (unsigned i = 0; i < QUESTIONS; i++) {
		char text[128];
		snprintf(text, sizeof(text), format, i * 7919 % NAMES);
		struct lab_question q = lab_parse(text);
		lab_build(b->lab, &q);
		if (b->lab->request_len > sizeof(b->packets[i].data)) abort();
		memcpy(b->packets[i].data, b->lab->request, b->lab->request_len);
		b->packets[i].len = (uint16_t)b->lab->request_len;
	}
}

static void ask_referrals(struct bench *b) {
	ask(b, "www.d%u.example. A");
}
static void ask_addresses(struct bench *b) {
	ask(b, "h%u.example. A");
}
static void ask_edns(struct bench *b) {
	ask(b, "h%u.example. A edns=1232 do");
}
static void ask_missing(struct bench *b) {
	ask(b, "no%u.example. A");
}
static void ask_no_data(struct bench *b) {
	ask(b, "h%u.example. AAAA");
}

static uint64_t answer(struct bench *b) {
	for (unsigned i = 0; i < QUESTIONS; i++) {
		struct serve_request r = { .data = b->packets[i].data,
			                   .len = b->packets[i].len,
			                   .peer = &b->lab->peer,
			                   .now = lab_now() };
		if (serve_packet(b->lab->worker, &r, b->lab->answer, 1232, NULL) == 0) abort();
	}
	return QUESTIONS;
}

static uint64_t parse(struct bench *b) {
	for (unsigned i = 0; i < QUESTIONS; i++) {
		struct message m;
		if (message_parse(b->packets[i].data, b->packets[i].len, &m) != OK) abort();
	}
	return QUESTIONS;
}

static void make_owners(struct bench *b) {
	for (unsigned i = 0; i < QUESTIONS; i++) {
		char text[64];
		snprintf(text, sizeof(text), "h%u.example.", i * 7919 % NAMES);
		if (name_parse(text, &b->owners[i]) != OK) abort();
	}
}

static uint64_t look_up(struct bench *b) {
	for (unsigned i = 0; i < QUESTIONS; i++) {
		struct lookup found;
		zone_lookup(b->zone, b->owners[i].wire, &found);
	}
	return QUESTIONS;
}

/* -- transfers -------------------------------------------------------------------------------------------------------- */

static void open_stream(struct bench *b) {
	struct lab_question q = lab_parse("example. AXFR tcp");
	lab_build(b->lab, &q);
	lab_send(b->lab, SERVE_TCP);
	if (!b->lab->stream) abort();
}

static void close_stream(struct bench *b) {
	serve_stream_free(b->lab->stream);
	b->lab->stream = NULL;
}

static uint64_t send_zone(struct bench *b) {
	while (serve_stream_next(b->lab->stream, lab_now(), b->lab->answer, sizeof(b->lab->answer)) > 0)
		;
	return version_records(b->zone);
}

static void forget_messages(struct bench *b) {
	while (b->message_count)
		free(b->messages[--b->message_count]);
}

static void keep_messages(struct bench *b) {
	long len;
	open_stream(b);
	while ((len = serve_stream_next(b->lab->stream, lab_now(), b->lab->answer, 16384)) > 0) {
		uint8_t *copy = malloc((size_t)len);
		if (!copy || b->message_count == MESSAGES) abort();
		memcpy(copy, b->lab->answer, (size_t)len);
		b->messages[b->message_count] = copy;
		b->lengths[b->message_count++] = (size_t)len;
	}
	close_stream(b);
}

static uint64_t take_zone(struct bench *b) {
	struct builder_limits limits = { 0 };
	struct transfer_in in;
	struct why why;
	struct name apex;
	enum transfer_verdict v = TRANSFER_MORE;
	if (name_parse("example.", &apex) != OK) abort();
	transfer_in_init(&in, &limits);
	in.asked = (struct asked){
		.zone = apex.wire, .type = RR_AXFR, .id = MESSAGE_ID, .transport = TRANSPORT_TCP
	};
	for (unsigned i = 0; i < b->message_count && v == TRANSFER_MORE; i++)
		v = transfer_in_message(&in, b->messages[i], b->lengths[i], lab_now().wall_s, &why);
	if (v != TRANSFER_WHOLE) abort();
	uint64_t records = transfer_in_records(&in);
	b->builder = transfer_in_take(&in);
	transfer_in_done(&in);
	return records;
}

static void end_take(struct bench *b) {
	builder_free(b->builder);
	forget_messages(b);
}

static void collect(struct bench *b) {
	keep_messages(b);
	take_zone(b);
}

static uint64_t build(struct bench *b) {
	struct zone_version *v;
	struct why why;
	if (builder_finish(b->builder, &v, &why) != OK) abort();
	uint64_t records = version_records(v);
	version_unref(v);
	return records;
}

static void make_step(struct bench *b) {
	if (b->step) return;
	b->next = make_zone(8);
	if (version_diff(b->zone, b->next, 0, 0, &b->step) != OK) abort();
}

static uint64_t apply(struct bench *b) {
	struct builder_limits limits = { 0 };
	struct zone_version *v;
	struct why why;
	if (version_apply(b->zone, &b->step, 1, APPLY_FORWARD, &limits, &v, &why) != OK) abort();
	version_unref(v);
	return CHANGED;
}

static const struct step steps[] = {
	{ "parse", "a question is taken apart", ask_addresses, parse, NULL },
	{ "lookup", "a name is found in a zone", make_owners, look_up, NULL },
	{ "answer-address", "a question for an A record, from packet to packet", ask_addresses, answer,
	  NULL },
	{ "answer-edns", "the same with EDNS and DO", ask_edns, answer, NULL },
	{ "answer-referral", "a question below a delegation", ask_referrals, answer, NULL },
	{ "answer-missing", "a name that does not exist", ask_missing, answer, NULL },
	{ "answer-no-data", "a type that does not exist", ask_no_data, answer, NULL },
	{ "transfer-in", "a record of an AXFR is read, checked and collected", keep_messages, take_zone,
	  end_take },
	{ "build", "a record collected becomes part of an image", collect, build, end_take },
	{ "apply", "a changed RRset of an IXFR of 200 over 82,000 records", make_step, apply, NULL },
	{ "transfer-out", "a record is sent by AXFR", open_stream, send_zone, close_stream },
};

/* -- running ---------------------------------------------------------------------------------------------------------- */

__attribute__((noinline, noclone, used)) uint64_t measured(const struct step *s, struct bench *b);
__attribute__((noinline, noclone, used)) uint64_t measured(const struct step *s, struct bench *b) {
	uint64_t done = s->run(b);
	__asm__ volatile("" : : : "memory"); /* no tail call: run belongs to this function */
	return done;
}

static uint64_t run_step(const struct step *s, struct bench *b, unsigned rounds) {
	uint64_t done = 0;
	while (rounds--) {
		s->prepare(b);
		done += measured(s, b);
		if (s->after) s->after(b);
	}
	return done;
}

static struct bench *bench_new(void) {
	struct bench *b = calloc(1, sizeof(*b));
	if (!b) abort();
	b->lab = lab_new();
	b->zone = make_zone(7);
	b->lab->versions[b->lab->version_count++] = b->zone;
	table_publish(b->lab->table, lab_entry(b->lab, "example."), b->zone, ZONE_SERVED);
	return b;
}

static void bench_free(struct bench *b) {
	change_unref(b->step);
	version_unref(b->next);
	lab_free(b->lab);
	free(b);
}

int main(int argc, char **argv) {
	unsigned rounds = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 1;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (argc < 2) {
			printf("%s\t%s\n", steps[i].name, steps[i].what);
		} else if (strcmp(argv[1], steps[i].name) == 0) {
			struct bench *b = bench_new();
			printf("%llu\n", (unsigned long long)run_step(&steps[i], b, rounds));
			bench_free(b);
			return 0;
		}
	}
	return argc < 2 ? 0 : 2;
}
