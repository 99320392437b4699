/* One walker over layouts does the work: field_len tells how many octets the next field takes, and everything
 * else (checking, comparing, splitting) is a loop over the letters. */
#include "dns/rdata.h"

#include <string.h>

#include "dns/rdata_fields.h"

/* -- checking -- */

static bool layout_check(uint16_t type, const char *layout, const uint8_t *rdata, size_t len) {
	size_t pos = 0;
	for (; *layout; layout++) {
		size_t n;
		if (!field_len(type, *layout, rdata, len, pos, &n)) return false;
		pos += n;
	}
	return pos == len;
}

enum err rdata_check(uint16_t type, const uint8_t *rdata, size_t len) {
	const struct rrtype_info *info = rrtype_info(type);
	if (len > RDATA_MAX_LEN) return ERR_RDATA;
	return !info || layout_check(type, info->layout, rdata, len) ? OK : ERR_RDATA;
}

/* -- reading -- */

static enum err copy_checked(struct reader *r, uint16_t type, const struct rrtype_info *info,
                             uint16_t rdlength, struct writer *out) {
	if (rdlength > reader_left(r)) return ERR_SHORT;
	const uint8_t *rdata = r->data + r->pos;
	if (info && !layout_check(type, info->layout, rdata, rdlength)) return ERR_RDATA;
	if (out->failed || rdlength > out->cap - out->len) return ERR_SPACE;
	write_bytes(out, rdata, rdlength);
	r->pos += rdlength;
	return OK;
}

/* The reader ends with the rdata; its data starts at the message header, as pointers want it. */
static enum err read_name_field(struct reader *in, struct writer *w) {
	struct name n;
	enum err e = name_read(in, &n);
	if (e != OK) return e == ERR_SHORT ? ERR_RDATA : e;
	name_write(w, n.wire, n.len);
	return OK;
}

static enum err read_plain_field(struct reader *in, uint16_t type, char letter, struct writer *w) {
	size_t n;
	if (!field_len(type, letter, in->data, in->len, in->pos, &n)) return ERR_RDATA;
	write_bytes(w, read_bytes(in, n), n);
	return OK;
}

static enum err read_fields(struct reader *in, uint16_t type, const char *layout, struct writer *w) {
	for (; *layout; layout++) {
		bool is_name = *layout == 'n' || *layout == 'u';
		enum err e = is_name ? read_name_field(in, w) : read_plain_field(in, type, *layout, w);
		if (e != OK) return e;
	}
	if (in->pos != in->len) return ERR_RDATA;
	return w->failed ? ERR_SPACE : OK;
}

enum err rdata_read(struct reader *r, uint16_t type, uint16_t rdlength, struct writer *out) {
	const struct rrtype_info *info = rrtype_info(type);
	if (!rrtype_has(info, RRF_DECOMPRESS)) return copy_checked(r, type, info, rdlength, out);
	if (rdlength > reader_left(r)) return ERR_SHORT;
	struct reader in = { .data = r->data, .len = r->pos + rdlength, .pos = r->pos };
	struct writer w = *out; /* committed at the end: out stays as it was on failure */
	enum err e = read_fields(&in, type, info->layout, &w);
	if (e != OK) return e;
	r->pos = in.pos;
	*out = w;
	return OK;
}

/* -- comparing -- */

static int octets_compare(const uint8_t *a, const uint8_t *b, size_t len, bool lower) {
	if (!lower) return len ? memcmp(a, b, len) : 0;
	for (size_t i = 0; i < len; i++) {
		int d = name_lower(a[i]) - name_lower(b[i]);
		if (d != 0) return d;
	}
	return 0;
}

/* Up to the first difference both have the same structure, so a's layout serves for both. */
int rdata_compare(uint16_t type, const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len) {
	const struct rrtype_info *info = rrtype_info(type);
	size_t shorter = a_len < b_len ? a_len : b_len, pos = 0;
	const char *layout = rrtype_has(info, RRF_DECOMPRESS | RRF_LOWER) ? info->layout : "";
	for (; *layout && pos < shorter; layout++) {
		size_t n;
		if (!field_len(type, *layout, a, a_len, pos, &n)) break;
		if (n > shorter - pos) n = shorter - pos;
		int d = octets_compare(a + pos, b + pos, n, field_has_name(*layout));
		if (d != 0) return d;
		pos += n;
	}
	int d = octets_compare(a + pos, b + pos, shorter - pos, false);
	return d != 0 ? d : (a_len > b_len) - (a_len < b_len);
}

/* -- parts -- */

unsigned rdata_split(uint16_t type, const uint8_t *rdata, size_t len,
                     struct rdata_part out_parts[static RDATA_PARTS_MAX]) {
	const struct rrtype_info *info = rrtype_info(type);
	const char *layout = rrtype_has(info, RRF_COMPRESS) ? info->layout : "";
	unsigned count = 0;
	size_t pos = 0, plain = 0; /* plain: start of the run of plain octets before pos */
	for (; *layout; layout++) {
		size_t n;
		if (!field_len(type, *layout, rdata, len, pos, &n)) break;
		if (*layout == 'n') {
			if (pos > plain) {
				out_parts[count++] = (struct rdata_part){ rdata + plain,
					                                  (uint16_t)(pos - plain), false };
			}
			out_parts[count++] = (struct rdata_part){ rdata + pos, (uint16_t)n, true };
			plain = pos + n;
		}
		pos += n;
	}
	if (len > plain)
		out_parts[count++] = (struct rdata_part){ rdata + plain, (uint16_t)(len - plain), false };
	return count;
}

const uint8_t *rdata_additional_name(uint16_t type, const uint8_t *rdata, size_t len) {
	const struct rrtype_info *info = rrtype_info(type);
	if (!rrtype_has(info, RRF_ADDITIONAL)) return NULL;
	size_t pos = 0;
	if (info->layout[0] == 'n' && len > 0) return rdata; /* NS, which most answers have */
	for (const char *layout = info->layout; *layout; layout++) {
		size_t n;
		if (!field_len(type, *layout, rdata, len, pos, &n)) return NULL;
		if (*layout == 'n' || *layout == 'u') return rdata + pos;
		pos += n;
	}
	return NULL;
}

enum err soa_parse(const uint8_t *rdata, size_t len, struct soa *out_soa) {
	if (rdata_check(RR_SOA, rdata, len) != OK) return ERR_RDATA;
	const uint8_t *p = rdata + len - 20;
	*out_soa = (struct soa){
		.serial = load_u32(p),
		.refresh_s = load_u32(p + 4),
		.retry_s = load_u32(p + 8),
		.expire_s = load_u32(p + 12),
		.minimum_s = load_u32(p + 16),
	};
	return OK;
}
