/* What the control socket asks of zones as the inventory has them, and what the inventory tells of its zones. */
#include "daemon/config_print.h"
#include "daemon/contact.h"
#include "daemon/report.h"
#include "daemon/wire.h"

/* -- the inventory's zones ---------------------------------------------------------------------------------------------- */

static void zones(void *ctx, const struct intent_list *list) {
	struct daemon *d = ctx;
	struct wanted_summary summary;
	size_t have = table_count(d->table);
	if (list->count > have) table_reserve(d->table, list->count - have);
	enum err e = wanted_replace(d->wanted, WANTED_DATABASE, list, &summary);
	if (e != OK) log_event(d->log, EVENT_INVENTORY_FAILED, LOG_STR("state", err_text(e)));
	if (e == OK) d->stock_refused = summary.refused > 0;
}

static void notice(void *ctx, const struct account_notice *n) {
	struct daemon *d = ctx;
	log_event(d->log, EVENT_ACCOUNT_PLAN, LOG_STR("account", n->id), LOG_STR("before", n->before),
	          LOG_STR("after", n->after), LOG_NUM("ends", n->ends_s));
	events_tell(d->events, WATCH_ACCOUNT_CHANGED, n->account, NULL,
	            json_pack("{s:s, s:s}", "name", n->id, "what", n->after), clock_now().wall_s);
}

/* Only now is it known what nobody wants any more. */
static void complete(void *ctx) {
	struct daemon *d = ctx;
	d->stock_complete = true;
	if (d->claiming) transfer_claimed(d->transfer);
}

static void changed(void *ctx, struct wanted_changes *changes) {
	struct daemon *d = ctx;
	struct wanted_summary summary;
	if (changes->put.count == 0 && changes->removed.count == 0) return;
	wanted_change(d->wanted, WANTED_DATABASE, changes, &summary);
	if (summary.refused > 0) d->stock_refused = true;
	stock_changed(d->stock);
}

static void rests(void *ctx) {
	const struct daemon *d = ctx;
	transfer_rest(d->transfer);
}

struct stock_watcher wire_stock_watcher(struct daemon *d) {
	return (struct stock_watcher){ .ctx = d,
		                       .zones = zones,
		                       .changes = changed,
		                       .notice = notice,
		                       .complete = complete,
		                       .rests = rests };
}

/* -- proofs, in public mode ------------------------------------------------------------------------------------------------ */

struct ownership_settings wire_ownership(struct daemon *d) {
	return (struct ownership_settings){ .config = &d->config->server,
		                            .desk = d->desk,
		                            .inventory = stock_inventory(d->stock),
		                            .table = d->table,
		                            .rules = stock_names(d->stock),
		                            .log = d->log,
		                            .changed = changed,
		                            .ctx = d };
}

static bool prove(void *ctx, const char *zone) {
	const struct daemon *d = ctx;
	return prover_wake(ownership_prover(d->ownership), zone);
}

static void contest(void *ctx, const char *zone, int64_t account) {
	const struct daemon *d = ctx;
	(void)prover_contest(ownership_prover(d->ownership), zone, account); /* else it was just tried */
}

static const char *proof_text(void *ctx, const char *zone) {
	const struct daemon *d = ctx;
	const struct prover_note *note = prover_find_note(ownership_prover(d->ownership), zone);
	return note && note->verdict.kind == PROOF_MISSING ? note->verdict.text : NULL;
}

/* -- zones as they are ---------------------------------------------------------------------------------------------------- */

static int64_t zone_account(void *ctx, const uint8_t *name) {
	const struct daemon *d = ctx;
	struct wanted_zone zone;
	return wanted_find(d->wanted, name, &zone) ? zone.account : 0;
}

static bool zone_within(void *ctx, const uint8_t *name, const struct caller *caller) {
	const struct daemon *d = ctx;
	struct wanted_zone zone;
	if (!wanted_find(d->wanted, name, &zone) || zone.policy->primary_count == 0) return false;
	for (unsigned i = 0; i < zone.policy->primary_count; i++)
		if (!caller_reaches_primary(caller, &zone.policy->primaries[i].addr)) return false;
	return true;
}

static bool zone_next(void *ctx, size_t *cursor, struct control_zone *out_zone) {
	const struct daemon *d = ctx;
	struct wanted_zone zone;
	const uint8_t *name;
	if (!wanted_next(d->wanted, cursor, &name, &zone)) return false;
	enum truth_state state = (enum truth_state)(zone.note >> 8);
	enum reason reason = (enum reason)(zone.note & 0xff);
	*out_zone = (struct control_zone){ .name = name,
		                           .account = zone.account,
		                           .state = truth_text(state),
		                           .health = health_text(health_of(state, reason)),
		                           .reason = reason_slug(reason) };
	return true;
}

static json_t *zone_brief(void *ctx, const uint8_t *name) {
	const struct daemon *d = ctx;
	struct zone_report report;
	struct zone_truth truth;
	/* the report first: it has what is saved of the zone read */
	if (transfer_report(d->transfer, name, &report) != OK || !transfer_truth(d->transfer, name, &truth))
		return NULL;
	return report_zone_brief(&report, health_text(health_of(truth.state, truth.reason)));
}

/* -- the server, for users ------------------------------------------------------------------------------------------------ */

/* Of the configuration of the start, which does not change: also for the desk. */
static json_t *server_info(void *ctx) {
	const struct config_server *s = &((const struct daemon *)ctx)->config->server;
	struct addr addresses[ZONE_CONTACT_ADDRESSES_MAX];
	size_t count = contact_addresses(s, addresses, ZONE_CONTACT_ADDRESSES_MAX);
	json_t *texts = json_array(), *names = json_array();
	for (size_t i = 0; i < count; i++) {
		char text[ADDR_TEXT_MAX];
		struct addr a = addresses[i];
		if (a.port == 53) a.port = 0;
		(void)json_array_append_new(texts,
		                            json_string(addr_text(&a, text))); /* out of memory: one less */
	}
	for (unsigned i = 0; i < s->name_servers.count; i++) {
		char text[NAME_TEXT_MAX];
		(void)json_array_append_new(names, json_string(name_text_short(s->name_servers.items[i].wire,
		                                                               text)));
	}
	return json_pack("{s:o, s:o, s:s, s:s}", "addresses", texts, "name_servers", names, "version",
	                 UNDERSTUDY_VERSION, "mode", s->mode == MODE_PUBLIC ? "public" : "private");
}

static json_t *print(void *ctx) {
	return config_print(((const struct daemon *)ctx)->config);
}

void wire_inventory(struct daemon *d, struct control_backend *b) {
	b->zone_account = zone_account;
	b->zone_within = zone_within;
	b->zone_next = zone_next;
	b->zone_brief = zone_brief;
	b->changed = changed;
	b->server_info = server_info;
	b->config_print = print;
	if (d->ownership) {
		b->zone_prove = prove;
		b->zone_contest = contest;
		b->zone_proof_text = proof_text;
	}
	b->gate = stock_gate(d->stock);
	b->inventory = stock_inventory(d->stock);
	b->keys = d->config->keyset ? &d->config->keyset->ring : NULL;
}
