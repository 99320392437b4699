/* One answer on the walk, told apart: does it answer, refer downward, lead elsewhere, deny, or is it of no use?  Pure. */
#ifndef UNDERSTUDY_DIAGNOSE_WALK_READ_H
#define UNDERSTUDY_DIAGNOSE_WALK_READ_H

#include "diagnose/findings.h"
#include "dns/message.h"

enum reading_kind {
	READING_USELESS,  /* trouble says why: ask another server */
	READING_REFERRAL, /* owner, servers */
	READING_ANSWER,   /* servers for NS; addresses; texts */
	READING_ALIAS,    /* owner is where it leads (CNAME) */
	READING_NO_DATA,
	READING_NO_NAME
};

struct reading {
	enum reading_kind kind;
	struct name owner;
	struct findings_server servers[FINDINGS_SERVERS_MAX]; /* addresses without port */
	unsigned server_count;
	bool servers_left_out;
	struct addr addresses[FINDINGS_ADDRESSES_MAX]; /* of an ANSWER for A or AAAA; without port */
	unsigned address_count;
	struct findings_texts texts; /* of an ANSWER for TXT */
	char trouble[80];
};

/* m answers the question for name and type that went to a server of the zone `cut` (name is within it).
 * Cost: linear in m->len, times 16 for the addresses beside a referral. */
void reading_of(const struct message *m, const uint8_t *cut, const uint8_t *name, uint16_t type,
                struct reading *out_reading);

#endif
