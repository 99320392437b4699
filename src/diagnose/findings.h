/* What a walk through the tree of names has found out about a zone: who it is delegated to, and which texts stand where
 * a proof of control may stand.  A plain value. */
#ifndef UNDERSTUDY_DIAGNOSE_FINDINGS_H
#define UNDERSTUDY_DIAGNOSE_FINDINGS_H

#include "base/addr.h"
#include "dns/name.h"

#define FINDINGS_SERVERS_MAX 16  /* name servers of one delegation that are looked at */
#define FINDINGS_ADDRESSES_MAX 8 /* of one name server */
#define FINDINGS_TEXTS_MAX 16    /* proofs at one name */
#define FINDINGS_TEXT_MAX 96     /* of one of them, NUL included; longer ones are no proofs */
#define FINDINGS_TROUBLE_MAX 200

#define FINDINGS_PREFIX "understudy-proof="
#define FINDINGS_LABEL "_understudy-challenge"

enum finding {
	FINDING_NONE,   /* not looked for */
	FINDING_FAILED, /* nobody who should know answered: it may be there or not */
	FINDING_NO,     /* an authoritative server says that it is not there; the name may exist */
	FINDING_NO_NAME,
	FINDING_YES
};

struct findings_server {
	struct name name;
	struct addr addresses[FINDINGS_ADDRESSES_MAX]; /* with port */
	unsigned address_count;                        /* 0: none could be found */
};

/* Texts that begin with FINDINGS_PREFIX, without it. */
struct findings_texts {
	enum finding found; /* FINDING_YES: the name has TXT records, perhaps none of ours */
	unsigned count;
	char items[FINDINGS_TEXTS_MAX][FINDINGS_TEXT_MAX];
};

struct findings {
	struct name zone;
	enum finding delegation; /* YES: the servers above refer to the servers below */
	bool by_child; /* they hold the zone too, and gave its own NS records: what the zone above says is
	                          * not seen */
	struct name parent; /* the zone whose servers said so; valid with YES, NO and NO_NAME */
	struct findings_server servers[FINDINGS_SERVERS_MAX];
	unsigned server_count;
	bool servers_left_out; /* there are more */
	struct findings_texts challenge, apex,
		above; /* at _understudy-challenge.ZONE, ZONE, _understudy-challenge.PARENT */
	char trouble[FINDINGS_TROUBLE_MAX]; /* the last question that failed, in words; "": none */
	unsigned questions;                 /* asked in all */
};

#endif
