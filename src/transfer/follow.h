/* Following one zone: what to do next, given what happened.  Sans-IO: events and the time go in, decisions come out.
 *
 *                  due, NOTIFY, operator
 *   WAITING ────────────────────────────────► ASKING ──── newer ───► COPYING ──── whole ───► SAVING ──┐
 *    ▲ ▲ ▲   no version held, or retransfer ──────────────────────►   │ │ ▲                    │       │
 *    │ │ └── same serial: confirmed ─────────── │                     │ │ │ whole zone instead │       │
 *    │ │                                        │                     │ │ │ of differences, or │       │
 *    │ │                                        │                     │ │ │ next primary       │       │
 *    │ │                                        └─ failed, behind ──► │ └─┴────────────────────┘ unusable
 *    │ │                                                              │
 *    │ │                        copied unasked and failed: why? ──► PROBING ──► next primary, or …
 *    │ └── every primary failed: wait for the retry timer ────────────┘
 *    └──── saved: confirmed ──────────────────────────────────────────────────────────────────────────┘
 *
 * Which primary a round asks first, and whose answer it takes, is the policy's choice (enum primary_choice):
 *  - in order: the sender of the NOTIFY or the first of the list; the first that answers decides.
 *  - pinned: the one that gave the version; as long as nothing newer is found the others are asked too, so that a
 *    primary that stands still does not hide what others have.
 *  - highest: all are asked, the newest serial is copied; if that fails the others are asked again.
 * Primaries that failed lately come last.  What comes while a round runs (NOTIFY, operator's wish) is remembered, and a
 * new round follows.
 *
 * Differences (IXFR) are asked for when the version is in service and came from the same primary, or the operator says
 * that the primaries' histories are the same.  Whatever goes wrong with them, the whole zone is asked of the same
 * primary at once; but not when a guard objects to what the version has come to, which would be the same.
 *
 * A NOTIFY that tells of a newer serial, from the primary that the round would ask first, is believed as far as to ask
 * it for the differences at once, without a question: whatever it has, its answer tells (RFC 1995 section 2).  If that is
 * nothing newer, or no answer, the question is asked after all, and for a while before each copy (choice.h).  So a forged
 * NOTIFY costs the primary no more than one such answer, never a whole zone.
 *
 * At the same serial a copy may be wanted all the same: because the signatures of the SOA are others, or because it is
 * time to compare the whole zone (enum follow_cause).  If such a copy fails the version is confirmed nevertheless; what is
 * wrong with it is told until one goes well, if trying again would not mend it.
 *
 * Invariants:
 *  1. A round ends; WAITING always has a time in refresh_s when the next one begins, unless frozen.
 *  2. The expire time is counted from checked_s, the last time when a primary confirmed or sent the version, less what
 *     the primary told of its own expire time (RFC 7314); neither a failure nor a NOTIFY moves it.
 *  3. The served version changes only by follow_saved.
 *  4. An expired zone, one without version and a forced transfer take any serial; else only a newer one.
 *  5. While frozen no round begins and none goes on, but SAVING ends; the expire time counts on.
 *
 * Thread: one (transfer's).  Cost: constant; memory beyond the struct only while something is wrong. */
#ifndef UNDERSTUDY_TRANSFER_FOLLOW_H
#define UNDERSTUDY_TRANSFER_FOLLOW_H

#include "base/random.h"
#include "base/why.h"
#include "transfer/choice.h"
#include "transfer/timers.h"

enum follow_state { FOLLOW_WAITING, FOLLOW_ASKING, FOLLOW_COPYING, FOLLOW_PROBING, FOLLOW_SAVING };

/* What a question is for; smaller goes first. */
enum urgency { URGENCY_OPERATOR, URGENCY_NOTIFY, URGENCY_REFRESH, URGENCY_COUNT };

