/* A look ahead at requests that are about to be answered.  Only plain questions are worth it; whatever else comes is
 * looked at when it is answered. */
#include "serve/worker.h"
#include "zone/lookup.h"

/* A query with one question, whose name is whole.  NULL: not that. */
static const uint8_t *plain_name(const struct serve_request *r) {
	const uint8_t *data = r->data;
	if (r->len <= MESSAGE_HEADER_LEN || (data[2] & 0xf8) != 0 || load_u16(data + 4) != 1) return NULL;
	const uint8_t *name = data + MESSAGE_HEADER_LEN;
	return name_check(name, r->len - MESSAGE_HEADER_LEN) ? name : NULL;
}

static void prepare(const struct serve *serve, struct sought *s, const uint8_t *name) {
	sought_init(s, name);
	const struct zone_entry *entry = table_expect(serve->table, s);
	const struct zone_version *v = entry ? atomic_load_explicit(&entry->served, memory_order_acquire)
	                                     : NULL;
	if (v == &table_unread) v = NULL; /* who asks reads it */
	if (v) zone_expect_hashes(v, s);
}

void serve_expect(struct serve_worker *w, struct serve_request *requests, unsigned count) {
	const struct settings *settings = atomic_load_explicit(&w->serve->settings, memory_order_acquire);
	for (unsigned i = 0; i < count; i++) {
		struct serve_request *r = &requests[i];
		const uint8_t *name = plain_name(r);
		r->sought = NULL;
		if (!name) continue;
		prepare(w->serve, &w->expected[i], name);
		r->sought = &w->expected[i];
		if (r->transport == SERVE_UDP) rate_limit_expect(settings->limit, r->peer);
	}
	for (unsigned i = 0; i < count; i++)
		if (requests[i].sought) zone_expect_slots(&w->expected[i]);
	for (unsigned i = 0; i < count; i++)
		if (requests[i].sought) zone_expect_nodes(&w->expected[i]);
	for (unsigned i = 0; i < count; i++)
		if (requests[i].sought) zone_expect_sets(requests[i].sought);
}
