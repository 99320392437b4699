/* Random zones, unsigned and with each kind of chain, against a slow model: every answer must have the records the
 * model finds, each RRset once and signed, and the proofs that a validator needs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../unit/serve/lab.h"
#include "base/random.h"

enum { ROUNDS = 100, QUESTIONS = 150, OWNERS_MAX = 25, EXPECTED_MAX = 256 };

static const char *const labels[] = { "a", "b", "c", "*", "x", "Y" };
static const uint16_t question_types[] = { RR_A, RR_TXT, RR_DS, RR_NS, RR_CNAME, RR_DNAME, RR_AAAA, RR_SOA };

/* -- a random zone ---------------------------------------------------------------------------------------------- */

static const char *random_name(struct random *r, unsigned deepest, char text[static 64]) {
	unsigned depth = random_below(r, deepest + 1);
	text[0] = 0;
	for (unsigned i = 0; i < depth; i++)
		text_add(text, 64, "%s.", labels[random_below(r, sizeof(labels) / sizeof(labels[0]))]);
	text_add(text, 64, "z.");
	return text;
}

static bool owner_is_taken(const struct text_zone *z, const char *text) {
	struct name name;
	if (name_parse(text, &name) != OK) return true;
	for (unsigned i = 0; i < z->count; i++)
		if (name_equal(z->records[i].owner.wire, name.wire)) return true;
	return false;
}

static void add_line(struct text_zone *z, const char *format, const char *owner, const char *target) {
	char line[256];
	snprintf(line, sizeof(line), format, owner, target);
	text_zone_line(z, line);
}

static void random_owner(struct random *r, struct text_zone *z) {
	char owner[64], target[64];
	if (owner_is_taken(z, random_name(r, 4, owner))) return;
	random_name(r, 4, target);
	switch (random_below(r, 8)) {
	case 0: add_line(z, "%s CNAME %s", owner, target); return;
	case 1:
		if (owner[0] != '*') add_line(z, "%s DNAME %s", owner, target);
		return;
	case 2:
	case 3:
		if (owner[0] == '*') return;
		add_line(z, "%s NS ns.%s", owner, owner);
		add_line(z, "%s NS %s", owner, target);
		if (random_below(r, 2)) add_line(z, "%s DS 1 13 2 aabb%s", owner, "");
		return;
	default: add_line(z, "%s A 192.0.2.1%s", owner, ""); break;
	}
	if (random_below(r, 2)) add_line(z, "%s A 192.0.2.2%s", owner, "");
	if (random_below(r, 2)) add_line(z, "%s TXT some%s", owner, "");
}

static struct text_zone random_zone(struct random *r) {
	struct text_zone z = text_zone_parse(
		"z.", "@ SOA ns.z. admin.z. 7 3600 600 86400 300\n@ NS ns.elsewhere.\n");
	unsigned count = random_below(r, OWNERS_MAX);
	for (unsigned i = 0; i < count; i++)
		random_owner(r, &z);
	return z;
}

/* -- what the answer said ----------------------------------------------------------------------------------------- */

struct said_record {
	unsigned section;
	struct name owner;
	uint16_t type, len;
	uint8_t rdata[600];
	bool expected;
};
struct said {
	struct message m;
	struct said_record records[EXPECTED_MAX];
	unsigned count;
};

static void read_said(struct lab *lab, struct said *s) {
	assert_int_equal(message_parse(lab->answer, lab->answer_len, &s->m), OK);
	struct reader r = reader_init(lab->answer, lab->answer_len);
	r.pos = s->m.answer_pos;
	unsigned counts[] = { s->m.header.ancount, s->m.header.nscount, s->m.header.arcount };
	s->count = 0;
	for (unsigned section = 0; section < 3; section++) {
		for (unsigned i = 0; i < counts[section]; i++) {
			struct record record;
			assert_int_equal(record_read(&r, &record), OK);
			if (record.type == RR_OPT) continue;
			assert_true(s->count < EXPECTED_MAX);
			struct said_record *out = &s->records[s->count++];
			struct writer w = writer_init(out->rdata, sizeof(out->rdata));
			struct reader in = r;
			in.pos = record.rdata_pos;
			assert_int_equal(rdata_read(&in, record.type, record.rdlength, &w), OK);
			*out = (struct said_record){ .section = section,
				                     .owner = record.owner,
				                     .type = record.type,
				                     .len = (uint16_t)w.len,
				                     .expected = false };
			w = writer_init(out->rdata, sizeof(out->rdata));
			in.pos = record.rdata_pos;
			assert_int_equal(rdata_read(&in, record.type, record.rdlength, &w), OK);
		}
	}
}

