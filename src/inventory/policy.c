#include "inventory/policy.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

static bool has_key(const struct acl_client *client, const struct tsig_key *key) {
	return client->key && name_equal(key->name.wire, client->key->name.wire);
}

/* A certificate counts over TLS only, whatever the client says to have. */
static bool has_pin(const struct acl_client *client, const struct pin *pin) {
	return client->over_tls && client->pin && pin_equal(pin, client->pin);
}

/* An item that asks for nothing fits nobody. */
static bool item_fits(const struct acl_item *item, const struct acl_client *client) {
	if (item->has_prefix && !addr_in_prefix(client->peer, &item->prefix)) return false;
	if (item->key && !has_key(client, item->key)) return false;
	if (item->needs_tls && !client->over_tls) return false;
	if (item->has_pin && !has_pin(client, &item->pin)) return false;
	return item->has_prefix || item->key || item->needs_tls || item->has_pin;
}

bool acl_admits(const struct acl *acl, const struct acl_client *client) {
	for (unsigned i = 0; i < acl->count; i++) {
		if (item_fits(&acl->items[i], client)) return !acl->items[i].keeps_out;
	}
	return false;
}

bool acl_has_pins(const struct acl *acl) {
	for (unsigned i = 0; i < acl->count; i++) {
		if (acl->items[i].has_pin) return true;
	}
	return false;
}

struct keyset *keyset_over(struct keyset *base) {
	struct keyset *k = xcalloc(1, sizeof(*k));
	atomic_init(&k->references, 1);
	k->base = base;
	if (base) keyset_ref(base);
	return k;
}

void keyset_ref(struct keyset *k) {
	atomic_fetch_add_explicit(&k->references, 1, memory_order_relaxed);
}

void keyset_unref(struct keyset *k) {
	if (!k || atomic_fetch_sub_explicit(&k->references, 1, memory_order_acq_rel) != 1) return;
	for (unsigned i = k->borrowed; i < k->ring.count; i++) {
		struct tsig_key *key = (struct tsig_key *)(uintptr_t)k->ring.keys[i];
		explicit_bzero(key, sizeof(*key));
		free(key);
	}
	free((void *)(uintptr_t)k->ring.keys);
	for (unsigned i = 0; i < k->tls_count; i++)
		tls_terms_free(k->tls[i]);
	free(k->tls);
	keyset_unref(k->base);
	free(k);
}

void policy_ref(const struct zone_policy *p) {
	struct zone_policy *counted = (struct zone_policy *)(uintptr_t)p;
	atomic_fetch_add_explicit(&counted->references, 1, memory_order_relaxed);
}

void policy_unref(const struct zone_policy *p) {
	struct zone_policy *counted = (struct zone_policy *)(uintptr_t)p;
	if (!p || atomic_fetch_sub_explicit(&counted->references, 1, memory_order_acq_rel) != 1) return;
	keyset_unref(counted->keyset);
	free(counted);
}

/* -- equality: by content, since every reading of the configuration makes keys and policies of its own ------- */

static bool key_equal(const struct tsig_key *a, const struct tsig_key *b) {
	if (a == b) return true;
	if (!a || !b) return false;
	return a->algorithm == b->algorithm && a->secret_len == b->secret_len &&
	       name_equal(a->name.wire, b->name.wire) && memcmp(a->secret, b->secret, a->secret_len) == 0;
}

bool primaries_equal(const struct primary *a, const struct primary *b, unsigned count) {
	for (unsigned i = 0; a != b && i < count; i++) {
		if (!addr_equal(&a[i].addr, &b[i].addr) || !addr_equal(&a[i].source, &b[i].source) ||
		    !key_equal(a[i].key, b[i].key) || !tls_terms_equal(a[i].tls, b[i].tls) ||
		    strcmp(a[i].name, b[i].name) != 0 || a[i].axfr_only != b[i].axfr_only) {
			return false;
		}
	}
	return true;
}

