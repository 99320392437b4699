#include "daemon/report.h"

#include "dns/rrtype.h"

/* json_object_set_new takes the value in any case and fails only when memory is short: then a field is missing. */
static void set(json_t *object, const char *key, json_t *value) {
	(void)json_object_set_new(object, key, value);
}

/* Text of others (evidence) may hold any octets: what is not UTF-8 is shown as such. */
static json_t *text_value(const char *text) {
	json_t *value = json_string(text);
	return value ? value : json_string("(not UTF-8)");
}

static json_t *integer_or_null(bool given, json_int_t number) {
	return given ? json_integer(number) : json_null();
}

static json_t *time_or_null(int64_t time_s) {
	return integer_or_null(time_s != 0, time_s);
}

static json_t *name_value(const uint8_t *name) {
	char text[NAME_TEXT_MAX];
	return text_value(name_text_short(name, text));
}

static json_t *key_value(const struct tsig_key *key) {
	return key ? name_value(key->name.wire) : json_null();
}

static json_t *tls_value(const struct tls_terms *tls) {
	if (!tls) return json_null();
	return json_string(tls->mode == TLS_MODE_STRICT ? "strict" : "opportunistic");
}

static json_t *primaries(const struct zone_policy *policy) {
	json_t *list = json_array();
	for (unsigned i = 0; policy && i < policy->primary_count; i++) {
		const struct primary *p = &policy->primaries[i];
		char text[ADDR_TEXT_MAX];
		json_t *item = json_object();
		set(item, "name", text_value(p->name));
		set(item, "address", json_string(addr_text(&p->addr, text)));
		set(item, "key", key_value(p->key));
		set(item, "tls", tls_value(p->tls));
		(void)json_array_append_new(list, item);
	}
	return list;
}

json_t *report_attempt(const struct attempt *a) {
	char text[ADDR_TEXT_MAX];
	json_t *o = json_object();
	set(o, "time", json_integer(a->time_s));
	set(o, "primary", json_string(addr_text(&a->primary, text)));
	set(o, "transport", json_string(attempt_transport_text(a->transport)));
	set(o, "asked", json_string(attempt_asked_text(a->asked)));
	set(o, "got", json_string(attempt_got_text(a->got)));
	set(o, "ok", json_boolean(a->ok));
	set(o, "before", integer_or_null(a->has_before, a->before));
	set(o, "serial", integer_or_null(a->has_serial, a->serial));
	set(o, "messages", json_integer(a->messages));
	set(o, "records", json_integer((json_int_t)a->records));
	set(o, "bytes", json_integer((json_int_t)a->bytes));
	set(o, "ms", json_integer(a->ms));
	set(o, "tsig", json_boolean(a->tsig));
	set(o, "key", a->tsig ? name_value(a->key.wire) : json_null());
	set(o, "reason", json_string(reason_slug(a->why.reason)));
	set(o, "evidence", text_value(a->why.evidence));
	return o;
}

static json_t *attempts(const struct zone_report *z) {
	json_t *list = json_array();
	for (unsigned i = 0; i < z->attempt_count; i++)
		(void)json_array_append_new(list, report_attempt(&z->attempts[i]));
	return list;
}

static json_t *next_value(const struct zone_next *next) {
	static const struct {
		const char *name, *text;
	} actions[] = {
		[NEXT_ASKS] = { "asks", "asks" },
		[NEXT_TRANSFERS] = { "transfers", "transfers from" },
		[NEXT_AWAITS_ANSWER] = { "awaits-answer", "has asked" },
		[NEXT_COPIES] = { "copies", "transfers from" },
		[NEXT_SAVES] = { "saves", "checks and saves what came from" },
		[NEXT_WAITS_FOR_RELEASE] = { "waits-for-release", "waits to be released" },
	};
	char text[ADDR_TEXT_MAX];
	json_t *o = json_object();
	set(o, "action", json_string(actions[next->action].name));
	set(o, "text", json_string(actions[next->action].text));
	set(o, "primary", next->has_primary ? json_string(addr_text(&next->primary, text)) : json_null());
	set(o, "at", time_or_null(next->at_s));
	return o;
}

/* What to change so that this sender is heard. */
static void advise_stranger(const struct stranger_seen *s, char *text, size_t cap) {
	char address[ADDR_TEXT_MAX], key[NAME_TEXT_MAX];
	struct addr peer = s->peer;
	peer.port = 0;
	addr_text(&peer, address);
	if (s->tsig_error == RCODE_BADTIME)
		snprintf(text, cap, "synchronise the clocks of both servers (NTP)");
	else if (s->tsig_error != 0)
		snprintf(text, cap,
		         "give the key %s the same name, algorithm and secret here (keys) and on the primary",
		         name_text_short(s->key.wire, key));
	else
		snprintf(text, cap,
		         "here: allow-notify: [%s]; or let the primary send from its listed address: "
		         "notify-source (BIND), query-local-address (PowerDNS), via of the remote (Knot), "
		         "outgoing-interface (NSD)",
		         address);
}