static bool same_record(const struct said_record *a, const uint8_t *owner, uint16_t type,
                        const uint8_t *rdata, uint16_t len) {
	return a->type == type && name_equal(a->owner.wire, owner) &&
	       rdata_compare(type, a->rdata, a->len, rdata, len) == 0;
}

/* The record is there, in this section. */
static void want_record(struct said *s, unsigned section, const uint8_t *owner, uint16_t type,
                        const uint8_t *rdata, uint16_t len) {
	for (unsigned i = 0; i < s->count; i++) {
		if (s->records[i].section != section || !same_record(&s->records[i], owner, type, rdata, len))
			continue;
		s->records[i].expected = true;
		return;
	}
	fail_msg("a record of type %u is missing", type);
}

static void want_signature(struct said *s, unsigned section, const uint8_t *owner, uint16_t type) {
	unsigned found = 0;
	for (unsigned i = 0; i < s->count; i++) {
		struct said_record *r = &s->records[i];
		if (r->section != section || r->type != RR_RRSIG || load_u16(r->rdata) != type) continue;
		if (!name_equal(r->owner.wire, owner)) continue;
		r->expected = true;
		found++;
	}
	assert_int_equal(found, 1);
}

static bool exists(const struct text_zone *z, const uint8_t *name) {
	for (unsigned i = 0; i < z->count; i++)
		if (name_is_within(z->records[i].owner.wire, name)) return true;
	return false;
}

/* -- proofs --------------------------------------------------------------------------------------------------------- */

static bool between(int from_to_it, int it_to_next, bool wraps) {
	return wraps ? from_to_it < 0 || it_to_next < 0 : from_to_it < 0 && it_to_next < 0;
}

static bool nsec_covers(const struct said_record *r, const uint8_t *name) {
	bool wraps = name_compare(r->owner.wire, r->rdata) >= 0;
	return between(name_compare(r->owner.wire, name), name_compare(name, r->rdata), wraps);
}

static void hash_name(const uint8_t *name, uint8_t label[static NSEC3_LABEL_LEN]) {
	uint8_t hash[NSEC3_HASH_LEN];
	nsec3_hash(name, SIGN_SALT, SIGN_SALT_LEN, SIGN_ITERATIONS, hash);
	nsec3_label(hash, label);
}

static bool nsec3_covers(const struct said_record *r, const uint8_t *label) {
	uint8_t next[NSEC3_LABEL_LEN];
	nsec3_label(r->rdata + 4 + 1 + SIGN_SALT_LEN + 1, next);
	bool wraps = memcmp(r->owner.wire + 1, next, NSEC3_LABEL_LEN) >= 0;
	return between(memcmp(r->owner.wire + 1, label, NSEC3_LABEL_LEN),
	               memcmp(label, next, NSEC3_LABEL_LEN), wraps);
}

enum proof { MATCH, COVER };

/* Is the name matched or covered by an NSEC or NSEC3 of the authority section?  It is marked as expected. */
static bool proved(struct said *s, enum signing signing, enum proof proof, const uint8_t *name) {
	uint8_t label[NSEC3_LABEL_LEN];
	hash_name(name, label);
	for (unsigned i = 0; i < s->count; i++) {
		struct said_record *r = &s->records[i];
		bool ok = false;
		if (r->section != 1) continue;
		if (signing == SIGN_NSEC && r->type == RR_NSEC)
			ok = proof == MATCH ? name_equal(r->owner.wire, name) : nsec_covers(r, name);
		if (signing >= SIGN_NSEC3 && r->type == RR_NSEC3)
			ok = proof == MATCH ? memcmp(r->owner.wire + 1, label, NSEC3_LABEL_LEN) == 0
			                    : nsec3_covers(r, label);
		if (!ok) continue;
		if (!r->expected) want_signature(s, 1, r->owner.wire, r->type);
		r->expected = true;
		return true;
	}
	return false;
}

static const uint8_t *up_to(const uint8_t *name, unsigned count) {
	return name_skip(name, name_labels(name) - count);
}

/* Closest encloser proof; with opt-out the encloser proved may be above the real one.  Returns its labels. */
static unsigned want_encloser(struct said *s, enum signing signing, const uint8_t *name, unsigned encloser) {
	unsigned at = encloser;
	while (signing == SIGN_NSEC3_OPTOUT && at > 1 && !proved(s, signing, MATCH, up_to(name, at)))
		at--;
	assert_true(proved(s, signing, MATCH, up_to(name, at)));
	assert_true(proved(s, signing, COVER, up_to(name, at + 1)));
	return at;
}

