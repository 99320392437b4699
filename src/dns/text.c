/* Lines of a zone file. */
#include "dns/text.h"

#include "dns/rdata.h"
#include "dns/rdata_text_put.h"

enum err text_record(const uint8_t *owner, uint16_t type, uint32_t ttl_s, const uint8_t *rdata,
                     uint16_t rdlength, struct writer *out) {
	struct writer before = *out;
	put_name(out, owner);
	put_text(out, "\t");
	put_number(out, ttl_s);
	put_text(out, "\tIN\t");
	put_type(out, type);
	put_text(out, "\t");
	enum err e = rdata_text(type, rdata, rdlength, out);
	if (e == ERR_RDATA) e = rdata_text_generic(rdata, rdlength, out);
	if (e == OK) put_text(out, "\n");
	if (e == OK && !out->failed) return OK;
	*out = before;
	return ERR_SPACE;
}
