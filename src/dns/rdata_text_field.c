/* Fields of a layout in presentation form. */
#include "dns/rdata_text_field.h"

#include <stdio.h>
#include <time.h>

#include "dns/name.h"
#include "dns/rdata_text_put.h"

static void put_space(struct shown *s) {
	if (s->out.len) write_u8(&s->out, ' ');
}

static uint64_t read_number(struct reader *r, unsigned octets) {
	const uint8_t *p = read_bytes(r, octets);
	uint64_t n = 0;
	for (unsigned i = 0; p && i < octets; i++)
		n = n << 8 | p[i];
	return n;
}

/* RFC 4034 section 3.2. */
static void put_time(struct writer *out, uint32_t seconds) {
	time_t t = (time_t)seconds;
	struct tm tm;
	char text[24];
	if (!gmtime_r(&t, &tm) || !strftime(text, sizeof(text), "%Y%m%d%H%M%S", &tm)) return;
	put_text(out, text);
}

static void number_text(struct shown *s, unsigned octets) {
	put_number(&s->out, read_number(&s->in, octets));
}

/* NSD reads periods as TTLs, which end at 2^31 - 1 (RFC 2181 section 8). */
static enum err period_text(struct shown *s) {
	uint64_t n = read_number(&s->in, 4);
	put_number(&s->out, n);
	return s->in.failed || n > INT32_MAX ? ERR_RDATA : OK;
}

static enum err name_field_text(struct shown *s) {
	struct name n;
	if (name_read_plain(&s->in, &n) != OK) return ERR_RDATA;
	put_name(&s->out, n.wire);
	return OK;
}

static enum err octets_text(struct shown *s, size_t len,
                            void (*put)(struct writer *, const uint8_t *, size_t)) {
	const uint8_t *p = read_bytes(&s->in, len);
	if (!p || len == 0) return ERR_RDATA; /* an empty field has no text */
	put(&s->out, p, len);
	return OK;
}

static enum err string_text(struct shown *s) {
	size_t len = read_u8(&s->in);
	const uint8_t *p = read_bytes(&s->in, len);
	if (!p) return ERR_RDATA;
	put_quoted(&s->out, p, len);
	return OK;
}

static enum err strings_text(struct shown *s) {
	enum err e = string_text(s);
	while (e == OK && reader_left(&s->in)) {
		put_space(s);
		e = string_text(s);
	}
	return e;
}

/* RFC 5155 section 3.3: "-" is the empty salt. */
static enum err salt_text(struct shown *s) {
	size_t len = read_u8(&s->in);
	if (len) return octets_text(s, len, put_hex);
	put_text(&s->out, "-");
	return OK;
}

static void group64_text(struct shown *s) {
	const uint8_t *p = read_bytes(&s->in, 8);
	if (p) put_hex_groups(&s->out, p, 8, 2, ':');
}

static void eui_text(struct shown *s, size_t len) {
	const uint8_t *p = read_bytes(&s->in, len);
	if (p) put_hex_groups(&s->out, p, len, 1, '-');
}

static void address_text(struct shown *s, size_t len) {
	const uint8_t *p = read_bytes(&s->in, len);
	if (p) put_address(&s->out, p, len);
}

static void window_text(struct shown *s, unsigned window, const uint8_t *bits, unsigned len, bool *is_first) {
	for (unsigned i = 0; i < len * 8; i++) {
		if (!(bits[i / 8] & 0x80U >> i % 8)) continue;
		if (!*is_first) put_space(s);
		*is_first = false;
		put_type(&s->out, (uint16_t)(window << 8 | i));
	}
}

/* RFC 4034 section 4.1.2 wants no zero octet at the end of a window; a reader of text would not make one. */
static enum err bitmap_text(struct shown *s) {
	bool is_first = true;
	while (reader_left(&s->in)) {
		unsigned window = read_u8(&s->in), len = read_u8(&s->in);
		const uint8_t *bits = read_bytes(&s->in, len);
		if (!bits || len == 0 || bits[len - 1] == 0) return ERR_RDATA;
		if (window == 0 && bits[0] & 0x80) return ERR_RDATA; /* type 0 has no name that all know */
		window_text(s, window, bits, len, &is_first);
	}
	return OK;
}

/* Only what readers make of "address/prefix": no zero octet at the end, no bit behind the prefix. */
static bool is_plain_prefix(const uint8_t *address, unsigned len, unsigned prefix) {
	if (len && address[len - 1] == 0) return false;
	for (unsigned i = prefix; i < len * 8; i++)
		if (address[i / 8] & 0x80U >> i % 8) return false;
	return true;
}

