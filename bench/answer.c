/* CPU of one answer, from packet to packet without sockets: questions to two zones, one like a TLD's (delegations, some
 * with DS or glue) and one of hosts (A, AAAA, MX, TXT, CNAME): 45 % referrals, 40 % A records, 10 % names that do not
 * exist, 5 % others.  They come in batches, as a worker gets them.
 *
 *   bench_answer [thousands of questions [thousands of records a zone [edns | cookie | dnssec | plain [kind]]]]
 *
 * kind: mix, referral, address, none or other.  Prints nanoseconds of user time an answer.  What noise can't touch:
 *   valgrind --tool=callgrind --collect-atstart=no --toggle-collect=ask_all bench_answer 100 100
 * counts the instructions of all answers, and of nothing else; their number is printed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>

#include "../tests/unit/serve/lab.h"
#include "base/random.h"

enum { QUESTIONS = 1 << 17, PROVIDERS = 2000, BATCH = 64, PACKET_MAX = 94, SEED = 1 };

enum kind { KIND_REFERRAL, KIND_ADDRESS, KIND_NONE, KIND_OTHER, KIND_MIX };

struct packet {
	uint16_t len;
	uint8_t data[PACKET_MAX];
};

struct bench {
	struct lab *lab;
	struct random random;
	unsigned records; /* a zone */
	unsigned delegations, hosts;
	enum kind kind;
	const char *options; /* of each question, as lab_parse has them */
	struct packet *packets;
};

/* -- the zones --------------------------------------------------------------------------------------------------- */

struct growing {
	struct text_zone text; /* never more than one record */
	struct builder *builder;
	unsigned count;
};

__attribute__((format(printf, 2, 3))) static void add(struct growing *g, const char *format, ...) {
	char line[256];
	struct why why;
	va_list args;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	g->text.count = 0;
	text_zone_line(&g->text, line);
	const struct text_record *r = &g->text.records[0];
	if (builder_add(g->builder, r->owner.wire, r->type, r->ttl_s, r->rdata, r->len, &why) != OK) abort();
	g->count++;
}

static struct growing begin_zone(const char *apex) {
	struct growing g = { .text = text_zone_parse(apex, "") };
	const struct builder_limits none = { 0 };
	g.builder = builder_new(g.text.apex.wire, &none);
	add(&g, "@ SOA ns1 hostmaster 7 3600 600 86400 300");
	add(&g, "@ NS ns1");
	add(&g, "@ NS ns2");
	add(&g, "ns1 A 192.0.2.1");
	add(&g, "ns2 A 192.0.2.2");
	return g;
}

static void serve_zone(struct lab *lab, const char *apex, struct growing *g) {
	struct zone_version *v;
	struct why why;
	if (builder_finish(g->builder, &v, &why) != OK) abort();
	table_publish(lab->table, lab_entry(lab, apex), v, ZONE_SERVED);
	lab->versions[lab->version_count++] = v;
	builder_free(g->builder);
	text_zone_done(&g->text);
}

/* Labels of various lengths in no order. */
static const char *label_of(unsigned number, char text[static 32]) {
	snprintf(text, 32, "%.*x-%u", (int)(4 + number % 5), number * 2654435761U, number);
	return text;
}

/* Some providers have a great part of all names, as in life. */
static unsigned some_provider(struct random *r) {
	unsigned most = 1 + random_below(r, PROVIDERS);
	return random_below(r, most);
}

static void make_delegations(struct bench *b) {
	struct growing g = begin_zone("tld.");
	char owner[32];
	for (; g.count < b->records; b->delegations++) {
		unsigned i = b->delegations, roll = random_below(&b->random, 100);
		unsigned provider = some_provider(&b->random);
		label_of(i, owner);
		if (roll < 5) {
			add(&g, "%s NS ns1.%s", owner, owner);
			add(&g, "%s NS ns2.%s", owner, owner);
			add(&g, "ns1.%s A 198.51.%u.%u", owner, i >> 8 & 255, i & 255);
			add(&g, "ns2.%s A 203.0.%u.%u", owner, i >> 8 & 255, i & 255);
			add(&g, "ns2.%s AAAA 2001:db8::%x:%x", owner, i >> 16, i & 65535);
		} else {
			for (unsigned n = 1; n <= 2 + (i % 4 == 0); n++)
				add(&g, "%s NS ns%u.provider%u.example.net.", owner, n, provider);
		}
		if (roll >= 80)
			add(&g, "%s DS %u 13 2 %08x%08x%08x%08x", owner, i & 65535, i, i * 3, i * 5, i * 7);
	}
	serve_zone(b->lab, "tld.", &g);
}

static const char *host_of(unsigned number, char text[static 32]) {
	if (number % 3)
		snprintf(text, 32, "host-%u", number * 7919 % 10000000);
	else
		snprintf(text, 32, "srv%u.site%u", number, number % 997);
	return text;
}

