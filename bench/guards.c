/* Cost of the guards: a zone of hosts, each with A, NSEC and a signature over each by one ECDSA P-256 key, is made and
 * then looked at by each guard alone.
 *
 *   bench_guards [records]
 *
 * Prints CPU milliseconds. */
#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "zone/builder.h"
#include "zone/check.h"

enum {
	NOW_S = 1800000000,
	BEGIN_S = NOW_S - 86400,
	END_S = NOW_S + 30 * 86400,
	ALGORITHM = 13,
	COORDINATE = 32,
	KEY_LEN = 4 + 2 * COORDINATE,
	RECORDS_A_HOST = 4,
	OCTETS_MAX = 512
};

static const uint8_t apex[] = { 7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 0 };

struct zone {
	struct builder *b;
	gnutls_privkey_t key;
	uint8_t dnskey[KEY_LEN];
	uint16_t tag;
};

static void must(bool holds) {
	if (!holds) abort();
}

static double cpu_ms(void) {
	struct rusage usage;
	must(getrusage(RUSAGE_SELF, &usage) == 0);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3 +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3;
}

/* -- the key -------------------------------------------------------------------------------------------------- */

/* Numbers may begin with a zero octet more or with some less. */
static void put_number(gnutls_datum_t number, uint8_t out[static COORDINATE]) {
	size_t skip = number.size > COORDINATE ? number.size - COORDINATE : 0, len = number.size - skip;
	memset(out, 0, COORDINATE);
	memcpy(out + COORDINATE - len, number.data + skip, len);
	gnutls_free(number.data);
}

static void make_key(struct zone *z) {
	static const uint8_t fixed[] = { 1, 1, 3, ALGORITHM };
	gnutls_ecc_curve_t curve;
	gnutls_datum_t x, y;
	uint32_t sum = 0;
	must(gnutls_privkey_init(&z->key) == 0);
	must(gnutls_privkey_generate(z->key, GNUTLS_PK_ECDSA,
	                             GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0) == 0);
	must(gnutls_privkey_export_ecc_raw(z->key, &curve, &x, &y, NULL) == 0);
	memcpy(z->dnskey, fixed, sizeof(fixed));
	put_number(x, z->dnskey + sizeof(fixed));
	put_number(y, z->dnskey + sizeof(fixed) + COORDINATE);
	for (size_t i = 0; i < KEY_LEN; i++) /* RFC 4034 appendix B */
		sum += i & 1 ? z->dnskey[i] : (uint32_t)z->dnskey[i] << 8;
	z->tag = (uint16_t)(sum + (sum >> 16));
}

/* -- records -------------------------------------------------------------------------------------------------- */

static void add(struct zone *z, const struct name *owner, uint16_t type, const uint8_t *rdata, size_t len) {
	struct why why;
	must(builder_add(z->b, owner->wire, type, 300, rdata, (uint16_t)len, &why) == OK);
}

/* RFC 4034 section 3.1.8.1, of a set of one record. */
static void add_signature(struct zone *z, const struct name *owner, uint16_t type, const uint8_t *rdata,
                          size_t len) {
	uint8_t octets[OCTETS_MAX], numbers[2][COORDINATE];
	gnutls_datum_t value, r, s;
	struct writer w = writer_init(octets, sizeof(octets));
	write_u16(&w, type);
	write_u8(&w, ALGORITHM);
	write_u8(&w, (uint8_t)name_labels(owner->wire));
	write_u32(&w, 300);
	write_u32(&w, END_S);
	write_u32(&w, BEGIN_S);
	write_u16(&w, z->tag);
	write_bytes(&w, apex, sizeof(apex));
	size_t head = w.len;
	write_bytes(&w, owner->wire, owner->len);
	write_u16(&w, type);
	write_u16(&w, CLASS_IN);
	write_u32(&w, 300);
	write_u16(&w, (uint16_t)len);
	write_bytes(&w, rdata, len);
	must(!w.failed);
	gnutls_datum_t data = { octets, (unsigned)w.len };
	must(gnutls_privkey_sign_data2(z->key, GNUTLS_SIGN_ECDSA_SHA256, 0, &data, &value) == 0);
	must(gnutls_decode_rs_value(&value, &r, &s) == 0);
	gnutls_free(value.data);
	put_number(r, numbers[0]);
	put_number(s, numbers[1]);
	w.len = head;
	write_bytes(&w, numbers[0], sizeof(numbers));
	add(z, owner, RR_RRSIG, octets, w.len);
}

