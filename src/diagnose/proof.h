/* Does an account control a zone?  The rules, in one pure function: what is claimed and what a walk has found go in, a
 * verdict comes out.  What each proof stands against is argued in docs/decisions/0014-proof-of-control.md.
 * Thread: any. */
#ifndef UNDERSTUDY_DIAGNOSE_PROOF_H
#define UNDERSTUDY_DIAGNOSE_PROOF_H

#include "diagnose/findings.h"

enum proof_kind {
	PROOF_MISSING,
	/* The delegation names one of our name servers, and every primary of the zone: what we serve is what the
	 * delegated servers say.  It shows whose *content* it is, not whose account: the weakest. */
	PROOF_PRIMARY_DELEGATED,
	PROOF_TXT,         /* the account's token stands in the zone or right above it */
	PROOF_NAME_SERVERS /* the delegation names servers that only this account has */
};

enum proof_fault {
#define PROOF_FAULT(name, slug, text, advice) PROOF_FAULT_##name,
#include "diagnose/proof.def"
#undef PROOF_FAULT
	PROOF_FAULT_COUNT
};

/* A zone of another account on the same branch of the tree, that is held here and proven. */
struct proof_neighbour {
	bool above;     /* else below */
	bool consents;  /* its owner has agreed to this account's having the name */
	bool delegates; /* above, and its content as we hold it has NS records at the name */
};

/* Names in lower case or not; all borrowed. */
struct proof_claim {
	const uint8_t *zone;
	const char *token;            /* the account's, without the prefix; not empty */
	const struct addr *primaries; /* every address that the zone may be transferred from, with port */
	const bool
		*primary_tls; /* of each, whether over TLS with a certificate that is checked; NULL: none */
	unsigned primary_count;
	const struct name *
		account_servers; /* that only this account has: proof_account_server, and vanity names that it
	                                     * has proven to be its own */
	unsigned account_server_count;
	const struct name *our_servers; /* of everybody: server.name-servers */
	unsigned our_server_count;
	const struct addr *our_addresses; /* server.public-addresses */
	unsigned our_address_count;
	bool parent_is_public; /* findings.parent is a public suffix (inventory/names.h): texts there prove nothing */
	const struct proof_neighbour *neighbours;
	unsigned neighbour_count;
	uint16_t port; /* of name servers; 53 */
	bool anywhere; /* addresses of special purpose count: private roots only */
};

struct proof_verdict {
	enum proof_kind kind;   /* PROOF_MISSING: fault and text say why */
	enum proof_fault fault; /* PROOF_FAULT_NONE with a proof */
	char text[400];         /* in words for the claimant: what was seen, and what to do */
};
void proof_judge(const struct proof_claim *claim, const struct findings *found,
                 struct proof_verdict *out_verdict);

/* "primary-delegated", "txt", "name-servers"; "pending" for PROOF_MISSING. */
const char *proof_kind_text(enum proof_kind kind);
/* ERR_NOTFOUND. */
MUST_CHECK enum err proof_kind_parse(const char *text, enum proof_kind *out_kind);
const char *proof_fault_slug(enum proof_fault fault);

/* Does a zone proven this way need a new proof after such a change?  A change of account always does; new primaries do
 * where the primaries were the proof. */
bool proof_needed_anew(enum proof_kind kind, bool account_changed, bool primaries_changed);
/* May a claim that is proven like `next` take the zone from an account that holds it by `held`?  Who has proven only the
 * content, or nothing, gives way to who has proven to control the zone. */
bool proof_beats(enum proof_kind next, enum proof_kind held);

/* The name of one of our servers that only this account has: its public id before the name ("ID.ns1.example").  Our
 * own zone has a wildcard there.  ERR_LIMIT: too long; ERR_NAME: the id is no label. */
MUST_CHECK enum err proof_account_server(const char *account_public_id, const struct name *server,
                                         struct name *out_name);

/* What an account can do for its zone, in words, before anything was looked for: the record to publish, and the names to
 * delegate to.  Names in presentation form; out is cut at its end. */
void proof_advise(const struct proof_claim *claim, char *out, size_t size);

#endif
