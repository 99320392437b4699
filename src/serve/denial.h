/* Proofs that something does not exist: NSEC (RFC 4035 section 3.1.3) and NSEC3 (RFC 5155 section 7.2).
 * All add to the authority section; in a zone without a usable chain they add nothing. */
#ifndef UNDERSTUDY_SERVE_DENIAL_H
#define UNDERSTUDY_SERVE_DENIAL_H

#include "serve/plan.h"

/* name does not exist, nor a wildcard that would stand for it; its closest encloser has encloser_labels. */
void denial_of_name(struct plan *p, const struct zone_version *v, const uint8_t *name,
                    unsigned encloser_labels);
/* name exists and lacks the type: plain NODATA, empty non-terminal, DS at a cut, referral without DS. */
void denial_of_type(struct plan *p, const struct zone_version *v, const uint8_t *name);
/* name was answered from the wildcard below its closest encloser: nothing closer exists. */
void denial_of_closer(struct plan *p, const struct zone_version *v, const uint8_t *name,
                      unsigned encloser_labels);
/* The wildcard below the closest encloser stands for name, and lacks the type. */
void denial_of_wildcard_type(struct plan *p, const struct zone_version *v, const uint8_t *name,
                             unsigned encloser_labels);

#endif
