#include "daemon/stock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "inventory/rows.h"
#include "inventory/tokens.h"
#include "inventory/tsig_keys.h"

#define TICK_MS 1000
#define RETRY_S 5
#define COPY_S 60 /* between two copies */
#define COPY_STEPS 64
#define USED_S 30
#define USES_MAX 4096

struct use {
	int64_t token, used_s;
};

/* One turn on the desk; its fields are the loop's before and after. */
struct turn {
	struct desk_job job;
	struct stock *stock;
	bool out, wants_copy, wants_retry, wants_load, wants_sweep, wants_look, reloads, mirrors;
	struct use uses[USES_MAX];
	unsigned use_count;
	struct settings_base *base; /* a reference; of a reload */
	struct intent_list mirror;  /* of a reload or the start */
	/* What came of it. */
	enum inventory_state state;
	struct why why;
	int64_t revision;
	bool loaded, copy_goes_on, mirrored;
	bool strange; /* rows may be others than we have written */
	struct account_notice notices[ACCOUNT_NOTICES_MAX];
	unsigned notice_count;
	struct wanted_changes changes;
	struct intent_list zones;
	size_t left_out;
};

struct stock {
	struct inventory *inventory;
	struct sealer *sealer;
	struct name_rules *names;
	struct gate *gate;
	struct stock_watcher watcher;
	struct log *log;
	struct random random, desk_random;
	struct desk *desk;
	uv_timer_t timer;
	struct turn turn;
	/* As told last. */
	enum inventory_state state;
	struct why why;
	int64_t revision;
	size_t left_out;
	bool complete, changed, started;
	bool load_waits; /* what the database wants could not be read when it was due */
	bool look_waits; /* whether others have written to the database is to be looked at in the next turn */
	bool unmirrored; /* the last mirroring failed, or the rows may have been changed since */
	bool mirror_waits; /* the zones that follow are to be mirrored in the next turn */
	bool reload_waits; /* the same, and the base that follows is another one */
	struct settings_base *reload_base;
	struct intent_list reload_zones;
	int64_t retry_s, copy_s, used_s, sweep_s; /* when next */
};

static char *path_with(const char *path, const char *suffix) {
	size_t size = strlen(path) + strlen(suffix) + 1;
	char *whole = xmalloc(size);
	snprintf(whole, size, "%s%s", path, suffix);
	return whole;
}

/* -- what was found ------------------------------------------------------------------------------------------------------- */

static void tell_state(struct stock *s, enum inventory_state state, const struct why *why) {
	bool news = state != s->state ||
	            (state != INVENTORY_OK && strcmp(why->evidence, s->why.evidence) != 0);
	s->state = state;
	s->why = *why;
	if (!news) return;
	log_event(s->log, state == INVENTORY_OK ? EVENT_INVENTORY_OPENED : EVENT_INVENTORY_FAILED,
	          LOG_STR("state", inventory_state_word(state)), LOG_STR("reason", reason_slug(why->reason)),
	          LOG_STR("evidence", why->evidence));
}

static void tell_zones(struct stock *s, struct intent_list *zones, size_t left_out) {
	s->left_out = left_out;
	s->watcher.zones(s->watcher.ctx, zones);
	if (s->state != INVENTORY_OK || s->complete) return;
	s->complete = true;
	s->watcher.complete(s->watcher.ctx);
}

/* -- the start ------------------------------------------------------------------------------------------------------------ */

static void secrets_failed(struct stock *s, const struct why *why) {
	log_event(s->log, EVENT_INVENTORY_FAILED, LOG_STR("state", "without secrets"),
	          LOG_STR("reason", reason_slug(why->reason)), LOG_STR("evidence", why->evidence));
}

/* A key file that is gone is made anew only if there is no database whose secrets it would have to open. */
static void open_secrets(struct stock *s, const struct config *config) {
	struct why why = { .reason = REASON_NONE };
	char *path = path_with(config->server.state_directory, "/secret.key");
	bool is_first = access(config->database, F_OK) != 0;
	if (sealer_open(path, is_first, &s->random, &s->sealer, &why) != OK) secrets_failed(s, &why);
	free(path);
}

