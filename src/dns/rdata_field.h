/* Inside of rdata.c: one field of a layout. */
#ifndef UNDERSTUDY_DNS_RDATA_FIELD_H
#define UNDERSTUDY_DNS_RDATA_FIELD_H

#include "base/bytes.h"
#include "base/err.h"

struct field {
	struct reader in;   /* ends where the rdata ends; may begin earlier, for compressed names */
	size_t start;       /* of the rdata */
	struct writer *out; /* NULL: check only */
	bool may_compress;
};

/* Read one field, check it, write it uncompressed. */
MUST_CHECK enum err field_read(struct field *f, char kind);

#endif
