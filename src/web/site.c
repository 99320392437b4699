/* Start: the daemon is asked what to be (web.config) until it answers, then the sockets are opened.  SIGHUP asks
 * again: bounds and rates change at once, other addresses and certificates by new listeners. */
#include "web/site.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "net/socket.h"
#include "web/api.h"
#include "web/limits.h"
#include "web/pool.h"

#define RETRY_MS 250
#define PEM_MAX (1U << 20)

static const char description_text[] = {
#include "web/openapi.inc"
	, 0
};

static void site_stop(struct site *site);
static void ask_config(struct site *site);

static void fail(struct site *site, const char *fault) {
	log_event(site->log, EVENT_WEB_FAIL, LOG_STR("why", fault));
	site->failed = true;
	site_stop(site);
}

/* -- listeners -------------------------------------------------------------------------------------------------- */

static void close_servers(struct site *site) {
	for (unsigned i = 0; i < SITE_LISTEN_MAX; i++) {
		server_close(site->servers[i]);
		site->servers[i] = NULL;
	}
}

static void forget_pem(struct site *site) {
	free(site->certificate);
	if (site->key) explicit_bzero(site->key, strlen(site->key));
	free(site->key);
	site->certificate = site->key = NULL;
}

static char *read_pem(const char *path, char out_fault[static SERVER_FAULT_MAX]) {
	FILE *file = fopen(path, "re");
	char *text = xcalloc(1, PEM_MAX + 1);
	size_t len = file ? fread(text, 1, PEM_MAX, file) : 0;
	if (file) (void)fclose(file); /* only read */
	if (len > 0) return text;
	snprintf(out_fault, SERVER_FAULT_MAX, "tls: %s cannot be read", path);
	free(text);
	return NULL;
}

static enum err load_pem(struct site *site, char out_fault[static SERVER_FAULT_MAX]) {
	forget_pem(site);
	if (!site->config.certificate_path) return OK;
	site->certificate = read_pem(site->config.certificate_path, out_fault);
	if (site->certificate) site->key = read_pem(site->config.key_path, out_fault);
	return site->key ? OK : ERR_IO;
}

static enum err open_servers(struct site *site, char out_fault[static SERVER_FAULT_MAX]) {
	const struct site_config *c = &site->config;
	const struct server_calls calls = { api_head, api_run, api_gone, site };
	enum err e = load_pem(site, out_fault);
	const struct server_tls tls = { site->certificate, site->key };
	for (unsigned i = 0; e == OK && i < c->listen_count; i++) {
		char text[ADDR_TEXT_MAX];
		e = server_open(site->loop, &c->listen[i], &tls, &c->bounds, &calls, &site->servers[i],
		                out_fault);
		if (e == OK)
			log_event(site->log, EVENT_WEB_LISTEN,
			          LOG_STR("address", addr_text(&c->listen[i], text)),
			          LOG_STR("tls", tls.certificate ? "yes" : "no"));
	}
	return e;
}

/* -- configuration ---------------------------------------------------------------------------------------------- */

static void on_retry(uv_timer_t *timer) {
	ask_config(timer->data);
}

/* Certificates are read again by new listeners. */
static bool same_listeners(const struct site_config *a, const struct site_config *b) {
	bool same = a->listen_count == b->listen_count && !a->certificate_path && !b->certificate_path;
	for (unsigned i = 0; same && i < a->listen_count; i++)
		same = addr_equal(&a->listen[i], &b->listen[i]);
	return same;
}

/* Because of SO_REUSEPORT a second process would open the same addresses without an error. */
static enum err addresses_free(const struct site_config *c, char out_fault[static SERVER_FAULT_MAX]) {
	struct socket_error why = { 0 };
	enum err e = OK;
	for (unsigned i = 0; e == OK && i < c->listen_count; i++)
		e = socket_tcp_address_free(&c->listen[i], &why);
	if (e != OK) snprintf(out_fault, SERVER_FAULT_MAX, "%s", why.text);
	return e;
}

