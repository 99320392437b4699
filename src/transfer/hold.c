/* What operators do to a zone that follows its primaries: stop it, let it go. */
#include "transfer/commit.h"
#include "transfer/followed.h"

static void log_hold(const struct followed *z, enum event event) {
	char name[NAME_TEXT_MAX];
	log_event(z->transfer->log, event, LOG_STR("zone", name_text_short(z->name, name)),
	          LOG_NUM("serial", z->follow.has_version ? z->follow.serial : 0));
}

enum err transfer_hold(struct transfer *t, const uint8_t *name, struct told told) {
	struct followed *z = followed_find(t, name);
	if (!z) return ERR_NOTFOUND;
	if (!z->follow.frozen) {
		steps_cancel(z);
		steps_apply(z, follow_hold(&z->follow));
		log_hold(z, EVENT_ZONE_HELD);
	}
	commit_state(z, told); /* if it was held before: whoever held it may not have been told yet */
	return OK;
}

enum err transfer_release(struct transfer *t, const uint8_t *name, struct told told) {
	struct followed *z = followed_find(t, name);
	if (!z) return ERR_NOTFOUND;
	if (!z->follow.frozen) return ERR_MISMATCH;
	struct follow_env env = steps_env(z);
	z->rolled_back = false;
	log_hold(z, EVENT_ZONE_RELEASED);
	steps_apply(z, follow_release(&z->follow, &env));
	commit_state(z, told);
	return OK;
}
