#include "diagnose/walk_book.h"

#include "diagnose/walk.h"

void book_add_address(struct host *h, const struct addr *a, uint16_t port) {
	for (unsigned i = 0; i < h->address_count; i++)
		if (addr_same_ip(&h->addresses[i], a)) return;
	if (h->address_count == FINDINGS_ADDRESSES_MAX) return;
	h->addresses[h->address_count] = *a;
	h->addresses[h->address_count++].port = port;
}

void book_begin(struct book *b, const struct addr *roots, unsigned count) {
	struct cut *root = &b->cuts[0];
	b->cut_count = 1;
	root->name.len = 1;
	for (unsigned i = 0; i < count && i < WALK_ROOTS_MAX; i++) {
		if (i % FINDINGS_ADDRESSES_MAX == 0) {
			b->hosts[b->host_count] = (struct host){ .name.len = 1, .looked_up = true };
			root->hosts[root->host_count++] = (uint8_t)b->host_count++;
		}
		book_add_address(&b->hosts[b->host_count - 1], &roots[i], roots[i].port);
	}
}

unsigned book_cut_for(const struct book *b, const uint8_t *name) {
	unsigned best = 0;
	for (unsigned i = 1; i < b->cut_count; i++)
		if (name_is_within(name, b->cuts[i].name.wire) &&
		    b->cuts[i].name.len > b->cuts[best].name.len)
			best = i;
	return best;
}

static struct host *find_host(struct book *b, const struct name *name, unsigned *out_number) {
	for (unsigned i = 0; i < b->host_count; i++) {
		if (!name_equal(b->hosts[i].name.wire, name->wire)) continue;
		*out_number = i;
		return &b->hosts[i];
	}
	if (b->host_count == BOOK_HOSTS_MAX) return NULL;
	*out_number = b->host_count;
	struct host *h = &b->hosts[b->host_count++];
	*h = (struct host){ .name = *name };
	return h;
}

/* Addresses that were found otherwise are not touched. */
static void add_server(struct book *b, struct cut *cut, const struct findings_server *server, uint16_t port) {
	unsigned number;
	struct host *h = find_host(b, &server->name, &number);
	if (!h) {
		cut->left_out = true;
		return;
	}
	if (h->address_count == 0 && !h->looked_up)
		for (unsigned i = 0; i < server->address_count; i++)
			book_add_address(h, &server->addresses[i], port);
	cut->hosts[cut->host_count++] = (uint8_t)number;
}

enum err book_learn(struct book *b, const struct reading *reading, uint16_t port, unsigned *out_cut) {
	unsigned known = book_cut_for(b, reading->owner.wire);
	if (name_equal(b->cuts[known].name.wire, reading->owner.wire)) {
		*out_cut = known;
		return OK;
	}
	if (b->cut_count == BOOK_CUTS_MAX) return ERR_LIMIT;
	struct cut *cut = &b->cuts[b->cut_count];
	*cut = (struct cut){ .name = reading->owner, .left_out = reading->servers_left_out };
	name_to_lower(&cut->name);
	for (unsigned i = 0; i < reading->server_count; i++)
		add_server(b, cut, &reading->servers[i], port);
	*out_cut = b->cut_count++;
	return OK;
}
