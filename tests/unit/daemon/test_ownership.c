/* Proofs of control from end to end, in one process: an inventory with accounts of strangers, its desk, walks to a root
 * server that is a socket on loopback, and what is wanted at last. */
#include "../inventory/inventory_lab.h"

#include <semaphore.h>
#include <unistd.h>

#include "../diagnose/walk_lab.h"
#include "base/clock.h"
#include "daemon/ownership.h"

#define ROOT "127.0.0.1"

static const struct lab_row rows[] = {
	{ ROOT, ".", "mine.net", "NS", "alice7.ns1.understudy.net" },
	{ ROOT, ".", "lame.net", "NS", "ns1.understudy.net" },
	{ ROOT, ".", "full.net", "NS", "ns1.understudy.net" },
	{ ROOT, ".", "full.net", "NS", "ns.full.net" },
	{ ROOT, ".", "ns.full.net", "A", ROOT },
	{ ROOT, ".", "x.net", "TXT", "x" },
	{ ROOT, ".", "_understudy-challenge.x.net", "TXT", "understudy-proof=tok-alice" },
	{ ROOT, ".", "_understudy-challenge.sub.x.net", "TXT", "understudy-proof=tok-bob" },
};
/* full.net's own server is the root's socket, too. */
static const struct lab_row rows_later[] = {
	{ ROOT, ".", "full.net", "NS", "ns1.understudy.net" },
	{ ROOT, ".", "full.net", "NS", "ns.full.net" },
	{ ROOT, ".", "ns.full.net", "A", ROOT },
	{ ROOT, "full.net", "_understudy-challenge.full.net", "TXT", "understudy-proof=tok-bob" },
};

static struct {
	struct inventory_lab *inv;
	uv_loop_t loop;
	uv_udp_t root;
	uint8_t input[2048];
	struct lab world;
	uint16_t port;
	struct desk *desk;
	struct wanted *wanted;
	struct epoch *epoch;
	struct zone_table *table;
	struct config_server config;
	struct name_rules *rules;
	struct ownership *ownership;
	int64_t alice, bob;
	unsigned added, removed;
	bool stopped;
} l;

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
	(void)handle;
	(void)suggested;
	*buf = uv_buf_init((char *)l.input, sizeof(l.input));
}

static void on_question(uv_udp_t *udp, ssize_t got, const uv_buf_t *buf, const struct sockaddr *from,
                        unsigned flags) {
	static struct lab_reply reply;
	struct message m = { 0 };
	(void)buf;
	(void)flags;
	if (got <= 0) return;
	assert_int_equal(message_parse(l.input, (size_t)got, &m), OK);
	lab_answer(&l.world, ROOT, &m, false, &reply);
	uv_buf_t out = uv_buf_init((char *)reply.data, (unsigned)reply.len);
	assert_int_equal(uv_udp_try_send(udp, &out, 1, from), reply.len);
}

static struct addr open_root(void) {
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_storage own;
	int len = sizeof(own);
	assert_int_equal(uv_udp_init(&l.loop, &l.root), 0);
	assert_int_equal(uv_udp_bind(&l.root, (const struct sockaddr *)&any, 0), 0);
	assert_int_equal(uv_udp_recv_start(&l.root, on_alloc, on_question), 0);
	assert_int_equal(uv_udp_getsockname(&l.root, (struct sockaddr *)&own, &len), 0);
	return addr_from_sockaddr((const struct sockaddr *)&own);
}

static void on_added(void *ctx, const uint8_t *name, const struct zone_policy *policy, uint32_t account) {
	(void)account;
	(void)ctx, (void)name, (void)policy;
	l.added++;
}

static void on_removed(void *ctx, const uint8_t *name) {
	(void)ctx, (void)name;
	l.removed++;
}

static void on_changed(void *ctx, struct wanted_changes *changes) {
	struct wanted_summary summary;
	(void)ctx;
	wanted_change(l.wanted, WANTED_DATABASE, changes, &summary);
}

