#include "daemon/prover.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "dns/siphash.h"
#include "inventory/secrets.h"

/* What of the configuration a claim is judged by. */
struct terms {
	struct name *servers; /* owned */
	unsigned server_count;
	struct addr *addresses; /* owned */
	unsigned address_count;
	uint16_t port;
	bool anywhere;
	const struct name_rules *rules;
};

/* A zone on its way.  Touched by the desk between desk_take and done, by the loop else. */
struct way {
	struct desk_job job;
	struct prover *prover;
	struct way *next;
	struct prover_case given;
	struct walker_job *walk; /* NULL: not walking */
	struct findings found;
	bool above_delegates;
	int64_t now_s;
	struct proof_verdict verdict;
	enum err result;
	struct wanted_changes changes;
};

/* The question to the desk which zones are due. */
struct turn {
	struct desk_job job;
	struct prover *prover;
	char *zone; /* owned; NULL: those that are due */
	int64_t claimant;
	int64_t now_s;
	struct prover_case *cases; /* owned, room for limit */
	unsigned limit, count;
	enum err result;
};

struct recent {
	uint64_t hash;
	int64_t at_ms;
};
#define RECENT_MAX 256

struct prover {
	uv_loop_t *loop;
	uv_timer_t timer;
	struct desk *desk;
	struct prover_ops ops;
	struct terms terms;
	struct walker *walker;
	struct way *ways;
	unsigned way_count;
	bool turning, again; /* a turn is on the desk; somebody wants another after it */
	struct prover_note notes[PROVER_NOTES_MAX];
	unsigned next_note;
	struct recent recent[RECENT_MAX];
	unsigned next_recent;
	uint8_t key[SIPHASH_KEY_LEN]; /* of hashes of names, which strangers choose */
	bool stopping;
	void (*stopped)(void *ctx);
	void *stopped_ctx;
};

/* Never 0. */
static uint64_t hash_of(const struct prover *p, const char *name, int64_t claimant) {
	uint8_t text[sizeof(claimant) + NAME_TEXT_MAX], out[SIPHASH_LEN];
	size_t len = sizeof(claimant);
	uint64_t hash;
	memcpy(text, &claimant, sizeof(claimant));
	for (; *name && len < sizeof(text); name++)
		text[len++] = name_lower((uint8_t)*name);
	siphash24(p->key, text, len, out);
	memcpy(&hash, out, sizeof(hash));
	return hash ? hash : 1;
}

/* -- notes -- */

const struct prover_note *prover_find_note(const struct prover *p, const char *zone) {
	uint64_t hash = hash_of(p, zone, 0);
	for (unsigned i = 0; i < PROVER_NOTES_MAX; i++)
		if (p->notes[i].hash == hash) return &p->notes[i];
	return NULL;
}

static void keep_note(struct prover *p, const char *zone, int64_t now_s,
                      const struct proof_verdict *verdict) {
	const struct prover_note *known = prover_find_note(p, zone);
	struct prover_note *note = known ? &p->notes[known - p->notes] : &p->notes[p->next_note];
	if (!known) p->next_note = (p->next_note + 1) % PROVER_NOTES_MAX;
	*note = (struct prover_note){ hash_of(p, zone, 0), now_s, *verdict };
}

/* False: it was not long ago.  More zones than RECENT_MAX within that time come from people who all wait alike. */
static bool may_look(struct prover *p, const char *zone, int64_t claimant) {
	uint64_t hash = hash_of(p, zone, claimant);
	int64_t now_ms = (int64_t)uv_now(p->loop);
	for (unsigned i = 0; i < RECENT_MAX; i++)
		if (p->recent[i].hash == hash && now_ms - p->recent[i].at_ms < PROVER_AGAIN_MS) return false;
	p->recent[p->next_recent] = (struct recent){ hash, now_ms };
	p->next_recent = (p->next_recent + 1) % RECENT_MAX;
	return true;
}

/* -- a zone on its way -- */

static struct way *find_way(const struct prover *p, const char *zone) {
	for (struct way *w = p->ways; w; w = w->next)
		if (strcasecmp(w->given.name, zone) == 0) return w;
	return NULL;
}

static void way_free(struct way *way) {
	struct prover *p = way->prover;
	struct way **at = &p->ways;
	while (*at != way)
		at = &(*at)->next;
	*at = way->next;
	p->way_count--;
	wanted_changes_done(&way->changes);
	free(way);
}

static void fill_names(const struct terms *t, const struct claim_facts *facts, struct name *out_names,
                       unsigned *out_count) {
	for (unsigned i = 0; i < facts->vanity_count; i++)
		out_names[(*out_count)++] = facts->vanity[i];
	for (unsigned i = 0; i < t->server_count; i++)
		if (proof_account_server(facts->account_id, &t->servers[i], &out_names[*out_count]) == OK)
			++*out_count;
}