static void make_hosts(struct bench *b) {
	struct growing g = begin_zone("hosts.example.");
	char owner[32], target[32];
	for (; g.count < b->records; b->hosts++) {
		unsigned i = b->hosts, roll = random_below(&b->random, 100);
		host_of(i, owner);
		if (roll < 15) {
			add(&g, "%s CNAME %s", owner, host_of(random_below(&b->random, i + 1), target));
			continue;
		}
		add(&g, "%s A 10.%u.%u.%u", owner, i >> 16 & 255, i >> 8 & 255, i & 255);
		if (roll >= 45) add(&g, "%s AAAA 2001:db8::%x:%x", owner, i >> 16, i & 65535);
		if (roll >= 75) add(&g, "%s MX 10 mx%u.mail.example.net.", owner, i % 50);
		if (roll >= 85) add(&g, "%s TXT v=spf1 ip4:10.%u.0.0/8 id=%08x -all", owner, i & 255, i);
	}
	serve_zone(b->lab, "hosts.example.", &g);
}

/* -- the questions ----------------------------------------------------------------------------------------------- */

static enum kind some_kind(struct bench *b) {
	unsigned roll = random_below(&b->random, 100);
	if (b->kind != KIND_MIX) return b->kind;
	return roll < 45 ? KIND_REFERRAL : roll < 85 ? KIND_ADDRESS : roll < 95 ? KIND_NONE : KIND_OTHER;
}

static void make_question(struct bench *b, struct packet *out) {
	static const char *const others[] = { "AAAA", "MX", "TXT" };
	char text[128], delegation[32], host[32];
	struct random *r = &b->random;
	label_of(random_below(r, b->delegations), delegation);
	host_of(random_below(r, b->hosts), host);
	unsigned half = random_below(r, 2), number = random_below(r, 1000000000);
	switch (some_kind(b)) {
	case KIND_REFERRAL:
		snprintf(text, sizeof(text), "%s%s.tld. A", half ? "www." : "", delegation);
		break;
	case KIND_ADDRESS: snprintf(text, sizeof(text), "%s.hosts.example. A", host); break;
	case KIND_NONE:
		snprintf(text, sizeof(text), "no%u.%s A", number, half ? "tld." : "hosts.example.");
		break;
	default:
		if (number % 10 < 7)
			snprintf(text, sizeof(text), "%s.hosts.example. %s", host, others[number % 3]);
		else
			snprintf(text, sizeof(text), "%s.tld. DS", delegation);
	}
	text_add(text, sizeof(text), "%s", b->options);
	struct lab_question q = lab_parse(text);
	lab_build(b->lab, &q);
	if (b->lab->request_len > sizeof(out->data)) abort();
	memcpy(out->data, b->lab->request, b->lab->request_len);
	out->len = (uint16_t)b->lab->request_len;
}

/* -- asking ------------------------------------------------------------------------------------------------------ */

static double user_seconds(void) {
	struct rusage usage;
	if (getrusage(RUSAGE_SELF, &usage) != 0) abort();
	return (double)usage.ru_utime.tv_sec + (double)usage.ru_utime.tv_usec / 1e6;
}

static uint64_t ask_batch(struct lab *lab, const struct packet *packets) {
	struct serve_request requests[BATCH];
	uint64_t octets = 0;
	for (unsigned i = 0; i < BATCH; i++)
		requests[i] = (struct serve_request){
			.data = packets[i].data, .len = packets[i].len, .peer = &lab->peer, .now = lab_now()
		};
	serve_expect(lab->worker, requests, BATCH);
	for (unsigned i = 0; i < BATCH; i++)
		octets += serve_packet(lab->worker, &requests[i], lab->answer, lab->cap, NULL);
	return octets;
}

/* Returns the octets of all answers. */
__attribute__((noinline)) static uint64_t ask_all(struct bench *b, uint64_t count) {
	uint64_t octets = 0;
	for (uint64_t i = 0; i < count; i += BATCH)
		octets += ask_batch(b->lab, &b->packets[i % QUESTIONS]);
	return octets;
}

static void report(struct bench *b, uint64_t count) {
	double before = user_seconds();
	uint64_t octets = ask_all(b, count);
	printf("answers %llu, of %.1f octets, %.1f ns user time each\n", (unsigned long long)count,
	       (double)octets / (double)count, (user_seconds() - before) / (double)count * 1e9);
}

static const char *options_of(const char *word) {
	if (strcmp(word, "cookie") == 0) return " opt=10:0102030405060708";
	if (strcmp(word, "dnssec") == 0) return " do";
	return strcmp(word, "plain") == 0 ? "" : " edns=1232";
}

static enum kind kind_of(const char *word) {
	static const char *const words[] = { "referral", "address", "none", "other", "mix" };
	for (unsigned i = 0; i < KIND_MIX; i++)
		if (strcmp(word, words[i]) == 0) return (enum kind)i;
	return KIND_MIX;
}

int main(int argc, char **argv) {
	struct bench b = { .lab = lab_new(), .random = random_seeded(SEED) };
	uint64_t count = (argc > 1 ? strtoull(argv[1], NULL, 10) : 5000) * 1000 / BATCH * BATCH;
	b.records = (argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 1000) * 1000;
	b.options = options_of(argc > 3 ? argv[3] : "edns");
	b.kind = kind_of(argc > 4 ? argv[4] : "mix");
	b.packets = calloc(QUESTIONS, sizeof(*b.packets));
	b.lab->settings.cookies = true;
	lab_configure(b.lab);
	make_delegations(&b);
	make_hosts(&b);
	for (unsigned i = 0; i < QUESTIONS; i++)
		make_question(&b, &b.packets[i]);
	report(&b, count);
	free(b.packets);
	lab_free(b.lab);
	return 0;
}