static void apply_config(struct site *site, struct site_config *config) {
	char fault[SERVER_FAULT_MAX];
	bool first = site->config.listen_count == 0, same = same_listeners(&site->config, config);
	if (first && addresses_free(config, fault) != OK) {
		site_config_done(config);
		fail(site, fault);
		return;
	}
	if (!same) close_servers(site);
	site_config_done(&site->config);
	site->config = *config;
	limits_configure(site->limits, config->requests_per_minute);
	for (unsigned i = 0; same && i < config->listen_count; i++)
		server_configure(site->servers[i], &config->bounds);
	if (!same && open_servers(site, fault) != OK) fail(site, fault);
}

static void on_config(void *arg, json_t *reply, bool last) {
	struct site *site = arg;
	struct site_config config;
	char fault[SERVER_FAULT_MAX];
	(void)last;
	site->asking = NULL;
	if (site->stopping) return;
	if (!reply || !json_is_true(json_object_get(reply, "ok")))
		(void)uv_timer_start(&site->retry, on_retry, RETRY_MS, 0); /* fails without a callback only */
	else if (site_config_read(json_object_get(reply, "result"), &config, fault) != OK)
		fail(site, fault);
	else
		apply_config(site, &config);
}

static void ask_config(struct site *site) {
	if (site->asking || site->stopping) return;
	site->asking = pool_ask(site->pool, LANE_QUICK, POOL_OURSELVES,
	                        json_pack("{s:s}", "request", "web.config"), on_config, site);
	if (!site->asking) (void)uv_timer_start(&site->retry, on_retry, RETRY_MS, 0); /* as above */
}

/* -- begin and end ------------------------------------------------------------------------------------------------ */

static void on_signal(uv_signal_t *handle, int number) {
	if (number == SIGHUP)
		ask_config(handle->data);
	else
		site_stop(handle->data);
}

static void close_rest(uv_handle_t *handle, void *arg) {
	(void)arg;
	if (!uv_is_closing(handle)) uv_close(handle, NULL);
}

static void site_stop(struct site *site) {
	if (site->stopping) return;
	site->stopping = true;
	close_servers(site);
	struct pool *pool = site->pool;
	site->pool = NULL;
	pool_close(pool);
	uv_close((uv_handle_t *)&site->retry, NULL);
	for (int i = 0; i < 3; i++)
		uv_close((uv_handle_t *)&site->signals[i], NULL);
}

static bool describe(struct site *site) {
	site->description = json_loads(description_text, 0, NULL);
	json_t *components = json_object_get(site->description, "components");
	site->schemas = json_object_get(components, "schemas");
	return site->schemas != NULL;
}

static int watch(struct site *site) {
	static const int numbers[] = { SIGTERM, SIGINT, SIGHUP };
	int status = uv_timer_init(site->loop, &site->retry);
	site->retry.data = site;
	for (int i = 0; i < 3 && status == 0; i++) {
		status = uv_signal_init(site->loop, &site->signals[i]);
		site->signals[i].data = site;
		if (status == 0) status = uv_signal_start(&site->signals[i], on_signal, numbers[i]);
	}
	return status;
}

int site_run(const char *socket_path, struct log *log) {
	uv_loop_t loop;
	struct site site = { .loop = &loop, .log = log, .version = UNDERSTUDY_VERSION };
	if (uv_loop_init(&loop) != 0 || watch(&site) != 0 || !describe(&site))
		abort(); /* at the very start */
	site.pool = pool_new(&loop, socket_path);
	site.limits = limits_new(1);
	log_event(log, EVENT_WEB_START, LOG_STR("version", site.version), LOG_STR("socket", socket_path));
	ask_config(&site);
	(void)uv_run(&loop, UV_RUN_DEFAULT); /* ends when all handles are closed */
	uv_walk(&loop, close_rest, NULL);
	(void)uv_run(&loop, UV_RUN_DEFAULT); /* as above */
	if (uv_loop_close(&loop) != 0) abort();
	forget_pem(&site);
	site_config_done(&site.config);
	limits_free(site.limits);
	json_decref(site.description);
	return site.failed ? 1 : 0;
}
