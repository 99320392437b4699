/* What to write on a primary so that we may transfer a zone from it and hear of its changes: the very lines, for
 * its software, with our addresses and the TSIG key.
 *
 * A row a software in primary_config.def.  Pure: text in, text out.  Thread: any. */
#ifndef UNDERSTUDY_INVENTORY_PRIMARY_CONFIG_H
#define UNDERSTUDY_INVENTORY_PRIMARY_CONFIG_H

#include <stddef.h>

#include "base/addr.h"
#include "base/err.h"

#define PRIMARY_CONFIG_PARTS_MAX 4
#define PRIMARY_CONFIG_SECRET "SECRET-OF-THE-KEY" /* stands where the secret belongs when it is not known */

/* All borrowed. */
struct primary_config_ask {
	const char *software; /* "bind" ...: primary_config_next */
	bool previous; /* the syntax of versions before the current line of the software, where it differs */
	const char *zone; /* presentation form, no final dot but for the root */
	const struct addr
		*addresses; /* ours, with ports: where we ask from and are notified at; at least one */
	size_t address_count;
	const char *key_name;      /* NULL: transfers are not signed, our addresses are admitted instead */
	const char *key_algorithm; /* "hmac-sha256" ...; with key_name */
	const char *key_secret;    /* base64; NULL: PRIMARY_CONFIG_SECRET is written in its place */
};

/* Lines that belong to one place, or commands to run. */
struct primary_config_part {
	char *where; /* a sentence without its final colon: file and place */
	char *lines; /* each with its newline */
};
struct primary_config {
	const char *title;                                          /* "BIND 9.11 or newer"; not owned */
	struct primary_config_part parts[PRIMARY_CONFIG_PARTS_MAX]; /* owned; in the order to follow */
	unsigned count;
};

/* ERR_NOTFOUND: no such software.  ERR_UNSUPPORTED: the zone's or the key's name has characters that would have to be
 * quoted (others than letters, digits and "-_./"), or the secret is no base64.  ERR_NOMEM. */
MUST_CHECK enum err primary_config_make(const struct primary_config_ask *ask,
                                        struct primary_config *out_config);
void primary_config_done(struct primary_config *config);

/* The names that software may have, one after another; start with *at = 0.  NULL: no more. */
const char *primary_config_next(size_t *at);

#endif
