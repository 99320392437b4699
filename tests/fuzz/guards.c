/* Hostile zones before the guards: whatever a zone holds, each guard ends in a verdict with its reason, the same for one
 * whole image and for a delta over another, the same for all names and for those that changed, and no milder for
 * looking at more.
 *
 *   input:  octet of options | records: owner relative to the apex | u16 type | u8 TTL | u16 rdlength | rdata
 *
 * SOA and NS of the apex are always there.  Every second record is in the former version already. */
#include <stdlib.h>
#include <string.h>

#include "zone/check.h"
#include "zone/delta.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum {
	NOW_S = 1800000000, /* between the begin and the end of the signatures in the corpus */
	FORMER_SERIAL = 6,
	SERIAL = 7,
	RECORDS_MAX = 400,
	RDATA_CAP = 131072
};
enum option { FIT_KEYS = 1, NARROW = 2, SHRINKS = 4 };
enum { EACH = GUARD_SHRINK | GUARD_STRUCTURE | GUARD_ZONEMD | GUARD_DNSSEC };

static const uint8_t apex[] = { 7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 0 };
static const uint8_t server[] = { 2, 'n', 's', 7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 0 };

static void must(bool holds) {
	if (!holds) abort();
}

/* -- the zone ---------------------------------------------------------------------------------------------------- */

struct zone {
	struct builder *former, *next;
	bool fit_keys;
	uint8_t algorithm; /* of the last DNSKEY; 0: none yet */
	uint16_t tag;
};

static void put(struct builder *b, const uint8_t *owner, uint16_t type, uint32_t ttl_s, const uint8_t *rdata,
                size_t len) {
	struct why why = { .reason = REASON_NONE };
	enum err e = builder_add(b, owner, type, ttl_s, rdata, (uint16_t)len, &why);
	must(e == OK || why.reason != REASON_NONE);
}

static struct builder *begin(uint32_t serial) {
	static const struct builder_limits limits = { 0 };
	static const uint8_t times[] = { 0, 0, 14, 16, 0, 0, 2, 88, 0, 13, 47, 0, 0, 0, 1, 44 };
	struct builder *b = builder_new(apex, &limits);
	uint8_t soa[64];
	struct writer w = writer_init(soa, sizeof(soa));
	write_bytes(&w, server, sizeof(server));
	write_bytes(&w, apex, sizeof(apex));
	write_u32(&w, serial);
	write_bytes(&w, times, sizeof(times));
	put(b, apex, RR_SOA, 300, soa, w.len);
	put(b, apex, RR_NS, 300, server, sizeof(server));
	return b;
}

/* RFC 4034 appendix B. */
static uint16_t tag_of(const uint8_t *rdata, size_t len) {
	uint32_t sum = 0;
	for (size_t i = 0; i < len; i++)
		sum += i & 1 ? rdata[i] : (uint32_t)rdata[i] << 8;
	return (uint16_t)(sum + (sum >> 16));
}

/* So that a key that is damaged is asked to verify: signatures are by the key that came last. */
static void fit(struct zone *z, uint16_t type, uint8_t *rdata, size_t len) {
	if (type == RR_DNSKEY && len > 4) {
		z->tag = tag_of(rdata, len);
		z->algorithm = rdata[3];
	}
	if (type != RR_RRSIG || len < 18 || !z->algorithm) return;
	rdata[2] = z->algorithm;
	rdata[16] = (uint8_t)(z->tag >> 8);
	rdata[17] = (uint8_t)z->tag;
}

/* False: the input is over, or cannot be read beyond here. */
static bool read_record(struct zone *z, struct reader *in, bool also_former) {
	static uint8_t rdata[RDATA_CAP];
	struct writer w = writer_init(rdata, sizeof(rdata));
	struct name owner;
	size_t name = name_check(in->data + in->pos, reader_left(in));
	if (!name || name_join(in->data + in->pos, apex, &owner) != OK) return false;
	in->pos += name;
	uint16_t type = read_u16(in);
	uint32_t ttl_s = 300U * read_u8(in);
	uint16_t len = read_u16(in);
	if (in->failed || len > reader_left(in)) return false;
	size_t end = in->pos + len;
	enum err e = rdata_read(in, type, len, &w);
	in->pos = end;
	if (e != OK || w.len > RDATA_MAX_LEN) return true;
	if (z->fit_keys) fit(z, type, rdata, w.len);
	put(z->next, owner.wire, type, ttl_s, rdata, w.len);
	if (also_former) put(z->former, owner.wire, type, ttl_s, rdata, w.len);
	return true;
}

/* NULL: no zone, as the builder says why. */
static struct zone_version *finish(struct builder *b) {
	struct zone_version *v = NULL;
	struct why why = { .reason = REASON_NONE };
	if (builder_finish(b, &v, &why) != OK) must(why.reason != REASON_NONE);
	builder_free(b);
	return v;
}

/* -- verdicts ---------------------------------------------------------------------------------------------------- */

static void must_be_said(const struct why *why) {
	const char *end = memchr(why->evidence, 0, sizeof(why->evidence));
	must(why->reason < REASON_COUNT && end);
	for (const char *c = why->evidence; why->reason != REASON_NONE && c < end; c++)
		must(*c >= ' ' && *c <= '~');
}

