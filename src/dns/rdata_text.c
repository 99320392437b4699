/* RDATA in presentation form by the layout of its type. */
#include "dns/rdata.h"
#include "dns/rdata_text_field.h"
#include "dns/rdata_text_put.h"

enum err rdata_text_generic(const uint8_t *rdata, size_t len, struct writer *out) {
	struct writer before = *out;
	put_text(out, "\\# ");
	put_number(out, len);
	if (len) put_text(out, " ");
	put_hex(out, rdata, len);
	if (!out->failed) return OK;
	*out = before;
	return ERR_SPACE;
}

/* Types and values that not every reader takes as text. */
static bool wants_generic(const struct rrtype_info *info, const uint8_t *rdata) {
	if (rrtype_has(info, RRF_HEXTYPE | RRF_META)) return true;
	/* A KEY with both bits says that there is none (RFC 2535 section 3.1.2), so does an IPSECKEY of algorithm
	 * 0 (RFC 4025 section 2.4): readers expect none, whatever stands there. */
	if (info->number == RR_KEY) return (rdata[0] & 0xc0) == 0xc0;
	return info->number == RR_IPSECKEY && rdata[2] == 0;
}

enum err rdata_text(uint16_t type, const uint8_t *rdata, size_t len, struct writer *out) {
	const struct rrtype_info *info = rrtype_info(type);
	if (rdata_check(type, rdata, len) != OK) return ERR_RDATA;
	if (!info || wants_generic(info, rdata)) return rdata_text_generic(rdata, len, out);
	/* A type bitmap with all bits set would be many times its size: such text isn't worth writing. */
	size_t cap = out->cap - out->len, enough = RDATA_TEXT_CAP(len);
	struct shown s = { .in = reader_init(rdata, len),
		           .out = writer_init(out->data + out->len, cap < enough ? cap : enough) };
	enum err e = out->failed ? ERR_SPACE : OK;
	for (const char *c = info->layout; *c && e == OK; c++)
		e = field_text(&s, *c);
	if (e == ERR_RDATA || s.out.failed) return rdata_text_generic(rdata, len, out);
	if (e == OK) out->len += s.out.len;
	return e;
}
