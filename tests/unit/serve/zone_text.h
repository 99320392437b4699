/* Zones for tests from a small part of the master-file form: one record a line, `owner [ttl] TYPE rdata`, names
 * relative to the apex unless they end in a dot, `@` is the apex, TTL 3600 when none is given, `b` and `x` fields
 * in hex, no quotes, comments or parentheses. */
#ifndef TESTS_SERVE_ZONE_TEXT_H
#define TESTS_SERVE_ZONE_TEXT_H

#include <arpa/inet.h>
#include <assert.h>
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "dns/name.h"
#include "dns/rdata.h"
#include "dns/rrtype.h"
#include "zone/builder.h"

struct text_record {
	struct name owner;
	uint16_t type;
	uint32_t ttl_s;
	uint16_t len;
	uint8_t rdata[600];
};
struct text_zone {
	struct name apex;
	struct text_record *records;
	unsigned count;
};

static inline void text_fail(const char *what, const char *where) {
	fprintf(stderr, "zone text: %s: %s\n", what, where);
	abort();
}

/* Append to text of cap octets by printf rules; does not fit: ends the test. */
__attribute__((format(printf, 3, 4))) static inline void text_add(char *text, size_t cap, const char *format,
                                                                  ...) {
	size_t len = strlen(text);
	va_list args;
	va_start(args, format);
	int n = vsnprintf(text + len, cap - len, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= cap - len) text_fail("does not fit", text);
}

static inline struct name text_name(const struct name *apex, const char *token) {
	struct name n;
	char absolute[1200];
	size_t len = strlen(token);
	if (strcmp(token, "@") == 0) return *apex;
	if (token[len - 1] == '.') {
		snprintf(absolute, sizeof(absolute), "%s", token);
	} else {
		char text[NAME_TEXT_MAX];
		name_text(apex->wire, text);
		snprintf(absolute, sizeof(absolute), "%s.%s", token, strcmp(text, ".") == 0 ? "" : text);
	}
	if (name_parse(absolute, &n) != OK) text_fail("bad name", token);
	return n;
}

static inline void text_hex(struct writer *w, const char *token) {
	for (const char *p = token; p[0] && p[1]; p += 2) {
		char pair[3] = { p[0], p[1], 0 };
		write_u8(w, (uint8_t)strtoul(pair, NULL, 16));
	}
}

static inline void text_bitmap(struct writer *w, const uint8_t bits[static 8192]) {
	for (unsigned window = 0; window < 256; window++) {
		unsigned len = 32;
		while (len && !bits[window * 32 + len - 1])
			len--;
		if (!len) continue;
		write_u8(w, (uint8_t)window);
		write_u8(w, (uint8_t)len);
		write_bytes(w, bits + window * 32, len);
	}
}
static inline void text_bitmap_set(uint8_t bits[static 8192], uint16_t type) {
	bits[type / 8] |= (uint8_t)(0x80 >> (type & 7));
}

/* One field of a layout; *rest moves on.  False: nothing is left for it. */
static inline void text_field(struct writer *w, const struct name *apex, char field, char **rest) {
	char *token = strtok_r(NULL, " \t", rest);
	uint8_t bits[8192] = { 0 };
	if (!token) return;
	switch (field) {
	case 'n':
	case 'u': {
		struct name n = text_name(apex, token);
		write_bytes(w, n.wire, n.len);
		break;
	}
	case '1': write_u8(w, (uint8_t)strtoul(token, NULL, 10)); break;
	case '2': write_u16(w, (uint16_t)strtoul(token, NULL, 10)); break;
	case '4':
	case 't':
	case 'T': write_u32(w, (uint32_t)strtoul(token, NULL, 10)); break;
	case 'a': inet_pton(AF_INET, token, write_reserve(w, 4)); break;
	case 'A': inet_pton(AF_INET6, token, write_reserve(w, 16)); break;
	case 's':
	case 'S':
		do {
			write_u8(w, (uint8_t)strlen(token));
			write_bytes(w, token, strlen(token));
		} while (field == 'S' && (token = strtok_r(NULL, " \t", rest)));
		break;
	case 'b':
	case 'x': text_hex(w, token); break;
	case 'm':
		for (; token; token = strtok_r(NULL, " \t", rest)) {
			uint16_t type;
			if (rrtype_parse(token, &type) != OK) text_fail("bad type", token);
			text_bitmap_set(bits, type);
		}
		text_bitmap(w, bits);
		break;
	case 'p': break; /* no SVCB parameters in tests */
	default: text_fail("field not known", token);
	}
}

static inline struct text_record *text_zone_append(struct text_zone *z) {
	z->records = realloc(z->records, (z->count + 1) * sizeof(*z->records));
	assert(z->records);
	memset(&z->records[z->count], 0, sizeof(*z->records));
	return &z->records[z->count++];
}

static inline void text_zone_line(struct text_zone *z, char *line) {
	char *rest = NULL;
	char *token = strtok_r(line, " \t", &rest);
	if (!token || *token == ';') return;
	struct text_record *r = text_zone_append(z);
	r->owner = text_name(&z->apex, token);
	r->ttl_s = 3600;
	token = strtok_r(NULL, " \t", &rest);
	if (token && isdigit((unsigned char)*token)) {
		r->ttl_s = (uint32_t)strtoul(token, NULL, 10);
		token = strtok_r(NULL, " \t", &rest);
	}
	if (!token || rrtype_parse(token, &r->type) != OK) text_fail("bad type", token ? token : "none");
	struct writer w = writer_init(r->rdata, sizeof(r->rdata));
	const struct rrtype_info *info = rrtype_info(r->type);
	for (const char *f = info ? info->layout : "x"; *f; f++)
		text_field(&w, &z->apex, *f, &rest);
	assert(!w.failed);
	r->len = (uint16_t)w.len;
}

static inline struct text_zone text_zone_parse(const char *apex, const char *text) {
	struct text_zone z = { 0 };
	if (name_parse(apex, &z.apex) != OK) text_fail("bad apex", apex);
	char *copy = strdup(text), *rest = NULL;
	for (char *line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		text_zone_line(&z, line);
	free(copy);
	return z;
}

static inline void text_zone_done(struct text_zone *z) {
	free(z->records);
	z->records = NULL;
}

static inline struct zone_version *text_zone_build(const struct text_zone *z) {
	struct builder_limits none = { 0 };
	struct builder *b = builder_new(z->apex.wire, &none);
	struct zone_version *v = NULL;
	struct why why = { 0 };
	for (unsigned i = 0; i < z->count; i++) {
		const struct text_record *r = &z->records[i];
		if (builder_add(b, r->owner.wire, r->type, r->ttl_s, r->rdata, r->len, &why) != OK)
			text_fail("builder_add", why.evidence);
	}
	if (builder_finish(b, &v, &why) != OK) text_fail("builder_finish", why.evidence);
	builder_free(b);
	return v;
}

#endif
