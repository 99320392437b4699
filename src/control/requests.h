/* From a line of JSON to replies of JSON.  Sans-IO: control.c owns the sockets.
 * Thread: the transfer thread's loop. */
#ifndef UNDERSTUDY_CONTROL_REQUESTS_H
#define UNDERSTUDY_CONTROL_REQUESTS_H

#include <stddef.h>

#include "control/control.h"
#include "store/store.h"

#define REQUEST_LIST_SLICE 128          /* zones of a reply */
#define REQUEST_ROWS_SLICE 1000         /* versions of a reply */
#define REQUEST_DIFF_SLICE (512U << 10) /* octets of text of a reply, and one record */
#define REQUEST_EXPORT_SLICE (1U << 20) /* octets of text of a reply: any record fits */

#define REQUEST_SERIALS_MAX 2

/* A request that is being answered; slices keep their place here.  Start with {0}. */
struct request {
	const char *name; /* of the table; NULL: not known */
	json_t *(*next)(struct request *r, const struct control_backend *backend); /* NULL: no more replies */
	struct name zone;
	uint32_t serials[REQUEST_SERIALS_MAX]; /* in the order of the table's fields */
	size_t list_cursor;
	struct zone_version *version; /* a reference, while it is exported */
	struct export_cursor export;
	json_t *rows; /* a reference, while they are told */
	size_t row;
	struct change *change; /* a reference, while it is told */
	enum change_side side;
	struct change_walk walk;
};

/* Take a line (without its newline) in hand: returns the first reply, a new reference.  While r->next is set
 * afterwards, further ones come from request_next. */
json_t *request_begin(struct request *r, const struct control_backend *backend, const char *line, size_t len);
json_t *request_next(struct request *r, const struct control_backend *backend);
/* At any time. */
void request_done(struct request *r);

/* {"ok": false, "code": code, "error": text} */
json_t *request_refusal(const char *code, const char *text);

#endif
