#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inventory/config_reader.h"

#define SECONDS_MAX 2147483647U
#define CHECK_INTERVAL_MIN 3600
#define CHECK_INTERVAL_MAX 31536000

/* -- primaries and whom to notify ------------------------------------------------------------------------- */

static enum err item_append(const struct primary *item, struct primary *items, unsigned *count) {
	for (unsigned i = 0; i < *count; i++) {
		if (addr_equal(&items[i].addr, &item->addr)) return ERR_EXISTS;
	}
	if (*count == CONFIG_PRIMARIES_MAX) return ERR_LIMIT;
	items[(*count)++] = *item;
	return OK;
}

enum err primary_append(const struct config_reader *r, const char *text, struct primary *items,
                        unsigned *count) {
	struct primary item = { 0 };
	uint32_t place = 0;
	if (addr_parse(text, 53, &item.addr) == OK) {
		snprintf(item.name, sizeof(item.name), "%s", text);
		return item_append(&item, items, count);
	}
	if (!symbols_find(&r->primaries, text, strlen(text), &place)) return ERR_NOTFOUND;
	const struct primary_definition *p = &r->primary_items[place];
	enum err e = OK;
	for (unsigned i = 0; e == OK && i < p->count; i++)
		e = item_append(&p->items[i], items, count);
	return e;
}

void primary_fault(struct config_reader *r, unsigned line, const char *option, const char *text, enum err e) {
	const char *near = e == ERR_NOTFOUND ? name_suggest(&r->primaries, text) : NULL;
	if (e == ERR_EXISTS) {
		fault_add(r, line, "%s: an address of \"%.100s\" is given twice; expected each address once",
		          option, text);
	} else if (e == ERR_LIMIT) {
		fault_add(r, line, "%s: expected at most %d addresses", option, CONFIG_PRIMARIES_MAX);
	} else if (near) {
		fault_add(r, line, "%s: there is no primary \"%.100s\"; did you mean \"%s\"?", option, text,
		          near);
	} else {
		fault_add(
			r, line,
			"%s: expected the name of a primary or an address, address[@port], found \"%.100s\"",
			option, text);
	}
}

static enum err inline_append(struct config_reader *r, int node, struct primary *items, unsigned *count) {
	struct primary_definition p;
	enum err e = OK;
	primary_inline_read(r, node, NULL, &p);
	for (unsigned i = 0; e == OK && i < p.count; i++)
		e = item_append(&p.items[i], items, count);
	free(p.items);
	return e;
}

static bool is_inline(const struct config_reader *r, int list, size_t i) {
	return tree_kind(r->tree, tree_item(r->tree, list, i)) == TREE_MAP;
}

/* false: faults tell. */
static bool primaries_value(struct config_reader *r, const struct values *v, enum option option,
                            struct primary *items, unsigned *out_count) {
	unsigned count = 0, faults = 0;
	char where[64];
	snprintf(where, sizeof(where), "%s.%s", v->section->name, option_key(option));
	for (size_t i = 0; i < value_count(r, v, option) && faults <= CONFIG_FAULTS_MAX; i++) {
		bool inlined = is_inline(r, v->nodes[option], i);
		int item = inlined ? tree_item(r->tree, v->nodes[option], i) : value_item(r, v, option, i);
		const char *text = inlined ? "the mapping" : item ? tree_text(r->tree, item) : "";
		enum err e = OK;
		if (inlined)
			e = inline_append(r, item, items, &count);
		else if (item)
			e = primary_append(r, text, items, &count);
		if (e != OK) primary_fault(r, tree_line(r->tree, item), where, text, e);
		faults += !item || e != OK;
	}
	*out_count = count;
	return faults == 0;
}

/* -- numbers ---------------------------------------------------------------------------------------------- */

static void seconds_value(struct config_reader *r, const struct values *v, enum option option,
                          uint32_t *seconds) {
	if (v->nodes[option]) *seconds = (uint32_t)value_number(r, v, option, 1, SECONDS_MAX);
}

static void bounds_check(struct config_reader *r, const struct values *v, enum option min_option,
                         uint32_t min, uint32_t max) {
	enum option max_option = min_option + 1; /* they stand side by side in the table */
	if (min <= max || (!v->nodes[min_option] && !v->nodes[max_option])) return;
	enum option named = v->nodes[max_option] ? max_option : min_option;
	fault_add(r, value_line(r, v, named), "%s.%s: expected no more than %s, found %u with %s %u",
	          v->section->name, option_key(min_option), option_key(max_option), min,
	          option_key(max_option), max);
}

