/* The gate that every request with an API key passes: whose key it is, as far as that is remembered; how often somebody
 * may be wrong; how many requests an account may make.
 *
 *   gate_look --KNOWN--> the request goes on
 *       |----UNKNOWN, WAIT--> it is refused; what it asked for is not looked at
 *       '----ASK--> tokens_verify (desk) --> gate_learn --> gate_look's answer
 *
 * A known key costs no read of the database.  When a key or an account changes, gate_forget is called before the change
 * is acknowledged.  Keys are found by their digests, so what lies in memory opens no door.
 * Nobody can lock out the holder of a key: its characters can't be guessed, so failures with its visible part count for
 * those who fail only, and a source that fails too often has to wait with keys only that are not remembered.
 * Bounds: GATE_KEYS remembered; who is not is asked for anew.  Thread: the loop's. */
#ifndef UNDERSTUDY_INVENTORY_GATE_H
#define UNDERSTUDY_INVENTORY_GATE_H

#include "base/clock.h"
#include "inventory/caller.h"
#include "inventory/tries.h"

#define GATE_ROWS 4096
#define GATE_WAYS 8
#define GATE_KEYS (GATE_ROWS * GATE_WAYS)
#define GATE_USED_S 60 /* the last use of a key is written at most so often */

enum gate_verdict {
	GATE_KNOWN,
	GATE_ASK,     /* only the database can tell */
	GATE_UNKNOWN, /* there is no such key, or its time is over */
	GATE_WAIT     /* too many tries, or too many requests */
};
struct gate_answer {
	enum gate_verdict verdict;
	const struct caller *caller; /* with GATE_KNOWN; borrowed until the next call */
	uint32_t wait_s;             /* with GATE_WAIT */
	bool tries;                  /* with GATE_WAIT: too many failures, not too many requests */
};

struct gate;
struct gate *gate_new(struct random *random);
void gate_free(struct gate *g);

/* key: what the request gives, of any form.  source: where it came from; NULL: not known. */
struct gate_answer gate_look(struct gate *g, const char *key, const struct addr *source, struct moment now);
/* What tokens_verify found for a key after GATE_ASK; NULL: nothing.  A reference is kept. */
struct gate_answer gate_learn(struct gate *g, const char *key, const struct addr *source,
                              const struct caller *caller, struct moment now);
/* Keys of this account, by its row; 0: all. */
void gate_forget(struct gate *g, int64_t account);
/* How often that was called: who acts for long on one look has to look again when it differs. */
uint64_t gate_changes(const struct gate *g);
/* Whose the key is, as far as that is remembered; NULL: it is not.  Counts as no request.  Borrowed. */
const struct caller *gate_remembered(struct gate *g, const char *key);

/* Call told for each key that was used since it was last told of, if that was GATE_USED_S ago or longer.
 * Cost: a walk over all that is remembered. */
void gate_tell_used(struct gate *g, int64_t now_s, void (*told)(void *ctx, int64_t token, int64_t used_s),
                    void *ctx);

#endif
