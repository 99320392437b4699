/* Answers stay what they were, octet for octet: a digest of the answers to many random questions about random zones.
 * Questions come with and without EDNS, DO, cookies and TSIG, by all transports, in odd case, for few octets, and
 * damaged; zones have each kind of chain, and deltas over their image.
 *
 * Where an answer is meant to change, the new digest belongs into this file.  To see which answers have changed:
 *   property_serve_bytes ROUNDS > file       a line a question, from the trees before and after; compare the files */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../unit/serve/lab.h"
#include "base/random.h"
#include "zone/delta.h"
#include "zone/digest.h"

enum { ROUNDS = 60, QUESTIONS = 300, OWNERS_MAX = 60, ZONES = 4 };

#define WANTED UINT64_C(0x4a3749db00054af7)

static const char *const apexes[ZONES] = { "z.", "sub.z.", "s.", "Big.Example." };
static const char *const labels[] = {
	"a",   "b",        "c",     "*",
	"x",   "Y",        "www",   "ns1",
	"NS1", "\\003ns1", "\\000", "a\\.b",
	"_25", "sub",      "mail",  "long-label-of-sixty-three-octets-that-leaves-little-room-for-more"
};

struct answers {
	struct lab *lab;
	struct random r;
	FILE *show; /* NULL: nothing is shown */
	uint64_t digest;
};

/* -- random zones -------------------------------------------------------------------------------------------------- */

static void add_label(struct random *r, char text[static 256]) {
	unsigned which = random_below(r, sizeof(labels) / sizeof(labels[0]));
	text_add(text, 256, "%.63s.", labels[which]);
}

/* At or below one of the apexes, or elsewhere. */
static const char *random_name(struct random *r, unsigned deepest, char text[static 256]) {
	unsigned depth = random_below(r, deepest + 1), where = random_below(r, ZONES + 1);
	text[0] = 0;
	while (depth-- > 0 && strlen(text) < 100)
		add_label(r, text);
	text_add(text, 256, "%s", where < ZONES ? apexes[where] : "ns1.example.net.");
	return text;
}

static const char *owner_below(struct random *r, const char *apex, char text[static 256]) {
	unsigned depth = random_below(r, 20) ? random_below(r, 4) : 20;
	text[0] = 0;
	while (depth-- > 0 && strlen(text) < 150)
		add_label(r, text);
	text_add(text, 256, "%s", apex);
	return text;
}

static bool owner_is_taken(const struct text_zone *z, const char *text) {
	struct name name;
	if (name_parse(text, &name) != OK || name_equal(name.wire, z->apex.wire)) return true;
	for (unsigned i = 0; i < z->count; i++)
		if (name_equal(z->records[i].owner.wire, name.wire)) return true;
	return false;
}

__attribute__((format(printf, 2, 3))) static void add(struct text_zone *z, const char *format, ...) {
	char line[1200];
	va_list args;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	text_zone_line(z, line);
}

static void add_delegation(struct random *r, struct text_zone *z, const char *owner) {
	char other[256];
	unsigned count = random_below(r, 4);
	add(z, "%s NS ns1.%s", owner, owner);
	if (random_below(r, 2)) add(z, "ns1.%s A 192.0.2.7", owner);
	if (random_below(r, 3) == 0) add(z, "ns1.%s AAAA 2001:db8::7", owner);
	for (unsigned i = 0; i < count; i++)
		add(z, "%s NS %s", owner, random_name(r, 2, other));
	if (random_below(r, 2)) add(z, "%s DS 1 13 2 aabb", owner);
}

static void add_many(struct random *r, struct text_zone *z, const char *owner) {
	char other[256];
	unsigned count = 1 + random_below(r, 40), kind = random_below(r, 5);
	for (unsigned i = 0; i < count; i++) {
		random_name(r, 2, other);
		switch (kind) {
		case 0: add(z, "%s A 192.0.2.%u", owner, i); break;
		case 1: add(z, "%s MX %u %s", owner, i, other); break;
		case 2: add(z, "%s SRV %u 1 25 %s", owner, i, other); break;
		case 3: add(z, "%s PTR %s", owner, other); break;
		default: add(z, "%s TXT %u-%s", owner, i, "some-octets-that-fill-the-answer"); break;
		}
	}
}

static void add_host(struct random *r, struct text_zone *z, const char *owner) {
	char other[256];
	for (unsigned i = random_below(r, 3); i < 3; i++)
		add(z, "%s %u A 192.0.2.%u", owner, random_below(r, 2) ? 3600 : 60, i);
	if (random_below(r, 2)) add(z, "%s AAAA 2001:db8::1", owner);
	if (random_below(r, 3) == 0) add(z, "%s MX 10 %s", owner, random_name(r, 2, other));
	if (random_below(r, 4) == 0) add(z, "%s TXT some text", owner);
	if (random_below(r, 6) == 0)
		add(z, "%s HTTPS 1 %s", owner, random_below(r, 2) ? "." : random_name(r, 2, other));
	if (random_below(r, 9) == 0) add(z, "%s RP %s %s", owner, "admin.s.", random_name(r, 2, other));
}

