#include "cli/show.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"

#define NUMBER_MAX 32

/* -- single values -------------------------------------------------------------------------------------------- */

static const char *text_of(const json_t *o, const char *key) {
	const char *text = json_string_value(json_object_get(o, key));
	return text && *text ? text : "-";
}

static int64_t number_of(const json_t *o, const char *key) {
	return json_integer_value(json_object_get(o, key));
}

/* "-" for null. */
static const char *number_text(const json_t *o, const char *key, char buf[static NUMBER_MAX]) {
	const json_t *value = json_object_get(o, key);
	snprintf(buf, NUMBER_MAX, "-");
	if (json_is_integer(value)) snprintf(buf, NUMBER_MAX, "%" PRId64, (int64_t)json_integer_value(value));
	return buf;
}

const char *show_period(int64_t seconds, char buf[static SHOW_TIME_MAX]) {
	int64_t s = seconds < 0 ? -seconds : seconds;
	if (s < 60)
		snprintf(buf, SHOW_TIME_MAX, "%" PRId64 " s", s);
	else if (s < 3600)
		snprintf(buf, SHOW_TIME_MAX, "%" PRId64 " min %" PRId64 " s", s / 60, s % 60);
	else if (s < 86400)
		snprintf(buf, SHOW_TIME_MAX, "%" PRId64 " h %" PRId64 " min", s / 3600, s / 60 % 60);
	else
		snprintf(buf, SHOW_TIME_MAX, "%" PRId64 " d %" PRId64 " h", s / 86400, s / 3600 % 24);
	return buf;
}

const char *show_time(int64_t at_s, int64_t now_s, char buf[static SHOW_TIME_MAX]) {
	struct tm tm;
	time_t at = (time_t)at_s;
	char period[SHOW_TIME_MAX], stamp[32];
	if (at_s == 0 || !gmtime_r(&at, &tm) ||
	    strftime(stamp, sizeof(stamp), "%Y-%m-%d %H:%M:%S UTC", &tm) == 0) {
		snprintf(buf, SHOW_TIME_MAX, "-");
		return buf;
	}
	show_period(at_s - now_s, period);
	if (at_s > now_s)
		snprintf(buf, SHOW_TIME_MAX, "%.31s (in %.40s)", stamp, period);
	else
		snprintf(buf, SHOW_TIME_MAX, "%.31s (%.40s ago)", stamp, period);
	return buf;
}

static void line_text(FILE *out, const char *label, const char *text) {
	fprintf(out, "%-14s %s\n", label, text);
}

static void line_number(FILE *out, const char *label, const json_t *o, const char *key) {
	char buf[NUMBER_MAX];
	line_text(out, label, number_text(o, key, buf));
}

static void line_time(FILE *out, const char *label, const json_t *o, const char *key, int64_t now_s) {
	char buf[SHOW_TIME_MAX];
	line_text(out, label, show_time(number_of(o, key), now_s, buf));
}

/* -- the server ----------------------------------------------------------------------------------------------- */

static void states_line(FILE *out, const json_t *states) {
	const char *state, *comma = "";
	json_t *count;
	fprintf(out, "%-14s ", "by state");
	json_object_foreach((json_t *)(uintptr_t)states, state, count) {
		if (json_integer_value(count) == 0) continue;
		fprintf(out, "%s%" PRId64 " %s", comma, (int64_t)json_integer_value(count), state);
		comma = ", ";
	}
	fputs(*comma ? "\n" : "-\n", out);
}

void show_status(FILE *out, const json_t *status) {
	const json_t *zones = json_object_get(status, "zones"), *listen = json_object_get(status, "listen");
	char period[SHOW_TIME_MAX];
	line_text(out, "version", text_of(status, "version"));
	line_number(out, "process", status, "pid");
	line_text(out, "running for", show_period(number_of(status, "uptime"), period));
	line_number(out, "workers", status, "workers");
	for (size_t i = 0; i < json_array_size(listen); i++)
		line_text(out, i == 0 ? "listens on" : "", json_string_value(json_array_get(listen, i)));
	fprintf(out,
	        "%-14s %" PRId64 " configured, %" PRId64 " served, %" PRId64 " pending, %" PRId64
	        " expired\n",
	        "zones", number_of(zones, "configured"), number_of(zones, "served"),
	        number_of(zones, "pending"), number_of(zones, "expired"));
	states_line(out, json_object_get(zones, "states"));
}

void show_stats(FILE *out, const json_t *stats) {
	const char *group, *name;
	json_t *counters, *value;
	json_object_foreach((json_t *)(uintptr_t)stats, group, counters) {
		json_object_foreach(counters, name, value) {
			fprintf(out, "%s.%-22s %" PRId64 "\n", group, name,
			        (int64_t)json_integer_value(value));
		}
	}
}

