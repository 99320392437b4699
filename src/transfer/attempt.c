/* An attempt is over: into the zone's history, the counters and the log, in one place for all kinds. */
#include "transfer/attempt.h"

#include "dns/rrtype.h"
#include "dns/tsig.h"
#include "transfer/followed.h"

const char *attempt_got_text(enum attempt_got got) {
	switch (got) {
	case ATTEMPT_SOA: return "soa";
	case ATTEMPT_CURRENT: return "current";
	case ATTEMPT_IXFR: return "ixfr";
	case ATTEMPT_AXFR: return "axfr";
	case ATTEMPT_AXFR_FOR_IXFR: return "axfr-for-ixfr";
	case ATTEMPT_NOTHING: break;
	}
	return "nothing";
}

const char *attempt_asked_text(uint16_t type) {
	return type == RR_SOA ? "SOA" : type == RR_IXFR ? "IXFR" : "AXFR";
}

const char *attempt_transport_text(uint8_t transport) {
	return transport == TRANSPORT_UDP ? "udp" : transport == TRANSPORT_TCP ? "tcp" : "tls";
}

void attempt_set_key(struct attempt *a, const struct tsig_key *key) {
	a->tsig = key != NULL;
	if (key) a->key = key->name;
}

/* -- counters -- */

static void count_soa(struct transfer_counters *c, const struct attempt *a) {
	++*(a->ok ? &c->soa_answered : &c->soa_failed);
}

static void count_ixfr(struct transfer_counters *c, const struct attempt *a) {
	if (!a->ok) {
		c->ixfr_failed++;
		c->ixfr_failed_by[a->why.reason]++;
	} else if (a->got == ATTEMPT_IXFR) {
		c->ixfr_ok++;
	} else if (a->got == ATTEMPT_AXFR_FOR_IXFR) {
		c->ixfr_as_axfr++;
	} else {
		c->ixfr_current++;
	}
}

static void count_transfer(struct transfer_counters *c, const struct attempt *a) {
	if (a->asked == RR_IXFR)
		count_ixfr(c, a);
	else
		++*(a->ok ? &c->axfr_ok : &c->axfr_failed);
	if (!a->ok) {
		c->transfers_failed++;
	} else if (a->got != ATTEMPT_CURRENT && a->got != ATTEMPT_SOA) {
		c->transfers++;
		c->transferred_bytes += a->bytes;
		c->transferred_records += a->records;
	}
}

static void count_attempt(struct transfer_counters *c, const struct attempt *a) {
	if (a->asked == RR_SOA)
		count_soa(c, a);
	else
		count_transfer(c, a);
	if (!a->ok) c->failed_by[a->why.reason]++;
}

/* -- the log -- */

static void log_attempt(const struct followed *z, const struct attempt *a) {
	char name[NAME_TEXT_MAX], primary[ADDR_TEXT_MAX], key[NAME_TEXT_MAX];
	if (!log_takes(z->transfer->log, EVENT_ZONE_ATTEMPT)) return;
	log_event(z->transfer->log, EVENT_ZONE_ATTEMPT, LOG_STR("zone", name_text_short(z->name, name)),
	          LOG_STR("primary", addr_text(&a->primary, primary)),
	          LOG_STR("transport", attempt_transport_text(a->transport)),
	          LOG_STR("asked", attempt_asked_text(a->asked)), LOG_STR("got", attempt_got_text(a->got)),
	          LOG_STR("result", a->ok ? "ok" : "failed"),
	          LOG_NUM("before", a->has_before ? a->before : 0),
	          LOG_NUM("serial", a->has_serial ? a->serial : 0), LOG_NUM("messages", a->messages),
	          LOG_NUM("records", a->records), LOG_NUM("bytes", a->bytes), LOG_NUM("ms", a->ms),
	          LOG_STR("key", a->tsig ? name_text_short(a->key.wire, key) : "none"),
	          LOG_STR("reason", reason_slug(a->why.reason)), LOG_STR("evidence", a->why.evidence));
}

void record_attempt(struct followed *z, const struct attempt *a) {
	z->history = history_add(&z->transfer->attempts, z->history, a);
	count_attempt(&z->transfer->counters, a);
	log_attempt(z, a);
	const struct transfer_watcher *watcher = &z->transfer->watcher;
	if (watcher->attempt) watcher->attempt(watcher->ctx, z->name, a);
}
