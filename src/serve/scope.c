#include "serve/scope.h"

#include "dns/rrtype.h"

struct zone_entry *scope_zone(const struct scope *s, const struct sought *name, uint16_t type) {
	struct zone_entry *entry = table_find_sought(s->table, name, false);
	if (type != RR_DS || !entry || entry->name_len != name->len) return entry;
	struct zone_entry *parent = table_find_sought(s->table, name, true);
	return parent ? parent : entry;
}

bool scope_admits(const struct scope *s, const struct zone_entry *entry) {
	const struct zone_policy *policy = atomic_load_explicit(&entry->policy, memory_order_acquire);
	return !policy->query_limited || acl_admits(&policy->allow_query, &s->client);
}
