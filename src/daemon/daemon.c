#include "daemon/daemon.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "daemon/answering.h"
#include "daemon/listening.h"
#include "daemon/privileges.h"
#include "daemon/systemd.h"
#include "daemon/telling.h"
#include "daemon/wire.h"

#define LOAD_FIRST_MS 250    /* before the start is told to be over: few zones are all read then */
#define COLLECT_MS 1000      /* how often what readers have left is freed */
#define FAULTS_LOGGED_MAX 20 /* of a configuration that is rejected */

/* -- reload ------------------------------------------------------------------------------------------------- */

static void faults_log(struct daemon *d, const struct config_faults *faults) {
	for (unsigned i = 0; i < faults->count && i < FAULTS_LOGGED_MAX; i++) {
		log_event(d->log, EVENT_CONFIG_REJECTED, LOG_STR("file", faults->items[i].file),
		          LOG_NUM("line", faults->items[i].line), LOG_STR("fault", faults->items[i].text));
	}
}

static bool same_text(const char *a, const char *b) {
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* Options that a running daemon keeps: their names, with blanks between. */
static void restart_options(const struct config *now, const struct config *next, char *out, size_t size) {
	const struct config_server *a = &now->server, *b = &next->server;
	const struct {
		bool same;
		const char *name;
	} options[] = {
		{ listening_same(a, b), "server.listen" },
		{ listening_same_tls(a, b), "server.tls.listen" },
		{ a->workers == b->workers, "server.workers" },
		{ same_text(a->state_directory, b->state_directory), "server.state-directory" },
		{ same_text(a->user, b->user), "server.user" },
		{ a->tcp_clients_max == b->tcp_clients_max, "server.tcp-clients" },
		{ a->tcp_clients_per_address == b->tcp_clients_per_address,
		  "server.tcp-clients-per-address" },
		{ a->tcp_idle_s == b->tcp_idle_s, "server.tcp-idle-timeout" },
		{ a->udp_coalesce_us == b->udp_coalesce_us, "server.udp-coalesce" },
		{ a->transfers_max == b->transfers_max, "server.transfers" },
		{ a->transfers_per_primary == b->transfers_per_primary, "server.transfers-per-primary" },
		{ same_text(now->control_socket, next->control_socket), "control.socket" },
		{ same_text(now->web_socket, next->web_socket), "control.web-socket" },
		{ same_text(now->database, next->database), "inventory.database" },
		{ a->mode == b->mode, "server.mode" },
		{ listening_same_web(&now->web, &next->web), "web" },
	};
	size_t len = 0;
	out[0] = '\0';
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		if (options[i].same || len >= size) continue;
		int n = snprintf(out + len, size - len, "%s%s", len ? " " : "", options[i].name);
		len += n > 0 ? (size_t)n : 0;
	}
}

static void reload_log(struct daemon *d, const struct wanted_summary *s, bool is_same) {
	char needs_restart[384];
	restart_options(d->config, d->now, needs_restart, sizeof(needs_restart));
	log_event(d->log, EVENT_CONFIG_RELOADED, LOG_NUM("added", s->added), LOG_NUM("changed", s->changed),
	          LOG_NUM("removed", s->removed), LOG_NUM("unchanged", s->unchanged),
	          LOG_STR("files", is_same ? "same" : "changed"),
	          LOG_STR("needs-restart", needs_restart[0] ? needs_restart : "nothing"));
}

static void tls_log(struct daemon *d, const struct config_server *server) {
	if (!d->tls) return;
	int64_t left_s = tls_credentials_expire_s(d->tls) - clock_now().wall_s;
	log_event(d->log, left_s > 0 ? EVENT_TLS_LOADED : EVENT_TLS_EXPIRED,
	          LOG_STR("certificate", server->tls.certificate), LOG_NUM("hours-left", left_s / 3600));
}