/* Desk.  c is what the inventory says now, the findings are a little older. */
static void judge(const struct terms *t, const struct prover_case *c, const struct way *way,
                  struct proof_verdict *out_verdict) {
	struct name *names = xcalloc(CLAIM_VANITY_MAX + t->server_count, sizeof(*names));
	struct proof_neighbour neighbours[2];
	struct proof_claim claim = { .zone = way->found.zone.wire,
		                     .token = c->facts.token,
		                     .primaries = c->primaries,
		                     .primary_tls = c->primary_tls,
		                     .primary_count = c->primary_count,
		                     .account_servers = names,
		                     .our_servers = t->servers,
		                     .our_server_count = t->server_count,
		                     .our_addresses = t->addresses,
		                     .our_address_count = t->address_count,
		                     .neighbours = neighbours,
		                     .port = t->port,
		                     .anywhere = t->anywhere };
	const struct claim_neighbour *above = &c->facts.above, *below = &c->facts.below;
	/* What the zone above says was looked up before the walk: if it is another by now, nothing is known. */
	bool same_above = name_equal(above->name.wire, way->given.facts.above.name.wire);
	fill_names(t, &c->facts, names, &claim.account_server_count);
	if (above->is_there)
		neighbours[claim.neighbour_count++] = (struct proof_neighbour){
			.above = true,
			.consents = above->consents,
			.delegates = same_above && way->above_delegates
		};
	if (below->is_there)
		neighbours[claim.neighbour_count++] = (struct proof_neighbour){ .consents = below->consents };
	claim.parent_is_public = way->found.parent.len == 0 ||
	                         name_rules_public_suffix(t->rules, way->found.parent.wire);
	proof_judge(&claim, &way->found, out_verdict);
	free(names);
}

static bool wins(const struct prover_case *c, enum proof_kind kind) {
	enum proof_kind held;
	return proof_kind_parse(c->facts.proof, &held) == OK && proof_beats(kind, held);
}

static void run_judge(struct desk_job *job) {
	struct way *way = (struct way *)job;
	const struct prover *p = way->prover;
	struct prover_case *now = xcalloc(1, sizeof(*now));
	unsigned count = 0;
	int64_t claimant = way->given.is_contest ? way->given.facts.account : 0;
	way->result = p->ops.gather(p->ops.ctx, way->given.name, claimant, way->now_s, now, 1, &count);
	if (way->result == OK && count == 0) way->result = ERR_STALE; /* gone, or it waits no more */
	if (way->result == OK) judge(&p->terms, now, way, &way->verdict);
	if (way->result == OK && claimant && !wins(now, way->verdict.kind)) way->result = ERR_REFUSED;
	if (way->result == OK) {
		way->result = p->ops.mark(p->ops.ctx, now, way->verdict.kind, way->now_s, &way->changes);
	}
	free(now);
}

static void begin_turn(struct prover *p, const char *zone, int64_t claimant);

static void on_judged(struct desk_job *job) {
	struct way *way = (struct way *)job;
	struct prover *p = way->prover;
	if (!job->skipped && way->result == OK && !p->stopping) {
		/* Notes are for the owner. */
		if (!way->given.is_contest) keep_note(p, way->given.name, way->now_s, &way->verdict);
		p->ops.changed(p->ops.ctx, &way->changes);
		p->ops.told(p->ops.ctx, way->given.name, &way->verdict);
	}
	way_free(way);
	if (p->again) begin_turn(p, NULL, 0);
}

static void on_found(void *ctx, const struct findings *found) {
	struct way *way = ctx;
	struct prover *p = way->prover;
	const struct claim_neighbour *above = &way->given.facts.above;
	way->walk = NULL;
	way->found = *found;
	way->now_s = clock_now().wall_s;
	way->above_delegates = above->is_there &&
	                       p->ops.delegates(p->ops.ctx, above->name.wire, found->zone.wire);
	way->job.run = run_judge;
	way->job.done = on_judged;
	if (desk_take(p->desk, &way->job) != OK) way_free(way); /* it is due again in a while */
}

/* Zones whose servers never answer take a walk's whole time each. */
static bool has_its_share(const struct prover *p, int64_t account) {
	unsigned count = 0;
	for (const struct way *w = p->ways; w; w = w->next)
		count += w->given.facts.account == account;
	return count >= CLAIM_AT_ONCE;
}

static void begin_way(struct prover *p, const struct prover_case *c) {
	struct name zone;
	if (find_way(p, c->name) || has_its_share(p, c->facts.account)) return;
	if (name_parse(c->name, &zone) != OK) return;
	struct way *way = xcalloc(1, sizeof(*way));
	way->prover = p;
	way->given = *c;
	way->next = p->ways;
	p->ways = way;
	p->way_count++;
	way->walk = walker_start(p->walker, zone.wire, on_found, way);
	if (!way->walk) way_free(way); /* a turn that was asked for one zone took the place: due again */
}

/* -- which are due -- */

static void run_turn(struct desk_job *job) {
	struct turn *turn = (struct turn *)job;
	const struct prover_ops *ops = &turn->prover->ops;
	turn->result = ops->gather(ops->ctx, turn->zone, turn->claimant, turn->now_s, turn->cases,
	                           turn->limit, &turn->count);
}

