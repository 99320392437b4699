#include "web/nagios.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define TOLD_MAX 5 /* zones of one line */
#define ONE_MAX 400

static const char *const state_words[] = { "OK", "WARNING", "CRITICAL" };

static const char *text_of(json_t *zone, const char *name, const char *otherwise) {
	const char *text = json_string_value(json_object_get(zone, name));
	return text && *text ? text : otherwise;
}

static long long minutes_of(json_t *zone) {
	return (long long)json_integer_value(json_object_get(zone, "staleMinutes"));
}

static bool is(json_t *zone, const char *health) {
	return strcmp(text_of(zone, "healthStatus", ""), health) == 0;
}

/* A zone that is in error will not mend by itself; one that waits for its first transfer may.  One that never came, as its
 * primary can't be reached, is served by nobody here: that is told at once. */
enum nagios_state nagios_state(json_t *zone, struct nagios_bounds b) {
	if (is(zone, "synced")) return NAGIOS_OK;
	if (is(zone, "error")) return NAGIOS_CRITICAL;
	long long minutes = minutes_of(zone);
	if (minutes >= b.crit_min) return NAGIOS_CRITICAL;
	bool nothing_served = is(zone, "master_unreachable") &&
	                      !json_is_string(json_object_get(zone, "ourSerial"));
	return minutes >= b.warn_min || nothing_served ? NAGIOS_WARNING : NAGIOS_OK;
}

static void tell(json_t *zone, char out[static ONE_MAX]) {
	const char *name = text_of(zone, "name", "?");
	const char *ours = text_of(zone, "ourSerial", "none"),
		   *master = text_of(zone, "masterSerial", "unknown");
	if (is(zone, "synced"))
		snprintf(out, ONE_MAX, "%.255s synced serial=%s", name, ours);
	else if (is(zone, "stale"))
		snprintf(out, ONE_MAX, "%.255s stale %lldmin master=%s ours=%s", name, minutes_of(zone),
		         master, ours);
	else
		snprintf(out, ONE_MAX, "%.255s %s since %s", name, text_of(zone, "healthStatus", "error"),
		         text_of(zone, "since", "unknown"));
}

static void add_figures(long long minutes, struct nagios_bounds b, char out[static NAGIOS_TEXT_MAX]) {
	size_t len = strlen(out);
	snprintf(out + len, NAGIOS_TEXT_MAX - len, " | stale_min=%lld;%lld;%lld\n", minutes, b.warn_min,
	         b.crit_min);
}

void nagios_zone(json_t *zone, struct nagios_bounds b, char out[static NAGIOS_TEXT_MAX]) {
	char text[ONE_MAX];
	tell(zone, text);
	snprintf(out, NAGIOS_TEXT_MAX, "%s - %s", state_words[nagios_state(zone, b)], text);
	add_figures(minutes_of(zone), b, out);
}

/* Is a worse than b? */
static bool worse(json_t *a, json_t *b, struct nagios_bounds bounds) {
	enum nagios_state state_a = nagios_state(a, bounds), state_b = nagios_state(b, bounds);
	return state_a != state_b ? state_a > state_b : minutes_of(a) > minutes_of(b);
}

static size_t count_bad(json_t *zones, struct nagios_bounds b, json_t **out_worst) {
	size_t i, bad = 0;
	json_t *zone;
	json_array_foreach(zones, i, zone) {
		bad += nagios_state(zone, b) != NAGIOS_OK;
		if (!*out_worst || worse(zone, *out_worst, b)) *out_worst = zone;
	}
	return bad;
}

/* The rest after the worst: those of alarm. */
static void add_others(json_t *zones, json_t *worst, size_t bad, struct nagios_bounds b,
                       char out[static NAGIOS_TEXT_MAX]) {
	size_t i, told = 1;
	json_t *zone;
	json_array_foreach(zones, i, zone) {
		char text[ONE_MAX];
		size_t len = strlen(out);
		if (zone == worst || nagios_state(zone, b) == NAGIOS_OK) continue;
		if (told == TOLD_MAX || len > NAGIOS_TEXT_MAX - ONE_MAX - 80) break;
		tell(zone, text);
		snprintf(out + len, NAGIOS_TEXT_MAX - len, "; %s", text);
		told++;
	}
	size_t len = strlen(out);
	if (bad > told) snprintf(out + len, NAGIOS_TEXT_MAX - len, "; and %zu more", bad - told);
}

void nagios_all(struct nagios_counts counts, json_t *zones, struct nagios_bounds b,
                char out[static NAGIOS_TEXT_MAX]) {
	json_t *worst = NULL;
	char text[ONE_MAX];
	size_t bad = count_bad(zones, b, &worst);
	if (json_array_size(zones) == 0) {
		snprintf(out, NAGIOS_TEXT_MAX, "OK - all %lld zones synced\n", counts.total);
		return;
	}
	if (bad == 0) {
		snprintf(out, NAGIOS_TEXT_MAX, "OK - %lld of %lld zones synced, %lld not yet late",
		         counts.synced, counts.total, counts.total - counts.synced);
	} else {
		tell(worst, text);
		snprintf(out, NAGIOS_TEXT_MAX, "%s - %s", state_words[nagios_state(worst, b)], text);
		add_others(zones, worst, bad, b, out);
	}
	add_figures(minutes_of(worst), b, out);
}