/* -- beginning and end -- */

static int64_t account(const char *name) {
	char text[200];
	struct sql *db = NULL;
	int64_t id = lab_account(l.inv, name, 0);
	assert_int_equal(inventory_read(l.inv->inv, &db), OK);
	snprintf(text, sizeof(text), "UPDATE accounts SET token = 'tok-%s' WHERE name = '%s'",
	         strcmp(name, "alice7") == 0 ? "alice" : "bob", name);
	assert_int_equal(sql_script(db, text), OK);
	return id;
}

static int begin(void **state) {
	memset(&l, 0, sizeof(l));
	assert_int_equal(inventory_lab_setup(state), 0);
	l.inv = *state;
	assert_int_equal(name_rules_open(&l.rules), OK);
	l.config.name_servers.items[0] = lab_name("ns1.understudy.net");
	l.config.name_servers.count = 1;
	l.inv->settings.is_public = true;
	static struct addr_prefix loopback; /* where the tree and the primaries of these tests are */
	assert_int_equal(addr_prefix_parse("127.0.0.0/8", &loopback), OK);
	l.inv->settings.reach = (struct reach_rules){ .allowed = &loopback, .allowed_count = 1 };
	l.inv->settings.names = l.rules;
	l.inv->settings.own_servers = l.config.name_servers.items;
	l.inv->settings.own_server_count = 1;
	l.inv->who.now_s = clock_now().wall_s;
	inventory_lab_reopen(l.inv);
	l.alice = account("alice7");
	l.bob = account("bob99");
	l.world.rows = rows;
	l.world.row_count = sizeof(rows) / sizeof(rows[0]);
	assert_int_equal(uv_loop_init(&l.loop), 0);
	l.config.root_servers.items[0] = open_root();
	l.config.root_servers.count = 1;
	l.port = l.config.root_servers.items[0].port;
	assert_int_equal(desk_new(&l.loop, &l.desk), OK);
	struct wanted_watcher watcher = { .added = on_added, .changed = on_added, .removed = on_removed };
	l.wanted = wanted_new(&watcher);
	l.epoch = epoch_new();
	l.table = table_new(l.epoch);
	struct ownership_settings settings = { .config = &l.config,
		                               .desk = l.desk,
		                               .inventory = l.inv->inv,
		                               .table = l.table,
		                               .rules = l.rules,
		                               .changed = on_changed };
	l.ownership = ownership_new(&l.loop, &settings);
	return 0;
}

static void on_stopped(void *ctx) {
	(void)ctx;
	l.stopped = true;
}

static int end(void **state) {
	ownership_stop(l.ownership, on_stopped, NULL);
	desk_stop(l.desk);
	uv_close((uv_handle_t *)&l.root, NULL);
	uv_run(&l.loop, UV_RUN_DEFAULT);
	assert_true(l.stopped);
	ownership_free(l.ownership);
	wanted_free(l.wanted);
	table_free(l.table);
	epoch_free(l.epoch);
	name_rules_close(l.rules);
	assert_int_equal(uv_loop_close(&l.loop), 0);
	return inventory_lab_teardown(state);
}

/* -- what happens --
 * The inventory is the desk's: the tests touch it only while they hold the desk. */

struct holding {
	struct desk_job job;
	sem_t held, enough;
	bool done;
};

static void run_holding(struct desk_job *job) {
	struct holding *h = (struct holding *)job;
	(void)sem_post(&h->held);
	while (sem_wait(&h->enough) != 0)
		continue;
}

static void on_held(struct desk_job *job) {
	((struct holding *)job)->done = true;
}

/* What has been taken by the desk so far is done, and it does nothing more until let_desk_go. */
static void hold_desk(struct holding *h) {
	*h = (struct holding){ .job = { .run = run_holding, .done = on_held } };
	assert_int_equal(sem_init(&h->held, 0, 0), 0);
	assert_int_equal(sem_init(&h->enough, 0, 0), 0);
	assert_int_equal(desk_take(l.desk, &h->job), OK);
	while (sem_wait(&h->held) != 0)
		continue;
}

