/* Whole records in presentation form (zone file lines), for export, logs and status. */
#ifndef UNDERSTUDY_DNS_TEXT_H
#define UNDERSTUDY_DNS_TEXT_H

#include "base/bytes.h"
#include "base/err.h"

/* "owner. TTL IN TYPE rdata\n", tab-separated, absolute names.  ERR_SPACE. */
MUST_CHECK enum err text_record(const uint8_t *owner, uint16_t type, uint32_t ttl_s, const uint8_t *rdata,
                                uint16_t rdlength, struct writer *out);
#define TEXT_RECORD_CAP(rdlength) (1100 + 5 * (size_t)(rdlength) + 512)

#endif
