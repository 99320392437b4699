/* Zones for tests, record by record, from text names and simple rdata. */
#ifndef TESTS_UNIT_ZONE_MAKE_H
#define TESTS_UNIT_ZONE_MAKE_H

#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "zone/builder.h"
#include "zone/lookup.h"

static inline struct name make_name(const char *text) {
	struct name n;
	enum err e = name_parse(text, &n);
	if (e != OK) fprintf(stderr, "bad name in test: %s\n", text);
	assert(e == OK);
	return n;
}

static inline struct builder *make_builder(const char *apex) {
	struct name n = make_name(apex);
	struct builder_limits limits = { 0 };
	return builder_new(n.wire, &limits);
}

static inline enum err make_raw(struct builder *b, const char *owner, uint16_t type, uint32_t ttl_s,
                                const void *rdata, size_t len) {
	struct name n = make_name(owner);
	struct why why;
	return builder_add(b, n.wire, type, ttl_s, rdata, (uint16_t)len, &why);
}

static inline void make_a(struct builder *b, const char *owner, const char *address) {
	uint8_t rdata[4];
	assert(inet_pton(AF_INET, address, rdata) == 1);
	enum err e = make_raw(b, owner, RR_A, 300, rdata, 4);
	assert(e == OK);
	(void)e;
}

/* NS, CNAME, DNAME, PTR */
static inline void make_target(struct builder *b, const char *owner, uint16_t type, const char *target) {
	struct name n = make_name(target);
	enum err e = make_raw(b, owner, type, 300, n.wire, n.len);
	assert(e == OK);
	(void)e;
}

static inline void make_soa(struct builder *b, const char *apex, uint32_t serial) {
	struct name m = make_name("ns1.example."), r = make_name("hostmaster.example.");
	uint8_t rdata[2 * NAME_MAX_LEN + 20];
	struct writer w = writer_init(rdata, sizeof(rdata));
	write_bytes(&w, m.wire, m.len);
	write_bytes(&w, r.wire, r.len);
	write_u32(&w, serial);
	write_u32(&w, 3600);
	write_u32(&w, 600);
	write_u32(&w, 86400);
	write_u32(&w, 300);
	enum err e = make_raw(b, apex, RR_SOA, 3600, rdata, w.len);
	assert(e == OK);
	(void)e;
}

/* SOA and NS at the apex. */
static inline struct builder *make_zone(const char *apex, uint32_t serial) {
	struct builder *b = make_builder(apex);
	make_soa(b, apex, serial);
	make_target(b, apex, RR_NS, "ns1.example.");
	return b;
}

static inline struct zone_version *make_done(struct builder *b) {
	struct zone_version *v = NULL;
	struct why why;
	enum err e = builder_finish(b, &v, &why);
	if (e != OK) fprintf(stderr, "builder_finish: %s: %s\n", err_name(e), why.evidence);
	assert(e == OK);
	builder_free(b);
	return v;
}

static inline const char *owner_text(struct node n, char buf[static NAME_TEXT_MAX]) {
	struct name owner;
	if (!node_found(n)) return "(none)";
	node_owner(n, &owner);
	return name_text(owner.wire, buf);
}

#endif
