#include "base/addr.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"

static unsigned ip_len(sa_family_t family) {
	if (family == AF_INET) return 4;
	return family == AF_INET6 ? 16 : 0;
}

/* Decimal number of at most five digits, without sign, space or leading zeros, in min … max. */
static enum err number_parse(const char *text, unsigned min, unsigned max, unsigned *out_number) {
	size_t digits = strspn(text, "0123456789");
	if (digits == 0 || digits > 5 || text[digits] != '\0' || (digits > 1 && text[0] == '0')) {
		return ERR_MALFORMED;
	}
	unsigned n = 0;
	for (size_t i = 0; i < digits; i++)
		n = n * 10 + (unsigned)(text[i] - '0');
	if (n < min || n > max) return ERR_MALFORMED;
	*out_number = n;
	return OK;
}

static enum err ip_parse(const char *text, size_t len, struct addr *out_addr) {
	char copy[INET6_ADDRSTRLEN];
	if (len == 0 || len >= sizeof(copy)) return ERR_MALFORMED;
	memcpy(copy, text, len);
	copy[len] = '\0';
	struct addr a = { .family = strchr(copy, ':') ? AF_INET6 : AF_INET };
	if (inet_pton(a.family, copy, a.ip) != 1) return ERR_MALFORMED;
	*out_addr = a;
	return OK;
}

enum err addr_parse(const char *text, uint16_t default_port, struct addr *out_addr) {
	const char *at = strchr(text, '@');
	unsigned port = default_port;
	struct addr a;
	enum err e = ip_parse(text, at ? (size_t)(at - text) : strlen(text), &a);
	if (e == OK && at) e = number_parse(at + 1, 1, 65535, &port);
	if (e != OK) return e;
	a.port = (uint16_t)port;
	*out_addr = a;
	return OK;
}

/* Bit i of the address, counted from the left. */
static bool bit_of(const struct addr *a, unsigned i) {
	return (a->ip[i / 8] >> (7 - i % 8)) & 1;
}

enum err addr_prefix_parse(const char *text, struct addr_prefix *out_prefix) {
	const char *slash = strchr(text, '/');
	struct addr_prefix p = { 0 };
	enum err e = ip_parse(text, slash ? (size_t)(slash - text) : strlen(text), &p.addr);
	if (e != OK) return e;
	unsigned bits = ip_len(p.addr.family) * 8, len = bits;
	if (slash) e = number_parse(slash + 1, 0, bits, &len);
	if (e != OK) return e;
	for (unsigned i = len; i < bits; i++) {
		if (bit_of(&p.addr, i)) return ERR_MALFORMED;
	}
	p.len = (uint8_t)len;
	*out_prefix = p;
	return OK;
}

/* By hand: such a text is made for every line of the log that names a primary. */
static void ipv4_text(const struct addr *a, char buf[static ADDR_TEXT_MAX]) {
	struct writer w = writer_init(buf, ADDR_TEXT_MAX); /* it fits */
	for (unsigned i = 0; i < 4; i++) {
		if (i > 0) write_u8(&w, '.');
		write_decimal(&w, a->ip[i], 1);
	}
	if (a->port != 0) {
		write_u8(&w, '@');
		write_decimal(&w, a->port, 1);
	}
	write_u8(&w, '\0');
}

const char *addr_text(const struct addr *a, char buf[static ADDR_TEXT_MAX]) {
	char ip[INET6_ADDRSTRLEN];
	if (a->family == AF_INET) {
		ipv4_text(a, buf);
		return buf;
	}
	if (ip_len(a->family) == 0 || !inet_ntop(a->family, a->ip, ip, sizeof(ip))) {
		snprintf(buf, ADDR_TEXT_MAX, "none");
	} else if (a->port == 0) {
		snprintf(buf, ADDR_TEXT_MAX, "%s", ip);
	} else {
		snprintf(buf, ADDR_TEXT_MAX, "%s@%u", ip, a->port);
	}
	return buf;
}

const char *addr_prefix_text(const struct addr_prefix *p, char buf[static ADDR_TEXT_MAX]) {
	struct addr bare = p->addr;
	bare.port = 0;
	addr_text(&bare, buf);
	size_t len = strlen(buf);
	snprintf(buf + len, ADDR_TEXT_MAX - len, "/%u", p->len);
	return buf;
}

bool addr_same_ip(const struct addr *a, const struct addr *b) {
	return a->family == b->family && memcmp(a->ip, b->ip, ip_len(a->family)) == 0;
}

bool addr_equal(const struct addr *a, const struct addr *b) {
	return addr_same_ip(a, b) && a->port == b->port;
}

bool addr_in_prefix(const struct addr *a, const struct addr_prefix *p) {
	if (a->family != p->addr.family || ip_len(a->family) == 0) return false;
	unsigned whole = p->len / 8, rest = p->len % 8;
	if (memcmp(a->ip, p->addr.ip, whole) != 0) return false;
	return rest == 0 || (a->ip[whole] >> (8 - rest)) == (p->addr.ip[whole] >> (8 - rest));
}

struct addr addr_from_sockaddr(const struct sockaddr *sa) {
	struct addr a = { .family = AF_UNSPEC };
	if (sa->sa_family == AF_INET) {
		struct sockaddr_in in;
		memcpy(&in, sa, sizeof(in));
		a.family = AF_INET;
		a.port = ntohs(in.sin_port);
		memcpy(a.ip, &in.sin_addr, 4);
	} else if (sa->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;
		memcpy(&in6, sa, sizeof(in6));
		bool mapped = IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr);
		a.family = mapped ? AF_INET : AF_INET6;
		a.port = ntohs(in6.sin6_port);
		memcpy(a.ip, in6.sin6_addr.s6_addr + (mapped ? 12 : 0), mapped ? 4 : 16);
	}
	return a;
}

socklen_t addr_to_sockaddr(const struct addr *a, struct sockaddr_storage *out_sa) {
	memset(out_sa, 0, sizeof(*out_sa));
	if (a->family == AF_INET) {
		struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(a->port) };
		memcpy(&in.sin_addr, a->ip, 4);
		memcpy(out_sa, &in, sizeof(in));
		return sizeof(in);
	}
	if (a->family == AF_INET6) {
		struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(a->port) };
		memcpy(&in6.sin6_addr, a->ip, 16);
		memcpy(out_sa, &in6, sizeof(in6));
		return sizeof(in6);
	}
	return 0;
}
