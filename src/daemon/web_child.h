/* understudy-web, watched: started by the launcher, again when it ends, later and later if it does not stay.
 * Thread: the loop's, but for web_child_fork. */
#ifndef UNDERSTUDY_DAEMON_WEB_CHILD_H
#define UNDERSTUDY_DAEMON_WEB_CHILD_H

#include <jansson.h>
#include <uv.h>

#include "base/log.h"
#include "inventory/config.h"

struct web_child;

/* While we may become others and before there is a thread.  *out_child NULL: no HTTP is wanted. */
MUST_CHECK enum err web_child_fork(const struct config *config, struct log *log,
                                   struct web_child **out_child);
/* When control.web-socket is there.  ERR_LIMIT: no descriptors. */
MUST_CHECK enum err web_child_start(struct web_child *w, uv_loop_t *loop);
/* It reads its configuration again. */
void web_child_reload(struct web_child *w);
/* It ends; handles are closed.  NULL is fine, as below. */
void web_child_stop(struct web_child *w);
/* After the loop has run down: waits for the launcher's end, a few seconds at most. */
void web_child_free(struct web_child *w);
/* {"pid", "restarts"}; NULL: there is none. */
json_t *web_child_status(const struct web_child *w);

#endif