/* Certificate and key are read again though their names are the same.  Zones need not wait until they are good. */
static void tls_read_again(struct daemon *d, const struct config *next) {
	struct tls_credentials *tls = NULL;
	if (!d->tls) return; /* it begins with the next start */
	if (listening_credentials(&next->server, d->config->server.user, &tls, d->tls_fault) != OK) {
		log_event(d->log, EVENT_TLS_RELOAD_FAILED, LOG_STR("reason", d->tls_fault));
		return;
	}
	d->tls_fault[0] = '\0';
	if (!tls) return; /* the section is gone, which the next start will see */
	tls_credentials_unref(d->tls);
	d->tls = tls;
	workers_set_tls(d->workers, tls);
	tls_log(d, &next->server);
}

/* Before zones are told of new settings, which then find new files. */
static void trust_read_again(struct daemon *d) {
	trust_book_read_again(d->trust);
	transfer_trust_changed(d->transfer);
}

static void fault_push(struct config_faults *faults, const char *file, const char *text) {
	if (faults->count == CONFIG_FAULTS_MAX) {
		faults->left_out++;
		return;
	}
	faults->items = xrealloc(faults->items, (faults->count + 1) * sizeof(*faults->items));
	faults->items[faults->count++] = (struct config_fault){ .file = xstrdup(file),
		                                                .text = xstrdup(text) };
}

/* A zone that was added while we ran is not taken over by the file. */
static enum err owners_check(struct daemon *d, const struct config *next, struct config_faults *out_faults) {
	for (size_t i = 0; i < next->zones.count; i++) {
		struct wanted_zone zone;
		char name[NAME_TEXT_MAX], text[NAME_TEXT_MAX + 120];
		if (!wanted_find(d->wanted, next->zones.zones[i].name, &zone) ||
		    zone.source != WANTED_DATABASE)
			continue;
		(void)snprintf(
			text, sizeof(text), /* it fits */
			"zone %s is in the inventory already; remove it there (understudy zone remove) or here",
			name_text_short(next->zones.zones[i].name, name));
		fault_push(out_faults, d->config_path, text);
	}
	return out_faults->count > 0 ? ERR_CONFIG : OK;
}

static void told_wish(struct daemon *d, const struct wanted_summary *s) {
	d->file_zones = s->added + s->changed + s->unchanged;
	d->file_refused = s->refused > 0;
}

/* Everything but the zones, which are in wanted. */
static void settings_apply(struct daemon *d, const struct config *next) {
	struct serve_settings settings = answering_settings(&d->config->server, &next->server);
	log_configure(d->log, next->log_level, next->log_format);
	serve_configure(d->serve, &settings);
	store_set_history_memory(d->store, next->server.history_memory_bytes);
	workers_set_proxies(d->workers, next->server.allow_proxy.items, next->server.allow_proxy.count);
}

/* In both cases: files that the configuration names are read again. */
static void reload_end(struct daemon *d, const struct wanted_summary *s, bool is_same) {
	tls_read_again(d, d->now);
	web_child_reload(d->web);
	reload_log(d, s, is_same);
	d->reloaded_s = clock_now().wall_s;
}

static enum err reload_changed(struct daemon *d, struct config_faults *out_faults) {
	struct config *next = NULL;
	struct wanted_summary summary;
	enum err e = config_read(d->config_path, &next, out_faults);
	if (e == OK) e = owners_check(d, next, out_faults);
	if (e == OK) trust_read_again(d);
	if (e == OK) e = wanted_replace(d->wanted, WANTED_FILE, &next->zones, &summary);
	if (e != OK) {
		faults_log(d, out_faults);
		config_free(next);
		return e;
	}
	told_wish(d, &summary);
	stock_reload(d->stock, next);
	settings_apply(d, next);
	if (d->now != d->config) config_free(d->now);
	d->now = next;
	reload_end(d, &summary, false);
	return OK;
}

/* The same octets mean the same: nothing is parsed, and no zone is looked at. */
static void reload_same(struct daemon *d) {
	const struct wanted_summary summary = { .unchanged = d->file_zones };
	trust_read_again(d);
	stock_reload_same(d->stock, d->stock_refused);
	reload_end(d, &summary, true);
}

static bool nothing_changed(const struct daemon *d) {
	return !d->file_refused && stock_mirrors(d->stock) && config_is_same(d->now, d->config_path);
}

