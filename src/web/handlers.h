/* The handlers that routes.def names.  Each answers its exchange once, now or later. */
#ifndef UNDERSTUDY_WEB_HANDLERS_H
#define UNDERSTUDY_WEB_HANDLERS_H

#include "web/exchange.h"

/* ops.c: of the process itself */
void ops_healthz(struct exchange *x);
void ops_readyz(struct exchange *x);
void ops_openapi(struct exchange *x);

#endif