/* RFC 3123 section 5. */
static enum err apl_item_text(struct shown *s) {
	unsigned family = read_u16(&s->in), prefix = read_u8(&s->in), last = read_u8(&s->in),
		 len = last & 0x7f;
	const uint8_t *p = read_bytes(&s->in, len);
	uint8_t address[16] = { 0 };
	size_t full = family == 1 ? 4 : 16;
	if (!p || (family != 1 && family != 2) || len > full || prefix > full * 8) return ERR_RDATA;
	if (!is_plain_prefix(p, len, prefix)) return ERR_RDATA;
	memcpy(address, p, len);
	if (last & 0x80) put_text(&s->out, "!");
	put_number(&s->out, family);
	put_text(&s->out, ":");
	put_address(&s->out, address, full);
	put_text(&s->out, "/");
	put_number(&s->out, prefix);
	return OK;
}

static enum err apl_text(struct shown *s) {
	if (!reader_left(&s->in)) return ERR_RDATA;
	enum err e = apl_item_text(s);
	while (e == OK && reader_left(&s->in)) {
		put_space(s);
		e = apl_item_text(s);
	}
	return e;
}

/* NSD does not take escapes in a gateway's name. */
static bool is_host_name(const uint8_t *name) {
	char text[NAME_TEXT_MAX];
	return strchr(name_text(name, text), '\\') == NULL;
}

/* RFC 4025 section 3.1: "." stands where there is no gateway. */
static enum err gateway_text(struct shown *s) {
	switch (s->in.data[1]) {
	case 0: put_text(&s->out, "."); return OK;
	case 1: address_text(s, 4); return OK;
	case 2: address_text(s, 16); return OK;
	case 3: return is_host_name(s->in.data + s->in.pos) ? name_field_text(s) : ERR_RDATA;
	default: return ERR_RDATA;
	}
}

/* CAA tag: letters and digits (RFC 8659 section 4.1), so as it is. */
static enum err tag_text(struct shown *s) {
	size_t len = read_u8(&s->in);
	const uint8_t *p = read_bytes(&s->in, len);
	for (size_t i = 0; p && i < len; i++) {
		uint8_t c = p[i]; /* NSD takes lower case only */
		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9')) return ERR_RDATA;
	}
	if (p) write_bytes(&s->out, p, len);
	return p ? OK : ERR_RDATA;
}

static enum err quoted_rest_text(struct shown *s) {
	size_t len = reader_left(&s->in);
	const uint8_t *p = read_bytes(&s->in, len);
	if (p) put_quoted(&s->out, p, len);
	return p ? OK : ERR_RDATA;
}

static enum err fixed_text(struct shown *s, char kind) {
	switch (kind) {
	case '1': number_text(s, 1); break;
	case '2': number_text(s, 2); break;
	case '4': number_text(s, 4); break;
	case 't': return period_text(s);
	case 'T': put_time(&s->out, read_u32(&s->in)); break;
	case '8': group64_text(s); break;
	case '6': eui_text(s, 6); break;
	case 'e': eui_text(s, 8); break;
	case 'a': address_text(s, 4); break;
	case 'A': address_text(s, 16); break;
	case 'y': put_type(&s->out, read_u16(&s->in)); break;
	default: return ERR_RDATA; /* w H z i r: no text of their own here */
	}
	return s->in.failed ? ERR_RDATA : OK;
}

enum err field_text(struct shown *s, char kind) {
	/* No types (NSEC3 of an empty non-terminal), no parameters: no text, and no space before it. */
	if ((kind == 'm' || kind == 'p') && !reader_left(&s->in)) return OK;
	put_space(s);
	switch (kind) {
	case 'n':
	case 'u': return name_field_text(s);
	case 's': return string_text(s);
	case 'S': return strings_text(s);
	case 'b': return octets_text(s, reader_left(&s->in), put_base64);
	case 'x': return octets_text(s, reader_left(&s->in), put_hex);
	case 'X': return salt_text(s);
	case 'h': return octets_text(s, read_u8(&s->in), put_base32hex);
	case 'm': return bitmap_text(s);
	case 'l': return apl_text(s);
	case 'o': return loc_text(s);
	case 'g': return gateway_text(s);
	case 'p': return params_text(s);
	case 'k': return tag_text(s);
	case 'q': return quoted_rest_text(s);
	default: return fixed_text(s, kind);
	}
}
