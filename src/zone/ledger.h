/* Inside of src/zone/: what steps do to a version, record by record.  Each owner that a step names is opened with all the
 * records that the version has of it; then steps remove and add, strictly.  What stands in the end is the content of
 * these owners in the next version; all others stay as they are.
 *
 * Every record is found through one table keyed by owner, type and canonical rdata, so that hostile steps cost no more
 * than their length and that of the owners they name.  Borrows version and steps. */
#ifndef UNDERSTUDY_ZONE_LEDGER_H
#define UNDERSTUDY_ZONE_LEDGER_H

#include "zone/apply.h"
#include "zone/collect.h"
#include "zone/layers.h"

#define LEDGER_NONE UINT32_MAX

struct ledger_record {
	struct collected data;
	uint64_t hash;
	uint32_t owner;
	uint32_t next; /* of the owner's; LEDGER_NONE */
	bool there;
};

struct ledger_owner {
	const uint8_t *name; /* relative to the apex; case of the newest addition, else the version's */
	uint64_t hash;       /* layers_hash */
	struct node node;    /* as the version has it; NULL: not there */
	struct node apart;   /* its NSEC3 records of the chain in use, likewise */
	uint32_t first;      /* record; LEDGER_NONE */
	bool open;           /* false: only a name to be judged, records were not loaded */
};

struct ledger_slot {
	uint32_t hash;
	uint32_t place; /* of the record or owner, plus 1; 0: empty */
};
struct ledger_table {
	struct ledger_slot *slots;
	size_t cap; /* power of two */
};

struct ledger {
	const struct zone_version *v;
	struct why *why;
	struct ledger_owner *owners; /* [0] is the apex */
	size_t owner_count, owner_cap;
	struct ledger_record *records;
	size_t record_count, record_cap;
	struct ledger_table by_name, by_record;
	uint64_t seed;         /* of the hash of records: a primary can't foresee it */
	uint32_t serial;       /* so far */
	int64_t added_records; /* less those removed */
	int64_t added_octets;  /* as builder_bytes counts them, owners not counted */
};

/* The apex is open.  ERR_NOMEM. */
MUST_CHECK enum err ledger_init(struct ledger *l, const struct zone_version *v, struct why *why);
void ledger_done(struct ledger *l);
/* As version_apply; on failure l is good for ledger_done only. */
MUST_CHECK enum err ledger_apply(struct ledger *l, struct change *const *steps, unsigned count,
                                 enum apply_direction direction);
/* Place of the owner, LEDGER_NONE if it isn't known. */
uint32_t ledger_find(const struct ledger *l, const uint8_t *relative);
/* Place of the owner, which comes in, not open, if it was not known; relative is borrowed.  ERR_NOMEM. */
MUST_CHECK enum err ledger_name(struct ledger *l, const uint8_t *relative, uint32_t *out_owner);

/* Step through an open owner's records that are there; start with owner->first.  NULL: no more. */
const struct collected *ledger_next(const struct ledger *l, uint32_t *at);

#endif
