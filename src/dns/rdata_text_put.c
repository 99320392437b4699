/* Pieces of presentation form. */
#include "dns/rdata_text_put.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "dns/name.h"
#include "dns/rrtype.h"

void put_text(struct writer *out, const char *text) {
	write_bytes(out, text, strlen(text));
}

void put_number(struct writer *out, uint64_t n) {
	char digits[20];
	size_t at = sizeof(digits);
	do
		digits[--at] = (char)('0' + n % 10);
	while (n /= 10);
	write_bytes(out, digits + at, sizeof(digits) - at);
}

void put_hex(struct writer *out, const uint8_t *data, size_t len) {
	static const char digits[] = "0123456789abcdef";
	uint8_t *to = write_reserve(out, 2 * len);
	for (size_t i = 0; to && i < len; i++) {
		to[2 * i] = (uint8_t)digits[data[i] >> 4];
		to[2 * i + 1] = (uint8_t)digits[data[i] & 15];
	}
}

void put_hex_groups(struct writer *out, const uint8_t *data, size_t len, size_t group, char separator) {
	for (size_t i = 0; i < len; i += group) {
		if (i) write_u8(out, (uint8_t)separator);
		put_hex(out, data + i, group);
	}
}

/* Digits of `bits` bits each for the octets, the last one filled up with zero bits. */
static size_t put_digits(struct writer *out, const uint8_t *data, size_t len, unsigned bits,
                         const char *digits) {
	size_t count = (len * 8 + bits - 1) / bits, read = 0;
	uint8_t *to = write_reserve(out, count);
	unsigned held = 0, value = 0;
	for (size_t i = 0; to && i < count; i++) {
		if (held < bits) {
			value = value << 8 | (read < len ? data[read] : 0U);
			read++;
			held += 8;
		}
		held -= bits;
		to[i] = (uint8_t)digits[value >> held & ((1U << bits) - 1)];
	}
	return count;
}

void put_base64(struct writer *out, const uint8_t *data, size_t len) {
	size_t count = put_digits(out, data, len, 6,
	                          "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
	for (; count % 4; count++)
		write_u8(out, '=');
}

void put_base32hex(struct writer *out, const uint8_t *data, size_t len) {
	put_digits(out, data, len, 5, "0123456789ABCDEFGHIJKLMNOPQRSTUV");
}

void put_quoted_octet(struct writer *out, uint8_t c) {
	if (c < ' ' || c > '~') {
		uint8_t escape[4] = { '\\', (uint8_t)('0' + c / 100), (uint8_t)('0' + c / 10 % 10),
			              (uint8_t)('0' + c % 10) };
		write_bytes(out, escape, sizeof(escape));
		return;
	}
	if (c == '"' || c == '\\') write_u8(out, '\\');
	write_u8(out, c);
}

void put_quoted(struct writer *out, const uint8_t *data, size_t len) {
	write_u8(out, '"');
	for (size_t i = 0; i < len; i++)
		put_quoted_octet(out, data[i]);
	write_u8(out, '"');
}

void put_name(struct writer *out, const uint8_t *name) {
	char text[NAME_TEXT_MAX];
	put_text(out, name_text(name, text));
}

void put_type(struct writer *out, uint16_t type) {
	const struct rrtype_info *info = rrtype_info(type);
	if (info && !rrtype_has(info, RRF_HEXTYPE | RRF_META)) {
		put_text(out, info->mnemonic);
		return;
	}
	put_text(out, "TYPE");
	put_number(out, type);
}

void put_address(struct writer *out, const uint8_t *address, size_t len) {
	char text[INET6_ADDRSTRLEN];
	if (inet_ntop(len == 4 ? AF_INET : AF_INET6, address, text, sizeof(text))) put_text(out, text);
}
