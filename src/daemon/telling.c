#include "daemon/telling.h"

#include "daemon/report.h"

/* json_object_set_new takes the value in any case and fails only when memory is short: then a field is missing. */
static void set(json_t *object, const char *key, json_t *value) {
	(void)json_object_set_new(object, key, value);
}

static int64_t account_of(const struct daemon *d, const uint8_t *zone) {
	struct wanted_zone wanted;
	return wanted_find(d->wanted, zone, &wanted) ? wanted.account : 0;
}

/* Nobody does before the start is over. */
static bool somebody_watches(const struct daemon *d) {
	return d->ready && events_wanted(d->events, clock_now().wall_s);
}

static void tell(const struct daemon *d, enum watch_kind kind, const uint8_t *zone, json_t *fields) {
	events_tell(d->events, kind, account_of(d, zone), zone, fields, clock_now().wall_s);
}

/* -- what transfer does ------------------------------------------------------------------------------------------- */

static void attempt(void *ctx, const uint8_t *zone, const struct attempt *a) {
	const struct daemon *d = ctx;
	if (somebody_watches(d)) tell(d, WATCH_ZONE_ATTEMPT, zone, report_attempt(a));
}

static void state(void *ctx, const uint8_t *zone, struct zone_truth former, struct zone_truth now) {
	struct daemon *d = ctx;
	enum health health = health_of(now.state, now.reason);
	uint32_t account = 0;
	(void)wanted_note(d->wanted, zone, health_note(now.state, now.reason), &account); /* or it is gone */
	health_move(d->health, account, health_of(former.state, former.reason), health);
	if (!somebody_watches(d)) return;
	json_t *o = json_object();
	set(o, "former", json_string(truth_text(former.state)));
	set(o, "state", json_string(truth_text(now.state)));
	set(o, "health", json_string(health_text(health)));
	set(o, "reason", json_string(reason_slug(now.reason)));
	set(o, "serial", now.has_serial ? json_integer(now.serial) : json_null());
	tell(d, WATCH_ZONE_STATE, zone, o);
}

static void progress(void *ctx, const uint8_t *zone, const struct transfer_progress *p) {
	const struct daemon *d = ctx;
	char text[ADDR_TEXT_MAX];
	if (!somebody_watches(d)) return;
	json_t *o = json_object();
	set(o, "primary", json_string(addr_text(&p->primary, text)));
	if (p->messages > 0) {
		set(o, "messages", json_integer(p->messages));
		set(o, "records", json_integer((json_int_t)p->records));
		set(o, "bytes", json_integer((json_int_t)p->bytes));
	}
	tell(d, p->messages > 0 ? WATCH_TRANSFER_PROGRESS : WATCH_TRANSFER_BEGIN, zone, o);
}

struct transfer_watcher telling_watcher(struct daemon *d) {
	return (struct transfer_watcher){
		.ctx = d, .attempt = attempt, .state = state, .progress = progress
	};
}

/* -- zones that come and go --------------------------------------------------------------------------------------- */

void telling_zone_added(struct daemon *d, const uint8_t *zone, int64_t account) {
	health_come(d->health, account, health_of(TRUTH_PENDING, REASON_NONE));
	if (somebody_watches(d)) tell(d, WATCH_ZONE_ADDED, zone, json_object());
}

void telling_zone(struct daemon *d, enum watch_kind kind, const uint8_t *zone) {
	struct zone_truth truth;
	if (kind == WATCH_ZONE_REMOVED && transfer_truth(d->transfer, zone, &truth))
		health_go(d->health, account_of(d, zone), health_of(truth.state, truth.reason));
	if (somebody_watches(d)) tell(d, kind, zone, json_object());
}

void telling_moved(struct daemon *d, const uint8_t *zone, int64_t former, int64_t account) {
	struct zone_truth truth;
	if (!transfer_truth(d->transfer, zone, &truth)) return;
	enum health health = health_of(truth.state, truth.reason);
	health_go(d->health, former, health);
	health_come(d->health, account, health);
}