static bool acl_equal(const struct acl *a, const struct acl *b) {
	if (a->count != b->count) return false;
	for (unsigned i = 0; a->items != b->items && i < a->count; i++) {
		const struct acl_item *x = &a->items[i], *y = &b->items[i];
		if (x->keeps_out != y->keeps_out || x->has_prefix != y->has_prefix ||
		    x->needs_tls != y->needs_tls || x->has_pin != y->has_pin || !key_equal(x->key, y->key))
			return false;
		if (x->has_pin && !pin_equal(&x->pin, &y->pin)) return false;
		if (x->has_prefix &&
		    (x->prefix.len != y->prefix.len || !addr_same_ip(&x->prefix.addr, &y->prefix.addr))) {
			return false;
		}
	}
	return true;
}

static bool bounds_equal(const struct timer_bounds *a, const struct timer_bounds *b) {
	return a->refresh_min_s == b->refresh_min_s && a->refresh_max_s == b->refresh_max_s &&
	       a->retry_min_s == b->retry_min_s && a->retry_max_s == b->retry_max_s &&
	       a->expire_min_s == b->expire_min_s && a->expire_max_s == b->expire_max_s;
}

static bool checks_equal(const struct check_rules *a, const struct check_rules *b) {
	return a->max_rrset_records == b->max_rrset_records && a->max_name_types == b->max_name_types &&
	       a->max_shrink == b->max_shrink && a->zonemd == b->zonemd && a->dnssec == b->dnssec &&
	       a->dnssec_depth == b->dnssec_depth;
}

static bool command_equal(const struct zone_policy *a, const struct zone_policy *b) {
	return a->check_command_len == b->check_command_len && a->check_timeout_s == b->check_timeout_s &&
	       (!a->check_command_len ||
	        memcmp(a->check_command, b->check_command, a->check_command_len) == 0);
}

/* The keys by which requests to the zone are verified. */
static bool keyset_equal(const struct keyset *a, const struct keyset *b) {
	if (a == b) return true;
	if (!a || !b || a->ring.count != b->ring.count) return false;
	for (unsigned i = 0; i < a->ring.count; i++) {
		if (!key_equal(a->ring.keys[i], b->ring.keys[i])) return false;
	}
	return true;
}

bool keyset_equal_whole(const struct keyset *a, const struct keyset *b) {
	if (!keyset_equal(a, b)) return false;
	if (a == b) return true;
	if (a->tls_count != b->tls_count) return false;
	for (unsigned i = 0; i < a->tls_count; i++) {
		if (!tls_terms_equal(a->tls[i], b->tls[i])) return false;
	}
	return true;
}

static bool history_equal(const struct history_bounds *a, const struct history_bounds *b) {
	return a->versions == b->versions && a->bytes == b->bytes && a->age_s == b->age_s;
}

static bool pace_equal(const struct pace_rules *a, const struct pace_rules *b) {
	return a->max_s == b->max_s && a->min_octets_s == b->min_octets_s && a->window_s == b->window_s;
}

bool policy_equal(const struct zone_policy *a, const struct zone_policy *b) {
	if (a == b) return true;
	return a->primary_count == b->primary_count && a->notify_count == b->notify_count &&
	       a->max_zone_bytes == b->max_zone_bytes && a->max_zone_records == b->max_zone_records &&
	       a->choice == b->choice && a->shared_history == b->shared_history &&
	       a->axfr_only == b->axfr_only && a->full_check_s == b->full_check_s &&
	       pace_equal(&a->pace, &b->pace) && bounds_equal(&a->bounds, &b->bounds) &&
	       checks_equal(&a->checks, &b->checks) && history_equal(&a->history, &b->history) &&
	       command_equal(a, b) && primaries_equal(a->primaries, b->primaries, a->primary_count) &&
	       primaries_equal(a->notify, b->notify, a->notify_count) &&
	       acl_equal(&a->allow_transfer, &b->allow_transfer) &&
	       acl_equal(&a->allow_notify, &b->allow_notify) && a->query_limited == b->query_limited &&
	       acl_equal(&a->allow_query, &b->allow_query) && keyset_equal(a->keyset, b->keyset);
}