static json_t *stranger(const struct stranger_seen *s) {
	char text[500];
	json_t *o = json_object();
	struct addr peer = s->peer;
	peer.port = 0;
	set(o, "address", json_string(addr_text(&peer, text)));
	set(o, "key", s->has_key ? name_value(s->key.wire) : json_null());
	set(o, "cause",
	    json_string(s->tsig_error == 0               ? "not-allowed"
	                : s->tsig_error == RCODE_BADKEY  ? "bad-key"
	                : s->tsig_error == RCODE_BADTIME ? "bad-time"
	                                                 : "bad-signature"));
	set(o, "count", json_integer((json_int_t)s->count));
	set(o, "first_at", time_or_null(s->first_s));
	set(o, "last_at", time_or_null(s->last_s));
	advise_stranger(s, text, sizeof(text));
	set(o, "advice", json_string(text));
	return o;
}

static json_t *strangers(const struct zone_report *z) {
	json_t *list = json_array();
	for (unsigned i = 0; i < z->stranger_count; i++)
		(void)json_array_append_new(list, stranger(&z->strangers[i]));
	return list;
}

static json_t *told(const struct notify_told *t) {
	static const char *const outcomes[] = {
		[NOTIFY_WAITS] = "waits", [NOTIFY_ANSWERED] = "answered", [NOTIFY_FAILED] = "failed"
	};
	char text[ADDR_TEXT_MAX];
	json_t *o = json_object();
	set(o, "address", json_string(addr_text(&t->addr, text)));
	set(o, "serial", json_integer(t->serial));
	set(o, "outcome", json_string(outcomes[t->outcome]));
	set(o, "begun_at", time_or_null(t->begun_s));
	set(o, "ended_at", time_or_null(t->ended_s));
	set(o, "reason", json_string(reason_slug(t->reason)));
	set(o, "evidence", text_value(t->evidence ? t->evidence : ""));
	return o;
}

static json_t *all_told(const struct zone_report *z) {
	json_t *list = json_array();
	for (unsigned i = 0; z->notify && i < z->notify->told_count; i++)
		(void)json_array_append_new(list, told(&z->notify->told[i]));
	return list;
}

json_t *report_history_row(const struct history_step *step) {
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "from", (json_int_t)step->from, "serial",
	                 (json_int_t)step->to, "time", (json_int_t)step->time_s, "removed",
	                 (json_int_t)step->removed, "added", (json_int_t)step->added, "bytes",
	                 (json_int_t)step->bytes);
}

void report_history_finish(json_t *rows, bool has_serial, uint32_t serial) {
	size_t i;
	json_t *row, *first = json_array_get(rows, 0);
	bool oldest = first != NULL;
	json_int_t from = oldest ? json_integer_value(json_object_get(first, "from")) : (json_int_t)serial;
	if (oldest || has_serial) {
		json_t *base = json_pack("{s:n, s:I, s:n, s:n, s:n, s:n}", "from", "serial", from, "time",
		                         "removed", "added", "bytes");
		(void)json_array_insert_new(rows, 0, base); /* out of memory: without it */
	}
	json_array_foreach(rows, i, row) {
		json_int_t at = json_integer_value(json_object_get(row, "serial"));
		set(row, "served", json_boolean(has_serial && at == (json_int_t)serial));
	}
}

json_t *report_zone_row(const struct zone_report *z) {
	json_t *o = json_object();
	set(o, "name", name_value(z->name.wire));
	set(o, "state", json_string(z->state));
	set(o, "serial", integer_or_null(z->has_serial, z->serial));
	set(o, "primary_serial", integer_or_null(z->saved.has_primary_serial, z->saved.primary_serial));
	set(o, "reason", json_string(reason_slug(z->saved.why.reason)));
	set(o, "since", time_or_null(z->saved.since_s));
	set(o, "records", json_integer((json_int_t)z->records));
	set(o, "bytes", json_integer((json_int_t)z->bytes));
	set(o, "transferring", json_boolean(z->transferring));
	return o;
}

json_t *report_zone_brief(const struct zone_report *z, const char *health) {
	json_t *o = report_zone_row(z);
	enum reason reason = z->saved.why.reason;
	set(o, "health", json_string(health));
	set(o, "state_since", time_or_null(z->state_s));
	set(o, "checked_at", time_or_null(z->saved.checked_s));
	set(o, "refresh_at", time_or_null(z->saved.refresh_s));
	set(o, "expire_at", integer_or_null(z->has_serial && z->saved.expire_s != 0, z->saved.expire_s));
	set(o, "failures", json_integer(z->saved.failures));
	set(o, "reason_text", json_string(reason_text(reason)));
	set(o, "evidence", text_value(z->saved.why.evidence));
	return o;
}