enum err daemon_reload(struct daemon *d, struct config_faults *out_faults) {
	enum err e = OK;
	systemd_reloading();
	if (nothing_changed(d))
		reload_same(d);
	else
		e = reload_changed(d, out_faults);
	systemd_ready(wanted_count(d->wanted));
	return e;
}

/* -- signals and timer ------------------------------------------------------------------------------------------ */

static void transfer_stopped(void *ctx) {
	(void)ctx; /* the loop ends by itself when no handle is left */
}

static void close_if_made(uv_handle_t *handle) {
	if (handle->type != UV_UNKNOWN_HANDLE) uv_close(handle, NULL);
}

/* Also of a daemon whose start ended half-way: what was not made is passed over. */
static void stop(struct daemon *d) {
	if (d->stopping) return;
	d->stopping = true;
	systemd_stopping();
	if (d->workers) workers_stop(d->workers);
	if (d->control) control_stop(d->control);
	d->control = NULL;
	web_child_stop(d->web);
	ownership_stop(d->ownership, transfer_stopped, d);
	stock_stop(d->stock);
	desk_stop(d->desk);
	d->desk = NULL;
	close_if_made((uv_handle_t *)&d->hangup);
	close_if_made((uv_handle_t *)&d->terminate);
	close_if_made((uv_handle_t *)&d->interrupt);
	close_if_made((uv_handle_t *)&d->collect);
	if (d->transfer) transfer_stop(d->transfer, transfer_stopped, d);
}

static void on_signal(uv_signal_t *handle, int number) {
	struct daemon *d = handle->data;
	if (number != SIGHUP) {
		log_event(d->log, EVENT_DAEMON_STOP,
		          LOG_STR("signal", number == SIGTERM ? "SIGTERM" : "SIGINT"));
		stop(d);
		return;
	}
	struct config_faults faults = { 0 };
	enum err e = daemon_reload(d, &faults);
	(void)e; /* logged there; the former configuration stays */
	config_faults_done(&faults);
}

static void on_collect(uv_timer_t *handle) {
	const struct daemon *d = handle->data;
	if (d->serve) serve_report(d->serve, clock_now());
	(void)epoch_collect(d->epoch); /* what is left waits for the next time */
}

/* -- start, step by step: each logs why it failed --------------------------------------------------------------- */

static enum err fails(struct daemon *d, const char *what, const char *why) {
	log_event(d->log, EVENT_DAEMON_FAIL, LOG_STR("step", what), LOG_STR("reason", why));
	return ERR_IO;
}

/* As whoever starts us, who may read a key that server.user may not. */
static enum err load_credentials(struct daemon *d) {
	char text[LISTENING_TEXT_MAX];
	if (listening_credentials(&d->config->server, NULL, &d->tls, text) != OK)
		return fails(d, "tls", text);
	tls_log(d, &d->config->server);
	return OK;
}

/* As load_credentials.  Files that can't be used are a matter of the zones that need them, and of the log. */
static void load_trust(struct daemon *d) {
	const struct keyset *set = d->config->keyset;
	d->trust = trust_book_new(d->log);
	for (unsigned i = 0; set && i < set->tls_count; i++)
		(void)trust_book_find(d->trust, set->tls[i]); /* to have it read */
}

static enum err open_sockets(struct daemon *d) {
	struct workers_settings settings = listening_settings(&d->config->server, d->tls);
	struct socket_error error;
	if (workers_open(&settings, &d->workers, &error) == OK) return OK;
	log_event(d->log, EVENT_LISTEN_FAILED, LOG_STR("reason", error.text));
	return ERR_IO;
}

static enum err drop_privileges(struct daemon *d) {
	char text[PRIVILEGES_TEXT_MAX];
	const struct config_server *s = &d->config->server;
	if (privileges_drop(s->user, s->state_directory, d->config->control_socket, text) == OK) return OK;
	return fails(d, "privileges", text);
}

/* On a worker's thread. */
static struct zone_version *read_zone(void *ctx, const struct zone_entry *entry) {
	const struct daemon *d = ctx;
	return store_look(d->store, entry->name, clock_now().wall_s);
}

