/* Parameters of the query, judged by the description of the API.  Thread: any. */
#ifndef UNDERSTUDY_WEB_QUERY_H
#define UNDERSTUDY_WEB_QUERY_H

#include "web/faults.h"
#include "web/route.h"

/* Each parameter is one of the route's, and what it must be: type and enum of its schema in the description. */
void query_check(json_t *description, const struct route *r, const struct target *t, struct faults *faults);

#endif
