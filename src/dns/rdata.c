/* RDATA by the layout of its type: reading, checking, splitting, comparing. */
#include "dns/rdata.h"

#include <string.h>

#include "dns/rdata_field.h"

/* Types of which there are many, without a walk over their layout. */
static bool read_plainly(struct reader *r, uint16_t type, uint16_t rdlength, struct writer *out, enum err *e) {
	size_t wanted;
	switch (type) {
	case RR_A: wanted = 4; break;
	case RR_AAAA: wanted = 16; break;
	default:
		if (rrtype_info(type)) return false;
		wanted = rdlength; /* unknown: RFC 3597 */
	}
	const uint8_t *p = wanted == rdlength ? read_bytes(r, rdlength) : NULL;
	*e = OK;
	if (!p && rdlength) {
		*e = ERR_RDATA;
		return true;
	}
	if (wanted != rdlength) *e = ERR_RDATA;
	if (*e == OK) write_bytes(out, p, rdlength);
	if (out->failed) *e = ERR_SPACE;
	return true;
}

enum err rdata_read(struct reader *r, uint16_t type, uint16_t rdlength, struct writer *out) {
	enum err e;
	if (r->failed || rdlength > r->len - r->pos) return ERR_RDATA;
	if (read_plainly(r, type, rdlength, out, &e)) return e;
	const struct rrtype_info *info = rrtype_info(type);
	struct field f = { .in = { .data = r->data, .len = r->pos + rdlength, .pos = r->pos },
		           .start = r->pos,
		           .out = out,
		           .may_compress = info->flags & RRF_DECOMPRESS };
	for (const char *c = info->layout; *c; c++) {
		e = field_read(&f, *c);
		if (e != OK) return e == ERR_SHORT ? ERR_RDATA : e;
	}
	if (out->failed) return ERR_SPACE;
	if (f.in.pos != f.in.len) return ERR_RDATA;
	r->pos = f.in.pos;
	return OK;
}

enum err rdata_check(uint16_t type, const uint8_t *rdata, size_t len) {
	const struct rrtype_info *info = rrtype_info(type);
	if (len > RDATA_MAX_LEN) return ERR_RDATA;
	if (!info) return OK;
	struct field f = { .in = reader_init(rdata, len) };
	for (const char *c = info->layout; *c; c++)
		if (field_read(&f, *c) != OK) return ERR_RDATA;
	return f.in.pos == len ? OK : ERR_RDATA;
}

/* Octets of a field of fixed width, 0 if it has none. */
static size_t fixed_width(char field) {
	switch (field) {
	case '1': return 1;
	case '2':
	case 'y': return 2;
	case '4':
	case 't':
	case 'T':
	case 'a': return 4;
	case '6': return 6;
	case '8':
	case 'e': return 8;
	case 'A': return 16;
	default: return 0;
	}
}

static bool is_name(char field) {
	return field == 'n' || field == 'u';
}

unsigned rdata_split(uint16_t type, const uint8_t *rdata, size_t len,
                     struct rdata_part out_parts[static RDATA_PARTS_MAX]) {
	const struct rrtype_info *info = rrtype_info(type);
	unsigned count = 0;
	size_t pos = 0, plain_from = 0;
	for (const char *c = rrtype_has(info, RRF_COMPRESS) ? info->layout : ""; *c; c++) {
		if (*c != 'n') {
			pos += fixed_width(*c); /* types that compress have names and fixed fields only */
			continue;
		}
		if (pos > plain_from)
			out_parts[count++] = (struct rdata_part){ rdata + plain_from, (uint16_t)(pos - plain_from),
				                                  false };
		size_t name = name_len(rdata + pos);
		out_parts[count++] = (struct rdata_part){ rdata + pos, (uint16_t)name, true };
		pos += name;
		plain_from = pos;
	}
	if (len > plain_from)
		out_parts[count++] =
		        (struct rdata_part){ rdata + plain_from, (uint16_t)(len - plain_from), false };
	return count;
}

/* Octets at pos up to where the next name of the layout begins, or all that is left; *layout moves behind it. */
static size_t run_before_name(const char **layout, const uint8_t *rdata, size_t len, size_t pos) {
	size_t at = pos;
	for (; **layout; (*layout)++) {
		if (is_name(**layout)) return at - pos;
		size_t width = fixed_width(**layout);
		if (width == 0 && **layout == 's') width = 1U + rdata[at]; /* NAPTR's strings */
		if (width == 0) return len - pos; /* no name comes behind such a field */
		at += width;
	}
	return len - pos;
}

static int compare_octets(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len) {
	int order = memcmp(a, b, a_len < b_len ? a_len : b_len);
	if (order) return order;
	return (a_len > b_len) - (a_len < b_len);
}

/* Wire octets of both names, lower case. */
static int compare_lowered(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len) {
	for (size_t i = 0; i < a_len && i < b_len; i++) {
		int order = name_lower(a[i]) - name_lower(b[i]);
		if (order) return order;
	}
	return (a_len > b_len) - (a_len < b_len);
}

int rdata_compare(uint16_t type, const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len) {
	const struct rrtype_info *info = rrtype_info(type);
	if (!rrtype_has(info, RRF_DECOMPRESS | RRF_LOWER)) return compare_octets(a, a_len, b, b_len);
	const char *layout_a = info->layout, *layout_b = info->layout;
	size_t i = 0, j = 0;
	while (i < a_len && j < b_len) {
		size_t n = run_before_name(&layout_a, a, a_len, i), m = run_before_name(&layout_b, b, b_len, j);
		int order = compare_octets(a + i, n, b + j, m);
		if (order) return order;
		i += n;
		j += m;
		if (!*layout_a || !is_name(*layout_a) || i >= a_len || j >= b_len) break;
		n = name_len(a + i);
		m = name_len(b + j);
		order = compare_lowered(a + i, n, b + j, m);
		if (order) return order;
		i += n;
		j += m;
		layout_a++;
		layout_b++;
	}
	return (a_len - i > b_len - j) - (a_len - i < b_len - j);
}

const uint8_t *rdata_additional_name(uint16_t type, const uint8_t *rdata, size_t len) {
	const struct rrtype_info *info = rrtype_info(type);
	if (!rrtype_has(info, RRF_ADDITIONAL)) return NULL;
	size_t pos = 0;
	for (const char *c = info->layout; *c; c++) {
		if (is_name(*c)) return pos < len ? rdata + pos : NULL;
		pos += fixed_width(*c);
	}
	return NULL;
}

enum err soa_parse(const uint8_t *rdata, size_t len, struct soa *out_soa) {
	size_t mname = name_check(rdata, len);
	size_t rname = mname ? name_check(rdata + mname, len - mname) : 0;
	if (!rname || len - mname - rname != 20) return ERR_RDATA;
	const uint8_t *p = rdata + mname + rname;
	*out_soa = (struct soa){ load_u32(p), load_u32(p + 4), load_u32(p + 8), load_u32(p + 12), load_u32(p + 16) };
	return OK;
}