static enum err open_store(struct daemon *d) {
	const struct table_reader reader = { .ctx = d, .read = read_zone };
	struct why why = { 0 };
	d->epoch = epoch_new();
	d->table = table_new(d->epoch);
	table_set_reader(d->table, &reader);
	if (store_open_begin(d->config->server.state_directory, d->log, &d->store, &why) != OK)
		return fails(d, "store", why.evidence);
	store_set_history_memory(d->store, d->config->server.history_memory_bytes);
	return OK;
}

/* As late as can be: a child has read the database meanwhile, and threads of the store the files of images. */
static enum err read_files(struct daemon *d) {
	struct why why = { 0 };
	if (store_open_end(d->store, &why) != OK) return fails(d, "store", why.evidence);
	enum err e = transfer_load_files(d->transfer);
	return e == OK ? OK : fails(d, "saved zones", err_text(e));
}

static uint64_t memory_bytes(void) {
	long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
	return pages > 0 && size > 0 ? (uint64_t)pages * (uint64_t)size : 0;
}

static enum err load_zones(struct daemon *d) {
	const struct config_server *s = &d->config->server;
	struct transfer_settings settings = {
		.transfers_max = s->transfers_max,
		.transfers_per_primary = s->transfers_per_primary,
		.connections_per_primary = 2,
		.udp_queries_max = 256,
		.collect_max_bytes = memory_bytes() / 4,
		.trust = d->trust,
	};
	struct wanted_summary summary;
	d->events = events_new();
	d->health = health_new();
	d->transfer = transfer_new(&d->loop, &settings, d->table, d->store, d->epoch, d->log);
	struct transfer_watcher ears = telling_watcher(d);
	transfer_set_watcher(d->transfer, &ears);
	struct wanted_watcher watcher = wire_wanted_watcher(d);
	d->wanted = wanted_new(&watcher);
	struct stock_watcher stock_watcher = wire_stock_watcher(d);
	d->stock = stock_open(d->config, &stock_watcher, d->log);
	if (d->config->server.mode == MODE_PUBLIC && !stock_names(d->stock))
		return fails(d, "names", "no list of public suffixes can be had (libpsl)");
	transfer_load_begin(d->transfer);
	table_reserve(d->table, d->config->zones.count);
	stock_load(d->stock); /* first: what it has stays its own */
	enum err e = wanted_replace(d->wanted, WANTED_FILE, &d->config->zones, &summary);
	if (e != OK) return fails(d, "zones", err_text(e));
	told_wish(d, &summary);
	e = read_files(d);
	if (e != OK) return e;
	stock_mirror(d->stock, d->config);
	if (d->stock_complete) transfer_claimed(d->transfer);
	d->claiming = true;
	return OK;
}

static void start_proofs(struct daemon *d) {
	const struct ownership_settings settings = wire_ownership(d);
	if (settings.rules) d->ownership = ownership_new(&d->loop, &settings);
}

static enum err start_desk(struct daemon *d) {
	enum err e = desk_new(&d->loop, &d->desk);
	if (e == OK) e = stock_start(d->stock, &d->loop, d->desk);
	if (e == OK && d->config->server.mode == MODE_PUBLIC) start_proofs(d);
	return e == OK ? OK : fails(d, "desk", "no thread");
}

static enum err start_control(struct daemon *d) {
	struct why why = { 0 };
	struct control_backend backend = wire_control_backend(d);
	const struct control_settings settings = { .paths = { [CONTROL_OPERATOR] = d->config->control_socket,
		                                              [CONTROL_WEB] = d->config->web_socket },
		                                   .desk = d->desk,
		                                   .log = d->log };
	if (control_new(&d->loop, &settings, &backend, &d->control, &why) == OK) return OK;
	return fails(d, "control socket", why.evidence);
}

static enum err start_answering(struct daemon *d) {
	struct serve_settings settings = answering_settings(&d->config->server, &d->config->server);
	struct serve_notify_sink sink = wire_notify_sink(d);
	d->serve = serve_new(&settings, d->table, d->epoch, d->log, &sink);
	enum err e = workers_start(d->workers, d->serve, d->epoch);
	return e == OK ? OK : fails(d, "workers", err_text(e));
}