static void random_owner(struct random *r, struct text_zone *z, const char *apex) {
	char owner[256], other[256];
	if (owner_is_taken(z, owner_below(r, apex, owner))) return;
	bool wild = owner[0] == '*';
	switch (random_below(r, 9)) {
	case 0: add(z, "%s CNAME %s", owner, random_name(r, 3, other)); return;
	case 1:
		if (!wild) add(z, "%s DNAME %s", owner, random_name(r, 3, other));
		return;
	case 2:
	case 3:
		if (!wild) add_delegation(r, z, owner);
		return;
	case 4: add_many(r, z, owner); return;
	default: add_host(r, z, owner);
	}
}

static struct text_zone random_zone(struct random *r, const char *apex, unsigned serial) {
	struct text_zone z = text_zone_parse(apex, "");
	add(&z, "@ SOA ns1.%s Admin.sub.Z. %u 3600 600 86400 %u", apex, serial,
	    random_below(r, 2) ? 300 : 7200);
	add(&z, "@ NS ns1.%s", apex);
	add(&z, "@ NS ns2.example.net.");
	if (random_below(r, 2)) add(&z, "ns1.%s A 192.0.2.53", apex);
	for (unsigned i = random_below(r, OWNERS_MAX); i > 0; i--)
		random_owner(r, &z, apex);
	return z;
}

/* The zone as it is, or as a delta over another. */
static struct zone_version *build(struct random *r, const char *apex, enum signing signing) {
	struct text_zone z = random_zone(r, apex, 8), former = random_zone(r, apex, 7);
	struct zone_version *v, *old, *layered;
	struct change *change;
	const struct builder_limits none = { 0 };
	struct why why;
	text_zone_sign(&z, signing);
	text_zone_sign(&former, signing);
	v = text_zone_build(&z);
	old = text_zone_build(&former);
	struct apply_job job = { .form = APPLY_DELTA, .steps = &change, .count = 1, .limits = &none };
	if (random_below(r, 2) == 0) {
		assert_int_equal(version_diff(old, v, 0, 0, &change), OK);
		assert_int_equal(version_apply_job(old, &job, &layered, &why), OK);
		change_unref(change);
		version_unref(v);
		v = layered;
	}
	version_unref(old);
	text_zone_done(&z);
	text_zone_done(&former);
	return v;
}

static void make_zones(struct answers *a) {
	for (unsigned i = 0; i < ZONES; i++) {
		struct zone_version *v = build(&a->r, apexes[i], (enum signing)random_below(&a->r, 4));
		table_publish(a->lab->table, lab_entry(a->lab, apexes[i]), v, ZONE_SERVED);
		a->lab->versions[a->lab->version_count++] = v;
	}
}

/* -- random questions ------------------------------------------------------------------------------------------------ */

/* A name that is there, or a part of it with something before it, or any. */
static void ask_name(struct answers *a, char text[static NAME_TEXT_MAX]) {
	struct random *r = &a->r;
	const struct zone_version *v = a->lab->versions[random_below(r, ZONES)];
	const struct image *image = &v->image;
	struct node n = image_node(image, image_order(image)[random_below(r, image->header->node_count)]);
	struct name owner;
	char any[256];
	node_owner(n, &owner);
	unsigned roll = random_below(r, 8),
		 skip = random_below(r, 2) ? 0 : random_below(r, name_labels(owner.wire));
	any[0] = 0;
	if (roll == 0) {
		random_name(r, 5, text);
		return;
	}
	if (roll > 4 && owner.len < 100) add_label(r, any);
	if (roll > 6 && owner.len < 100) add_label(r, any);
	char rest[NAME_TEXT_MAX];
	snprintf(text, NAME_TEXT_MAX, "%s%s", any, name_text(name_skip(owner.wire, skip), rest));
}

static void ask_options(struct random *r, char text[static 2048]) {
	static const unsigned sizes[] = { 0, 512, 600, 1232, 1400, 4096, 65535 };
	if (random_below(r, 4) == 0) return;
	text_add(text, 2048, " edns=%u", sizes[random_below(r, 7)]);
	if (random_below(r, 2)) text_add(text, 2048, " do");
	if (random_below(r, 5) == 0) text_add(text, 2048, " nsid");
	if (random_below(r, 5) == 0) text_add(text, 2048, " opt=10:0102030405060708");
	if (random_below(r, 9) == 0) text_add(text, 2048, " opt=19:");
	if (random_below(r, 9) == 0) text_add(text, 2048, " opt=9:");
	if (random_below(r, 9) == 0) text_add(text, 2048, " opt=12:0000");
	if (random_below(r, 30) == 0) text_add(text, 2048, " version=1");
}