static void bounds_value(struct config_reader *r, const struct values *v, struct timer_bounds *b) {
	seconds_value(r, v, OPT_REFRESH_MIN, &b->refresh_min_s);
	seconds_value(r, v, OPT_REFRESH_MAX, &b->refresh_max_s);
	seconds_value(r, v, OPT_RETRY_MIN, &b->retry_min_s);
	seconds_value(r, v, OPT_RETRY_MAX, &b->retry_max_s);
	seconds_value(r, v, OPT_EXPIRE_MIN, &b->expire_min_s);
	seconds_value(r, v, OPT_EXPIRE_MAX, &b->expire_max_s);
	bounds_check(r, v, OPT_REFRESH_MIN, b->refresh_min_s, b->refresh_max_s);
	bounds_check(r, v, OPT_RETRY_MIN, b->retry_min_s, b->retry_max_s);
	bounds_check(r, v, OPT_EXPIRE_MIN, b->expire_min_s, b->expire_max_s);
}

/* -- choice of primary ------------------------------------------------------------------------------------ */

static const char *const no_yes[] = { "no", "yes", NULL };
/* In the order of enum primary_choice. */
static const char *const choices[] = { "in-order", "pinned", "highest-serial", NULL };

static uint32_t check_interval(struct config_reader *r, const struct values *v) {
	uint64_t seconds = value_number(r, v, OPT_FULL_CHECK_INTERVAL, 0, CHECK_INTERVAL_MAX);
	if (seconds == 0 || seconds >= CHECK_INTERVAL_MIN) return (uint32_t)seconds;
	value_fault(r, v, OPT_FULL_CHECK_INTERVAL, v->nodes[OPT_FULL_CHECK_INTERVAL]);
	return 0;
}

static void choice_defaults(struct config_reader *r, const struct values *none, struct zone_policy *p) {
	p->choice = (enum primary_choice)value_word(r, none, OPT_PRIMARY_CHOICE, choices);
	p->shared_history = value_word(r, none, OPT_SHARED_HISTORY, no_yes) == 1;
	p->axfr_only = value_word(r, none, OPT_REQUEST_IXFR, no_yes) == 0;
	p->full_check_s = check_interval(r, none);
}

static void choice_value(struct config_reader *r, const struct values *v, struct zone_policy *p) {
	if (v->nodes[OPT_PRIMARY_CHOICE])
		p->choice = (enum primary_choice)value_word(r, v, OPT_PRIMARY_CHOICE, choices);
	if (v->nodes[OPT_SHARED_HISTORY])
		p->shared_history = value_word(r, v, OPT_SHARED_HISTORY, no_yes) == 1;
	if (v->nodes[OPT_REQUEST_IXFR]) p->axfr_only = value_word(r, v, OPT_REQUEST_IXFR, no_yes) == 0;
	if (v->nodes[OPT_FULL_CHECK_INTERVAL]) p->full_check_s = check_interval(r, v);
}

/* -- how fast ---------------------------------------------------------------------------------------------- */

#define PACE_RATE_MAX 1000000000U
#define PACE_WINDOW_MAX 86400

static struct pace_rules pace_defaults(struct config_reader *r, const struct values *none) {
	return (struct pace_rules){
		.max_s = (uint32_t)value_number(r, none, OPT_MAX_TRANSFER_TIME, 0, SECONDS_MAX),
		.min_octets_s = (uint32_t)value_number(r, none, OPT_MIN_TRANSFER_RATE, 0, PACE_RATE_MAX),
		.window_s = (uint32_t)value_number(r, none, OPT_TRANSFER_RATE_WINDOW, 1, PACE_WINDOW_MAX),
	};
}

static void pace_value(struct config_reader *r, const struct values *v, struct pace_rules *p) {
	if (v->nodes[OPT_MAX_TRANSFER_TIME])
		p->max_s = (uint32_t)value_number(r, v, OPT_MAX_TRANSFER_TIME, 0, SECONDS_MAX);
	if (v->nodes[OPT_MIN_TRANSFER_RATE])
		p->min_octets_s = (uint32_t)value_number(r, v, OPT_MIN_TRANSFER_RATE, 0, PACE_RATE_MAX);
	if (v->nodes[OPT_TRANSFER_RATE_WINDOW])
		p->window_s = (uint32_t)value_number(r, v, OPT_TRANSFER_RATE_WINDOW, 1, PACE_WINDOW_MAX);
}

/* -- the whole -------------------------------------------------------------------------------------------- */