json_t *report_zone(const struct zone_report *z) {
	json_t *o = report_zone_row(z);
	enum reason reason = z->saved.why.reason;
	set(o, "state_since", time_or_null(z->state_s));
	set(o, "held", json_boolean(z->held));
	set(o, "rolled_back", json_boolean(z->rolled_back));
	set(o, "noted", json_boolean(z->noted));
	set(o, "next", next_value(&z->next));
	set(o, "refresh_at", time_or_null(z->saved.refresh_s));
	set(o, "expire_at", integer_or_null(z->has_serial && z->saved.expire_s != 0, z->saved.expire_s));
	set(o, "checked_at", time_or_null(z->saved.checked_s));
	set(o, "failures", json_integer(z->saved.failures));
	set(o, "primaries", primaries(z->policy));
	set(o, "reason_text", json_string(reason_text(reason)));
	set(o, "advice", json_string(reason_advice(reason)));
	set(o, "evidence", text_value(z->saved.why.evidence));
	set(o, "refused_serial", integer_or_null(z->has_refused, z->refused_serial));
	set(o, "warning", json_string(reason_slug(z->warning.reason)));
	set(o, "warning_evidence", text_value(z->warning.evidence));
	set(o, "notified", all_told(z));
	set(o, "notify_refused", strangers(z));
	set(o, "attempts", attempts(z));
	return o;
}

/* -- counters ------------------------------------------------------------------------------------------------- */

static json_t *serve_stats(const struct serve_counters *c) {
	json_t *o = json_object();
#define SERVE_COUNTER(name, text) set(o, #name, json_integer((json_int_t)c->name));
#include "serve/counters.def"
#undef SERVE_COUNTER
	return o;
}

static json_t *transfer_stats(const struct transfer_counters *c) {
	json_t *o = json_object();
#define TRANSFER_COUNTER(name, text) set(o, #name, json_integer((json_int_t)c->name));
#include "transfer/counters.def"
#undef TRANSFER_COUNTER
	return o;
}

/* Reasons that occurred. */
static json_t *reason_stats(const uint64_t counts[static REASON_COUNT]) {
	json_t *o = json_object();
	for (int i = 0; i < REASON_COUNT; i++) {
		if (counts[i] > 0) set(o, reason_slug((enum reason)i), json_integer((json_int_t)counts[i]));
	}
	return o;
}

json_t *report_states(const struct transfer_counters *c) {
	json_t *o = json_object();
	for (int i = 0; i < TRUTH_COUNT; i++)
		set(o, truth_text((enum truth_state)i), json_integer((json_int_t)c->states[i]));
	return o;
}

/* One row a counter: counters of a kind have the names of their fields. */
#define COUNTED(name) set(o, #name, json_integer((json_int_t)c->name))

static json_t *udp_stats(const struct udp_counters *c) {
	json_t *o = json_object();
	COUNTED(received);
	COUNTED(too_long);
	COUNTED(bad_source);
	COUNTED(sent);
	COUNTED(send_failed);
	COUNTED(proxied);
	COUNTED(proxy_malformed);
	COUNTED(proxy_refused);
	return o;
}

static json_t *tcp_stats(const struct tcp_counters *c) {
	json_t *o = json_object();
	COUNTED(accepted);
	COUNTED(open);
	COUNTED(requests);
	COUNTED(messages);
	COUNTED(evicted);
	COUNTED(refused);
	COUNTED(timed_out);
	COUNTED(slow);
	COUNTED(out_of_memory);
	COUNTED(tls_opened);
	COUNTED(tls_resumed);
	COUNTED(tls_failed);
	COUNTED(tls_timed_out);
	COUNTED(proxied);
	COUNTED(proxy_malformed);
	COUNTED(proxy_refused);
	return o;
}

json_t *report_stats(const struct serve_counters *serve, const struct transfer_counters *transfer,
                     const struct net_worker_counters *net) {
	json_t *o = json_object();
	set(o, "serve", serve_stats(serve));
	set(o, "transfer", transfer_stats(transfer));
	set(o, "ixfr_failed_by", reason_stats(transfer->ixfr_failed_by));
	set(o, "attempts_failed_by", reason_stats(transfer->failed_by));
	set(o, "udp", udp_stats(&net->udp));
	set(o, "tcp", tcp_stats(&net->tcp));
	return o;
}

json_t *report_faults(const struct config_faults *faults) {
	json_t *list = json_array();
	for (unsigned i = 0; i < faults->count; i++) {
		json_t *o = json_object();
		set(o, "file", text_value(faults->items[i].file));
		set(o, "line", json_integer(faults->items[i].line));
		set(o, "text", text_value(faults->items[i].text));
		(void)json_array_append_new(list, o);
	}
	return list;
}