/* Zeroed at first, then follow_begin. */
struct follow {
	int64_t checked_s; /* 0: never */
	int64_t refresh_s; /* WAITING: when the next round begins */
	int64_t expire_s;  /* valid with has_version */
	int64_t since_s;   /* since when trouble's reason holds */
	int64_t ended_s;   /* when the last round ended */
	struct timers soa; /* as in the version, not bounded; valid with has_version */
	uint32_t serial;   /* of the version held; valid with has_version */
	uint32_t primary_serial;
	uint32_t failures;              /* rounds in a row that failed */
	uint32_t floor;                 /* COPYING: what the SOA answer promised; valid with has_floor */
	uint32_t notify_serial;         /* valid with has_notify_serial */
	struct follow_trouble *trouble; /* NULL: nothing is wrong */
	struct choice *choice;          /* NULL: nothing is remembered of the primaries */
	uint32_t giver;                 /* who gave the version (choice_identity); 0: not known */
	uint32_t source;                /* whom the copy under way is from */
	uint32_t expire_cut_s;          /* the version expires so much earlier than its SOA says */
	uint32_t told_expire_s;         /* by the answer that came last; FOLLOW_NOT_TOLD: nothing */
	uint32_t best_serial;           /* newest of the round's answers; valid with has_best */
	uint16_t best;                  /* whose it is */
	uint16_t at;                    /* primary of the question or copy under way */
	uint16_t first;                 /* primary that the round began with */
	uint16_t tried;                 /* places of the round's order that are done with */
	uint16_t hint;                  /* primary that the next round shall begin with */
	uint8_t state;                  /* enum follow_state */
	uint8_t unchanged;              /* rounds in a row that brought nothing new */
	uint8_t urgency;
	bool has_version : 1, has_primary_serial : 1, expired : 1;
	bool has_floor : 1; /* of this copy */
	bool has_notify_serial : 1;
	bool forced : 1;   /* this round copies whatever the serial */
	bool answered : 1; /* the primary answered this round's SOA question */
	bool answered_by_udp : 1;
	bool again : 1; /* something came meanwhile: another round follows */
	bool again_forced : 1;
	bool again_operator : 1;
	bool rechecked : 1;    /* a NOTIFY's serial was waited for once */
	bool incremental : 1;  /* COPYING, SAVING: differences were asked for */
	bool has_best : 1;     /* a primary has something to copy */
	bool several_best : 1; /* others had something newer than ours, too */
	bool copy_failed : 1;  /* one was tried in this round */
	bool same_seen : 1;    /* a primary has our serial */
	bool resigned : 1;     /* the answer that came last has other signatures */
	uint8_t cause;         /* enum follow_cause, of the copy under way */
	bool held : 1;         /* the next round is for a NOTIFY that came just after a failure */
	bool believed : 1;     /* COPYING: on a NOTIFY's word alone */
	bool unfit : 1; /* the differences asked for on such a word could not be had: ask for the whole zone */
	bool frozen : 1; /* an operator holds the zone: no round begins; what comes is remembered as `again` */
};

/* What is wrong with the zone since the last round, and while a round runs what it has found: of all zones of a primary that
 * is away the first alone stays in memory. */
struct follow_trouble {
	struct why zone;
	struct follow_found *round; /* NULL: nothing yet */
	struct why *same;           /* with the copy at our serial; NULL: nothing */
	bool of_signatures;         /* that was made for other signatures */
};

/* What the machine may look at; of the zone's policy all but time and random. */
struct follow_env {
	const struct timer_bounds *bounds;
	unsigned primary_count;
	const struct primary *primaries; /* NULL in tests: all are the same one */
	enum primary_choice choice;
	bool shared_history, ixfr;
	uint32_t full_check_s;
	int64_t now_s;
	struct random *random;
};

enum follow_act {
	FOLLOW_REST, /* start nothing: what runs goes on, or the schedule brings the zone back */
	FOLLOW_ASK,  /* ask `primary` for the SOA */
	FOLLOW_COPY, /* transfer from `primary` */
	FOLLOW_SAVE  /* build and save what was copied */
};
/* Why a copy is made. */
enum follow_cause {
	FOR_NEWER,      /* a newer serial, or any */
	FOR_SIGNATURES, /* the same serial with other signatures */
	FOR_CHECK       /* the same serial: is the content the same too? */
};
struct follow_decision {
	enum follow_act act;
	unsigned primary;
	enum urgency urgency;
	bool probe;       /* ASK: only to learn what works; not worth a TCP connection */
	bool incremental; /* COPY: ask for the differences from the version held */
	bool instead;     /* COPY: of differences that failed; the primary is there */
	enum follow_cause cause;
	bool has_floor; /* COPY: the version must not be older than this serial */
	uint32_t floor;
	bool expire;    /* stop to serve, answer SERVFAIL */
	bool recover;   /* serve the held version again */
	bool confirmed; /* a primary has the serial that we hold */
	bool failed;    /* a round ended without success */
	bool keep;      /* the state is worth saving */
};