struct zone_policy policy_defaults(const struct config_reader *r) {
	struct values none = { .section = &section_templates };
	struct config_reader *quiet = (struct config_reader *)(uintptr_t)r; /* defaults have no faults */
	struct zone_policy p = { .keyset = r->config->keyset };
	p.bounds = (struct timer_bounds){
		.refresh_min_s = (uint32_t)value_number(quiet, &none, OPT_REFRESH_MIN, 1, SECONDS_MAX),
		.refresh_max_s = (uint32_t)value_number(quiet, &none, OPT_REFRESH_MAX, 1, SECONDS_MAX),
		.retry_min_s = (uint32_t)value_number(quiet, &none, OPT_RETRY_MIN, 1, SECONDS_MAX),
		.retry_max_s = (uint32_t)value_number(quiet, &none, OPT_RETRY_MAX, 1, SECONDS_MAX),
		.expire_min_s = (uint32_t)value_number(quiet, &none, OPT_EXPIRE_MIN, 1, SECONDS_MAX),
		.expire_max_s = (uint32_t)value_number(quiet, &none, OPT_EXPIRE_MAX, 1, SECONDS_MAX),
	};
	p.history = (struct history_bounds){
		.versions = (uint32_t)value_number(quiet, &none, OPT_HISTORY_VERSIONS, 0,
		                                   HISTORY_VERSIONS_MAX),
		.bytes = value_number(quiet, &none, OPT_HISTORY_BYTES, 0, UINT64_MAX),
		.age_s = (uint32_t)value_number(quiet, &none, OPT_HISTORY_AGE, 0, SECONDS_MAX),
	};
	choice_defaults(quiet, &none, &p);
	p.max_zone_bytes = value_number(quiet, &none, OPT_MAX_ZONE_BYTES, 0, UINT64_MAX);
	p.max_zone_records = value_number(quiet, &none, OPT_MAX_ZONE_RECORDS, 0, UINT64_MAX);
	p.pace = pace_defaults(quiet, &none);
	checks_defaults(quiet, &p);
	return p;
}

/* NOTIFY goes by UDP and in clear, which a primary over TLS has not agreed to. */
static void notify_check(struct config_reader *r, const struct values *v, const struct zone_policy *draft) {
	for (unsigned i = 0; i < draft->notify_count; i++) {
		if (!draft->notify[i].tls) continue;
		fault_add(r, value_line(r, v, OPT_NOTIFY),
		          "%s.notify: \"%s\" is asked over TLS, NOTIFY goes by UDP; expected its address, "
		          "address[@port]",
		          v->section->name, draft->notify[i].name);
		return;
	}
}

static void history_value(struct config_reader *r, const struct values *v, struct history_bounds *h) {
	if (v->nodes[OPT_HISTORY_VERSIONS])
		h->versions = (uint32_t)value_number(r, v, OPT_HISTORY_VERSIONS, 0, HISTORY_VERSIONS_MAX);
	if (v->nodes[OPT_HISTORY_BYTES]) h->bytes = value_number(r, v, OPT_HISTORY_BYTES, 0, UINT64_MAX);
	if (v->nodes[OPT_HISTORY_AGE])
		h->age_s = (uint32_t)value_number(r, v, OPT_HISTORY_AGE, 0, SECONDS_MAX);
}

void policy_override(struct config_reader *r, const struct values *v, struct zone_policy *draft) {
	struct policy_scratch *s = r->scratch;
	if (v->nodes[OPT_PRIMARIES]) {
		if (value_count(r, v, OPT_PRIMARIES) == 0)
			value_fault(r, v, OPT_PRIMARIES, v->nodes[OPT_PRIMARIES]);
		(void)primaries_value(r, v, OPT_PRIMARIES, s->primaries,
		                      &draft->primary_count); /* faults are kept */
		draft->primaries = s->primaries;
	}
	if (v->nodes[OPT_NOTIFY]) {
		(void)primaries_value(r, v, OPT_NOTIFY, s->notify,
		                      &draft->notify_count); /* faults are kept */
		draft->notify = s->notify;
		notify_check(r, v, draft);
	}
	access_value(r, v, OPT_ALLOW_TRANSFER, s->allow_transfer, &draft->allow_transfer);
	access_value(r, v, OPT_ALLOW_NOTIFY, s->allow_notify, &draft->allow_notify);
	access_value(r, v, OPT_ALLOW_QUERY, s->allow_query, &draft->allow_query);
	draft->query_limited |= v->nodes[OPT_ALLOW_QUERY] != 0;
	bounds_value(r, v, &draft->bounds);
	history_value(r, v, &draft->history);
	choice_value(r, v, draft);
	if (v->nodes[OPT_MAX_ZONE_BYTES])
		draft->max_zone_bytes = value_number(r, v, OPT_MAX_ZONE_BYTES, 0, UINT64_MAX);
	if (v->nodes[OPT_MAX_ZONE_RECORDS])
		draft->max_zone_records = value_number(r, v, OPT_MAX_ZONE_RECORDS, 0, UINT64_MAX);
	pace_value(r, v, &draft->pace);
	checks_override(r, v, draft);
}
