/* What the daemon says that we are: the result of its request web.config. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "web/site.h"

#define PORT_DEFAULT 8053

static const struct server_bounds bounds_default = {
	.connections = 512,
	.connections_per_address = 64,
	.head_bytes = 32768,
	.body_bytes = 4U << 20,
	.bodies_bytes = 64U << 20,
	.idle_s = 30,
	.request_s = 60,
};

static enum err read_listen(json_t *list, struct site_config *c, char out_fault[static SERVER_FAULT_MAX]) {
	size_t i;
	json_t *item;
	json_array_foreach(list, i, item) {
		const char *text = json_string_value(item);
		if (c->listen_count == SITE_LISTEN_MAX) break;
		if (!text || addr_parse(text, PORT_DEFAULT, &c->listen[c->listen_count]) != OK) {
			snprintf(out_fault, SERVER_FAULT_MAX, "listen: %s is no address",
			         text ? text : "an item");
			return ERR_CONFIG;
		}
		c->listen_count++;
	}
	if (c->listen_count > 0) return OK;
	snprintf(out_fault, SERVER_FAULT_MAX, "listen: no address to listen on");
	return ERR_CONFIG;
}

/* The number called name, if it is there and in the range; else what out has. */
static unsigned number(json_t *reply, const char *name, unsigned min, unsigned max, unsigned otherwise) {
	json_t *n = json_object_get(reply, name);
	json_int_t value = json_integer_value(n);
	return json_is_integer(n) && value >= min && value <= max ? (unsigned)value : otherwise;
}

static void read_bounds(json_t *reply, struct server_bounds *b) {
	b->connections = number(reply, "connections_max", 1, 100000, b->connections);
	b->connections_per_address = number(reply, "connections_per_address", 1, 100000,
	                                    b->connections_per_address);
	b->body_bytes = number(reply, "body_max", 1024, 256U << 20, (unsigned)b->body_bytes);
	b->idle_s = number(reply, "idle_s", 1, 3600, b->idle_s);
	b->request_s = number(reply, "request_s", 1, 3600, b->request_s);
	if (b->bodies_bytes < 4 * b->body_bytes) b->bodies_bytes = 4 * b->body_bytes;
}

static char *path_of(json_t *tls, const char *name) {
	const char *path = json_string_value(json_object_get(tls, name));
	return path && *path ? xstrdup(path) : NULL;
}

enum err site_config_read(json_t *reply, struct site_config *out_config,
                          char out_fault[static SERVER_FAULT_MAX]) {
	struct site_config c = { .requests_per_minute = 300, .bounds = bounds_default };
	const char *metrics = json_string_value(json_object_get(reply, "metrics"));
	json_t *tls = json_object_get(reply, "tls");
	enum err e = read_listen(json_object_get(reply, "listen"), &c, out_fault);
	if (e != OK) return e;
	c.requests_per_minute = number(reply, "requests_per_minute", 0, 10000000, c.requests_per_minute);
	read_bounds(reply, &c.bounds);
	c.metrics_open = metrics && strcmp(metrics, "open") == 0;
	c.certificate_path = path_of(tls, "certificate");
	c.key_path = path_of(tls, "key");
	if (!c.certificate_path != !c.key_path) {
		site_config_done(&c);
		snprintf(out_fault, SERVER_FAULT_MAX, "tls: certificate and key belong together");
		return ERR_CONFIG;
	}
	*out_config = c;
	return OK;
}

void site_config_done(struct site_config *c) {
	free(c->certificate_path);
	free(c->key_path);
	c->certificate_path = c->key_path = NULL;
}
