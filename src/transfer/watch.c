/* The watchdog for "committed but not served": is what questions get what the store has?  After each publication and in
 * turn for all zones, so many a second, each zone is looked up as a question for its SOA record would be (table, version,
 * apex), and the serial found there is compared with the one that was committed last.
 *
 * Of a difference, which none of our code can cause as far as we know, the zone has the state `error`; it is published
 * again, and the state goes when a later look finds it well. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "transfer/followed.h"
#include "zone/lookup.h"

#define WATCH_MS 1000
#define WATCH_ZONES 1000 /* a look */

/* As a worker sees it; false: no answer with a SOA record. */
static bool served_serial(const struct followed *z, uint32_t *out_serial) {
	const struct zone_entry *entry = table_find_zone(z->transfer->table, z->name, false);
	const struct zone_version *v = entry ? atomic_load(&entry->served) : NULL;
	if (!v || entry != z->entry) return false;
	struct lookup found;
	struct rrset set;
	struct soa soa;
	zone_lookup(v, z->name, &found);
	if (found.kind != LOOKUP_EXACT || !node_rrset(found.node, RR_SOA, &set)) return false;
	uint16_t len;
	const uint8_t *at = set.rdatas, *rdata = rrset_next(&at, &len);
	if (soa_parse(rdata, len, &soa) != OK) return false;
	*out_serial = soa.serial;
	return true;
}

static bool is_well(const struct followed *z, struct why *why) {
	const struct follow *f = &z->follow;
	uint32_t serial = 0;
	bool wanted = f->has_version && !f->expired, answers = served_serial(z, &serial);
	if (wanted && !answers)
		why_set(why, REASON_NOT_SERVED, "serial %" PRIu32 " is committed, questions get none",
		        z->committed);
	else if (wanted && serial != z->committed)
		why_set(why, REASON_NOT_SERVED, "serial %" PRIu32 " is committed, questions get %" PRIu32,
		        z->committed, serial);
	else if (!wanted && answers)
		why_set(why, REASON_NOT_SERVED,
		        "questions get serial %" PRIu32 " though the zone is expired or has no version",
		        serial);
	else
		return true;
	return false;
}

static void mend(struct followed *z) {
	bool wanted = z->follow.has_version && !z->follow.expired;
	enum zone_status status = wanted ? ZONE_SERVED : z->follow.has_version ? ZONE_EXPIRED : ZONE_PENDING;
	table_publish(z->transfer->table, z->entry, wanted ? z->version : NULL, status);
	clocks_collect(z->transfer);
}

static void found_ill(struct followed *z, const struct why *why) {
	char name[NAME_TEXT_MAX];
	struct seldom *s = followed_seldom(z);
	if (!s->unserved) {
		log_event(z->transfer->log, EVENT_ZONE_NOT_SERVED,
		          LOG_STR("zone", name_text_short(z->name, name)), LOG_NUM("serial", z->committed),
		          LOG_STR("evidence", why->evidence));
		s->unserved = xmemdup(why, sizeof(*why));
	}
	z->transfer->counters.not_served++;
	mend(z);
	state_update(z);
}

void watch_zone(struct followed *z) {
	struct why why;
	if (!is_well(z, &why)) {
		found_ill(z, &why);
	} else if (z->seldom && z->seldom->unserved) {
		free(z->seldom->unserved);
		z->seldom->unserved = NULL;
		state_update(z);
	}
}

static void on_watch(uv_timer_t *timer) {
	struct transfer *t = timer->data;
	struct zone_entry *entry = NULL;
	for (unsigned n = 0; n < WATCH_ZONES && (entry = table_next(t->table, &t->watch_cursor)); n++)
		if (entry->follow) watch_zone(followed_of(entry)); /* else questions get what the store has */
	if (!entry) t->watch_cursor = 0;
}

void watch_init(struct transfer *t) {
	(void)uv_timer_init(t->loop, &t->watch); /* always 0 */
	t->watch.data = t;
	(void)uv_timer_start(&t->watch, on_watch, WATCH_MS, WATCH_MS); /* cannot fail: it is initialised */
}
