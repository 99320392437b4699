/* From a request to its handler, and from the daemon's reply to the answer.
 *
 * What every route has in common is done here: target, method, parameters, key, rate, Accept, body by its schema,
 * headers of every answer, and what each refusal of the daemon is called in HTTP.
 * Thread: the loop's. */
#ifndef UNDERSTUDY_WEB_API_H
#define UNDERSTUDY_WEB_API_H

#include "web/exchange.h"
#include "web/faults.h"

/* For the server: server_calls. */
void api_head(struct exchange *x);
void api_run(struct exchange *x);
void api_gone(struct exchange *x);

/* {"request": name, "key": …, "from": …}, a new reference. */
json_t *api_request(struct exchange *x, const char *name);
/* Ask the daemon (take request): x->done gets the result of success, a refusal is answered (x->failed). */
void api_ask(struct exchange *x, json_t *request, void (*done)(struct exchange *x, json_t *result));
/* The same where the result comes in parts: done for each, with a last time with result NULL when it is whole.  The
 * stream must have been begun in the first. */
void api_ask_parts(struct exchange *x, json_t *request, void (*done)(struct exchange *x, json_t *result));

/* Answer with what the daemon's refusal means; reply NULL: it is away. */
void api_refuse(struct exchange *x, const char *code, json_t *reply);
/* 422 with all faults, which are taken; false: there are none, nothing was answered. */
bool api_faults(struct exchange *x, struct faults *faults);
/* 503, Retry-After. */
void api_away(struct exchange *x);

/* Number of the query, or otherwise.  false: it is none or out of the range, which was answered. */
bool api_query_number(struct exchange *x, const char *name, json_int_t min, json_int_t max,
                      json_int_t *inout);
#endif
