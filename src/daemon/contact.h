/* What others have to know of this server: its addresses, and for a primary the key that we ask with.
 * Thread: the loop's. */
#ifndef UNDERSTUDY_DAEMON_CONTACT_H
#define UNDERSTUDY_DAEMON_CONTACT_H

#include "control/control.h"
#include "inventory/config.h"

/* server.public-addresses; where none are given, those of server.listen, a wildcard standing for the addresses of this
 * machine's interfaces but loopback and link-local ones.  Returns how many of them there are, at most max. */
size_t contact_addresses(const struct config_server *server, struct addr *out, size_t max);

/* The first primary's key. */
void contact_key(const struct zone_policy *policy, struct zone_contact *contact);

#endif
