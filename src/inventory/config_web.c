/* The section "web". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "inventory/config_reader.h"

#define PATH_LEN_MAX 3000
#define RATE_MAX 1000000
#define BODY_MIN 1024
#define BODY_MAX 8000000 /* with what stands around it a request of the control socket has 8 MiB */

/* Name in the folder that path stands in. */
static char *beside(const char *path, const char *name) {
	const char *slash = strrchr(path, '/');
	int folder = slash ? (int)(slash - path) + 1 : 0;
	size_t size = (size_t)folder + strlen(name) + 1;
	char *whole = xmalloc(size);
	snprintf(whole, size, "%.*s%s", folder, path, name);
	return whole;
}

static void tls_read(struct config_reader *r, int node, struct config_web *w) {
	struct values v;
	if (node == 0 || !values_read(r, &section_web_tls, node, &v)) return;
	if (!v.nodes[OPT_WEB_TLS_CERTIFICATE]) value_missing(r, &v, OPT_WEB_TLS_CERTIFICATE);
	if (!v.nodes[OPT_WEB_TLS_KEY]) value_missing(r, &v, OPT_WEB_TLS_KEY);
	w->certificate = path_value(r, &v, OPT_WEB_TLS_CERTIFICATE, PATH_LEN_MAX);
	w->key = path_value(r, &v, OPT_WEB_TLS_KEY, PATH_LEN_MAX);
}

void web_read(struct config_reader *r, int node) {
	static const char *const metrics[] = { "key", "open", NULL };
	struct config_web *w = &r->config->web;
	struct values v;
	if (!values_read(r, &section_web, node, &v)) return;
	listen_value(r, &v, OPT_WEB_LISTEN, 8053, &w->listen);
	tls_read(r, v.nodes[OPT_WEB_TLS], w);
	w->user = user_value(r, &v, OPT_WEB_USER);
	if (v.nodes[OPT_WEB_PROGRAM]) w->program = path_value(r, &v, OPT_WEB_PROGRAM, PATH_LEN_MAX);
	w->requests_per_minute = (unsigned)value_number(r, &v, OPT_WEB_REQUESTS_PER_MINUTE, 0, RATE_MAX);
	w->body_max = (unsigned)value_number(r, &v, OPT_WEB_BODY_MAX, BODY_MIN, BODY_MAX);
	if (w->listen.count > 0 && !r->config->web_socket && r->config->control_socket)
		r->config->web_socket = beside(r->config->control_socket, "web.sock");
	w->metrics_open = value_word(r, &v, OPT_WEB_METRICS, metrics) == 1;
}

void web_done(struct config_web *w) {
	free(w->certificate);
	free(w->key);
	free(w->user);
	free(w->program);
}