/* One that is not the database's own must seal nothing, and opens nothing. */
static void check_secrets(struct stock *s) {
	struct why why = { .reason = REASON_NONE };
	struct row_work w = {
		.random = &s->random, .sealer = s->sealer, .now_s = clock_now().wall_s, .why = &why
	};
	if (s->state != INVENTORY_OK || !s->sealer || inventory_read(s->inventory, &w.db) != OK) return;
	if (tsig_keys_check(&w) == OK) return;
	secrets_failed(s, &why);
	inventory_set_sealer(s->inventory, NULL);
	sealer_free(s->sealer);
	s->sealer = NULL;
}

static void open_names(struct stock *s, const struct config *config) {
	if (config->server.mode != MODE_PUBLIC || name_rules_open(&s->names) == OK) return;
	log_event(s->log, EVENT_INVENTORY_FAILED, LOG_STR("state", "without a list of public suffixes"),
	          LOG_STR("reason", "names"), LOG_STR("evidence", "no list can be had"));
}

static struct inventory_who file_who(void) {
	return (struct inventory_who){ .is_admin = true,
		                       .name = "configuration file",
		                       .account = ROW_ACCOUNT_MAIN,
		                       .now_s = clock_now().wall_s };
}

/* false: it failed, which is the state's to tell. */
static bool mirror(struct inventory *inventory, struct intent_list *zones) {
	struct inventory_who who = file_who();
	struct inventory_result result = { .code = INVENTORY_DONE };
	inventory_mirror(inventory, zones, NULL, &who, &result);
	bool done = result.code == INVENTORY_DONE;
	inventory_result_done(&result);
	return done;
}

static struct reach_rules reach_of(const struct config_server *server) {
	return (struct reach_rules){ .allowed = server->inner_primaries.items,
		                     .allowed_count = server->inner_primaries.count,
		                     .own = server->public_addresses.items,
		                     .own_count = server->public_addresses.count };
}

struct stock *stock_open(const struct config *config, const struct stock_watcher *watcher, struct log *log) {
	struct stock *s = xcalloc(1, sizeof(*s));
	s->log = log;
	s->watcher = *watcher;
	s->random = random_secure();
	s->desk_random = random_secure();
	s->gate = gate_new(&s->random);
	s->turn.stock = s;
	open_secrets(s, config);
	open_names(s, config);
	char *copy = path_with(config->database, ".copy");
	const struct inventory_settings settings = { .path = config->database,
		                                     .copy_path = copy,
		                                     .sealer = s->sealer,
		                                     .names = s->names,
		                                     .own_servers = config->server.name_servers.items,
		                                     .own_server_count = config->server.name_servers.count,
		                                     .reach = reach_of(&config->server),
		                                     .is_public = config->server.mode == MODE_PUBLIC };
	s->inventory = inventory_open(&settings, config->base, clock_now().wall_s);
	free(copy);
	tell_state(s, inventory_state(s->inventory), inventory_why(s->inventory));
	s->revision = inventory_revision(s->inventory);
	check_secrets(s);
	return s;
}

static void mirror_soon(struct stock *s, struct intent_list *zones) {
	intent_list_done(&s->reload_zones);
	s->reload_zones = *zones;
	*zones = (struct intent_list){ 0 };
	s->mirror_waits = true;
}

void stock_mirror(struct stock *s, struct config *config) {
	mirror_soon(s, &config->zones);
}

void stock_load(struct stock *s) {
	struct intent_list list = { 0 };
	size_t left_out = 0;
	s->load_waits = inventory_load(s->inventory, &list, &left_out) != OK;
	if (!s->load_waits) tell_zones(s, &list, left_out);
	intent_list_done(&list);
}

/* -- a turn on the desk ----------------------------------------------------------------------------------------------------- */

static void write_uses(struct turn *t) {
	struct why why = { .reason = REASON_NONE };
	struct row_work w = { .random = &t->stock->desk_random, .now_s = clock_now().wall_s, .why = &why };
	if (t->use_count == 0 || t->state != INVENTORY_OK || inventory_read(t->stock->inventory, &w.db) != OK)
		return;
	enum err e = sql_begin(w.db);
	for (unsigned i = 0; i < t->use_count && e == OK; i++)
		e = token_used(&w, t->uses[i].token, t->uses[i].used_s);
	if (e == OK)
		err_ignore(sql_commit(w.db)); /* a last use that is not known does no harm */
	else
		sql_rollback(w.db);
}

