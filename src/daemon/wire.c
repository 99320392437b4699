#include "daemon/wire.h"

#include <unistd.h>

#include "daemon/contact.h"
#include "daemon/report.h"
#include "daemon/telling.h"

/* -- NOTIFYs that serve accepted or refused go to transfer; on a worker's thread -------------------------------------- */

static void notified(void *ctx, struct zone_entry *entry, const struct addr *peer, bool has_serial,
                     uint32_t serial) {
	struct daemon *d = ctx;
	transfer_notified(d->transfer, entry, peer, has_serial, serial);
}

static void refused(void *ctx, const struct zone_entry *entry, const struct addr *peer, const uint8_t *key,
                    uint16_t tsig_error) {
	struct daemon *d = ctx;
	transfer_stranger(d->transfer, entry, peer, key, tsig_error);
}

struct serve_notify_sink wire_notify_sink(struct daemon *d) {
	return (struct serve_notify_sink){ .ctx = d, .notified = notified, .refused = refused };
}

/* -- what the inventory finds changed goes to transfer --------------------------------------------------------- */

/* Not at the start, where every zone is new. */
static void log_zone(struct daemon *d, enum event event, const uint8_t *name) {
	char text[NAME_TEXT_MAX];
	if (d->ready) log_event(d->log, event, LOG_STR("zone", name_text_short(name, text)));
}

static void added(void *ctx, const uint8_t *name, const struct zone_policy *policy, uint32_t account) {
	struct daemon *d = ctx;
	log_zone(d, EVENT_ZONE_ADDED, name);
	telling_zone_added(d, name, account);
	transfer_zone_added(d->transfer, name, policy);
}

static void changed(void *ctx, const uint8_t *name, const struct zone_policy *policy, uint32_t account) {
	struct daemon *d = ctx;
	(void)account; /* moved tells of another one */
	telling_zone(d, WATCH_ZONE_CHANGED, name);
	transfer_zone_changed(d->transfer, name, policy);
}

static void removed(void *ctx, const uint8_t *name) {
	struct daemon *d = ctx;
	log_zone(d, EVENT_ZONE_REMOVED, name);
	telling_zone(d, WATCH_ZONE_REMOVED, name);
	transfer_zone_removed(d->transfer, name);
}

static void moved(void *ctx, const uint8_t *name, uint32_t former, uint32_t account) {
	telling_moved(ctx, name, former, account);
}

static void not_taken(void *ctx, const uint8_t *name, enum wanted_source source) {
	struct daemon *d = ctx;
	char text[NAME_TEXT_MAX];
	log_event(d->log, EVENT_ZONE_CONFLICT, LOG_STR("zone", name_text_short(name, text)),
	          LOG_STR("not-taken", source == WANTED_FILE ? "configuration" : "inventory"));
}

struct wanted_watcher wire_wanted_watcher(struct daemon *d) {
	return (struct wanted_watcher){ .ctx = d,
		                        .added = added,
		                        .changed = changed,
		                        .removed = removed,
		                        .moved = moved,
		                        .refused = not_taken };
}

/* -- requests of the control socket ------------------------------------------------------------------------- */

static json_t *addresses(const struct addr *list, unsigned count) {
	json_t *texts = json_array();
	for (unsigned i = 0; i < count; i++) {
		char text[ADDR_TEXT_MAX];
		(void)json_array_append_new(texts,
		                            json_string(
						    addr_text(&list[i], text))); /* out of memory: one less */
	}
	return texts;
}

/* NULL: there is none. */
static json_t *tls_status(const struct daemon *d) {
	const struct config_listen *listen = &d->config->server.tls.listen;
	if (!d->tls) return NULL;
	json_t *fault = d->tls_fault[0] ? json_string(d->tls_fault)
	                                : NULL; /* paths may be no UTF-8: then without */
	return json_pack("{s:o, s:I, s:o?}", "listen", addresses(listen->items, listen->count), "expire_at",
	                 (json_int_t)tls_credentials_expire_s(d->tls), "fault", fault);
}

static json_t *status(void *ctx) {
	const struct daemon *d = ctx;
	struct transfer_counters c;
	transfer_count(d->transfer, &c);
	int64_t now_s = clock_now().wall_s;
	const struct config_server *server = &d->config->server;
	json_t *listen = addresses(server->listen, server->listen_count);
	return json_pack(
		"{s:s, s:i, s:I, s:I, s:o?, s:i, s:o, s:o?, s:o?, s:o, s:{s:I, s:I, s:I, s:I, s:I, s:o}}",
		"version", UNDERSTUDY_VERSION, "pid", (int)getpid(), "started_at", (json_int_t)d->started_s,
		"uptime", (json_int_t)(now_s - d->started_s), "reloaded_at",
		d->reloaded_s ? json_integer(d->reloaded_s) : NULL, "workers", (int)server->workers, "listen",
		listen, "tls", tls_status(d), "web", web_child_status(d->web), "inventory",
		stock_status(d->stock), "zones", "configured", (json_int_t)wanted_count(d->wanted), "served",
		(json_int_t)c.zones_served, "pending", (json_int_t)c.zones_pending, "expired",
		(json_int_t)c.zones_expired, "unread", (json_int_t)c.zones_unread, "states",
		report_states(&c));
}

static json_t *stats(void *ctx) {
	const struct daemon *d = ctx;
	struct serve_counters serve;
	struct transfer_counters transfer;
	struct net_worker_counters net = workers_count(d->workers);
	serve_count(d->serve, &serve);
	transfer_count(d->transfer, &transfer);
	return report_stats(&serve, &transfer, &net);
}