/* After load (has_version, serial, soa, checked_s, refresh_s, failures, primary_serial, expired set by the caller from
 * what was saved) or after a zone was added.  spread_s: what is due begins within so many seconds.  decision.expire: an
 * expired zone is not to be served. */
struct follow_decision follow_begin(struct follow *f, const struct follow_env *env, uint32_t spread_s);
void follow_done(struct follow *f);

/* The schedule brought the zone. */
struct follow_decision follow_due(struct follow *f, const struct follow_env *env);
/* A NOTIFY: primary is the place of its sender among the primaries, or FOLLOW_UNKNOWN. */
#define FOLLOW_UNKNOWN UINT16_MAX
struct follow_decision follow_notified(struct follow *f, const struct follow_env *env, uint16_t primary,
                                       bool has_serial, uint32_t serial);
/* The operator wants a SOA question, or a transfer whatever the serial. */
struct follow_decision follow_wish(struct follow *f, const struct follow_env *env, bool retransfer);
/* The operator holds the zone.  The caller has cancelled what ran, unless it is SAVING. */
struct follow_decision follow_hold(struct follow *f);
/* … and lets it go: a round begins now. */
struct follow_decision follow_release(struct follow *f, const struct follow_env *env);
/* The policy is another one.  The caller has cancelled what ran, unless it is SAVING. */
struct follow_decision follow_changed(struct follow *f, const struct follow_env *env);

/* What an answer told beside its serial; holds for the one event that follows.  expire_s: FOLLOW_NOT_TOLD if nothing.
 * resigned: at our serial the SOA has other signatures than ours. */
#define FOLLOW_NOT_TOLD UINT32_MAX
void follow_told(struct follow *f, uint32_t expire_s, bool resigned);
/* ASKING or PROBING: an authoritative SOA came. */
struct follow_decision follow_answered(struct follow *f, const struct follow_env *env, uint32_t serial,
                                       bool by_udp);
/* COPYING: the transfer begins with this serial.  Before follow_failed; follow_copied knows. */
void follow_opened(struct follow *f, uint32_t serial);
/* COPYING: the transfer is whole. */
struct follow_decision follow_copied(struct follow *f, const struct follow_env *env, uint32_t serial);
/* COPYING or SAVING: what came is what we have. */
struct follow_decision follow_unchanged(struct follow *f, const struct follow_env *env);
/* When the version that is about to be saved expires, counted from now, and how much earlier that is than its SOA says
 * within the bounds (state->expire_cut_s). */
uint32_t follow_expire_of(const struct follow *f, const struct follow_env *env, const struct soa *soa,
                          uint32_t *out_cut_s);
/* SAVING: the version is saved and published. */
struct follow_decision follow_saved(struct follow *f, const struct follow_env *env, const struct soa *soa);
/* Any of them failed.  no_tcp: no TCP connection to the primary could be made. */
struct follow_decision follow_failed(struct follow *f, const struct follow_env *env, const struct why *why,
                                     bool no_tcp);

/* Its last round failed because no primary could be reached. */
bool follow_waits_for_primary(const struct follow *f);
/* One of them answers again: the next round begins within so many seconds.  True: that is earlier than it was. */
bool follow_primary_back(struct follow *f, const struct follow_env *env, uint32_t spread_s);

/* When follow_due wants to be called: INT64_MAX is never. */
int64_t follow_next_due(const struct follow *f);
/* The wall clock was set back by -delta_s (< 0): all times move with it. */
void follow_shift(struct follow *f, int64_t delta_s);
/* The wall clock jumped: a version that expired by that is served for FOLLOW_GRACE_S more, so that a primary can confirm
 * it first.  True: the times are others now. */
#define FOLLOW_GRACE_S 60
bool follow_grant_grace(struct follow *f, int64_t now_s);

/* What is wrong with the zone; REASON_NONE if nothing. */
const struct why *follow_why(const struct follow *f);
/* Put back what was saved. */
void follow_set_why(struct follow *f, const struct why *why, int64_t since_s);

#endif
