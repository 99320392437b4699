/* From a plan to a message: whole RRsets, with their signatures when the client asked for DNSSEC. */
#ifndef UNDERSTUDY_SERVE_ENCODE_H
#define UNDERSTUDY_SERVE_ENCODE_H

#include "serve/plan.h"

/* True: everything needed is in.  False: something was cut off, and TC has to be set (RFC 2181 section 9);
 * additional data that is only a courtesy is left out without that. */
bool encode_plan(struct encoder *e, const struct plan *p, bool dnssec);

/* Offset of a name that was just written at pos, as later records may point to it; 0: beyond the reach of
 * pointers. */
uint16_t encode_owner_offset(const struct encoder *e, size_t pos);

#endif
