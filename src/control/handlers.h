/* The handlers of requests.def: each makes the first reply of its row. */
#ifndef UNDERSTUDY_CONTROL_HANDLERS_H
#define UNDERSTUDY_CONTROL_HANDLERS_H

#include "control/request.h"

#define REQUEST(name, where, who, handler, fields, text) json_t *handler(struct request *r);
#include "control/requests.def"
#undef REQUEST

#endif
