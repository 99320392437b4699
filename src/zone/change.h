/* A change: the step from one version of a zone to the next, record by record (RFC 1995 section 4).  What an IXFR
 * brings, what the journal keeps, what an IXFR out sends, what a person sees as the difference of two serials.
 *
 *   block:   removed records, the former SOA first │ added records, the new SOA first
 *   record:  owner relative to the apex (wire name, root label included; case as received) |
 *            u16 type | u32 ttl_s | u16 rdlength | rdata, uncompressed; unaligned, host order
 *
 * The block is one piece and position-independent: it is saved as it is.  Never changed after it was made; counted
 * references, any thread. */
#ifndef UNDERSTUDY_ZONE_CHANGE_H
#define UNDERSTUDY_ZONE_CHANGE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "dns/name.h"

enum change_side { CHANGE_REMOVED, CHANGE_ADDED };

struct change {
	_Atomic unsigned references;
	uint32_t from, to; /* serials */
	uint32_t count[2]; /* records of each side, its SOA included */
	uint32_t len[2];   /* octets of each side */
	int64_t time_s;    /* wall time when it came here */
	uint8_t block[];   /* len[CHANGE_REMOVED] + len[CHANGE_ADDED] */
};

void change_ref(struct change *c);
/* NULL is allowed. */
void change_unref(struct change *c);
/* Octets that it takes in memory. */
static inline size_t change_bytes(const struct change *c) {
	return sizeof(*c) + c->len[0] + c->len[1];
}

/* -- reading -- */

struct change_record {
	const uint8_t *owner; /* relative to the apex, root label included; borrowed */
	uint16_t type;
	uint16_t rdlength;
	uint32_t ttl_s;
	const uint8_t *rdata;
};
struct change_walk {
	uint32_t at;
};
/* The next record of a side; start with {0}.  The first is the SOA.  False: no more. */
bool change_next(const struct change *c, enum change_side side, struct change_walk *walk,
                 struct change_record *out_record);

/* A block that was saved: every record is walked and checked to hold a name, a length and known bounds, each side to
 * begin with a SOA at the apex whose serial is from or to.  One reference, the caller's.  ERR_CORRUPT, ERR_NOMEM. */
MUST_CHECK enum err change_open(const void *block, const uint32_t len[static 2],
                                const uint32_t count[static 2], uint32_t from, uint32_t to, int64_t time_s,
                                struct change **out_change);

/* -- writing -- */

struct change_writer {
	uint8_t *data[2];
	size_t len[2], cap[2];
	uint32_t count[2];
	uint64_t max_bytes; /* of both sides; 0: 2 GiB a side is the only bound */
};
/* Zero-initialise, or: */
static inline struct change_writer change_writer_init(uint64_t max_bytes) {
	return (struct change_writer){ .max_bytes = max_bytes };
}
/* owner is relative to the apex, root label included.  A SOA is put first on its side.  ERR_LIMIT, ERR_NOMEM. */
MUST_CHECK enum err change_put(struct change_writer *w, enum change_side side,
                               const struct change_record *record);
/* Octets so far, both sides. */
uint64_t change_written(const struct change_writer *w);
/* The change, with one reference, the caller's; w is as after init.  Each side has its SOA.  ERR_NOMEM,
 * ERR_MALFORMED: a side does not begin with a SOA at the apex. */
MUST_CHECK enum err change_finish(struct change_writer *w, int64_t time_s, struct change **out_change);
void change_writer_done(struct change_writer *w);

/* -- the steps that led to a version -- */

/* Oldest first; steps[i].to == steps[i + 1].from; the last one's `to` is the serial of the version that it belongs
 * to.  Immutable, counted references. */
struct changes {
	_Atomic unsigned references;
	unsigned count;
	uint64_t bytes; /* change_bytes of all */
	struct history_memory
		*memory; /* where it is counted (zone/history_memory.h), a reference; NULL: nowhere */
	struct change *steps[];
};
/* The former steps (NULL: none) and `count` further ones; of the whole the newest that fit in most_count and most_bytes
 * (NULL if none does).  Takes references of its own.  Steps that do not follow on the former ones begin anew. */
struct changes *changes_extend(const struct changes *former, struct change *const *steps, unsigned count,
                               unsigned most_count, uint64_t most_bytes);
void changes_ref(struct changes *c);
/* NULL is allowed. */
void changes_unref(struct changes *c);

#endif
