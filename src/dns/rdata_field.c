/* One field of a layout (the letters are explained in rrtype.h). */
#include "dns/rdata_field.h"

#include <string.h>

#include "dns/name.h"
#include "dns/rrtype.h"

static enum err copy(struct field *f, size_t len) {
	if (len == 0) return OK;
	const uint8_t *p = read_bytes(&f->in, len);
	if (!p) return ERR_SHORT;
	if (f->out) write_bytes(f->out, p, len);
	return OK;
}

static size_t left(const struct field *f) {
	return reader_left(&f->in);
}

static uint8_t peek(const struct field *f) {
	return left(f) ? f->in.data[f->in.pos] : 0;
}

static enum err read_name(struct field *f, bool may_compress) {
	struct name n;
	enum err e = may_compress ? name_read(&f->in, &n) : name_read_plain(&f->in, &n);
	if (e == OK && f->out) write_bytes(f->out, n.wire, n.len);
	return e;
}

static enum err read_counted(struct field *f) {
	return left(f) ? copy(f, 1U + peek(f)) : ERR_SHORT;
}

static enum err read_strings(struct field *f) {
	do {
		enum err e = read_counted(f);
		if (e != OK) return e;
	} while (left(f));
	return OK;
}

/* RFC 4034 section 4.1.2: windows ascend, each has 1 to 32 octets. */
static enum err read_bitmap(struct field *f) {
	int former = -1;
	while (left(f)) {
		if (left(f) < 2) return ERR_SHORT;
		const uint8_t *p = f->in.data + f->in.pos;
		if (p[0] <= former || p[1] == 0 || p[1] > 32) return ERR_RDATA;
		former = p[0];
		enum err e = copy(f, 2U + p[1]);
		if (e != OK) return e;
	}
	return OK;
}

/* RFC 3123 section 4: family, prefix length, negation and length of the address part. */
static enum err read_apl(struct field *f) {
	while (left(f)) {
		if (left(f) < 4) return ERR_SHORT;
		const uint8_t *p = f->in.data + f->in.pos;
		unsigned family = load_u16(p), len = p[3] & 0x7fU;
		if (family == 1 && (p[2] > 32 || len > 4)) return ERR_RDATA;
		if (family == 2 && (p[2] > 128 || len > 16)) return ERR_RDATA;
		enum err e = copy(f, 4U + len);
		if (e != OK) return e;
	}
	return OK;
}

/* RFC 1876 section 2: version 0 has 16 octets; others are not known. */
static enum err read_loc(struct field *f) {
	if (!left(f)) return ERR_SHORT;
	if (peek(f) == 0 && left(f) != 16) return ERR_RDATA;
	return copy(f, left(f));
}

/* RFC 4025 section 2.3 and RFC 8777 section 4.2.3: the type stands in the rdata's second octet. */
static enum err read_gateway(struct field *f) {
	switch (f->in.data[f->start + 1] & 0x7f) {
	case 0: return OK;
	case 1: return copy(f, 4);
	case 2: return copy(f, 16);
	case 3: return read_name(f, false);
	default: return copy(f, left(f));
	}
}

/* RFC 9460 section 2.2: keys ascend strictly. */
static enum err read_params(struct field *f) {
	int former = -1;
	while (left(f)) {
		if (left(f) < 4) return ERR_SHORT;
		const uint8_t *p = f->in.data + f->in.pos;
		if (load_u16(p) <= former) return ERR_RDATA;
		former = load_u16(p);
		enum err e = copy(f, 4U + load_u16(p + 2));
		if (e != OK) return e;
	}
	return OK;
}

/* RFC 8005 section 5. */
static enum err read_hip(struct field *f) {
	if (left(f) < 4) return ERR_SHORT;
	const uint8_t *p = f->in.data + f->in.pos;
	size_t fixed = 4U + p[0] + (size_t)load_u16(p + 2);
	if (p[0] == 0 || load_u16(p + 2) == 0) return ERR_RDATA;
	enum err e = copy(f, fixed);
	while (e == OK && left(f)) e = read_name(f, false);
	return e;
}

/* RFC 2874 section 3.1. */
static enum err read_a6(struct field *f) {
	unsigned prefix = peek(f);
	if (!left(f) || prefix > 128) return ERR_RDATA;
	enum err e = copy(f, 1U + (128U - prefix + 7) / 8);
	return e == OK && prefix > 0 ? read_name(f, false) : e;
}

/* RFC 8659 section 4.1: letters and digits. */
static enum err read_caa_tag(struct field *f) {
	unsigned len = peek(f);
	if (!left(f) || len == 0 || left(f) < 1U + len) return ERR_RDATA;
	for (unsigned i = 1; i <= len; i++) {
		uint8_t c = name_lower(f->in.data[f->in.pos + i]);
		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9')) return ERR_RDATA;
	}
	return copy(f, 1U + len);
}

static enum err read_isdn(struct field *f) {
	enum err e = read_counted(f);
	return e == OK && left(f) ? read_counted(f) : e;
}

enum err field_read(struct field *f, char kind) {
	switch (kind) {
	case 'n':
	case 'u': return read_name(f, f->may_compress);
	case '1': return copy(f, 1);
	case '2':
	case 'y': return copy(f, 2);
	case '4':
	case 't':
	case 'T':
	case 'a': return copy(f, 4);
	case '6': return copy(f, 6);
	case '8':
	case 'e': return copy(f, 8);
	case 'A': return copy(f, 16);
	case 's':
	case 'X': return read_counted(f);
	case 'h': return peek(f) == 0 ? ERR_RDATA : read_counted(f);
	case 'S': return read_strings(f);
	case 'i': return read_isdn(f);
	case 'm': return read_bitmap(f);
	case 'l': return read_apl(f);
	case 'o': return read_loc(f);
	case 'g': return read_gateway(f);
	case 'p': return read_params(f);
	case 'H': return read_hip(f);
	case 'z': return read_a6(f);
	case 'k': return read_caa_tag(f);
	default: return copy(f, left(f)); /* b x w r q: any octets */
	}
}