static enum err watch_signals(struct daemon *d) {
	const struct {
		uv_signal_t *handle;
		int number;
	} signals[] = { { &d->hangup, SIGHUP }, { &d->terminate, SIGTERM }, { &d->interrupt, SIGINT } };
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		if (uv_signal_init(&d->loop, signals[i].handle) != 0 ||
		    uv_signal_start(signals[i].handle, on_signal, signals[i].number) != 0) {
			return fails(d, "signals", "no descriptors");
		}
		signals[i].handle->data = d;
	}
	d->collect.data = d;
	if (uv_timer_init(&d->loop, &d->collect) != 0) return fails(d, "timer", "not to be had");
	return uv_timer_start(&d->collect, on_collect, COLLECT_MS, COLLECT_MS) == 0 ? OK : ERR_IO;
}

/* Signals wait for the loop from here on: one that comes while zones are loaded does not end the process. */
static enum err open_loop(struct daemon *d) {
	if (uv_loop_init(&d->loop) != 0) return fails(d, "event loop", "no descriptors");
	d->loop_made = true;
	return watch_signals(d);
}

/* First of all: it holds nothing of ours, and may become others. */
static enum err fork_web(struct daemon *d) {
	enum err e = web_child_fork(d->config, d->log, &d->web);
	return e == OK ? OK : fails(d, "understudy-web", "no process to be had");
}

static enum err start_web(struct daemon *d) {
	enum err e = web_child_start(d->web, &d->loop);
	return e == OK ? OK : fails(d, "understudy-web", "no descriptors");
}

static enum err start(struct daemon *d) {
	enum err e = fork_web(d);
	privileges_raise_files();
	if (e == OK) e = load_credentials(d);
	if (e == OK) load_trust(d);
	if (e == OK) e = open_sockets(d);
	if (e == OK) e = drop_privileges(d);
	if (e == OK) e = open_store(d);
	if (e == OK) e = open_loop(d);
	if (e == OK) e = load_zones(d);
	if (e == OK) e = start_desk(d);
	if (e == OK) e = start_control(d);
	if (e == OK) e = start_answering(d);
	if (e == OK) transfer_load_on(d->transfer, LOAD_FIRST_MS);
	if (e == OK) e = start_web(d);
	return e;
}

static void free_all(struct daemon *d) {
	if (d->workers) workers_free(d->workers);
	tls_credentials_unref(d->tls);
	if (d->transfer) transfer_free(d->transfer);
	trust_book_free(d->trust);
	wanted_free(d->wanted);
	if (d->serve) serve_free(d->serve);
	if (d->table) table_free(d->table);
	if (d->store) store_close(d->store);
	if (d->epoch) epoch_free(d->epoch);
	web_child_free(d->web);
	ownership_free(d->ownership);
	stock_free(d->stock);
	events_free(d->events);
	health_free(d->health);
	if (d->loop_made) (void)uv_loop_close(&d->loop); /* all handles are closed */
}

int daemon_run(const char *config_path, struct config *config) {
	struct daemon d = {
		.config_path = config_path, .config = config, .now = config, .started_s = clock_now().wall_s
	};
	(void)signal(SIGPIPE, SIG_IGN); /* peers that close are seen by the result of the write */
	d.log = log_new(config->log_level, config->log_format, STDERR_FILENO);
	log_event(d.log, EVENT_DAEMON_START, LOG_STR("version", UNDERSTUDY_VERSION),
	          LOG_NUM("pid", getpid()));
	enum err e = start(&d);
	if (e == OK) {
		d.ready = true;
		log_event(d.log, EVENT_DAEMON_READY, LOG_NUM("zones", wanted_count(d.wanted)));
		systemd_ready(wanted_count(d.wanted));
	} else {
		stop(&d);
	}
	if (d.loop_made) (void)uv_run(&d.loop, UV_RUN_DEFAULT); /* until stop has closed every handle */
	free_all(&d);
	if (d.now != config) config_free(d.now);
	config_free(config);
	log_free(d.log);
	return e == OK ? 0 : 1;
}
