/* What no version may hold, whoever made it, and how much it may lose.
 *
 * Refused is what makes answers depend on chance: data beside a CNAME (RFC 1034 section 3.6.2; RFC 4034 and RFC 4035
 * section 2.5 allow what signs it), more than one CNAME or DNAME at a name (RFC 2181 section 10.1, RFC 6672 section
 * 2.4).  SOA and NS at the apex, a SOA elsewhere and names out of the zone are the builder's.  Odd but clear, and so
 * left alone: data below a DNAME or a cut, missing glue, NS beside DNAME, DS without NS. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "zone/check.h"
#include "zone/lookup.h"

void check_blame(struct why *why, enum reason reason, const uint8_t *owner, uint16_t type, const char *format,
                 ...) {
	char name[NAME_TEXT_MAX], mnemonic[RRTYPE_TEXT_MAX], text[WHY_TEXT_MAX];
	va_list args;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args); /* cut if need be */
	va_end(args);
	why_set(why, reason, "%.120s %s: %s", name_text_short(owner, name), rrtype_text(type, mnemonic),
	        text);
}

static enum err blame_node(struct node n, const struct rrset *set, enum reason reason, struct why *why,
                           const char *text) {
	struct name owner;
	node_owner(n, &owner);
	check_blame(why, reason, owner.wire, set->type, "%s", text);
	return ERR_REFUSED;
}

/* RFC 4035 section 2.5; KEY, SIG and NXT by RFC 2535 section 2.3.5; NSEC3 stands at names of its own. */
static bool may_stand_beside_cname(uint16_t type) {
	return type == RR_CNAME || type == RR_RRSIG || type == RR_NSEC || type == RR_NSEC3 ||
	       type == RR_KEY || type == RR_SIG || type == RR_NXT;
}

static enum err check_set(struct node n, const struct rrset *set, const struct check_rules *rules,
                          struct why *why) {
	char text[80];
	if (set->count > 1 && rrtype_has(rrtype_info(set->type), RRF_SINGLE))
		return blame_node(n, set, REASON_SEVERAL_OF_ONE, why,
		                  "several records where there can be one");
	if (rules->max_rrset_records && set->count > rules->max_rrset_records) {
		snprintf(text, sizeof(text), "%u records, more than %" PRIu32, set->count,
		         rules->max_rrset_records);
		return blame_node(n, set, REASON_RRSET_TOO_LARGE, why, text);
	}
	if (set->count && (node_flags(n) & NODE_CNAME) && !may_stand_beside_cname(set->type))
		return blame_node(n, set, REASON_CNAME_AND_OTHER, why, "stands beside a CNAME");
	return OK;
}

static enum err check_node(struct node n, const struct check_rules *rules, struct why *why) {
	struct rrset set = { 0 };
	unsigned count = node_rrset_count(n);
	enum err e = OK;
	for (unsigned i = 0; e == OK && i < count; i++) {
		node_rrset_at(n, i, &set);
		e = check_set(n, &set, rules, why);
	}
	if (e != OK || !rules->max_name_types || count <= rules->max_name_types) return e;
	char text[80];
	snprintf(text, sizeof(text), "the last of %u types at the name, more than %" PRIu32, count,
	         rules->max_name_types);
	return blame_node(n, &set, REASON_TOO_MANY_TYPES, why, text);
}

/* Only what is added can make a name worse; owners come in runs. */
static enum err check_step(const struct zone_version *next, const struct change *step,
                           const struct check_rules *rules, struct why *why) {
	struct change_walk walk = { 0 };
	struct change_record r;
	struct name owner, last = { .len = 0 };
	enum err e = OK;
	while (e == OK && change_next(step, CHANGE_ADDED, &walk, &r)) {
		if (name_join(r.owner, version_apex(next), &owner) != OK) continue; /* apply has refused it */
		if (owner.len == last.len && memcmp(owner.wire, last.wire, owner.len) == 0) continue;
		last = owner;
		struct node n = zone_find(next, owner.wire); /* a later step may have removed it again */
		if (node_found(n)) e = check_node(n, rules, why);
	}
	return e;
}

enum err check_structure(const struct zone_version *next, const struct check_changes *changes,
                         const struct check_rules *rules, struct why *why) {
	for (unsigned i = 0; changes && i < changes->count; i++) {
		enum err e = check_step(next, changes->steps[i], rules, why);
		if (e != OK) return e;
	}
	if (changes) return OK;
	struct zone_walk walk = { 0 };
	struct node n;
	while (zone_walk_next(next, &walk, &n)) {
		enum err e = check_node(n, rules, why);
		if (e != OK) return e;
	}
	return OK;
}

enum err check_shrink(const struct zone_version *former, const struct zone_version *next,
                      const struct check_rules *rules, struct why *why) {
	if (!former || !rules->max_shrink) return OK;
	uint64_t was = version_nodes(former), is = version_nodes(next);
	if (is >= was || was - is < CHECK_SHRINK_FLOOR) return OK;
	uint64_t lost = was - is;
	if (lost * 100 <= was * rules->max_shrink) return OK;
	check_blame(why, REASON_SHRUNK, version_apex(next), RR_SOA,
	            "serial %" PRIu32 " has %" PRIu64 " names, serial %" PRIu32 " has %" PRIu64 ": %" PRIu64
	            " %% are lost, more than max-shrink %" PRIu32,
	            version_serial(next), is, version_serial(former), was, lost * 100 / was,
	            rules->max_shrink);
	return ERR_REFUSED;
}