static void want_no_name(struct said *s, enum signing signing, const struct text_zone *zone,
                         const uint8_t *name, unsigned encloser) {
	struct name wildcard;
	if (signing == SIGN_NSEC)
		assert_true(proved(s, signing, COVER, name));
	else
		encloser = want_encloser(s, signing, name, encloser);
	assert_int_equal(name_make_wildcard(up_to(name, encloser), &wildcard), OK);
	bool covered = proved(s, signing, COVER, wildcard.wire);
	/* Above an opted-out empty non-terminal there may be a wildcard that does not reach the name. */
	assert_true(covered || (signing == SIGN_NSEC3_OPTOUT && exists(zone, wildcard.wire)));
}

static void want_no_type(struct said *s, enum signing signing, const uint8_t *name) {
	if (proved(s, signing, MATCH, name)) return;
	if (signing == SIGN_NSEC)
		assert_true(proved(s, signing, COVER, name)); /* empty non-terminal */
	else
		want_encloser(s, signing, name, name_labels(name) - 1);
	assert_true(signing != SIGN_NSEC3);
}

static void want_wildcard_type(struct said *s, enum signing signing, const uint8_t *name, unsigned encloser) {
	struct name wildcard;
	if (signing == SIGN_NSEC)
		assert_true(proved(s, signing, COVER, name));
	else
		encloser = want_encloser(s, signing, name, encloser);
	assert_int_equal(name_make_wildcard(up_to(name, encloser), &wildcard), OK);
	/* The wildcard itself may be an empty non-terminal, with opt-out one that has no NSEC3. */
	if (!proved(s, signing, MATCH, wildcard.wire))
		assert_true(signing != SIGN_NSEC3 && proved(s, signing, COVER, wildcard.wire));
}

static void want_wildcard(struct said *s, enum signing signing, const uint8_t *name, unsigned encloser,
                          bool has_type) {
	if (!has_type)
		want_wildcard_type(s, signing, name, encloser);
	else
		assert_true(
			proved(s, signing, COVER, signing == SIGN_NSEC ? name : up_to(name, encloser + 1)));
}

/* -- the model -------------------------------------------------------------------------------------------------------- */

struct model {
	const struct text_zone *plain; /* before signing */
	struct said *said;
	enum signing signing; /* SIGN_NONE too when the client did not ask for DNSSEC */
	uint16_t type;
	uint16_t rcode;
	struct name name;
	bool done;
};

static const struct text_record *first(const struct text_zone *z, const uint8_t *owner, uint16_t type) {
	for (unsigned i = 0; i < z->count; i++)
		if (z->records[i].type == type && name_equal(z->records[i].owner.wire, owner))
			return &z->records[i];
	return NULL;
}

/* All records of the RRset, under the owner shown. */
static bool want_set(struct model *m, unsigned section, const uint8_t *from, const uint8_t *shown,
                     uint16_t type) {
	if (!first(m->plain, from, type)) return false;
	for (unsigned i = 0; i < m->plain->count; i++) {
		const struct text_record *r = &m->plain->records[i];
		if (r->type == type && name_equal(r->owner.wire, from))
			want_record(m->said, section, shown, type, r->rdata, r->len);
	}
	bool at_cut = sign_is_cut(m->plain, from) && type != RR_DS;
	if (m->signing != SIGN_NONE && !at_cut) want_signature(m->said, section, shown, type);
	return true;
}

static void follow(struct model *m, const uint8_t *target) {
	name_copy(&m->name, target);
	m->done = !name_is_within(target, m->plain->apex.wire);
}

static void model_referral(struct model *m, const uint8_t *cut) {
	want_set(m, 1, cut, cut, RR_NS);
	m->done = true;
	if (m->signing == SIGN_NONE) return;
	if (!want_set(m, 1, cut, cut, RR_DS)) want_no_type(m->said, m->signing, cut);
}

static void model_dname(struct model *m, const uint8_t *owner) {
	struct name target;
	const struct text_record *dname = first(m->plain, owner, RR_DNAME);
	want_set(m, 0, owner, owner, RR_DNAME);
	assert_int_equal(name_substitute(m->name.wire, owner, dname->rdata, &target), OK);
	want_record(m->said, 0, m->name.wire, RR_CNAME, target.wire, target.len);
	follow(m, target.wire);
	if (m->type == RR_CNAME) m->done = true;
}

static void model_node(struct model *m, const uint8_t *node, unsigned encloser) {
	bool is_wildcard = !name_equal(node, m->name.wire);
	struct name shown = m->name;
	bool has_type = first(m->plain, node, m->type);
	const struct text_record *alias = has_type ? NULL : first(m->plain, node, RR_CNAME);
	if (has_type) want_set(m, 0, node, shown.wire, m->type);
	if (alias) {
		want_set(m, 0, node, shown.wire, RR_CNAME);
		follow(m, alias->rdata);
	} else {
		m->done = true;
	}
	if (!has_type && !alias) want_set(m, 1, m->plain->apex.wire, m->plain->apex.wire, RR_SOA);
	if (m->signing == SIGN_NONE) return;
	if (is_wildcard)
		want_wildcard(m->said, m->signing, shown.wire, encloser, has_type || alias);
	else if (!has_type && !alias)
		want_no_type(m->said, m->signing, shown.wire);
}

