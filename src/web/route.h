/* The table of routes, routes.def: which method of which path does what, for whom.
 *
 * A pattern's segment is a word that must be met as it is, or {name}, which any text fits.  The first row that fits
 * decides, so that "by-name" stands before "{id}".
 * Thread: any. */
#ifndef UNDERSTUDY_WEB_ROUTE_H
#define UNDERSTUDY_WEB_ROUTE_H

#include <stdbool.h>
#include <stddef.h>

#include "web/target.h"

#define ROUTE_PARAMS_MAX 4
#define ROUTE_ALLOW_MAX 64 /* octets of an Allow header, NUL included */

enum method {
	METHOD_GET,
	METHOD_HEAD,
	METHOD_POST,
	METHOD_PUT,
	METHOD_PATCH,
	METHOD_DELETE,
	METHOD_OPTIONS,
	METHOD_OTHER
};

/* What a route asks of the caller before anything is done.  Which key may do what is judged in understudyd. */
enum access { ACCESS_OPEN, ACCESS_METRICS, ACCESS_READ, ACCESS_WRITE, ACCESS_ADMIN };

/* What a route answers with when all goes well. */
enum makes { MAKES_JSON, MAKES_TEXT, MAKES_EVENTS, MAKES_EITHER };

struct exchange;

struct route {
	enum method method;
	const char *pattern;
	enum access access;
	void (*handle)(struct exchange *x);
	const char *request; /* of the control socket, or "" */
	const char *query;   /* names of the parameters it takes, parted by blanks */
	enum makes makes;
	const char *body; /* schema of the JSON object that it takes, or "" */
};

extern const struct route routes[];
extern const size_t routes_count;

enum method method_parse(const char *text);
const char *method_text(enum method m);

/* The row for this method (HEAD is a GET) and path; NULL: none, then out_allow is "" where no method is known
 * (404), or what the Allow header says (405).  out_params: what stood in the places of {…}, in order; borrow from
 * t. */
const struct route *route_find(enum method m, const struct target *t,
                               const char *out_params[ROUTE_PARAMS_MAX],
                               char out_allow[static ROUTE_ALLOW_MAX]);

/* NULL, or the first parameter of the query that the route does not take. */
const char *route_unknown_param(const struct route *r, const struct target *t);

#endif
