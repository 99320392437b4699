/* Addresses that are nobody's on the public Internet: loopback, private, link-local, documentation, multicast and so on
 * (the IANA registries of special-purpose addresses, RFC 6890).  Names of strangers may point there; they are not
 * asked, and prove nothing.  Thread: any. */
#ifndef UNDERSTUDY_DIAGNOSE_SPECIAL_H
#define UNDERSTUDY_DIAGNOSE_SPECIAL_H

#include <stdbool.h>

#include "base/addr.h"

bool addr_is_special(const struct addr *a);

#endif
