/* The walk from the root servers down the delegations (RFC 1034 section 5.3.3), for one zone.  It finds out
 *
 *   1. which name servers the zone above refers to, and where those are that it gives no addresses of;
 *   2. which proofs of control (findings.h) stand at _understudy-challenge.ZONE, at ZONE and at
 *      _understudy-challenge.PARENT.
 *
 * A small resolver that trusts nobody: only who was referred to is asked; an answer must be authoritative; a referral
 * must lead downward on the way to the name; addresses beside it count only for its own servers and only below the zone
 * of who gave them (RFC 2181 section 5.4.1); nothing is kept from one walk to the next.  Against answers of others
 * (RFC 5452): random ID and case of the name here, a port of its own for each question in walker.h, and TCP after an
 * answer that nearly fits.
 *
 * Bounds: walk_settings.questions_max questions, 64 name servers with 8 addresses each, 24 delegations, six questions
 * that wait for another's answer; a loop among names of servers ends by itself, as no name is looked for twice at once.
 * Memory: one block of about 60 KiB.
 * Sans-IO: one question at a time comes out, answers or silence go in.  Thread: any, one at a time. */
#ifndef UNDERSTUDY_DIAGNOSE_WALK_H
#define UNDERSTUDY_DIAGNOSE_WALK_H

#include "base/random.h"
#include "diagnose/findings.h"

#define WALK_QUESTION_MAX (12 + NAME_MAX_LEN + 4 + 11)
#define WALK_ROOTS_MAX 32

struct walk_settings {
	const struct addr *roots; /* with ports; at most WALK_ROOTS_MAX are used; borrowed for walk_new */
	unsigned root_count;
	uint16_t port; /* where name servers below the root are asked; 53 */
	bool anywhere; /* also at addresses of special purpose (special.h): behind private roots only */
	unsigned questions_max;
	struct random *random; /* borrowed while the walk lives */
};

struct walk;
struct walk *walk_new(const struct walk_settings *settings, const uint8_t *zone);
/* NULL is allowed. */
void walk_free(struct walk *w);

struct walk_question {
	struct addr to;
	bool stream; /* by TCP; else by UDP */
	size_t len;
	uint8_t data[WALK_QUESTION_MAX];
};
/* What to ask next; false: the walk is over.  Each question is followed by walk_answer that takes it, or by
 * walk_silent. */
bool walk_next(struct walk *w, struct walk_question *out_question);

enum walk_taken {
	WALK_TAKEN,  /* go on with walk_next */
	WALK_STRANGE /* not the answer: go on waiting */
};
enum walk_taken walk_answer(struct walk *w, const uint8_t *data, size_t len);
/* No answer came.  family_dead: this machine can't reach any address of the family. */
void walk_silent(struct walk *w, const char *trouble, bool family_dead);
/* No more questions; what is not known yet is FINDING_FAILED. */
void walk_give_up(struct walk *w, const char *trouble);

/* Complete when the walk is over; borrowed. */
const struct findings *walk_findings(const struct walk *w);

#endif
