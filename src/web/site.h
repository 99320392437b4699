/* The process: what every exchange may use.  One for each process, made by main.c; written by site.c, read by all.
 * Thread: the loop's. */
#ifndef UNDERSTUDY_WEB_SITE_H
#define UNDERSTUDY_WEB_SITE_H

#include <jansson.h>
#include <stdbool.h>
#include <uv.h>

#include "base/err.h"
#include "base/log.h"
#include "web/server.h"

#define SITE_LISTEN_MAX 16

struct limits;
struct pool;

/* From the daemon (request web.config). */
struct site_config {
	struct addr listen[SITE_LISTEN_MAX];
	unsigned listen_count;
	char *certificate_path, *key_path; /* own; NULL: no TLS */
	unsigned requests_per_minute;
	struct server_bounds bounds;
	bool metrics_open;
};

struct site {
	uv_loop_t *loop;
	struct pool *pool;
	struct limits *limits;
	struct log *log;
	const char *version;
	json_t *description; /* OpenAPI, parsed */
	json_t *schemas;     /* borrow from it */
	struct site_config config;
	struct server *servers[SITE_LISTEN_MAX];
	char *certificate, *key; /* own: PEM texts that the servers use */
	unsigned watchers;       /* of events, now */
	uv_timer_t retry;
	struct ask *asking; /* for the configuration */
	uv_signal_t signals[3];
	bool stopping, failed;
};

/* Runs until a signal or until it cannot go on: 0, or 1.  socket_path: of the daemon's control socket for the web. */
int site_run(const char *socket_path, struct log *log);

/* Take a reply of web.config apart.  ERR_CONFIG: out_fault tells. */
MUST_CHECK enum err site_config_read(json_t *reply, struct site_config *out_config,
                                     char out_fault[static SERVER_FAULT_MAX]);
void site_config_done(struct site_config *c);

#endif
