/* An answer is first a list of (RRset, owner, section); only then is it encoded.  A plan borrows from zone
 * versions and from the request, copies no record data, and is reused from request to request. */
#ifndef UNDERSTUDY_SERVE_PLAN_H
#define UNDERSTUDY_SERVE_PLAN_H

#include "dns/message.h"
#include "zone/lookup.h"

/* RRsets of one answer.  A message has room for fewer: a name server with both addresses takes 60 octets of a referral. */
#define PLAN_ITEMS_MAX 2304
#define PLAN_CHAIN_MAX 16 /* CNAMEs and DNAMEs followed */

/* Where an owner name comes from: an offset in the message that is known to hold it, else a name in memory,
 * else (both 0) the node's own.  With an offset the name says what stands there. */
struct plan_owner {
	const uint8_t *name;
	uint16_t offset;
};

/* How much an item of the additional section is needed (RFC 9471 section 3). */
enum plan_need {
	NEED_COURTESY, /* it may be left out */
	NEED_SIBLING, /* glue from beside the delegation: one of its kind at least, where nothing else tells an address */
	NEED_ALWAYS /* glue from within the delegation, or an item of another section: without it comes TC */
};

struct plan_item {
	struct rrset set;
	struct node node;                   /* the RRset is from here; at NULL: made up (CNAME of a DNAME) */
	const struct zone_version *version; /* that the RRset is of */
	struct plan_owner owner;
	uint8_t section; /* enum section */
	uint8_t need;    /* enum plan_need */
};

/* Record data of a CNAME made from a DNAME, as an RRset holds it: length, then the name. */
struct plan_synthesis {
	uint8_t rdata[2 + NAME_MAX_LEN];
};

struct plan {
	unsigned count;
	unsigned synthesis_count;
	uint16_t rcode;
	bool authoritative; /* AA: the first owner was ours to answer for (RFC 1035 section 4.1.1) */
	bool overflow;      /* something required found no place */
	const struct zone_version *version; /* of what is added next */
	const uint8_t *cut;                 /* a referral: the delegated name; NULL otherwise */
	/* Where the first answer comes from, if it is one of many alike: the name that the wildcard or the DNAME is
	 * right below or at; NULL otherwise. */
	const uint8_t *made_below;
	struct plan_item items[PLAN_ITEMS_MAX];
	struct plan_synthesis synthesis[PLAN_CHAIN_MAX + 1]; /* one for each step */
};

void plan_init(struct plan *p);
/* The RRset of this type of a node that is no wildcard is there already, whatever its owner and section. */
bool plan_has(const struct plan *p, struct node node, uint16_t type);
/* Add an RRset unless it is there already; returns whether it was added. */
bool plan_add(struct plan *p, enum section section, const struct rrset *set, struct node node,
              struct plan_owner owner);
/* The same for the additional section. */
bool plan_add_additional(struct plan *p, const struct rrset *set, struct node node, struct plan_owner owner,
                         enum plan_need need);
/* The same for an RRset that can't be there yet, which costs no search. */
void plan_append_additional(struct plan *p, const struct rrset *set, struct node node,
                            struct plan_owner owner, enum plan_need need);

#endif
