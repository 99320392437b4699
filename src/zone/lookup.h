/* Finding names and proofs in a zone version.  Looks only; no allocation; any thread that holds the version.
 * Algorithm: RFC 1034 section 4.3.2 with RFC 4592 (wildcards) and RFC 6672 (DNAME), label by label from the
 * apex down. */
#ifndef UNDERSTUDY_ZONE_LOOKUP_H
#define UNDERSTUDY_ZONE_LOOKUP_H

#include "zone/sought.h"
#include "zone/version.h"

enum lookup_kind {
	LOOKUP_EXACT, /* node is the name's own; it may lack the type (no data) or be an empty non-terminal */
	LOOKUP_WILDCARD, /* node is the wildcard "*.encloser" */
	LOOKUP_CUT,      /* node is the zone cut at or above the name: node has NS, name is delegated */
	LOOKUP_DNAME,    /* node is above the name and has DNAME */
	LOOKUP_NONE      /* the name does not exist; encloser is its closest encloser */
};

struct lookup {
	enum lookup_kind kind;
	struct node node;
	struct node encloser;    /* closest encloser: deepest existing ancestor-or-self that was reached */
	uint8_t encloser_labels; /* labels of the encloser's whole name */
	uint8_t node_labels;     /* labels of node's whole name (CUT, DNAME) */
};

/* qname is the apex or below it (name_is_within). A name at a cut itself gives LOOKUP_CUT (the caller handles
 * DS, which belongs to the parent side, by zone_find). */
void zone_lookup(const struct zone_version *v, const uint8_t *qname, struct lookup *out_lookup);

/* The same for a name that is prepared. */
void zone_lookup_sought(const struct zone_version *v, const struct sought *s, struct lookup *out_lookup);

/* What zone_lookup_sought will read, asked for in steps, each of which reads what the one before has asked for, or made: who
 * has many names takes each step for all of them.  s is within v, which stays borrowed until the last step; nothing but time
 * depends on them. */
void zone_expect_hashes(const struct zone_version *v, struct sought *s);
void zone_expect_slots(const struct sought *s);
void zone_expect_nodes(struct sought *s);
void zone_expect_sets(const struct sought *s);

/* Exact name, also below cuts (glue).  node_found() tells. */
struct node zone_find(const struct zone_version *v, const uint8_t *name);
static inline struct node zone_apex(const struct zone_version *v) {
	return (struct node){ &v->image, v->image.heap + 4 * (size_t)image_order(&v->image)[0] };
}

/* The node whose NSEC matches or covers name: the name itself or the nearest predecessor in canonical order
 * that has an NSEC RRset.  at == NULL when the zone has none. */
struct node zone_nsec(const struct zone_version *v, const uint8_t *name);

/* Hash of a name with the zone's NSEC3 parameters (RFC 5155 section 5).  Only with IMAGE_HAS_NSEC3. */
void zone_nsec3_hash(const struct zone_version *v, const uint8_t *name,
                     uint8_t out_hash[static NSEC3_HASH_LEN]);
/* The NSEC3 node that matches the hash (out_match true) or covers it. */
struct node zone_nsec3(const struct zone_version *v, const uint8_t hash[static NSEC3_HASH_LEN],
                       bool *out_match);

/* All nodes: canonical order, then NSEC3 owners.  Start with {0}; plain value, may be kept between calls. */
struct zone_walk {
	bool in_nsec3;                     /* the node given last was an NSEC3 owner of the chain in use */
	uint32_t base_end;                 /* the base's nodes before this place come before any of a delta */
	uint32_t next[VERSION_LAYERS_MAX]; /* place in each layer's order */
};
bool zone_walk_next(const struct zone_version *v, struct zone_walk *walk, struct node *out_node);
/* Set the walk before the owner, or where it would be, among all names or, in_nsec3, among the NSEC3 owners: some stand in both.
 * Searched, not walked.  owner: within the zone. */
void zone_walk_from(const struct zone_version *v, const uint8_t *owner, bool in_nsec3,
                    struct zone_walk *out_walk);

#endif