static void sweep(struct turn *t) {
	struct inventory_result result = { .code = INVENTORY_DONE };
	account_plans_sweep(t->stock->inventory, clock_now().wall_s, t->notices, &t->notice_count, &result);
	t->changes = result.wanted;
	result.wanted = (struct wanted_changes){ 0 };
	inventory_result_done(&result); /* a failure is the state's to tell */
}

static void run(struct desk_job *job) {
	struct turn *t = (struct turn *)(void *)job;
	struct inventory *inv = t->stock->inventory;
	bool fresh = t->wants_retry && inventory_retry(inv, clock_now().wall_s) == OK;
	if (t->reloads) inventory_set_base(inv, t->base);
	bool told = !fresh && inventory_is_told(inv);
	if (t->mirrors) t->mirrored = mirror(inv, &t->mirror);
	t->strange = fresh || (t->wants_look && !told);
	t->wants_load = t->wants_load || fresh || ((t->reloads || t->wants_look) && !told);
	if (t->wants_load) t->loaded = inventory_load(inv, &t->zones, &t->left_out) == OK;
	t->state = inventory_state(inv);
	t->why = *inventory_why(inv);
	write_uses(t);
	if (t->wants_sweep && t->state == INVENTORY_OK) sweep(t);
	enum err e = t->wants_copy ? ERR_AGAIN : OK;
	for (unsigned i = 0; i < COPY_STEPS && e == ERR_AGAIN; i++)
		e = inventory_copy(inv);
	t->copy_goes_on = e == ERR_AGAIN;
	t->revision = inventory_revision(inv);
	if (t->mirrors || t->wants_load || t->wants_copy) inventory_rest(inv);
}

static void done(struct desk_job *job) {
	struct turn *t = (struct turn *)(void *)job;
	struct stock *s = t->stock;
	bool had_much = t->mirrors || t->wants_load || t->wants_copy;
	t->out = false;
	if (!job->skipped) {
		tell_state(s, t->state, &t->why);
		s->revision = t->revision;
		if (t->wants_load) s->load_waits = !t->loaded;
		if (t->mirrors) s->unmirrored = !t->mirrored;
		if (t->strange) s->unmirrored = true;
		if (t->loaded) tell_zones(s, &t->zones, t->left_out);
		s->watcher.changes(s->watcher.ctx, &t->changes);
		for (unsigned i = 0; i < t->notice_count; i++)
			s->watcher.notice(s->watcher.ctx, &t->notices[i]);
		if (t->wants_copy && !t->copy_goes_on) {
			s->copy_s = clock_now().wall_s + COPY_S;
			s->changed = false;
		}
	}
	intent_list_done(&t->zones);
	intent_list_done(&t->mirror);
	settings_base_unref(t->base);
	t->base = NULL;
	wanted_changes_done(&t->changes);
	t->notice_count = 0;
	t->reloads = t->mirrors = t->loaded = t->wants_load = t->wants_copy = t->wants_retry =
		t->wants_sweep = t->wants_look = t->mirrored = t->strange = false;
	t->use_count = 0;
	if (had_much && !job->skipped) s->watcher.rests(s->watcher.ctx);
}

static void used(void *ctx, int64_t token, int64_t used_s) {
	struct turn *t = ctx;
	if (t->use_count < USES_MAX) t->uses[t->use_count++] = (struct use){ token, used_s };
}

/* What is due; nothing: no turn. */
static bool plan(struct stock *s, struct turn *t, int64_t now_s) {
	t->wants_retry = s->state != INVENTORY_OK && now_s >= s->retry_s;
	t->wants_load = s->load_waits && now_s >= s->retry_s;
	if (t->wants_retry || t->wants_load) s->retry_s = now_s + RETRY_S;
	t->wants_copy = s->state == INVENTORY_OK && (t->copy_goes_on || (s->changed && now_s >= s->copy_s));
	t->wants_sweep = s->state == INVENTORY_OK && now_s >= s->sweep_s;
	if (t->wants_sweep) s->sweep_s = now_s + PLANS_SWEEP_S;
	t->wants_look = t->wants_look || s->look_waits;
	s->look_waits = false;
	if (now_s >= s->used_s) {
		gate_tell_used(s->gate, now_s, used, t);
		s->used_s = now_s + USED_S;
	}
	if (s->reload_waits || s->mirror_waits) {
		intent_list_done(&t->mirror); /* of a turn that the desk did not take */
		settings_base_unref(t->base);
		t->base = s->reload_base;
		t->mirror = s->reload_zones;
		s->reload_base = NULL;
		s->reload_zones = (struct intent_list){ 0 };
		t->reloads = s->reload_waits;
		t->mirrors = true;
		s->reload_waits = s->mirror_waits = false;
	}
	return t->wants_retry || t->wants_load || t->wants_copy || t->wants_sweep || t->wants_look ||
	       t->mirrors || t->use_count > 0;
}