static void let_desk_go(struct holding *h) {
	(void)sem_post(&h->enough);
	while (!h->done)
		assert_true(uv_run(&l.loop, UV_RUN_ONCE) != 0);
	(void)sem_destroy(&h->held);
	(void)sem_destroy(&h->enough);
}

static void pass_desk(void) {
	struct holding h;
	hold_desk(&h);
	let_desk_go(&h);
}

static const char *zone_text(const char *zone) {
	struct holding h;
	hold_desk(&h);
	const char *text = lab_zone(l.inv, zone);
	let_desk_go(&h);
	return text;
}

/* account 0: an administrator.  server: of which the primary is. */
static void add(int64_t account, const char *zone, const char *primary, enum inventory_code code) {
	char settings[200];
	struct holding h;
	snprintf(settings, sizeof(settings), "{'primaries':['%s']}", primary);
	hold_desk(&h);
	lab_be(l.inv, account);
	enum inventory_code found = lab_change(l.inv, ZONE_PUT, zone, settings);
	lab_be(l.inv, 0);
	let_desk_go(&h);
	if (found != code)
		fail_msg("%s: %s %s", zone, inventory_code_word(l.inv->result.code), l.inv->result.text);
}

/* A primary of Alice's by the name of p. */
static void put_primary(const char *address) {
	char settings[200];
	struct holding h;
	snprintf(settings, sizeof(settings), "{\"address\":\"%s\"}", address);
	struct inventory_primary_put put = { .name = "p",
		                             .settings = settings,
		                             .settings_len = strlen(settings) };
	hold_desk(&h);
	lab_be(l.inv, l.alice);
	inventory_result_done(&l.inv->result);
	inventory_primary_put(l.inv->inv, &put, &l.inv->who, &l.inv->result);
	lab_be(l.inv, 0);
	let_desk_go(&h);
	assert_int_equal(l.inv->result.code, INVENTORY_DONE);
}

static const struct prover_note *wait_for_note(const char *zone) {
	const struct prover_note *note;
	prover_wake(ownership_prover(l.ownership), NULL);
	while (!(note = prover_find_note(ownership_prover(l.ownership), zone)))
		assert_true(uv_run(&l.loop, UV_RUN_ONCE) != 0);
	pass_desk();
	return note;
}

static bool is_wanted(const char *zone) {
	struct name name = lab_name(zone);
	struct wanted_zone found;
	return wanted_find(l.wanted, name.wire, &found);
}

static const char *own_primary(char *out, size_t size) {
	snprintf(out, size, ROOT "@%u", l.port);
	return out;
}

/* -- the tests -- */

static void a_zone_waits_until_it_is_proven_and_is_wanted_then(void **state) {
	(void)state;
	add(l.alice, "mine.net", "192.0.2.9", INVENTORY_DONE);
	assert_int_equal(l.inv->result.wanted.put.count, 0);
	assert_false(is_wanted("mine.net"));
	assert_int_equal(wait_for_note("mine.net")->verdict.kind, PROOF_NAME_SERVERS);
	assert_true(is_wanted("mine.net"));
	assert_non_null(strstr(zone_text("mine.net"), "name-servers"));
	assert_int_equal(l.added, 1);
}

static void a_lame_delegation_is_not_got_by_who_asks_first(void **state) {
	(void)state;
	add(l.bob, "lame.net", "192.0.2.66", INVENTORY_DONE);
	assert_int_equal(wait_for_note("lame.net")->verdict.fault, PROOF_FAULT_PRIMARY_NOT_DELEGATED);
	assert_false(is_wanted("lame.net"));
	assert_non_null(strstr(zone_text("lame.net"), "pending"));
}