static json_t *zone_list(void *ctx, size_t *cursor, size_t max) {
	const struct daemon *d = ctx;
	json_t *zones = json_array();
	for (size_t i = 0; i < max; i++) {
		struct zone_report report;
		const struct zone_entry *entry = table_next(d->table, cursor);
		if (!entry) {
			*cursor = 0;
			break;
		}
		if (transfer_report(d->transfer, entry->name, &report) == OK)
			(void)json_array_append_new(zones,
			                            report_zone_row(&report)); /* out of memory: a row less */
	}
	return zones;
}

static json_t *zone_status(void *ctx, const uint8_t *name, const char **out_error) {
	const struct daemon *d = ctx;
	struct zone_report report;
	if (transfer_report(d->transfer, name, &report) == OK) return report_zone(&report);
	*out_error = "no such zone";
	return NULL;
}

static enum err zone_contact(void *ctx, const uint8_t *name, struct zone_contact *out_contact) {
	const struct daemon *d = ctx;
	struct zone_report report;
	enum err e = transfer_report(d->transfer, name, &report);
	if (e != OK) return e;
	out_contact->address_count = contact_addresses(&d->config->server, out_contact->addresses,
	                                               ZONE_CONTACT_ADDRESSES_MAX);
	contact_key(report.policy, out_contact);
	return OK;
}

static enum err zone_refresh(void *ctx, const uint8_t *name) {
	const struct daemon *d = ctx;
	return transfer_refresh(d->transfer, name);
}

static enum err zone_retransfer(void *ctx, const uint8_t *name) {
	const struct daemon *d = ctx;
	return transfer_retransfer(d->transfer, name);
}

static enum err zone_accept(void *ctx, const uint8_t *name) {
	const struct daemon *d = ctx;
	return transfer_accept(d->transfer, name);
}

static enum err zone_hold(void *ctx, const uint8_t *name, struct told told) {
	const struct daemon *d = ctx;
	return transfer_hold(d->transfer, name, told);
}

static enum err zone_release(void *ctx, const uint8_t *name, struct told told) {
	const struct daemon *d = ctx;
	return transfer_release(d->transfer, name, told);
}

static void history_row(void *ctx, const struct history_step *step) {
	(void)json_array_append_new(ctx, report_history_row(step)); /* out of memory: a row less */
}

static json_t *zone_history(void *ctx, const uint8_t *name) {
	const struct daemon *d = ctx;
	json_t *rows = json_array();
	enum err e = transfer_history(d->transfer, name, history_row, rows);
	if (e == ERR_NOTFOUND) {
		json_decref(rows);
		return NULL;
	}
	/* Of a damaged history what can be read. */
	struct zone_version *v = transfer_version(d->transfer, name);
	report_history_finish(rows, v != NULL, v ? version_serial(v) : 0);
	version_unref(v);
	return rows;
}

static enum err zone_diff(void *ctx, const uint8_t *name, uint32_t from, uint32_t to,
                          struct change **out_change, struct why *why) {
	const struct daemon *d = ctx;
	return transfer_diff(d->transfer, name, from, to, out_change, why);
}

static enum err zone_rollback(void *ctx, const uint8_t *name, uint32_t serial, struct why *why,
                              struct told told) {
	const struct daemon *d = ctx;
	return transfer_rollback(d->transfer, name, serial, why, told);
}

static struct zone_version *zone_version(void *ctx, const uint8_t *name) {
	const struct daemon *d = ctx;
	return transfer_version(d->transfer, name);
}

static enum err reload(void *ctx, json_t **out_faults) {
	struct config_faults faults = { 0 };
	enum err e = daemon_reload(ctx, &faults);
	if (e != OK) *out_faults = report_faults(&faults);
	config_faults_done(&faults);
	return e;
}

static json_t *health_summary_of(void *ctx, int64_t account) {
	const struct daemon *d = ctx;
	return health_summary(d->health, account);
}

static json_t *web_config(void *ctx) {
	const struct config_web *w = &((const struct daemon *)ctx)->config->web;
	json_t *tls = w->certificate ? json_pack("{s:s, s:s}", "certificate", w->certificate, "key", w->key)
	                             : NULL;
	return json_pack("{s:o, s:o?, s:I, s:I, s:s}", "listen", addresses(w->listen.items, w->listen.count),
	                 "tls", tls, "requests_per_minute", (json_int_t)w->requests_per_minute, "body_max",
	                 (json_int_t)w->body_max, "metrics", w->metrics_open ? "open" : "key");
}

static json_t *ready(void *ctx) {
	const struct daemon *d = ctx;
	return json_pack("{s:b, s:I}", "ready", d->ready, "zones", (json_int_t)wanted_count(d->wanted));
}

struct control_backend wire_control_backend(struct daemon *d) {
	struct control_backend b = {
		.ctx = d,
		.status = status,
		.stats = stats,
		.zone_list = zone_list,
		.zone_status = zone_status,
		.zone_contact = zone_contact,
		.zone_refresh = zone_refresh,
		.zone_retransfer = zone_retransfer,
		.zone_accept = zone_accept,
		.zone_hold = zone_hold,
		.zone_release = zone_release,
		.zone_history = zone_history,
		.zone_diff = zone_diff,
		.zone_rollback = zone_rollback,
		.zone_version = zone_version,
		.reload = reload,
		.web_config = web_config,
		.ready = ready,
		.health_summary = health_summary_of,
		.events = d->events,
	};
	wire_inventory(d, &b);
	return b;
}
