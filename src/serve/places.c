#include "serve/places.h"

#include <assert.h>
#include <string.h>

/* Never 0: IPv4 addresses get bits that no source address of IPv6 begins with. */
static uint64_t client_of(const struct addr *peer) {
	uint64_t high = 0;
	uint32_t ipv4;
	if (peer->family == AF_INET) {
		memcpy(&ipv4, peer->ip, sizeof(ipv4));
		return UINT64_C(0xffffffff00000000) | ipv4;
	}
	memcpy(&high, peer->ip, sizeof(high));
	return high ? high : 1; /* ::1 and the like */
}

/* Of this client, in places that are taken now. */
static unsigned count_client(const struct places *p, uint64_t client) {
	unsigned count = 0;
	for (int i = 0; i < PLACES_MAX; i++)
		count += atomic_load_explicit(&p->clients[i], memory_order_relaxed) == client;
	return count;
}

static int take_free(struct places *p, uint64_t client) {
	for (int i = 0; i < PLACES_MAX; i++) {
		uint64_t none = 0;
		if (atomic_load_explicit(&p->clients[i], memory_order_relaxed) == 0 &&
		    atomic_compare_exchange_strong(&p->clients[i], &none, client))
			return i;
	}
	return PLACE_NONE;
}

void places_give_back(struct places *p, int place) {
	assert(place >= 0 && place < PLACES_MAX);
	atomic_store(&p->clients[place], 0);
	unsigned before = atomic_fetch_sub(&p->taken, 1);
	assert(before > 0);
	(void)before; /* unused without assertions */
}

/* Taken first and counted then: two at once may both be turned away, but never are there too many. */
int places_take(struct places *p, const struct addr *peer, unsigned most, unsigned per_client) {
	uint64_t client = client_of(peer);
	if (atomic_fetch_add(&p->taken, 1) >= most) {
		atomic_fetch_sub(&p->taken, 1);
		return PLACE_NONE;
	}
	int place = take_free(p, client);
	if (place == PLACE_NONE) {
		atomic_fetch_sub(&p->taken, 1);
		return PLACE_NONE;
	}
	if (per_client == 0 || count_client(p, client) <= per_client) return place;
	places_give_back(p, place);
	return PLACE_NONE;
}

unsigned places_taken(const struct places *p) {
	return atomic_load(&p->taken);
}