static void put_turn(struct stock *s, enum err (*put)(struct desk *desk, struct desk_job *job)) {
	struct turn *t = &s->turn;
	t->job.run = run;
	t->job.done = done;
	t->out = true;                                   /* before it is the desk's */
	if (put(s->desk, &t->job) != OK) t->out = false; /* at the next tick */
}

static void on_tick(uv_timer_t *timer) {
	struct stock *s = timer->data;
	struct turn *t = &s->turn;
	if (t->out) desk_go(s->desk);
	if (!t->out && (plan(s, t, clock_now().wall_s) || t->mirrors)) put_turn(s, desk_take);
}

/* -- life ------------------------------------------------------------------------------------------------------------------ */

enum err stock_start(struct stock *s, uv_loop_t *loop, struct desk *desk) {
	s->desk = desk;
	if (uv_timer_init(loop, &s->timer) != 0) return ERR_LIMIT;
	s->timer.data = s;
	s->started = true;
	s->changed = true; /* a copy of what was found */
	/* The file's zones are there for whoever asks the desk; else zones are served and fetched first. */
	if (plan(s, &s->turn, clock_now().wall_s)) put_turn(s, desk_put);
	return uv_timer_start(&s->timer, on_tick, TICK_MS, TICK_MS) == 0 ? OK : ERR_LIMIT;
}

void stock_reload(struct stock *s, struct config *config) {
	settings_base_unref(s->reload_base);
	mirror_soon(s, &config->zones);
	s->reload_base = config->base;
	settings_base_ref(s->reload_base);
	s->reload_waits = true;
	gate_forget(s->gate, 0);
	on_tick(&s->timer);
}

void stock_reload_same(struct stock *s, bool reads_all) {
	s->look_waits = true;
	if (reads_all) s->load_waits = true;
	if (reads_all) s->retry_s = 0;
	gate_forget(s->gate, 0);
	on_tick(&s->timer);
}

bool stock_mirrors(const struct stock *s) {
	return !s->unmirrored;
}

void stock_stop(struct stock *s) {
	if (s && s->started) uv_close((uv_handle_t *)&s->timer, NULL);
	if (s) s->started = false;
}

/* What changed since the last copy goes into one more: the next start may find a database that cannot be read. */
static void copy_last(struct stock *s) {
	enum err e = s->changed && inventory_state(s->inventory) == INVENTORY_OK ? ERR_AGAIN : OK;
	while (e == ERR_AGAIN)
		e = inventory_copy(s->inventory);
}

void stock_free(struct stock *s) {
	if (!s) return;
	copy_last(s);
	inventory_close(s->inventory);
	intent_list_done(&s->reload_zones);
	settings_base_unref(s->reload_base);
	gate_free(s->gate);
	name_rules_close(s->names);
	sealer_free(s->sealer);
	free(s);
}

struct gate *stock_gate(struct stock *s) {
	return s->gate;
}

struct inventory *stock_inventory(struct stock *s) {
	return s->inventory;
}

const struct name_rules *stock_names(const struct stock *s) {
	return s->names;
}

void stock_changed(struct stock *s) {
	s->changed = true;
}

json_t *stock_status(const struct stock *s) {
	return json_pack("{s:s, s:s?, s:I, s:I}", "state", inventory_state_word(s->state), "reason",
	                 s->state == INVENTORY_OK ? NULL : s->why.evidence, "revision",
	                 (json_int_t)s->revision, "left_out", (json_int_t)s->left_out);
}