static void another_primary_ends_the_proof_that_was_the_primary(void **state) {
	char primary[64];
	(void)state;
	add(l.alice, "full.net", own_primary(primary, sizeof(primary)), INVENTORY_DONE);
	assert_int_equal(wait_for_note("full.net")->verdict.kind, PROOF_PRIMARY_DELEGATED);
	assert_true(is_wanted("full.net"));
	add(l.alice, "full.net", "192.0.2.66", INVENTORY_DONE);
	assert_int_equal(l.inv->result.wanted.removed.count, 1);
	assert_non_null(strstr(zone_text("full.net"), "pending"));
}

/* The same through a primary that has a name. */
static void a_named_primary_that_moves_ends_the_proof_too(void **state) {
	char primary[64];
	(void)state;
	put_primary(own_primary(primary, sizeof(primary)));
	add(l.alice, "full.net", "p", INVENTORY_DONE);
	assert_int_equal(wait_for_note("full.net")->verdict.kind, PROOF_PRIMARY_DELEGATED);
	put_primary("192.0.2.66");
	assert_int_equal(l.inv->result.wanted.put.count, 0);
	assert_int_equal(l.inv->result.wanted.removed.count, 1);
	assert_non_null(strstr(zone_text("full.net"), "pending"));
}

static void a_name_below_anothers_zone_is_not_proven_by_a_text_alone(void **state) {
	(void)state;
	add(l.alice, "x.net", "192.0.2.9", INVENTORY_DONE);
	assert_int_equal(wait_for_note("x.net")->verdict.kind, PROOF_TXT);
	add(l.bob, "sub.x.net", "192.0.2.66", INVENTORY_DONE);
	assert_int_equal(wait_for_note("sub.x.net")->verdict.fault, PROOF_FAULT_ZONE_ABOVE);
	assert_false(is_wanted("sub.x.net"));
}

static void the_owner_takes_a_zone_back_from_who_only_named_its_primary(void **state) {
	char primary[64];
	(void)state;
	add(l.alice, "full.net", own_primary(primary, sizeof(primary)), INVENTORY_DONE);
	assert_int_equal(wait_for_note("full.net")->verdict.kind, PROOF_PRIMARY_DELEGATED);
	add(l.bob, "full.net", "192.0.2.7", INVENTORY_CONFLICT);
	l.world.rows = rows_later;
	l.world.row_count = sizeof(rows_later) / sizeof(rows_later[0]);
	assert_true(prover_contest(ownership_prover(l.ownership), "full.net", l.bob));
	while (is_wanted("full.net"))
		assert_true(uv_run(&l.loop, UV_RUN_ONCE) != 0);
	assert_int_equal(l.removed, 1);
	add(l.alice, "full.net", primary, INVENTORY_CONFLICT);
	add(l.bob, "full.net", "192.0.2.7", INVENTORY_DONE);
	assert_non_null(strstr(zone_text("full.net"), "bob99"));
}

static void public_suffixes_and_names_of_ours_are_refused(void **state) {
	(void)state;
	add(l.bob, "co.uk", "192.0.2.66", INVENTORY_INVALID);
	add(l.bob, "understudy.net", "192.0.2.66", INVENTORY_INVALID);
	add(l.bob, "168.192.in-addr.arpa", "192.0.2.66", INVENTORY_INVALID);
	add(0, "co.uk", "192.0.2.66", INVENTORY_DONE);
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		T(a_zone_waits_until_it_is_proven_and_is_wanted_then),
		T(a_lame_delegation_is_not_got_by_who_asks_first),
		T(another_primary_ends_the_proof_that_was_the_primary),
		T(a_named_primary_that_moves_ends_the_proof_too),
		T(a_name_below_anothers_zone_is_not_proven_by_a_text_alone),
		T(the_owner_takes_a_zone_back_from_who_only_named_its_primary),
		T(public_suffixes_and_names_of_ours_are_refused),
	};
	return cmocka_run_group_tests_name("ownership", tests, NULL, NULL);
}
