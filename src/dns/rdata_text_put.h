/* Inside of rdata_text.c: pieces of presentation form.  All append to a sticky writer. */
#ifndef UNDERSTUDY_DNS_RDATA_TEXT_PUT_H
#define UNDERSTUDY_DNS_RDATA_TEXT_PUT_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

void put_text(struct writer *out, const char *text);
void put_number(struct writer *out, uint64_t n);
void put_hex(struct writer *out, const uint8_t *data, size_t len);
void put_base64(struct writer *out, const uint8_t *data, size_t len); /* padded, RFC 4648 section 4 */
void put_base32hex(struct writer *out, const uint8_t *data,
                   size_t len); /* not padded, RFC 5155 section 3.3 */
/* Octets with a separator between them: "00-00-5e-00-53-2a". */
void put_hex_groups(struct writer *out, const uint8_t *data, size_t len, size_t group, char separator);
/* One octet as it stands between quotes (RFC 1035 section 5.1). */
void put_quoted_octet(struct writer *out, uint8_t c);
/* Octets between quotes. */
void put_quoted(struct writer *out, const uint8_t *data, size_t len);
/* An uncompressed valid name, absolute. */
void put_name(struct writer *out, const uint8_t *name);
/* Mnemonic of a type that every reader of zone files knows, else TYPEnnn. */
void put_type(struct writer *out, uint16_t type);
/* len is 4 or 16. */
void put_address(struct writer *out, const uint8_t *address, size_t len);

#endif
