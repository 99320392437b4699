/* From a question to a plan: the algorithm of RFC 1034 section 4.3.2 with wildcards (RFC 4592), DNAME (RFC 6672),
 * DNSSEC (RFC 4035 section 3.1, RFC 5155 section 7.2), negative answers (RFC 2308) and minimal answers to ANY
 * (RFC 8482). */
#ifndef UNDERSTUDY_SERVE_ANSWER_H
#define UNDERSTUDY_SERVE_ANSWER_H

#include "serve/plan.h"
#include "serve/scope.h"

/* q->name, which sought has prepared, is v's apex or below it, and stands in the answer at
 * MESSAGE_HEADER_LEN.  dnssec: proofs are wanted
 * (signatures are the encoder's).  Aliases are followed into every zone that scope holds, serves and admits the
 * client to (RFC 1034 section 4.3.2: "go back to step 1"), PLAN_CHAIN_MAX of them at most; the last name decides
 * about RCODE and authority section (RFC 6604 section 3). */
void answer_plan(struct plan *p, const struct scope *scope, const struct zone_version *v,
                 const struct question *q, const struct sought *sought, bool dnssec);
/* The zone's SOA alone in the answer section (IXFR of what is current). */
void answer_plan_soa(struct plan *p, const struct zone_version *v);

/* additional.c: addresses for the names in the plan's answer and authority sections, each from the zone that the
 * RRset is of. */
void additional_plan(struct plan *p);

#endif
