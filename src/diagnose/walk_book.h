/* What a walk has learned: name servers with their addresses, and delegations, each a list of servers.  Plain tables of
 * fixed size.  For walk.c only. */
#ifndef UNDERSTUDY_DIAGNOSE_WALK_BOOK_H
#define UNDERSTUDY_DIAGNOSE_WALK_BOOK_H

#include "diagnose/walk_read.h"

#define BOOK_HOSTS_MAX 64
#define BOOK_CUTS_MAX 24

struct host {
	struct name name;                              /* lower case; the root: some of the root servers */
	struct addr addresses[FINDINGS_ADDRESSES_MAX]; /* with port */
	uint8_t address_count;
	uint8_t dead;   /* a bit for each address that did not answer in this walk */
	bool looked_up; /* there is no more to learn of it */
	bool looking;   /* a question for its address waits */
};

struct cut {
	struct name name;                    /* lower case */
	uint8_t hosts[FINDINGS_SERVERS_MAX]; /* numbers of hosts */
	uint8_t host_count;
	bool left_out; /* it has more servers */
};

struct book {
	struct host hosts[BOOK_HOSTS_MAX];
	struct cut cuts[BOOK_CUTS_MAX]; /* the first is the root */
	unsigned host_count, cut_count;
};

/* The root servers; at most WALK_ROOTS_MAX. */
void book_begin(struct book *b, const struct addr *roots, unsigned count);
/* The deepest delegation on the way to name. */
unsigned book_cut_for(const struct book *b, const uint8_t *name);
/* Keep a delegation; of one that is known the former stays.  ERR_LIMIT: no room. */
MUST_CHECK enum err book_learn(struct book *b, const struct reading *reading, uint16_t port,
                               unsigned *out_cut);
void book_add_address(struct host *h, const struct addr *a, uint16_t port);

#endif
