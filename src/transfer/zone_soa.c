#include "transfer/zone_soa.h"

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
