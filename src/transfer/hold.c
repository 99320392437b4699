/* What operators do to a zone that follows its primaries: stop it, let it go. */
#include "transfer/followed.h"

static struct followed *find(struct transfer *t, const uint8_t *name) {
	struct zone_entry *entry = t->stopping ? NULL : table_find(t->table, name);
	return entry ? followed_of(entry) : NULL;
}

static void log_hold(const struct followed *z, enum event event) {
	char name[NAME_TEXT_MAX];
	log_event(z->transfer->log, event, LOG_STR("zone", name_text_short(z->name, name)),
	          LOG_NUM("serial", z->follow.has_version ? z->follow.serial : 0));
}

enum err transfer_hold(struct transfer *t, const uint8_t *name) {
	struct followed *z = find(t, name);
	if (!z) return ERR_NOTFOUND;
	if (z->follow.frozen) return OK;
	steps_cancel(z);
	steps_apply(z, follow_hold(&z->follow));
	steps_save_dirty(t); /* an operator has the answer at once: it is not to be lost */
	log_hold(z, EVENT_ZONE_HELD);
	return OK;
}

enum err transfer_release(struct transfer *t, const uint8_t *name) {
	struct followed *z = find(t, name);
	if (!z) return ERR_NOTFOUND;
	if (!z->follow.frozen) return ERR_MISMATCH;
	struct follow_env env = steps_env(z);
	z->rolled_back = false;
	log_hold(z, EVENT_ZONE_RELEASED);
	steps_apply(z, follow_release(&z->follow, &env));
	steps_save_dirty(t);
	return OK;
}