struct trial {
	const struct zone_version *former, *next;
	const struct check_changes *changes;
	unsigned accepted;
};

static enum reason judge(const struct trial *t, const struct check_rules *rules) {
	struct check_report r;
	enum err e = zone_check(t->former, t->next, t->changes, rules, t->accepted, NOW_S, &r);
	must(e == OK || e == ERR_REFUSED);
	must((e == OK) == (r.objection.reason == REASON_NONE));
	must((e == OK) == (r.guard == 0));
	must((r.guard & t->accepted) == 0);
	must_be_said(&r.objection);
	must_be_said(&r.warning);
	return r.objection.reason;
}

static enum reason by_signatures(const struct zone_version *v, enum dnssec_rule rule,
                                 enum dnssec_depth depth) {
	struct check_rules rules = { .dnssec = rule, .dnssec_depth = depth };
	return judge(&(struct trial){ .next = v, .accepted = GUARD_STRUCTURE }, &rules);
}

static enum reason by_digest(const struct zone_version *v, enum zonemd_rule rule) {
	struct check_rules rules = { .zonemd = rule };
	return judge(&(struct trial){ .next = v, .accepted = GUARD_STRUCTURE }, &rules);
}

static void try_alone(const struct zone_version *v, const struct check_rules *rules) {
	enum reason required = by_digest(v, ZONEMD_REQUIRED), present = by_digest(v, ZONEMD_IF_PRESENT);
	must(present == required || (present == REASON_NONE && required == REASON_ZONEMD_MISSING));
	enum reason full = by_signatures(v, DNSSEC_REQUIRE, DNSSEC_FULL);
	for (enum dnssec_depth depth = DNSSEC_APEX; depth <= DNSSEC_SAMPLE; depth++)
		must(by_signatures(v, DNSSEC_REQUIRE, depth) == REASON_NONE || full != REASON_NONE);
	must(by_signatures(v, DNSSEC_WARN, DNSSEC_SAMPLE) == REASON_NONE);
	(void)judge(&(struct trial){ .next = v }, rules); /* with its own checks */
	must(judge(&(struct trial){ .next = v, .accepted = EACH }, rules) == REASON_NONE);
}

static void must_digest_alike(const struct zone_version *a, const struct zone_version *b) {
	for (enum zonemd_hash hash = ZONEMD_SHA384; hash <= ZONEMD_SHA512; hash++) {
		uint8_t one[ZONEMD_DIGEST_MAX], other[ZONEMD_DIGEST_MAX];
		size_t one_len, other_len;
		must(zonemd_digest(a, hash, one, &one_len) == OK);
		must(zonemd_digest(b, hash, other, &other_len) == OK);
		must(one_len == other_len && memcmp(one, other, one_len) == 0);
	}
}

/* What a step adds is all that can be wrong where the former version was right. */
static void try_step(const struct zone_version *former, const struct zone_version *next, struct change *step,
                     const struct check_rules *rules) {
	struct why why;
	struct check_changes changes = { &step, 1 };
	if (check_structure(former, NULL, rules, &why) != OK) return;
	enum err whole = check_structure(next, NULL, rules, &why);
	must(check_structure(next, &changes, rules, &why) == whole);
	(void)judge(&(struct trial){ former, next, &changes, 0 }, rules); /* with its own checks */
}

/* The same zone as a delta over the former one. */
static void try_layers(struct zone_version *former, const struct zone_version *next,
                       const struct check_rules *rules) {
	static const struct builder_limits limits = { 0 };
	struct zone_version *layered = NULL;
	struct change *step;
	struct why why;
	must(version_diff(former, next, 0, 0, &step) == OK);
	struct apply_job job = { APPLY_DELTA, APPLY_FORWARD, &step, 1, &limits };
	must(version_apply_job(former, &job, &layered, &why) == OK);
	must_digest_alike(next, layered);
	must(by_signatures(next, DNSSEC_REQUIRE, DNSSEC_FULL) ==
	     by_signatures(layered, DNSSEC_REQUIRE, DNSSEC_FULL));
	try_step(former, layered, step, rules);
	version_unref(layered);
	change_unref(step);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
	struct reader in = reader_init(data, len);
	uint8_t options = read_u8(&in);
	struct zone z = { begin(FORMER_SERIAL), begin(SERIAL), options & FIT_KEYS, 0, 0 };
	struct check_rules rules = { .max_rrset_records = options & NARROW ? 2 : 100,
		                     .max_name_types = options & NARROW ? 3 : 100,
		                     .max_shrink = 50,
		                     .zonemd = ZONEMD_IF_PRESENT,
		                     .dnssec = DNSSEC_REQUIRE,
		                     .dnssec_depth = DNSSEC_SAMPLE };
	for (unsigned i = 0; i < RECORDS_MAX && read_record(&z, &in, i % 2); i++)
		;
	struct zone_version *former = finish(z.former), *next = finish(z.next);
	if (next) try_alone(next, &rules);
	if (next && former) try_layers(former, next, &rules);
	if (next && former && (options & SHRINKS))
		(void)judge(&(struct trial){ .former = next, .next = former }, &rules); /* likewise */
	version_unref(former);
	version_unref(next);
	return 0;
}
