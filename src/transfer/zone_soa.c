#include "transfer/zone_soa.h"

#include "zone/lookup.h"

enum err zone_soa_read(const struct message *m, const struct record *r, struct zone_soa *out_soa) {
	struct zone_soa read = { .ttl_s = r->ttl_s };
	struct reader in = reader_init(m->data, m->len);
	struct writer w = writer_init(read.rdata, sizeof(read.rdata));
	in.pos = r->rdata_pos;
	enum err e = rdata_read(&in, RR_SOA, r->rdlength, &w);
	if (e == OK) e = soa_parse(read.rdata, w.len, &read.soa);
	if (e != OK) return e;
	read.len = (uint16_t)w.len;
	*out_soa = read;
	return OK;
}

bool zone_soa_equal(const struct zone_soa *a, const struct zone_soa *b) {
	return rdata_compare(RR_SOA, a->rdata, a->len, b->rdata, b->len) == 0;
}

/* RFC 4034 section 3.1: type covered, algorithm, labels, TTL, expiration, inception, key tag. */
#define RRSIG_FIXED 18

uint64_t zone_soa_signature(const uint8_t *rdata, size_t len) {
	if (len < RRSIG_FIXED || load_u16(rdata) != RR_SOA) return 0;
	uint64_t times = (uint64_t)load_u32(rdata + 8) << 32 | load_u32(rdata + 12);
	uint64_t key = (uint64_t)rdata[2] << 16 | load_u16(rdata + 16);
	uint64_t mixed = (times ^ (key << 24)) * UINT64_C(0x9e3779b97f4a7c15);
	mixed = (mixed ^ (mixed >> 29)) * UINT64_C(0xbf58476d1ce4e5b9);
	return (mixed ^ (mixed >> 32)) | 1;
}

uint64_t zone_soa_signatures_of(const struct zone_version *v) {
	struct rrset set;
	uint64_t sum = 0;
	uint16_t len;
	if (!node_rrset(zone_apex(v), RR_SOA, &set)) return 0;
	const uint8_t *next = set.sigs;
	for (unsigned i = 0; i < set.sig_count; i++) {
		const uint8_t *rdata = rrset_next(&next, &len);
		sum += zone_soa_signature(rdata, len);
	}
	return sum;
}