static void add_signed(struct zone *z, const struct name *owner, uint16_t type, const uint8_t *rdata,
                       size_t len) {
	add(z, owner, type, rdata, len);
	add_signature(z, owner, type, rdata, len);
}

static struct name host(uint64_t number) {
	struct name relative, whole;
	int len = snprintf((char *)relative.wire + 1, 32, "h%08llu", (unsigned long long)number);
	relative.wire[0] = (uint8_t)len;
	relative.wire[len + 1] = 0;
	must(name_join(relative.wire, apex, &whole) == OK);
	return whole;
}

static void add_nsec(struct zone *z, const struct name *owner, const struct name *next, const uint8_t *bitmap,
                     size_t len) {
	uint8_t rdata[NAME_MAX_LEN + 16];
	memcpy(rdata, next->wire, next->len);
	memcpy(rdata + next->len, bitmap, len);
	add_signed(z, owner, RR_NSEC, rdata, next->len + len);
}

static void add_apex(struct zone *z, const struct name *top) {
	static const uint8_t bitmap[] = { 0, 7, 0x22, 0, 0, 0, 0, 3, 0x80 }; /* NS SOA RRSIG NSEC DNSKEY */
	static const uint8_t soa[] = {
		0, 0, 0, 0, 0, 7, 0, 0, 14, 16, 0, 0, 2, 88, 0, 13, 47, 0, 0, 0, 1, 44
	};
	struct name first = host(0);
	add_signed(z, top, RR_SOA, soa, sizeof(soa));
	add_signed(z, top, RR_NS, first.wire, first.len);
	add_signed(z, top, RR_DNSKEY, z->dnskey, KEY_LEN);
	add_nsec(z, top, &first, bitmap, sizeof(bitmap));
}

static struct zone_version *make_zone(uint64_t hosts) {
	static const struct builder_limits limits = { 0 };
	static const uint8_t bitmap[] = { 0, 6, 0x40, 0, 0, 0, 0, 3 }; /* A RRSIG NSEC */
	struct zone z = { .b = builder_new(apex, &limits) };
	struct zone_version *v;
	struct name top;
	struct why why;
	name_copy(&top, apex);
	make_key(&z);
	add_apex(&z, &top);
	for (uint64_t i = 0; i < hosts; i++) {
		struct name owner = host(i), next = i + 1 < hosts ? host(i + 1) : top;
		uint8_t address[4] = { 10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i };
		add_signed(&z, &owner, RR_A, address, sizeof(address));
		add_nsec(&z, &owner, &next, bitmap, sizeof(bitmap));
	}
	must(builder_finish(z.b, &v, &why) == OK);
	builder_free(z.b);
	gnutls_privkey_deinit(z.key);
	return v;
}

/* -- guards --------------------------------------------------------------------------------------------------- */

static void measure(const char *what, const struct zone_version *v, const struct check_rules *rules) {
	struct check_report report;
	double before = cpu_ms();
	enum err e = zone_check(NULL, v, NULL, rules, 0, NOW_S, &report);
	printf("%-28s %10.1f ms\n", what, cpu_ms() - before);
	if (e != OK) printf("%s: %s\n", reason_slug(report.objection.reason), report.objection.evidence);
	must(e == OK);
}

static void measure_digest(const char *what, const struct zone_version *v, enum zonemd_hash hash) {
	uint8_t digest[ZONEMD_DIGEST_MAX];
	size_t len;
	double before = cpu_ms();
	must(zonemd_digest(v, hash, digest, &len) == OK);
	printf("%-28s %10.1f ms\n", what, cpu_ms() - before);
}

int main(int argc, char **argv) {
	uint64_t records = argc > 1 ? strtoull(argv[1], NULL, 10) : 200000;
	struct zone_version *v = make_zone(records / RECORDS_A_HOST);
	printf("%llu records, image %.1f MiB\n", (unsigned long long)version_records(v),
	       (double)version_bytes(v) / 1048576);
	measure("standing checks", v, &(struct check_rules){ .max_rrset_records = 5000 });
	measure_digest("zonemd, SHA-384", v, ZONEMD_SHA384);
	measure_digest("zonemd, SHA-512", v, ZONEMD_SHA512);
	struct check_rules rules = { .dnssec = DNSSEC_REQUIRE, .dnssec_depth = DNSSEC_APEX };
	measure("dnssec-check: apex", v, &rules);
	rules.dnssec_depth = DNSSEC_SAMPLE;
	measure("dnssec-check: sample", v, &rules);
	rules.dnssec_depth = DNSSEC_FULL;
	measure("dnssec-check: full", v, &rules);
	version_unref(v);
	return 0;
}
