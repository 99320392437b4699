/* Who may make a request, and what of others it may see; for src/control only.  Thread: as request.h says. */
#ifndef UNDERSTUDY_CONTROL_ADMIT_H
#define UNDERSTUDY_CONTROL_ADMIT_H

#include "control/request.h"

/* NULL: go on; with r->stage STAGE_VERIFY only after admit_verify on the desk and admit_verified. */
json_t *admit(struct request *r);
void admit_verify(struct request *r);
json_t *admit_verified(struct request *r);

/* The field "account" is to be looked up, on the desk: into r->account, or r->reply says why not. */
bool admit_wants_account(const struct request *r);
void admit_account(struct request *r);

/* The zone is of the caller's account, and its key is not kept from it. */
bool request_may_see(const struct request *r, const uint8_t *zone);
/* For a change of the inventory; text is where its name stands. */
struct inventory_who request_who(const struct request *r, char text[static WHO_TEXT_MAX]);

/* "uid 0 (root)". */
void admit_peer(unsigned uid, char out_who[static WHO_TEXT_MAX]);

#endif
