/* What the inventory knows that a proof of control depends on (src/diagnose/proof.h judges it): whose the zone is, that
 * account's token and own names, and zones of other accounts on the same branch of the tree.
 *
 * A zone waits for its proof with CLAIM_PENDING in its row: it is not wanted, so it is neither transferred nor served.
 * Afterwards the row says how it was proven, as that decides when a new proof is needed.
 * Thread: the database's. */
#ifndef UNDERSTUDY_INVENTORY_CLAIMS_H
#define UNDERSTUDY_INVENTORY_CLAIMS_H

#include "dns/name.h"
#include "inventory/database.h"

#define CLAIM_PENDING "pending"
#define CLAIM_PRIMARIES                                                                                      \
	"primary-delegated"               /* all primaries stand in the delegation: about the content only */
#define CLAIM_TXT "txt"                   /* the account's token is published */
#define CLAIM_NAME_SERVERS "name-servers" /* delegated to names that only the account has */

#define CLAIM_VANITY_MAX 32
#define CLAIM_WORD_MAX 64

/* Is the zone waiting?  proof: as in its row, NULL too. */
bool claim_is_pending(const char *proof);
/* Must a zone that is proven so wait for a new proof after such a change?  NULL: it never needed one. */
bool claim_ends(const char *proof, bool account_changed, bool primaries_changed);

/* The zone of another account that stands in the way. */
struct claim_neighbour {
	bool is_there;
	bool consents; /* its owner has agreed */
	struct name name;
};
struct claim_facts {
	int64_t number, version, account; /* account: who claims it */
	char proof[CLAIM_WORD_MAX];       /* as in its row; "": none is needed */
	char id[CLAIM_WORD_MAX];          /* public, of the zone */
	char account_id[CLAIM_WORD_MAX];  /* public */
	char token[CLAIM_WORD_MAX];
	/* Names for this server that are the account's own beyond doubt: the zone that they lie in is the account's, and was
	 * not proven by its primaries only. */
	struct name vanity[CLAIM_VANITY_MAX];
	unsigned vanity_count;
	/* The nearest zone above, if it is another account's; and one below that is, whose owner has not agreed.  Zones
	 * that wait are none. */
	struct claim_neighbour above, below;
};
/* name: presentation form as in the rows.  claimant: an account that does not have the zone, but says that it should; 0:
 * whoever has it.  ERR_NOTFOUND: there is no such zone, or no such account.  Others: of database.h.
 * Cost: a look for each label of the name and of each own name, and a pass over the zones below. */
MUST_CHECK enum err claim_facts_read(struct sql *db, const char *name, int64_t claimant,
                                     struct claim_facts *out_facts);

/* May another account have a zone that is proven so, if it proves more?  Only its content was shown to be right, which
 * anybody can do who names the true primaries. */
bool claim_is_contestable(const char *proof);
/* The name is kept for the account until until_s, in place of whom it was kept for. */
MUST_CHECK enum err claim_reserve(struct sql *db, const char *name, int64_t account, int64_t until_s);

#define CLAIM_HOLD_S 3600
/* Does a zone give way to another account that wants its name?  What is not proven holds nothing, or whoever is first to
 * enter the names of others keeps them out; but it has an hour, so that two accounts do not chase each other away.  (A
 * proof that is published before the zone is added is found within seconds.) */
bool claim_gives_way(const char *proof, int64_t changed_s, int64_t now_s);

#define CLAIM_WAIT_MIN_S 60
#define CLAIM_WAIT_MAX_S 3600
#define CLAIM_AT_ONCE 4 /* of one account: others wait for theirs beside a million of it */
/* Names of zones that wait and are due to be looked at again at now_s: not looked at since they were changed; or as long ago as it had waited
 * then since it was made or changed, within the bounds above.  At most CLAIM_AT_ONCE of an account; first one of each
 * account, those that were looked at longest ago before others.
 * Cost: a pass over the zones that wait. */
MUST_CHECK enum err claim_due(struct sql *db, int64_t now_s, unsigned limit,
                              void (*each)(void *ctx, const char *name), void *ctx);

#endif