static void model_step(struct model *m) {
	const uint8_t *name = m->name.wire;
	unsigned count = name_labels(name), encloser = 1;
	for (unsigned at = 1; at <= count; at++) {
		const uint8_t *up = up_to(name, at);
		if (sign_is_cut(m->plain, up) && !(at == count && m->type == RR_DS)) {
			model_referral(m, up);
			return;
		}
		if (at < count && first(m->plain, up, RR_DNAME)) {
			model_dname(m, up);
			return;
		}
		if (exists(m->plain, up)) encloser = at;
	}
	struct name wildcard;
	assert_int_equal(name_make_wildcard(up_to(name, encloser), &wildcard), OK);
	if (encloser == count) {
		model_node(m, name, encloser);
	} else if (exists(m->plain, wildcard.wire)) {
		model_node(m, wildcard.wire, encloser);
	} else {
		m->rcode = RCODE_NXDOMAIN;
		m->done = true;
		want_set(m, 1, m->plain->apex.wire, m->plain->apex.wire, RR_SOA);
		if (m->signing != SIGN_NONE) want_no_name(m->said, m->signing, m->plain, name, encloser);
	}
}

/* -- the property ------------------------------------------------------------------------------------------------------- */

static void no_record_stands_twice(const struct said *s) {
	for (unsigned i = 0; i < s->count; i++)
		for (unsigned k = 0; k < i; k++)
			assert_false(same_record(&s->records[i], s->records[k].owner.wire, s->records[k].type,
			                         s->records[k].rdata, s->records[k].len));
}

static void check_question(struct lab *lab, const struct text_zone *plain, enum signing signing,
                           struct random *r) {
	char name[64], question[128];
	char type[RRTYPE_TEXT_MAX];
	bool dnssec = random_below(r, 2);
	uint16_t number = question_types[random_below(r, sizeof(question_types) / sizeof(question_types[0]))];
	snprintf(question, sizeof(question), "%s %s tcp%s", random_name(r, 5, name),
	         rrtype_text(number, type), dnssec ? " do" : "");
	const char *text = lab_ask(lab, question);
	struct said *s = calloc(1, sizeof(*s));
	read_said(lab, s);
	no_record_stands_twice(s);
	struct model m = {
		.plain = plain, .said = s, .signing = dnssec ? signing : SIGN_NONE, .type = number
	};
	assert_int_equal(name_parse(name, &m.name), OK);
	for (unsigned i = 0; i < 17 && !m.done; i++)
		model_step(&m);
	assert_int_equal(header_rcode(&s->m.header), m.rcode);
	for (unsigned i = 0; i < s->count; i++)
		if (s->records[i].section < 2 && !s->records[i].expected)
			fail_msg("too much: %s\n%s", question, text);
	free(s);
}

static void answers_agree_with_the_model(enum signing signing) {
	for (unsigned round = 0; round < ROUNDS; round++) {
		uint64_t seed = 1000 * (uint64_t)signing + round;
		struct random r = random_seeded(seed);
		struct lab *lab = lab_new();
		struct text_zone plain = random_zone(&r), full = plain;
		full.records = malloc(plain.count * sizeof(*plain.records));
		memcpy(full.records, plain.records, plain.count * sizeof(*plain.records));
		text_zone_sign(&full, signing);
		lab->versions[lab->version_count++] = text_zone_build(&full);
		table_publish(lab->table, lab_entry(lab, "z."), lab->versions[0], ZONE_SERVED);
		for (unsigned q = 0; q < QUESTIONS; q++)
			check_question(lab, &plain, signing, &r);
		text_zone_done(&plain);
		text_zone_done(&full);
		lab_free(lab);
	}
}

static void unsigned_answers_agree_with_the_model(void **state) {
	(void)state;
	answers_agree_with_the_model(SIGN_NONE);
}
static void nsec_answers_agree_with_the_model(void **state) {
	(void)state;
	answers_agree_with_the_model(SIGN_NSEC);
}
static void nsec3_answers_agree_with_the_model(void **state) {
	(void)state;
	answers_agree_with_the_model(SIGN_NSEC3);
}
static void optout_answers_agree_with_the_model(void **state) {
	(void)state;
	answers_agree_with_the_model(SIGN_NSEC3_OPTOUT);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unsigned_answers_agree_with_the_model),
		cmocka_unit_test(nsec_answers_agree_with_the_model),
		cmocka_unit_test(nsec3_answers_agree_with_the_model),
		cmocka_unit_test(optout_answers_agree_with_the_model),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
