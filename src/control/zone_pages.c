/* The request zone.page: zones in the order of their names.  Without a filter the database gives a page; with one by state
 * the loop chooses the names, with one by text the desk, in turns, so that nobody waits for all of it; then the database
 * gives their rows.  The loop adds how each zone is. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "control/admit.h"
#include "control/chosen.h"
#include "control/desk_parts.h"

#define LIMIT_DEFAULT 100
#define NAMES_SLICE 16384 /* looked at before others have their turn on the desk */

static unsigned limit_of(const struct request *r) {
	int64_t limit = asked_number(r, "limit", LIMIT_DEFAULT);
	return limit < 1 ? 1 : limit > INVENTORY_PAGE_MAX ? INVENTORY_PAGE_MAX : (unsigned)limit;
}

static bool is(const char *wanted, json_t *status, const char *field) {
	const char *word = json_string_value(json_object_get(status, field));
	return !wanted || (word && strcmp(wanted, word) == 0);
}

/* The loop's part; zones of a key that is bound to some are filtered here. */
static json_t *with_states(struct request *r) {
	const struct control_backend *b = r->backend;
	json_t *reply = r->reply, *list = json_object_get(json_object_get(reply, "result"), "zones");
	const char *state = asked_text(r, "state"), *health = asked_text(r, "health"),
		   *reason = asked_text(r, "reason");
	r->reply = NULL;
	for (size_t i = json_array_size(list); i-- > 0;) {
		json_t *zone = json_array_get(list, i);
		const char *text = json_string_value(json_object_get(zone, "name"));
		struct name name;
		if (!text || name_parse(text, &name) != OK) continue;
		name_to_lower(&name);
		json_t *status = b->zone_brief(b->ctx, name.wire);
		bool fits = request_may_see(r, name.wire) && is(state, status, "state") &&
		            is(health, status, "health") && is(reason, status, "reason");
		if (status) (void)json_object_set_new(zone, "status", status); /* or null stays */
		if (!fits) (void)json_array_remove(list, i);
	}
	return reply;
}

/* Takes list and next, which is NULL where there are no more. */
static json_t *page_reply(struct request *r, json_t *list, uint64_t total, json_t *next) {
	r->seen = with_states;
	return reply_result(json_pack("{s:I, s:o, s:o?}", "total", (json_int_t)total, "zones", list, "next",
	                              next),
	                    false);
}

static json_t *page_of_all(struct request *r) {
	struct inventory_page page = { .account = r->account,
		                       .after = asked_text(r, "after"),
		                       .limit = limit_of(r) };
	uint64_t total = 0;
	bool more = false;
	struct desk_zones zones = { .list = json_array() };
	enum err e = inventory_zone_page(r->backend->inventory, &page, desk_zones_add, &zones, &total, &more);
	desk_zones_done(&zones);
	json_t *last = json_array_get(zones.list, json_array_size(zones.list) - 1);
	json_t *next = more ? json_incref(json_object_get(last, "name")) : NULL;
	if (e == OK) return page_reply(r, zones.list, total, next);
	json_decref(next);
	json_decref(zones.list);
	return desk_unavailable();
}

static void look_at(void *ctx, const char *name) {
	chosen_look(ctx, name);
}

static json_t *page_of_names(struct request *r);

/* A turn of a search. */
static json_t *search(struct request *r) {
	struct chosen *c = r->chosen;
	const struct inventory_names names = { .account = r->account,
		                               .origin = asked_text(r, "origin"),
		                               .after = c->looked,
		                               .limit = NAMES_SLICE };
	char last[NAME_TEXT_MAX];
	if (inventory_zone_names(r->backend->inventory, &names, look_at, c, last) != OK)
		return desk_unavailable();
	memcpy(c->looked, last, sizeof(last));
	r->again = *last != '\0';
	if (r->again) return NULL;
	chosen_sort(c);
	return page_of_names(r);
}

/* One more name than wanted says that there are more, behind the last one looked for: all of the page may have gone. */
static json_t *page_of_names(struct request *r) {
	const struct chosen *c = r->chosen;
	struct desk_zones zones = { .list = json_array() };
	size_t limit = limit_of(r), count = c->count < limit ? c->count : limit;
	enum err e = OK;
	for (size_t i = 0; i < count && e == OK; i++) {
		e = inventory_zone_find(r->backend->inventory, r->account, c->names[i], NULL, desk_zones_add,
		                        &zones);
		if (e == ERR_NOTFOUND) e = OK; /* one that went meanwhile */
	}
	desk_zones_done(&zones);
	if (e == OK)
		return page_reply(r, zones.list, c->total,
		                  c->count > limit ? json_string(c->names[limit - 1]) : NULL);
	json_decref(zones.list);
	return desk_unavailable();
}

static struct chosen *chosen_of(const struct request *r) {
	struct chosen *c = xcalloc(1, sizeof(*c));
	c->account = r->account;
	c->state.wanted = asked_text(r, "state");
	c->health.wanted = asked_text(r, "health");
	c->reason.wanted = asked_text(r, "reason");
	c->has_text = asked_text(r, "text") != NULL;
	chosen_lower(asked_text(r, "text"), c->text);
	chosen_lower(asked_text(r, "after"), c->after);
	c->limit = limit_of(r) + 1U;
	chosen_begin(c);
	return c;
}

/* Names of a key that is bound to some. */
static void offer_bound(struct chosen *c, const struct caller *caller) {
	for (size_t at = 0; at < caller->zones_len; at += strlen(caller->zones + at) + 1)
		chosen_look(c, caller->zones + at);
}

json_t *request_zone_page(struct request *r) {
	bool bound = r->caller && r->caller->zones;
	if (!r->backend->inventory) return desk_unavailable();
	if (!r->chosen) r->chosen = chosen_of(r);
	struct chosen *c = r->chosen;
	r->stage = STAGE_WORK;
	r->work = page_of_names;
	if (bound)
		offer_bound(c, r->caller);
	else if (!c->state.wanted && !c->health.wanted && !c->reason.wanted)
		r->work = c->has_text || asked_text(r, "origin") ? search : page_of_all;
	else if (!chosen_slice(c, r->backend))
		r->stage = STAGE_YIELD;
	if (r->stage == STAGE_WORK) chosen_sort(c);
	return NULL;
}