static void turn_free(struct turn *turn) {
	free(turn->zone);
	free(turn->cases);
	free(turn);
}

static void on_turned(struct desk_job *job) {
	struct turn *turn = (struct turn *)job;
	struct prover *p = turn->prover;
	if (!turn->zone) p->turning = false;
	if (!job->skipped && turn->result == OK && !p->stopping)
		for (unsigned i = 0; i < turn->count; i++)
			if (turn->zone || may_look(p, turn->cases[i].name, 0)) begin_way(p, &turn->cases[i]);
	turn_free(turn);
	if (p->again) begin_turn(p, NULL, 0);
}

static void begin_turn(struct prover *p, const char *zone, int64_t claimant) {
	unsigned places = WALKER_WALKS_MAX > p->way_count ? WALKER_WALKS_MAX - p->way_count : 0;
	if (p->stopping) return;
	if (!zone) p->again = p->turning || places == 0;
	if (!zone && p->again) return;
	struct turn *turn = xcalloc(1, sizeof(*turn));
	turn->prover = p;
	turn->zone = zone ? xstrdup(zone) : NULL;
	turn->claimant = claimant;
	turn->now_s = clock_now().wall_s;
	turn->limit = zone ? 1 : places;
	turn->cases = xcalloc(turn->limit, sizeof(*turn->cases));
	turn->job.run = run_turn;
	turn->job.done = on_turned;
	if (!zone) p->turning = true;
	if (desk_take(p->desk, &turn->job) == OK) return;
	if (!zone) p->turning = false;
	turn_free(turn);
}

static void on_timer(uv_timer_t *timer) {
	begin_turn(timer->data, NULL, 0);
}

static bool wake_for(struct prover *p, const char *zone, int64_t claimant) {
	if (p->stopping || p->way_count >= WALKER_WALKS_MAX || find_way(p, zone)) return false;
	if (!may_look(p, zone, claimant)) return false;
	begin_turn(p, zone, claimant);
	return true;
}

bool prover_wake(struct prover *p, const char *zone) {
	if (zone) return wake_for(p, zone, 0);
	begin_turn(p, NULL, 0);
	return !p->stopping;
}

bool prover_contest(struct prover *p, const char *zone, int64_t claimant) {
	return wake_for(p, zone, claimant);
}

/* -- beginning and end -- */

static void take_terms(struct prover *p, const struct prover_settings *settings) {
	const struct config_server *c = settings->config;
	struct terms *t = &p->terms;
	t->servers = xmemdup(c->name_servers.items, c->name_servers.count * sizeof(*t->servers));
	t->server_count = c->name_servers.count;
	t->addresses = xcalloc(c->public_addresses.count + c->listen_count, sizeof(*t->addresses));
	for (unsigned i = 0; i < c->public_addresses.count; i++)
		t->addresses[t->address_count++] = c->public_addresses.items[i];
	for (unsigned i = 0; i < c->listen_count; i++)
		t->addresses[t->address_count++] = c->listen[i]; /* wildcards are nobody's */
	t->rules = settings->rules;
	t->port = walker_port(p->walker);
	t->anywhere = walker_anywhere(p->walker);
}

struct prover *prover_new(uv_loop_t *loop, const struct prover_settings *settings) {
	const struct config_listen *roots = &settings->config->root_servers;
	struct walker_settings walker = { .roots = roots->items, .root_count = roots->count };
	struct prover *p = xcalloc(1, sizeof(*p));
	p->loop = loop;
	p->desk = settings->desk;
	p->ops = settings->ops;
	secret_octets(settings->random, p->key, sizeof(p->key));
	p->walker = walker_new(loop, &walker, settings->random);
	take_terms(p, settings);
	(void)uv_timer_init(loop, &p->timer); /* always 0 */
	p->timer.data = p;
	(void)uv_timer_start(&p->timer, on_timer, 0, PROVER_TURN_MS); /* cannot fail: it is initialised */
	return p;
}

static void on_walker_stopped(void *ctx) {
	struct prover *p = ctx;
	p->stopped(p->stopped_ctx);
}

static void on_timer_closed(uv_handle_t *handle) {
	struct prover *p = handle->data;
	walker_stop(p->walker, on_walker_stopped, p);
}

void prover_stop(struct prover *p, void (*done)(void *ctx), void *ctx) {
	p->stopping = true;
	p->stopped = done;
	p->stopped_ctx = ctx;
	for (struct way *way = p->ways, *next; way; way = next) {
		next = way->next;
		if (!way->walk) continue; /* the desk gives it back */
		walker_cancel(way->walk);
		way_free(way);
	}
	uv_close((uv_handle_t *)&p->timer, on_timer_closed);
}

void prover_free(struct prover *p) {
	if (!p) return;
	walker_free(p->walker);
	free(p->terms.servers);
	free(p->terms.addresses);
	free(p);
}
