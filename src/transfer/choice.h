/* What is remembered of a zone's primaries, to choose among them and between AXFR and IXFR.  Pure functions, time comes
 * in; part of follow.h.  A zone with whom nothing was ever wrong has none.
 *
 * A primary is known by its name in the configuration, so that two addresses of one name count as one; only the first
 * CHOICE_BITS of a zone's addresses have a memory, the others are always thought well of.
 * Thread: one (transfer's). */
#ifndef UNDERSTUDY_TRANSFER_CHOICE_H
#define UNDERSTUDY_TRANSFER_CHOICE_H

#include "inventory/policy.h"

#define CHOICE_BITS 32
#define CHOICE_SICK_S 600       /* one that failed is asked after the others for so long */
#define CHOICE_IXFR_FAILURES 3  /* in a row, then AXFR is asked for at once … */
#define CHOICE_IXFR_WAIT_S 600  /* … for so long, doubled with each further failure … */
#define CHOICE_IXFR_MAX_S 86400 /* … up to this */
#define CHOICE_WORD_WAIT_S                                                                                   \
	60 /* a NOTIFY whose serial nobody had: the next ones are looked into by a question … */
#define CHOICE_WORD_MAX_S 86400   /* … for so long, doubled each time, up to this */
#define CHOICE_SIGNED_WAIT_S 3600 /* signatures that changed again after they were copied: wait, doubled … */
#define CHOICE_SIGNED_MAX_S 86400 /* … up to this */

struct choice {
	int64_t sick_until_s;
	int64_t no_ixfr_until_s;
	int64_t signed_hold_s;   /* no copy for signatures alone before this */
	int64_t no_word_until_s; /* no NOTIFY's serial is believed before this */
	int64_t full_due_s;      /* when the whole zone is to be compared; 0: not planned */
	uint32_t sick;           /* bits: failed lately */
	uint32_t last;           /* bits: asked last in this round */
	uint32_t out;            /* bits: not to be copied from in this round */
	uint32_t ixfr_giver;     /* whose IXFRs failed; valid with ixfr_failures */
	uint8_t ixfr_failures;   /* in a row */
	uint8_t signed_copies;   /* for signatures alone, in a row */
	uint8_t vain_words;      /* NOTIFYs in a row that were believed and not true */
};

/* 0: no such primary, or none has a name.  Never 0 for one that has. */
uint32_t choice_identity(const struct primary *primaries, unsigned count, unsigned primary);
/* Place of the first primary with this identity; count: none. */
unsigned choice_find(const struct primary *primaries, unsigned count, uint32_t identity);

static inline uint32_t choice_bit(unsigned primary) {
	return primary < CHOICE_BITS ? UINT32_C(1) << primary : 0;
}
/* A round begins: those that failed lately come last.  c may be NULL here and where it is const. */
void choice_begin(struct choice *c, int64_t now_s);
void choice_failed(struct choice *c, unsigned primary, int64_t now_s);
void choice_answered(struct choice *c, unsigned primary);
static inline bool choice_is_last(const struct choice *c, unsigned primary) {
	return c && (c->last & choice_bit(primary));
}
static inline bool choice_is_out(const struct choice *c, unsigned primary) {
	return c && (c->out & choice_bit(primary));
}

/* Differences from this primary: worth asking for? */
bool choice_takes_ixfr(const struct choice *c, uint32_t identity, int64_t now_s);
void choice_ixfr_failed(struct choice *c, uint32_t identity, int64_t now_s);
void choice_ixfr_worked(struct choice *c);

/* Is the serial of a NOTIFY worth to be believed, so that differences are asked for without a question before? */
bool choice_believes(const struct choice *c, int64_t now_s);
void choice_was_vain(struct choice *c, int64_t now_s);
void choice_was_true(struct choice *c);

/* The primary's signatures are others at the same serial: copy them now?  Counts the copy if so.  A primary that signs
 * each answer anew never has ours: it is copied less and less often, at least once in CHOICE_SIGNED_MAX_S. */
bool choice_copy_signatures(struct choice *c, int64_t now_s);
/* The primary has the signatures that we have. */
void choice_signatures_same(struct choice *c);

#endif
