/* The form of rdata that is signed and digested: RFC 4034 section 6.2 as amended by RFC 6840 section 5.1. */
#include <string.h>

#include "dns/rdata.h"
#include "dns/rdata_fields.h"

void rdata_canonical(uint16_t type, const uint8_t *rdata, size_t len, uint8_t *out) {
	const struct rrtype_info *info = rrtype_info(type);
	size_t pos = 0, n;
	if (len) memcpy(out, rdata, len);
	if (!rrtype_has(info, RRF_DECOMPRESS | RRF_LOWER)) return;
	for (const char *layout = info->layout; *layout; layout++, pos += n) {
		if (!field_len(type, *layout, rdata, len, pos, &n)) return;
		if (field_has_name(*layout)) name_lower_to(out + pos, rdata + pos, n);
	}
}
