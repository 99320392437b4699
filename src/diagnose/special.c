#include "diagnose/special.h"

struct special_row {
	sa_family_t family;
	uint8_t bits;
	uint8_t ip[16];
};

/* "Globally reachable: no" in the IANA registries, and multicast.  IPv6: only 2000::/3 is in use. */
static const struct special_row special_rows[] = {
	{ AF_INET, 8, { 0 } },                        /* this network */
	{ AF_INET, 8, { 10 } },                       /* private */
	{ AF_INET, 10, { 100, 64 } },                 /* shared */
	{ AF_INET, 8, { 127 } },                      /* loopback */
	{ AF_INET, 16, { 169, 254 } },                /* link-local */
	{ AF_INET, 12, { 172, 16 } },                 /* private */
	{ AF_INET, 24, { 192, 0, 0 } },               /* protocols */
	{ AF_INET, 24, { 192, 0, 2 } },               /* documentation */
	{ AF_INET, 24, { 192, 88, 99 } },             /* 6to4 relays */
	{ AF_INET, 16, { 192, 168 } },                /* private */
	{ AF_INET, 15, { 198, 18 } },                 /* benchmarks */
	{ AF_INET, 24, { 198, 51, 100 } },            /* documentation */
	{ AF_INET, 24, { 203, 0, 113 } },             /* documentation */
	{ AF_INET, 3, { 224 } },                      /* multicast, reserved, broadcast */
	{ AF_INET6, 23, { 0x20, 0x01 } },             /* protocols, Teredo, benchmarks */
	{ AF_INET6, 32, { 0x20, 0x01, 0x0d, 0xb8 } }, /* documentation */
	{ AF_INET6, 16, { 0x20, 0x02 } },             /* 6to4 */
	{ AF_INET6, 20, { 0x3f, 0xff, 0x00 } },       /* documentation */
};

static bool in_row(const struct addr *a, const struct special_row *row) {
	struct addr_prefix prefix = { .addr.family = row->family, .len = row->bits };
	for (unsigned i = 0; i < sizeof(row->ip); i++)
		prefix.addr.ip[i] = row->ip[i];
	return addr_in_prefix(a, &prefix);
}

bool addr_is_special(const struct addr *a) {
	if (a->family != AF_INET && a->family != AF_INET6) return true;
	if (a->family == AF_INET6 && (a->ip[0] & 0xe0) != 0x20) return true;
	for (unsigned i = 0; i < sizeof(special_rows) / sizeof(special_rows[0]); i++)
		if (in_row(a, &special_rows[i])) return true;
	return false;
}
