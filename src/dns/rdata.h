/* RDATA: checking, decompressing and showing it by the layout of its type.  Pure functions. */
#ifndef UNDERSTUDY_DNS_RDATA_H
#define UNDERSTUDY_DNS_RDATA_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "dns/name.h"
#include "dns/rrtype.h"

#define RDATA_MAX_LEN 65535

/* Read rdlength octets of RDATA of `type` at r->pos of a whole message, check every field of the layout and
 * write the decompressed form (case kept) to out.  Steps r over it.  Bytes after the layout's last field, or
 * missing ones, are ERR_RDATA.  Unknown types are copied.  ERR_SPACE: out is full.
 * Cost: linear in rdlength plus 255 per name inside. */
MUST_CHECK enum err rdata_read(struct reader *r, uint16_t type, uint16_t rdlength, struct writer *out);

/* Check rdata that is not compressed (the result of rdata_read passes). */
MUST_CHECK enum err rdata_check(uint16_t type, const uint8_t *rdata, size_t len);

/* Canonical order of RFC 4034 section 6.3 with names lowered as section 6.2 (as amended by RFC 6840 section
 * 5.1) says; two that compare 0 are duplicates. */
int rdata_compare(uint16_t type, const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len);

/* Canonical form (RFC 4034 section 6.2, RFC 6840 section 5.1): names of the types that want it in lower case.  As long as
 * rdata, which must have been checked; out is not rdata. */
void rdata_canonical(uint16_t type, const uint8_t *rdata, size_t len, uint8_t *out);

/* The parts of rdata that a writer must treat apart: calls for each run of plain octets (name NULL) and for
 * each compressible name.  Only types with layout field 'n' have the latter. */
struct rdata_part {
	const uint8_t *data; /* borrowed from rdata */
	uint16_t len;
	bool is_compressible_name;
};
#define RDATA_PARTS_MAX 8
/* Split; returns the number of parts, 0 for empty rdata. rdata must have been checked. */
unsigned rdata_split(uint16_t type, const uint8_t *rdata, size_t len,
                     struct rdata_part out_parts[static RDATA_PARTS_MAX]);

/* The name that wants additional addresses (NS, MX, SRV, SVCB/HTTPS target, ...), NULL if none. */
const uint8_t *rdata_additional_name(uint16_t type, const uint8_t *rdata, size_t len);

/* SOA fields in host order. */
struct soa {
	uint32_t serial;
	uint32_t refresh_s;
	uint32_t retry_s;
	uint32_t expire_s;
	uint32_t minimum_s;
};
MUST_CHECK enum err soa_parse(const uint8_t *rdata, size_t len, struct soa *out_soa);

/* Presentation form of rdata appended to `out` (no NUL): RFC 1035 section 5.1, each type's own RFC, RFC 3597
 * section 5 for unknown ones.  What is written parses in BIND, Knot and NSD to the same octets.
 * ERR_SPACE; ERR_RDATA only for rdata that never passed rdata_check (then RFC 3597 form is the way out:
 * rdata_text_generic). */
MUST_CHECK enum err rdata_text(uint16_t type, const uint8_t *rdata, size_t len, struct writer *out);
MUST_CHECK enum err rdata_text_generic(const uint8_t *rdata, size_t len, struct writer *out);
/* Largest text of rdata of len octets: 5 * len + 512 is always enough. */
#define RDATA_TEXT_CAP(len) (5 * (size_t)(len) + 512)

#endif
