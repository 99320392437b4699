/* How a zone is to be followed and who may ask what of it.  Immutable; shared by all zones with the same
 * settings; counted references. */
#ifndef UNDERSTUDY_INVENTORY_POLICY_H
#define UNDERSTUDY_INVENTORY_POLICY_H

#include <stdatomic.h>

#include "base/addr.h"
#include "dns/tsig.h"
#include "net/pin.h"
#include "net/tls_trust.h"
#include "zone/check.h"
#include "zone/history_memory.h"

/* One address to copy from. */
struct primary {
	struct addr addr;            /* with port */
	struct addr source;          /* AF_UNSPEC: the system chooses */
	const struct tsig_key *key;  /* NULL: not signed; owned by the policy's keyset */
	const struct tls_terms *tls; /* NULL: not over TLS; owned by the policy's keyset */
	char name[64];               /* as in the configuration; the address itself if none */
	bool axfr_only;              /* never asked for differences */
};

/* Which primary is asked first, and whose version is taken. */
enum primary_choice {
	PRIMARIES_IN_ORDER, /* the first that answers */
	PRIMARIES_PINNED,   /* the one that gave the version, others when it has nothing newer */
	PRIMARIES_HIGHEST   /* all are asked, the highest serial is taken */
};

/* One line of an access list: all that it asks for must fit. */
struct acl_item {
	bool keeps_out; /* whom it fits is not admitted, whatever follows */
	bool has_prefix;
	bool needs_tls;
	bool has_pin; /* then needs_tls too */
	struct addr_prefix prefix;
	const struct tsig_key *key; /* NULL: no key asked for */
	struct pin pin;             /* of the client's certificate; valid with has_pin */
};
/* Who asks, as far as access lists look; all borrowed. */
struct acl_client {
	const struct addr *peer;
	const struct tsig_key *key; /* that the request was verified with; NULL: none */
	bool over_tls;
	const struct pin *pin; /* of the certificate that it has proven to be its own; NULL: none */
};
struct acl {
	const struct acl_item *items;
	unsigned count;
};
/* The first item that fits decides; nobody is admitted by none. */
bool acl_admits(const struct acl *acl, const struct acl_client *client);
/* An item asks for a certificate. */
bool acl_has_pins(const struct acl *acl);

/* All keys and terms of TLS of one configuration; immutable, counted. */
struct keyset {
	_Atomic unsigned references;
	struct tsig_keyring ring;
	struct tls_terms **tls;
	unsigned tls_count;
	struct keyset *base; /* a reference: what this one points to beside its own; NULL: nothing */
	unsigned borrowed;   /* so many of the ring's first keys are base's */
};
/* An empty one with a reference to base (NULL: to none); the caller has a reference. */
struct keyset *keyset_over(struct keyset *base);
void keyset_ref(struct keyset *k);
void keyset_unref(struct keyset *k);

struct timer_bounds {
	uint32_t refresh_min_s, refresh_max_s;
	uint32_t retry_min_s, retry_max_s;
	uint32_t expire_min_s, expire_max_s;
};

/* How fast a transfer in must be; 0: no bound. */
struct pace_rules {
	uint32_t max_s;        /* for the whole */
	uint32_t min_octets_s; /* in each window of window_s */
	uint32_t window_s;
};

struct zone_policy {
	_Atomic unsigned references;
	struct keyset *keyset;
	const struct primary *primaries;
	unsigned primary_count;
	struct acl allow_transfer;
	struct acl allow_notify; /* beside the primaries, which may always notify */
	bool query_limited;      /* allow_query holds; false: anybody may ask */
	struct acl allow_query;
	const struct primary *notify; /* whom we notify after a new version */
	unsigned notify_count;
	struct timer_bounds bounds;
	enum primary_choice choice;
	bool shared_history;   /* primaries have the same versions: differences of one fit another's */
	bool axfr_only;        /* no primary is asked for differences */
	uint32_t full_check_s; /* the whole zone is compared so often; 0: never */
	struct history_bounds history;             /* what is kept of earlier versions */
	uint64_t max_zone_bytes, max_zone_records; /* 0: no limit */
	struct pace_rules pace;
	const char *
		check_command; /* path and arguments, each with its NUL, check_command_len octets; NULL: none */
	size_t check_command_len;
	uint32_t check_timeout_s;
	struct check_rules checks; /* of each new version */
};
void policy_ref(const struct zone_policy *p);
void policy_unref(const struct zone_policy *p);
bool policy_equal(const struct zone_policy *a, const struct zone_policy *b);
bool primaries_equal(const struct primary *a, const struct primary *b, unsigned count);
/* All keys and terms of TLS, in their order; NULL is equal to itself. */
bool keyset_equal_whole(const struct keyset *a, const struct keyset *b);

#endif
