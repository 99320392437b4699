/* The guards in their order: the cheap ones first. */
#include "zone/check.h"

#include <string.h>

static enum err judge(enum err e, enum check_guard guard, struct check_report *report) {
	if (e != OK) report->guard = guard;
	return e;
}

/* Under DNSSEC_WARN, and when the operator lets it through, an objection is a warning. */
static enum err check_signatures(const struct zone_version *next, const struct check_rules *rules,
                                 unsigned accepted, int64_t now_s, struct check_report *r) {
	struct why objection = { .reason = REASON_NONE };
	enum err e = dnssec_check(next, rules->dnssec, rules->dnssec_depth, now_s, &objection, &r->warning);
	if (e == ERR_REFUSED && (rules->dnssec == DNSSEC_WARN || (accepted & GUARD_DNSSEC))) {
		r->warning = objection;
		return OK;
	}
	if (e != OK) r->objection = objection;
	return judge(e, GUARD_DNSSEC, r);
}

enum err zone_check(const struct zone_version *former, const struct zone_version *next,
                    const struct check_changes *changes, const struct check_rules *rules, unsigned accepted,
                    int64_t now_s, struct check_report *out_report) {
	struct check_report *r = out_report;
	memset(r, 0, sizeof(*r));
	enum err e = OK;
	if (!(accepted & GUARD_SHRINK))
		e = judge(check_shrink(former, next, rules, &r->objection), GUARD_SHRINK, r);
	if (e == OK && !(accepted & GUARD_STRUCTURE))
		e = judge(check_structure(next, changes, rules, &r->objection), GUARD_STRUCTURE, r);
	if (e == OK && !(accepted & GUARD_ZONEMD))
		e = judge(zonemd_check(next, rules->zonemd, &r->objection), GUARD_ZONEMD, r);
	return e == OK ? check_signatures(next, rules, accepted, now_s, r) : e;
}
