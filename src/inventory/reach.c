/* RFC 6890 and the registries of special-purpose addresses that it began. */
#include "inventory/reach.h"

#include <string.h>

static const struct range {
	sa_family_t family;
	uint8_t ip[16], len;
	const char *words;
} ranges[] = {
	{ AF_INET, { 0 }, 8, "is an address of this host" },
	{ AF_INET, { 10 }, 8, "is a private address" },
	{ AF_INET, { 100, 64 }, 10, "is an address of a carrier's own network" },
	{ AF_INET, { 127 }, 8, "is a loopback address" },
	{ AF_INET, { 169, 254 }, 16, "is a link-local address" },
	{ AF_INET, { 172, 16 }, 12, "is a private address" },
	{ AF_INET, { 192, 168 }, 16, "is a private address" },
	{ AF_INET, { 224 }, 3, "is no address of one host" },
	{ AF_INET6, { 0 }, 96, "is an address of this host" }, /* ::1 and those that end in an IPv4 address */
	{ AF_INET6, { [10] = 0xff, 0xff }, 96, "is an IPv4 address in the form of IPv6" },
	{ AF_INET6, { 0, 0x64, 0xff, 0x9b }, 32, "is an IPv4 address in the form of IPv6" },
	{ AF_INET6, { 0x20, 0x02 }, 16, "is an IPv4 address in the form of IPv6" },
	{ AF_INET6, { 0xfc }, 7, "is a private address" },
	{ AF_INET6, { 0xfe, 0x80 }, 10, "is a link-local address" },
	{ AF_INET6, { 0xff }, 8, "is no address of one host" },
};

static bool is_within(const struct addr *a, const struct range *r) {
	struct addr_prefix p = { .addr.family = r->family, .len = r->len };
	memcpy(p.addr.ip, r->ip, sizeof(p.addr.ip));
	return addr_in_prefix(a, &p);
}

static bool is_allowed(const struct reach_rules *rules, const struct addr *a) {
	for (unsigned i = 0; i < rules->allowed_count; i++)
		if (addr_in_prefix(a, &rules->allowed[i])) return true;
	return false;
}

const char *reach_refusal(const struct reach_rules *rules, const struct addr *a) {
	if (is_allowed(rules, a)) return NULL;
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (is_within(a, &ranges[i])) return ranges[i].words;
	for (unsigned i = 0; i < rules->own_count; i++)
		if (addr_same_ip(a, &rules->own[i])) return "is this server's own address";
	return NULL;
}
