/* Following one zone: what to do next, given what happened.  Sans-IO: events and the time go in, decisions come out.
 *
 *                  due, NOTIFY, operator
 *   WAITING ────────────────────────────────► ASKING ──── newer ───► COPYING ──── whole ───► SAVING ──┐
 *    ▲ ▲ ▲   no version held, or retransfer ──────────────────────►   │ │ ▲                    │       │
 *    │ │ └── same serial: confirmed ─────────── │                     │ │ │ next primary       │       │
 *    │ │                                        └─ failed, behind ──► │ └─┴────────────────────┘ unusable
 *    │ │                                                              │
 *    │ │                        copied unasked and failed: why? ──► PROBING ──► next primary, or …
 *    │ └── every primary failed: wait for the retry timer ────────────┘
 *    └──── saved: confirmed ──────────────────────────────────────────────────────────────────────────┘
 *
 * A round asks each primary at most once, beginning with the first in the configuration's order or with the one that
 * sent the NOTIFY.  What comes while a round runs (NOTIFY, operator's wish) is remembered, and a new round follows.
 *
 * Invariants:
 *  1. A round ends; WAITING always has a time in refresh_s when the next one begins.
 *  2. The expire time is counted from checked_s, the last time when a primary confirmed or sent the version; neither a
 *     failure nor a NOTIFY moves it.
 *  3. The served version changes only by follow_saved.
 *  4. An expired zone, one without version and a forced transfer take any serial; else only a newer one.
 *
 * Thread: one (transfer's).  Cost: constant; memory beyond the struct only while something is wrong. */
#ifndef UNDERSTUDY_TRANSFER_FOLLOW_H
#define UNDERSTUDY_TRANSFER_FOLLOW_H

#include "base/random.h"
#include "base/why.h"
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
	uint16_t first;                 /* primary that the round began with */
	uint16_t tried;                 /* primaries done with in this round */
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
	bool rechecked : 1; /* a NOTIFY's serial was waited for once */
	bool held : 1;      /* the next round is for a NOTIFY that came just after a failure */
};

/* What is wrong: with the zone since the last round, and in the round that runs. */
struct follow_trouble {
	struct why zone, round, probed;
};

/* What the machine may look at.  primary_count and bounds of the zone's policy. */
struct follow_env {
	const struct timer_bounds *bounds;
	unsigned primary_count;
	int64_t now_s;
	struct random *random;
};

enum follow_act {
	FOLLOW_REST, /* start nothing: what runs goes on, or the schedule brings the zone back */
	FOLLOW_ASK,  /* ask `primary` for the SOA */
	FOLLOW_COPY, /* transfer from `primary` */
	FOLLOW_SAVE  /* build and save what was copied */
};
struct follow_decision {
	enum follow_act act;
	unsigned primary;
	enum urgency urgency;
	bool probe;     /* ASK: only to learn what works; not worth a TCP connection */
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
/* The policy is another one.  The caller has cancelled what ran, unless it is SAVING. */
struct follow_decision follow_changed(struct follow *f, const struct follow_env *env);

/* ASKING or PROBING: an authoritative SOA came. */
struct follow_decision follow_answered(struct follow *f, const struct follow_env *env, uint32_t serial,
                                       bool by_udp);
/* COPYING: the transfer is whole. */
struct follow_decision follow_copied(struct follow *f, const struct follow_env *env, uint32_t serial);
/* SAVING: the version is saved and published. */
struct follow_decision follow_saved(struct follow *f, const struct follow_env *env, const struct soa *soa);
/* Any of them failed.  no_tcp: no TCP connection to the primary could be made. */
struct follow_decision follow_failed(struct follow *f, const struct follow_env *env, const struct why *why,
                                     bool no_tcp);

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
