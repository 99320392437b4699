/* Proofs of control while the server runs (server.mode: public): zones that wait for their proof are taken from the
 * inventory, the tree of names is walked for each, and what is proven is marked, whereupon it is served.
 *
 *     every PROVER_TURN_MS, and when somebody asks
 *        │
 *        ▼
 *     desk: which zones are due? ──► loop: walk (diagnose/walker.h) ──► desk: judge by what holds *now*, mark
 *                                                                          │
 *     loop: differences to `wanted`, an event, the text for the status ◄────┘
 *
 * A zone that is not proven is tried again a minute after it was added or changed, then each time after as long as it has
 * waited, at most an hour (claims.h).  So many walks at once as walker.h allows, CLAIM_AT_ONCE of an account, and no more
 * zones in memory.
 * Thread: the loop's; what is marked so is called on the desk. */
#ifndef UNDERSTUDY_DAEMON_PROVER_H
#define UNDERSTUDY_DAEMON_PROVER_H

#include "control/desk.h"
#include "diagnose/proof.h"
#include "diagnose/walker.h"
#include "inventory/claims.h"
#include "inventory/config.h"
#include "inventory/names.h"
#include "inventory/wanted.h"

#define PROVER_TURN_MS 5000
#define PROVER_PRIMARIES_MAX CONFIG_PRIMARIES_MAX
#define PROVER_AGAIN_MS 10000 /* a zone is not walked for more often than that, whoever asks */
#define PROVER_NOTES_MAX 512  /* zones whose last verdict is remembered */

/* A zone that waits, as the inventory has it; or one that another account has, who has shown less than the claimant may:
 * a contest. */
struct prover_case {
	char name[NAME_TEXT_MAX]; /* as in its row */
	bool is_contest;          /* facts are those of the claimant */
	struct claim_facts facts;
	struct addr primaries[PROVER_PRIMARIES_MAX]; /* every address that it may be transferred from */
	bool primary_tls[PROVER_PRIMARIES_MAX];      /* with a certificate that is checked */
	unsigned primary_count;
};

struct prover_ops {
	void *ctx;
	/* Desk: the zone called name if it waits, or (NULL) up to limit that are due at now_s.  claimant not 0: the zone
	 * called name, if that account may contest it. */
	enum err (*gather)(void *ctx, const char *name, int64_t claimant, int64_t now_s,
	                   struct prover_case *cases, unsigned limit, unsigned *out_count);
	/* Desk: proven as kind, or (PROOF_MISSING) looked for in vain, at now_s.  Of a contest: only if it was won; the
	 * zone is taken from who has it, and the name is kept for the claimant.  ERR_STALE: it was changed since. */
	enum err (*mark)(void *ctx, const struct prover_case *c, enum proof_kind kind, int64_t now_s,
	                 struct wanted_changes *out_changes);
	/* Loop: give the differences to wanted (takes their content). */
	void (*changed)(void *ctx, struct wanted_changes *changes);
	/* Loop: does the content of zone, as we serve it, have NS records at name? */
	bool (*delegates)(void *ctx, const uint8_t *zone, const uint8_t *name);
	/* Loop: for the log. */
	void (*told)(void *ctx, const char *name, const struct proof_verdict *verdict);
};

struct prover;
/* config: server.name-servers, public-addresses and root-servers are copied.  desk, rules, random: borrowed. */
struct prover_settings {
	const struct config_server *config;
	struct desk *desk;
	const struct name_rules *rules;
	struct random *random;
	struct prover_ops ops; /* copied */
};
struct prover *prover_new(uv_loop_t *loop, const struct prover_settings *settings);
/* Before desk_stop.  Calls done when nothing of it is left on the loop; jobs on the desk may still come back: free it
 * after the loop has run down. */
void prover_stop(struct prover *p, void (*done)(void *ctx), void *ctx);
void prover_free(struct prover *p);

/* Look now: a zone was added or changed, or (zone not NULL, presentation form) somebody asks for this one.  False:
 * it is under way, or was not long ago, or too many are under way. */
bool prover_wake(struct prover *p, const char *zone);

/* Another account says that a zone is its own (it wanted to add it).  If the zone may be contested, the proofs of that
 * account are looked for; with a better one the name is freed for it.  False: as above.  Nothing is told of it. */
bool prover_contest(struct prover *p, const char *zone, int64_t claimant);

/* What came of the last look, in words; NULL: not known.  Borrowed until the loop goes on. */
struct prover_note {
	uint64_t hash; /* of the name; 0: none */
	int64_t tried_s;
	struct proof_verdict verdict;
};
const struct prover_note *prover_find_note(const struct prover *p, const char *zone);

#endif
