/* How long each field is, and whether its inner structure holds.  Values are not judged where the structure is
 * clear: a zone must not be lost for one odd record that its primary serves. */
#include "dns/rdata_fields.h"

#include "base/bytes.h"
#include "dns/name.h"
#include "dns/rrtype.h"

/* Every function: is the field that starts at p, with `left` octets to the end of the rdata, well-formed; if so
 * *out_len is its length. */

static bool fixed(size_t n, size_t left, size_t *out_len) {
	*out_len = n;
	return n <= left;
}

static bool name_field(const uint8_t *p, size_t left, size_t *out_len) {
	*out_len = name_check(p, left);
	return *out_len != 0;
}

/* A length octet and so many octets, at least min. */
static bool counted(const uint8_t *p, size_t left, size_t min, size_t *out_len) {
	if (left == 0 || p[0] < min) return false;
	return fixed(1 + (size_t)p[0], left, out_len);
}

/* Character-strings to the end: at least one, at most max. */
static bool strings(const uint8_t *p, size_t left, size_t max, size_t *out_len) {
	size_t pos = 0, count = 0, n;
	for (; pos < left; pos += n) {
		if (count++ == max || !counted(p + pos, left - pos, 0, &n)) return false;
	}
	*out_len = pos;
	return count > 0;
}

/* RFC 4034 section 4.1.2: windows in growing order, 1 to 32 octets each, without zero octets at the end. */
static bool bitmap(const uint8_t *p, size_t left, size_t *out_len) {
	int last = -1;
	for (size_t pos = 0; pos < left;) {
		if (left - pos < 3) return false;
		size_t n = p[pos + 1];
		if (p[pos] <= last || n < 1 || n > 32 || n > left - pos - 2) return false;
		if (p[pos + 1 + n] == 0) return false;
		last = p[pos];
		pos += 2 + n;
	}
	*out_len = left;
	return true;
}

/* RFC 3123 section 4: family, prefix, negation and length, address part. */
static bool apl(const uint8_t *p, size_t left, size_t *out_len) {
	for (size_t pos = 0; pos < left;) {
		if (left - pos < 4 || (size_t)(p[pos + 3] & 0x7f) > left - pos - 4) return false;
		pos += 4 + (size_t)(p[pos + 3] & 0x7f);
	}
	*out_len = left;
	return true;
}

/* RFC 9460 section 2.2: key, length, value; keys in strictly growing order. */
static bool svcb_params(const uint8_t *p, size_t left, size_t *out_len) {
	int last = -1;
	for (size_t pos = 0; pos < left;) {
		if (left - pos < 4) return false;
		int key = load_u16(p + pos);
		size_t n = load_u16(p + pos + 2);
		if (key <= last || n > left - pos - 4) return false;
		last = key;
		pos += 4 + n;
	}
	*out_len = left;
	return true;
}

/* RFC 1876 section 2: version 0 has a known form, others may have any. */
static bool loc(const uint8_t *p, size_t left, size_t *out_len) {
	*out_len = left;
	return left > 0 && (p[0] != 0 || left == 16);
}

/* RFC 8005 section 5: lengths of HIT and key, algorithm, HIT, key, rendezvous servers. */
static bool hip(const uint8_t *p, size_t left, size_t *out_len) {
	if (left < 4) return false;
	size_t pos = 4 + (size_t)p[0] + load_u16(p + 2), n;
	if (p[0] == 0 || pos > left) return false;
	for (; pos < left; pos += n) {
		if (!name_field(p + pos, left - pos, &n)) return false;
	}
	*out_len = pos;
	return true;
}

/* RFC 2874 section 3.1: prefix length, the address without the prefix, and with a prefix its name. */
static bool a6(const uint8_t *p, size_t left, size_t *out_len) {
	size_t n = 0;
	if (left == 0 || p[0] > 128) return false;
	size_t suffix = 1 + (size_t)(128 - p[0] + 7) / 8;
	if (suffix > left) return false;
	if (p[0] > 0 && !name_field(p + suffix, left - suffix, &n)) return false;
	*out_len = suffix + n;
	return true;
}

unsigned field_gateway(uint16_t type, const uint8_t *rdata, size_t pos) {
	return type == RR_AMTRELAY ? rdata[pos - 1] & 0x7f : rdata[pos - 2];
}

static bool gateway(unsigned kind, const uint8_t *p, size_t left, size_t *out_len) {
	switch (kind) {
	case GATEWAY_NONE: return fixed(0, left, out_len);
	case GATEWAY_IP4: return fixed(4, left, out_len);
	case GATEWAY_IP6: return fixed(16, left, out_len);
	case GATEWAY_NAME: return name_field(p, left, out_len);
	default: return fixed(left, left, out_len); /* of a later time: unknown to the end */
	}
}

bool field_len(uint16_t type, char letter, const uint8_t *rdata, size_t len, size_t pos, size_t *out_len) {
	const uint8_t *p = rdata + pos;
	size_t left = len - pos;
	switch (letter) {
	case 'n':
	case 'u': return name_field(p, left, out_len);
	case '1': return fixed(1, left, out_len);
	case '2':
	case 'y': return fixed(2, left, out_len);
	case '4':
	case 't':
	case 'T':
	case 'a': return fixed(4, left, out_len);
	case '6': return fixed(6, left, out_len);
	case '8':
	case 'e': return fixed(8, left, out_len);
	case 'A': return fixed(16, left, out_len);
	case 's':
	case 'X': return counted(p, left, 0, out_len);
	case 'h':
	case 'k': return counted(p, left, 1, out_len);
	case 'S': return strings(p, left, SIZE_MAX, out_len);
	case 'i': return strings(p, left, 2, out_len);
	case 'm': return bitmap(p, left, out_len);
	case 'l': return apl(p, left, out_len);
	case 'o': return loc(p, left, out_len);
	case 'p': return svcb_params(p, left, out_len);
	case 'g': return gateway(field_gateway(type, rdata, pos), p, left, out_len);
	case 'H': return hip(p, left, out_len);
	case 'z': return a6(p, left, out_len);
	default: return fixed(left, left, out_len); /* b x w q r: any octets to the end */
	}
}