/* -- tables ----------------------------------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b) {
	const json_t *const *x = a, *const *y = b;
	return strcmp(text_of(*x, "name"), text_of(*y, "name"));
}

static int widest_name(const json_t *zones) {
	size_t widest = strlen("ZONE");
	for (size_t i = 0; i < json_array_size(zones); i++) {
		size_t len = strlen(text_of(json_array_get(zones, i), "name"));
		if (len > widest) widest = len;
	}
	return widest > 60 ? 60 : (int)widest;
}

static void zone_row(FILE *out, int width, const json_t *zone) {
	char serial[NUMBER_MAX], primary[NUMBER_MAX];
	const char *reason = text_of(zone, "reason");
	fprintf(out, "%-*s  %-8s %10s  %10s  %s\n", width, text_of(zone, "name"), text_of(zone, "state"),
	        number_text(zone, "serial", serial), number_text(zone, "primary_serial", primary),
	        strcmp(reason, "none") == 0 ? "" : reason);
}

void show_zones(FILE *out, const json_t *zones) {
	size_t count = json_array_size(zones);
	int width = widest_name(zones);
	const json_t **sorted = xcalloc(count + 1, sizeof(*sorted));
	for (size_t i = 0; i < count; i++)
		sorted[i] = json_array_get(zones, i);
	qsort(sorted, count, sizeof(*sorted), by_name);
	fprintf(out, "%-*s  %-8s %10s  %10s  %s\n", width, "ZONE", "STATE", "SERIAL", "PRIMARY'S", "REASON");
	for (size_t i = 0; i < count; i++)
		zone_row(out, width, sorted[i]);
	free(sorted);
}

/* -- one zone --------------------------------------------------------------------------------------------------- */

static void primaries_lines(FILE *out, const json_t *primaries) {
	for (size_t i = 0; i < json_array_size(primaries); i++) {
		const json_t *p = json_array_get(primaries, i);
		const char *key = json_string_value(json_object_get(p, "key"));
		fprintf(out, "%-14s %s (%s%s%s)\n", i == 0 ? "primaries" : "", text_of(p, "address"),
		        text_of(p, "name"), key ? ", key " : "", key ? key : "");
	}
}

static void reason_lines(FILE *out, const json_t *zone, int64_t now_s) {
	const char *reason = text_of(zone, "reason");
	if (strcmp(reason, "none") == 0) return;
	fprintf(out, "%-14s %s: %s\n", "reason", reason, text_of(zone, "reason_text"));
	line_time(out, "  since", zone, "since", now_s);
	line_text(out, "  evidence", text_of(zone, "evidence"));
	line_text(out, "  advice", text_of(zone, "advice"));
}

/* "IXFR over tcp, key k1". */
static void attempt_asked(FILE *out, const json_t *a) {
	const char *key = json_string_value(json_object_get(a, "key"));
	bool is_signed = json_is_true(json_object_get(a, "tsig"));
	fprintf(out, "%s over %s%s%s", text_of(a, "asked"), text_of(a, "transport"),
	        key         ? ", key "
	        : is_signed ? ", signed"
	                    : "",
	        key ? key : "");
}

static void guard_lines(FILE *out, const json_t *zone) {
	const char *warning = text_of(zone, "warning");
	if (json_is_integer(json_object_get(zone, "refused_serial")))
		line_number(out, "refused", zone, "refused_serial");
	if (strcmp(warning, "none") == 0 || strcmp(warning, "-") == 0) return;
	line_text(out, "warning", warning);
	line_text(out, "  evidence", text_of(zone, "warning_evidence"));
}

static void told_lines(FILE *out, const json_t *told, int64_t now_s) {
	char when[SHOW_TIME_MAX];
	const char *outcome = text_of(told, "outcome");
	bool waits = strcmp(outcome, "waits") == 0;
	fprintf(out, "%-14s %s of serial %" PRId64 ": %s", "NOTIFY sent to", text_of(told, "address"),
	        number_of(told, "serial"), outcome);
	fprintf(out, ", %s\n", show_time(number_of(told, waits ? "begun_at" : "ended_at"), now_s, when));
	if (strcmp(outcome, "failed") == 0) line_text(out, "  evidence", text_of(told, "evidence"));
}

static void stranger_lines(FILE *out, const json_t *s, int64_t now_s) {
	char when[SHOW_TIME_MAX];
	const char *key = json_string_value(json_object_get(s, "key"));
	fprintf(out, "%-14s from %s%s%s: %s, %" PRId64 " times, last %s\n", "NOTIFY refused",
	        text_of(s, "address"), key ? ", key " : "", key ? key : "", text_of(s, "cause"),
	        number_of(s, "count"), show_time(number_of(s, "last_at"), now_s, when));
	line_text(out, "  advice", text_of(s, "advice"));
}

