/* Records as the primaries of these benches write them: names below the zone's apex point to the question's name. */
#ifndef UNDERSTUDY_BENCH_PUT_H
#define UNDERSTUDY_BENCH_PUT_H

#include <stdint.h>
#include <string.h>

#define TYPE_A 1
#define TYPE_NS 2
#define TYPE_CNAME 5
#define TYPE_SOA 6
#define TYPE_MX 15
#define TYPE_TXT 16
#define TYPE_AAAA 28
#define TYPE_IXFR 251
#define TYPE_AXFR 252
#define APEX_POINTER 0xc00c /* the question's name */

/* Whoever makes one has room for all that will be put. */
struct output {
	uint8_t *start, *at;
};

static inline void put_u16(struct output *o, unsigned v) {
	*o->at++ = (uint8_t)(v >> 8);
	*o->at++ = (uint8_t)v;
}

static inline void put_u32(struct output *o, uint32_t v) {
	put_u16(o, v >> 16);
	put_u16(o, v & 0xffff);
}

/* Labels below the apex, with dots between them; or "", the apex itself. */
static inline void put_name(struct output *o, const char *labels) {
	while (*labels) {
		size_t len = strcspn(labels, ".");
		*o->at++ = (uint8_t)len;
		memcpy(o->at, labels, len);
		o->at += len;
		labels += len + (labels[len] == '.');
	}
	put_u16(o, APEX_POINTER);
}

/* Returns where the data begins; its length is set at its end. */
static inline uint8_t *record_begin(struct output *o, const char *labels, unsigned type) {
	put_name(o, labels);
	put_u16(o, type);
	put_u16(o, 1);
	put_u32(o, 3600);
	o->at += 2;
	return o->at;
}

static inline void record_end(struct output *o, uint8_t *data) {
	size_t len = (size_t)(o->at - data);
	data[-2] = (uint8_t)(len >> 8);
	data[-1] = (uint8_t)len;
}

static inline void put_soa(struct output *o, uint32_t serial) {
	uint8_t *data = record_begin(o, "", TYPE_SOA);
	put_name(o, "ns1");
	put_name(o, "hostmaster");
	put_u32(o, serial);
	put_u32(o, 86400);
	put_u32(o, 3600);
	put_u32(o, 2419200);
	put_u32(o, 300);
	record_end(o, data);
}

static inline void put_server(struct output *o, const char *labels) {
	uint8_t *data = record_begin(o, "", TYPE_NS);
	put_name(o, labels);
	record_end(o, data);
}

static inline void put_host(struct output *o, const char *labels, uint32_t address) {
	uint8_t *data = record_begin(o, labels, TYPE_A);
	put_u32(o, address);
	record_end(o, data);
}

static inline void put_host6(struct output *o, const char *labels, uint32_t address) {
	uint8_t *data = record_begin(o, labels, TYPE_AAAA);
	put_u32(o, 0x20010db8);
	put_u32(o, 0);
	put_u32(o, 0);
	put_u32(o, address);
	record_end(o, data);
}

static inline void put_mail(struct output *o, const char *labels, const char *exchange) {
	uint8_t *data = record_begin(o, labels, TYPE_MX);
	put_u16(o, 10);
	put_name(o, exchange);
	record_end(o, data);
}

/* At most 255 octets. */
static inline void put_text(struct output *o, const char *labels, const char *text) {
	uint8_t *data = record_begin(o, labels, TYPE_TXT);
	size_t len = strlen(text);
	*o->at++ = (uint8_t)len;
	memcpy(o->at, text, len);
	o->at += len;
	record_end(o, data);
}

#endif
