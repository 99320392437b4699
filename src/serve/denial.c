#include "serve/denial.h"

static bool has_nsec3(const struct zone_version *v) {
	return v->image.header->flags & IMAGE_HAS_NSEC3;
}

static void add_proof(struct plan *p, struct node node, uint16_t type) {
	struct rrset set;
	if (node_found(node) && node_rrset(node, type, &set))
		(void)plan_add(p, SECTION_AUTHORITY, &set, node,
		               (struct plan_owner){ NULL, 0 }); /* may be there */
}

static const uint8_t *suffix(const uint8_t *name, unsigned labels) {
	return name_skip(name, name_labels(name) - labels);
}

/* -- NSEC ----------------------------------------------------------------------------------------------- */

static void nsec_for(struct plan *p, const struct zone_version *v, const uint8_t *name) {
	add_proof(p, zone_nsec(v, name), RR_NSEC);
}

static void nsec_for_wildcard(struct plan *p, const struct zone_version *v, const uint8_t *encloser) {
	struct name wildcard;
	/* A name too long for a wildcard below it can have none, and needs no proof. */
	if (name_make_wildcard(encloser, &wildcard) == OK) nsec_for(p, v, wildcard.wire);
}

/* -- NSEC3 ---------------------------------------------------------------------------------------------- */

/* The NSEC3 that matches name. False: there is none. */
static bool nsec3_match(struct plan *p, const struct zone_version *v, const uint8_t *name) {
	uint8_t hash[NSEC3_HASH_LEN];
	bool match = false;
	zone_nsec3_hash(v, name, hash);
	struct node node = zone_nsec3(v, hash, &match);
	if (match) add_proof(p, node, RR_NSEC3);
	return match;
}

static void nsec3_cover(struct plan *p, const struct zone_version *v, const uint8_t *name) {
	uint8_t hash[NSEC3_HASH_LEN];
	bool match = false;
	zone_nsec3_hash(v, name, hash);
	struct node node = zone_nsec3(v, hash, &match);
	if (!match) add_proof(p, node, RR_NSEC3);
}

/* Hash rounds that the search for a closest encloser with a record of its own may cost; a chain of usual iterations is
 * never stopped by it. */
#define ENCLOSER_ROUNDS_MAX 20000

/* Closest encloser proof, section 7.2.1: the NSEC3 of the closest encloser that has one (with opt-out it may be
 * above the closest encloser itself), and the NSEC3 that covers the name one label longer.  Returns the labels
 * of the encloser that was proved. */
static unsigned nsec3_encloser(struct plan *p, const struct zone_version *v, const uint8_t *name,
                               unsigned encloser_labels) {
	unsigned apex_labels = name_labels(version_apex(v));
	unsigned labels = encloser_labels;
	unsigned tries = ENCLOSER_ROUNDS_MAX / (v->image.header->nsec3_iterations + 1U);
	while (!nsec3_match(p, v, suffix(name, labels)) && labels > apex_labels && tries-- > 0)
		labels--;
	nsec3_cover(p, v, suffix(name, labels + 1));
	return labels;
}

static void nsec3_no_type(struct plan *p, const struct zone_version *v, const uint8_t *name) {
	if (nsec3_match(p, v, name)) return;
	/* Sections 7.2.4 and 7.2.7: an insecure delegation, or an empty non-terminal above one, in an opt-out span. */
	unsigned labels = name_labels(name);
	if (labels > name_labels(version_apex(v))) (void)nsec3_encloser(p, v, name, labels - 1);
}

/* -- the four questions ----------------------------------------------------------------------------------- */

void denial_of_name(struct plan *p, const struct zone_version *v, const uint8_t *name,
                    unsigned encloser_labels) {
	if (!has_nsec3(v)) {
		nsec_for(p, v, name);
		nsec_for_wildcard(p, v, suffix(name, encloser_labels));
		return;
	}
	struct name wildcard;
	unsigned labels = nsec3_encloser(p, v, name, encloser_labels);
	if (name_make_wildcard(suffix(name, labels), &wildcard) == OK) nsec3_cover(p, v, wildcard.wire);
}

void denial_of_type(struct plan *p, const struct zone_version *v, const uint8_t *name) {
	if (has_nsec3(v))
		nsec3_no_type(p, v, name);
	else
		nsec_for(p, v, name);
}

void denial_of_closer(struct plan *p, const struct zone_version *v, const uint8_t *name,
                      unsigned encloser_labels) {
	if (has_nsec3(v))
		nsec3_cover(p, v, suffix(name, encloser_labels + 1)); /* section 7.2.6 */
	else
		nsec_for(p, v, name);
}

void denial_of_wildcard_type(struct plan *p, const struct zone_version *v, const uint8_t *name,
                             unsigned encloser_labels) {
	struct name wildcard;
	if (!has_nsec3(v)) {
		nsec_for(p, v, name);
		nsec_for_wildcard(p, v, suffix(name, encloser_labels));
		return;
	}
	unsigned labels = nsec3_encloser(p, v, name, encloser_labels); /* section 7.2.5 */
	/* The wildcard may itself be an opted-out empty non-terminal. */
	if (name_make_wildcard(suffix(name, labels), &wildcard) == OK) nsec3_no_type(p, v, wildcard.wire);
}