/* "asks 192.0.2.1@53 in 4 min 3 s". */
static void next_line(FILE *out, const json_t *zone, int64_t now_s) {
	const json_t *next = json_object_get(zone, "next");
	char period[SHOW_TIME_MAX];
	int64_t at_s = number_of(next, "at");
	const char *primary = json_string_value(json_object_get(next, "primary"));
	if (!json_is_object(next)) return;
	fprintf(out, "%-14s %s%s%s", "next", text_of(next, "text"), primary ? " " : "",
	        primary ? primary : "");
	if (at_s > now_s)
		fprintf(out, " in %s", show_period(at_s - now_s, period));
	else if (at_s > 0)
		fputs(" now", out);
	fputc('\n', out);
}

static void state_line(FILE *out, const json_t *zone, int64_t now_s) {
	char when[SHOW_TIME_MAX];
	const char *state = text_of(zone, "state");
	bool held = json_is_true(json_object_get(zone, "held")) && strcmp(state, "held") != 0;
	fprintf(out, "%-14s %s%s%s", "state", state, held ? ", held" : "",
	        json_is_true(json_object_get(zone, "transferring")) ? ", transferring" : "");
	if (number_of(zone, "state_since") > 0)
		fprintf(out, " since %s", show_time(number_of(zone, "state_since"), now_s, when));
	fputc('\n', out);
	if (json_is_true(json_object_get(zone, "rolled_back")))
		line_text(out, "", "gone back to an earlier version; zone release takes the primary's again");
	if (json_is_true(json_object_get(zone, "noted")))
		line_text(out, "", "something came meanwhile; it is acted on at the release");
}

static void attempt_lines(FILE *out, const json_t *a, int64_t now_s) {
	char when[SHOW_TIME_MAX], serial[NUMBER_MAX], before[NUMBER_MAX];
	bool ok = json_is_true(json_object_get(a, "ok"));
	fprintf(out, "  %s  %s ", show_time(number_of(a, "time"), now_s, when), text_of(a, "primary"));
	attempt_asked(out, a);
	if (!ok) {
		fprintf(out, ": %s\n      %s\n", text_of(a, "reason"), text_of(a, "evidence"));
		return;
	}
	fprintf(out, ": %s, serial %s", text_of(a, "got"), number_text(a, "serial", serial));
	if (json_is_integer(json_object_get(a, "before")) && number_of(a, "before") != number_of(a, "serial"))
		fprintf(out, " after %s", number_text(a, "before", before));
	if (number_of(a, "records") > 1) {
		fprintf(out, ", %" PRId64 " records, %" PRId64 " octets, %" PRId64 " messages",
		        number_of(a, "records"), number_of(a, "bytes"), number_of(a, "messages"));
	}
	fprintf(out, ", %" PRId64 " ms\n", number_of(a, "ms"));
}

void show_zone(FILE *out, const json_t *zone, int64_t now_s) {
	const json_t *attempts = json_object_get(zone, "attempts"),
		     *strangers = json_object_get(zone, "notify_refused"),
		     *notified = json_object_get(zone, "notified");
	line_text(out, "zone", text_of(zone, "name"));
	state_line(out, zone, now_s);
	line_number(out, "serial", zone, "serial");
	line_number(out, "primary has", zone, "primary_serial");
	primaries_lines(out, json_object_get(zone, "primaries"));
	line_time(out, "checked", zone, "checked_at", now_s);
	next_line(out, zone, now_s);
	line_time(out, "expires", zone, "expire_at", now_s);
	line_number(out, "records", zone, "records");
	line_number(out, "octets", zone, "bytes");
	reason_lines(out, zone, now_s);
	guard_lines(out, zone);
	for (size_t i = 0; i < json_array_size(notified); i++)
		told_lines(out, json_array_get(notified, i), now_s);
	for (size_t i = 0; i < json_array_size(strangers); i++)
		stranger_lines(out, json_array_get(strangers, i), now_s);
	if (json_array_size(attempts) > 0) fprintf(out, "last attempts, newest first:\n");
	for (size_t i = 0; i < json_array_size(attempts); i++)
		attempt_lines(out, json_array_get(attempts, i), now_s);
}

/* -- earlier versions ------------------------------------------------------------------------------------------- */

void show_history(FILE *out, const json_t *versions, int64_t now_s) {
	fprintf(out, "%-10s  %8s  %8s  %9s  %s\n", "SERIAL", "REMOVED", "ADDED", "OCTETS", "SINCE");
	for (size_t i = json_array_size(versions); i-- > 0;) {
		char serial[NUMBER_MAX], removed[NUMBER_MAX], added[NUMBER_MAX], bytes[NUMBER_MAX],
			when[SHOW_TIME_MAX];
		const json_t *v = json_array_get(versions, i);
		fprintf(out, "%-10s  %8s  %8s  %9s  %s%s\n", number_text(v, "serial", serial),
		        number_text(v, "removed", removed), number_text(v, "added", added),
		        number_text(v, "bytes", bytes), show_time(number_of(v, "time"), now_s, when),
		        json_is_true(json_object_get(v, "served")) ? "  served" : "");
	}
}
