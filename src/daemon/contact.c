#include "daemon/contact.h"

#include <ifaddrs.h>
#include <stdio.h>
#include <string.h>

struct places {
	struct addr *items;
	size_t count, max;
};

static void place_add(struct places *p, const struct addr *a) {
	for (size_t i = 0; i < p->count; i++) {
		if (addr_equal(&p->items[i], a)) return;
	}
	if (p->count < p->max) p->items[p->count++] = *a;
}

static bool is_wildcard(const struct addr *a) {
	static const uint8_t zeros[16] = { 0 };
	return memcmp(a->ip, zeros, a->family == AF_INET ? 4 : 16) == 0;
}

/* Of no use to anybody else: RFC 1122 section 3.2.1.3, RFC 3927, RFC 4291 section 2.4. */
static bool is_local(const struct addr *a) {
	static const uint8_t loopback[16] = { [15] = 1 };
	if (a->family == AF_INET) return a->ip[0] == 127 || (a->ip[0] == 169 && a->ip[1] == 254);
	return memcmp(a->ip, loopback, 16) == 0 || (a->ip[0] == 0xfe && (a->ip[1] & 0xc0) == 0x80);
}

static void interfaces_add(struct places *p, const struct addr *wildcard) {
	struct ifaddrs *all;
	if (getifaddrs(&all) != 0) return; /* then none are known */
	for (const struct ifaddrs *i = all; i; i = i->ifa_next) {
		if (!i->ifa_addr || i->ifa_addr->sa_family != wildcard->family) continue;
		struct addr a = addr_from_sockaddr(i->ifa_addr);
		a.port = wildcard->port;
		if (!is_local(&a)) place_add(p, &a);
	}
	freeifaddrs(all);
}

size_t contact_addresses(const struct config_server *server, struct addr *out, size_t max) {
	struct places p = { .items = out, .max = max };
	for (unsigned i = 0; i < server->public_addresses.count; i++)
		place_add(&p, &server->public_addresses.items[i]);
	if (p.count > 0) return p.count;
	for (unsigned i = 0; i < server->listen_count; i++) {
		if (is_wildcard(&server->listen[i]))
			interfaces_add(&p, &server->listen[i]);
		else
			place_add(&p, &server->listen[i]);
	}
	return p.count;
}

void contact_key(const struct zone_policy *policy, struct zone_contact *contact) {
	const struct tsig_key *key = policy->primary_count > 0 ? policy->primaries[0].key : NULL;
	contact->key_name[0] = '\0';
	contact->key_algorithm = NULL;
	if (!key) return;
	name_text_short(key->name.wire, contact->key_name);
	contact->key_algorithm = tsig_algorithm_text(key->algorithm);
}
