/* What is said about zones: status tells what is served, and always why a zone is not in step. */
#include <string.h>

#include "transfer/followed.h"

static const char *state_text(const struct followed *z) {
	const struct follow *f = &z->follow;
	bool trouble = follow_why(f)->reason != REASON_NONE;
	if (!f->has_version)
		return trouble && follow_why(f)->reason != REASON_NOT_TRIED ? "error" : "pending";
	if (f->expired) return "expired";
	return trouble ? "stale" : "active";
}

static struct followed *find(struct transfer *t, const uint8_t *name) {
	struct zone_entry *entry = table_find(t->table, name);
	return entry ? followed_of(entry) : NULL;
}

/* What is wrong though nothing failed: not tried yet, or expired with nothing tried since. */
static void fill_why(const struct follow *f, struct zone_state *state) {
	if (state->why.reason != REASON_NONE) return;
	if (!f->has_version)
		why_set(&state->why, REASON_NOT_TRIED, "the first transfer is under way or about to begin");
	else if (f->expired)
		why_set(&state->why, REASON_EXPIRED, "no primary was asked since it expired");
}

enum err transfer_report(struct transfer *t, const uint8_t *name, struct zone_report *out_report) {
	struct followed *z = find(t, name);
	if (!z) return ERR_NOTFOUND;
	struct zone_report *r = out_report;
	memset(r, 0, sizeof(*r));
	name_copy(&r->name, z->name);
	r->state = state_text(z);
	r->policy = followed_policy(z);
	r->saved = followed_state(z);
	fill_why(&z->follow, &r->saved);
	r->transferring = z->copy != NULL || z->follow.state == FOLLOW_SAVING;
	r->attempt_count = history_read(z->history, r->attempts);
	r->has_refused = z->guarded && z->guarded->refused;
	if (r->has_refused) r->refused_serial = z->guarded->mark.serial;
	if (z->guarded) r->warning = z->guarded->warning;
	if (!z->version) return OK;
	const struct image_header *h = z->version->image.header;
	r->has_serial = true;
	r->serial = h->soa.serial;
	r->soa = h->soa;
	r->records = h->record_count;
	r->bytes = version_bytes(z->version);
	return OK;
}

struct zone_version *transfer_version(struct transfer *t, const uint8_t *name) {
	struct followed *z = find(t, name);
	if (!z || !z->version) return NULL;
	version_ref(z->version);
	return z->version;
}

void transfer_count(const struct transfer *t, struct transfer_counters *out_counters) {
	*out_counters = t->counters;
	out_counters->notify_out = notifier_count(t->notifier);
}
