#include "dns/rrtype.h"

#include <stddef.h>
#include <stdio.h>
#include <strings.h>

/* Types below LOW_TYPES have their number as index; the few from 32768 on follow them. */
#define LOW_TYPES 300
#define HIGH_TYPES 2
#define INDEX(n) ((n) < LOW_TYPES ? (n) : LOW_TYPES + (n)-32768)

static const struct rrtype_info rows[LOW_TYPES + HIGH_TYPES] = {
#define RRTYPE(number, mnemonic, layout, flags)                                                              \
	[INDEX(number)] = { number, flags, (number) == RR_NSAP_PTR ? "NSAP-PTR" : #mnemonic, layout },
#include "dns/rrtype.def"
#undef RRTYPE
};

const struct rrtype_info *rrtype_info(uint16_t type) {
	unsigned i = type;
	if (i >= LOW_TYPES) {
		if (i < 32768 || i >= 32768 + HIGH_TYPES) return NULL;
		i = INDEX(i);
	}
	return rows[i].mnemonic ? &rows[i] : NULL;
}

const char *rrtype_text(uint16_t type, char buf[static RRTYPE_TEXT_MAX]) {
	const struct rrtype_info *info = rrtype_info(type);
	if (info) return info->mnemonic;
	snprintf(buf, RRTYPE_TEXT_MAX, "TYPE%u", type);
	return buf;
}

/* RFC 3597 section 5: "TYPE" and a decimal number. */
static enum err generic_parse(const char *text, uint16_t *out_type) {
	if (strncasecmp(text, "TYPE", 4) != 0 || text[4] == '\0') return ERR_NOTFOUND;
	unsigned n = 0;
	for (const char *p = text + 4; *p; p++) {
		if (*p < '0' || *p > '9') return ERR_NOTFOUND;
		n = n * 10 + (unsigned)(*p - '0');
		if (n > 65535) return ERR_NOTFOUND;
	}
	*out_type = (uint16_t)n;
	return OK;
}

enum err rrtype_parse(const char *text, uint16_t *out_type) {
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].mnemonic && strcasecmp(text, rows[i].mnemonic) == 0) {
			*out_type = rows[i].number;
			return OK;
		}
	}
	return generic_parse(text, out_type);
}

const char *rcode_text(unsigned rcode, char buf[static RRTYPE_TEXT_MAX]) {
	static const char *const names[] = {
		"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN",  "NOTIMP",  "REFUSED", "YXDOMAIN", "YXRRSET",
		"NXRRSET", "NOTAUTH", "NOTZONE",  "DSOTYPENI", NULL,      NULL,      NULL,       NULL,
		"BADVERS", "BADKEY",  "BADTIME",  "BADMODE",   "BADNAME", "BADALG",  "BADTRUNC", "BADCOOKIE",
	};
	if (rcode < sizeof(names) / sizeof(names[0]) && names[rcode]) return names[rcode];
	snprintf(buf, RRTYPE_TEXT_MAX, "RCODE%u", rcode);
	return buf;
}