static struct lab_question random_question(struct answers *a) {
	static const uint16_t types[] = { RR_A,   RR_A,     RR_A,     RR_AAAA, RR_NS,   RR_DS,
		                          RR_MX,  RR_TXT,   RR_SOA,   RR_ANY,  RR_SRV,  RR_RRSIG,
		                          RR_PTR, RR_DNAME, RR_CNAME, RR_NSEC, RR_HTTPS };
	struct random *r = &a->r;
	char text[2048], type[RRTYPE_TEXT_MAX], name[NAME_TEXT_MAX];
	ask_name(a, name);
	unsigned which = random_below(r, sizeof(types) / sizeof(types[0]));
	snprintf(text, sizeof(text), "%s %s", name, rrtype_text(types[which], type));
	if (random_below(r, 2)) text_add(text, sizeof(text), " rd");
	if (random_below(r, 4) == 0) text_add(text, sizeof(text), " cd");
	if (random_below(r, 40) == 0) text_add(text, sizeof(text), " class=%u", random_below(r, 2) ? 255 : 3);
	ask_options(r, text);
	return lab_parse(text);
}

/* Octets of the question's name in the other case. */
static void change_case(struct lab *lab, struct random *r) {
	for (size_t i = MESSAGE_HEADER_LEN; i < lab->request_len && lab->request[i];
	     i += 1U + lab->request[i])
		for (unsigned k = 1; k <= lab->request[i]; k++) {
			uint8_t *octet = &lab->request[i + k];
			if (random_below(r, 2) && *octet >= 'a' && *octet <= 'z') *octet -= 32;
		}
}

static void sign(struct lab *lab) {
	struct tsig_state tsig = { 0 };
	if (tsig_sign_request(&tsig, &lab->key, (uint64_t)lab_now().wall_s, lab->request, lab->request_len,
	                      sizeof(lab->request), &lab->request_len) != OK)
		abort();
	tsig_done(&tsig);
}

/* -- asking ------------------------------------------------------------------------------------------------------------ */

static void show(const struct answers *a) {
	const struct lab *lab = a->lab;
	if (!a->show) return;
	for (size_t i = 0; i < lab->request_len; i++)
		fprintf(a->show, "%02x", lab->request[i]);
	fputc(' ', a->show);
	for (size_t i = 0; i < lab->answer_len; i++)
		fprintf(a->show, "%02x", lab->answer[i]);
	fputc('\n', a->show);
}

static void ask(struct answers *a) {
	struct random *r = &a->r;
	struct lab *lab = a->lab;
	struct lab_question q = random_question(a);
	lab_build(lab, &q);
	change_case(lab, r);
	if (random_below(r, 30) == 0) sign(lab);
	if (random_below(r, 20) == 0)
		lab->request[random_below(r, (uint32_t)lab->request_len)] ^= 1U << random_below(r, 8);
	if (random_below(r, 50) == 0) lab->request_len -= random_below(r, (uint32_t)lab->request_len);
	unsigned way = random_below(r, 6);
	lab->cap = way == 5 ? 300 + random_below(r, 1000) : sizeof(lab->answer);
	lab->expects = a->digest & 1;
	lab_send(lab, way == 0 ? SERVE_TCP : way == 1 ? SERVE_TLS : SERVE_UDP);
	a->digest = digest_bytes(lab->answer, lab->answer_len, a->digest);
	show(a);
}

static uint64_t answers_of(uint64_t seed, FILE *out) {
	struct answers a = { .lab = lab_new_with("who", 1232), .r = random_seeded(seed), .show = out };
	a.lab->settings.cookies = true;
	a.lab->settings.cookie_secrets.count = 1;
	a.lab->settings.tcp_idle_ms = 7000;
	lab_configure(a.lab);
	make_zones(&a);
	for (unsigned i = 0; i < QUESTIONS; i++)
		ask(&a);
	lab_free(a.lab);
	return a.digest;
}

static void answers_are_what_they_were(void **state) {
	uint64_t digest = 0;
	(void)state;
	for (uint64_t seed = 0; seed < ROUNDS; seed++)
		digest ^= answers_of(seed, NULL) * (2 * seed + 1);
	print_message("digest 0x%016llx\n", (unsigned long long)digest);
	assert_true(digest == WANTED);
}

int main(int argc, char **argv) {
	const struct CMUnitTest tests[] = { cmocka_unit_test(answers_are_what_they_were) };
	for (uint64_t seed = 0; argc > 1 && seed < strtoull(argv[1], NULL, 10); seed++)
		(void)answers_of(seed, stdout); /* they are shown */
	return argc > 1 ? 0 : cmocka_run_group_tests(tests, NULL, NULL);
}
