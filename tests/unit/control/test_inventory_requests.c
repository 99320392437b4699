/* Requests of the inventory, with a real one: lines in, replies out, on one thread. */
#include "backend_lab.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "control/events.h"
#include "control/protocol.h"
#include "inventory/config.h"
#include "inventory/gate.h"

#define SETTINGS "{\"primaries\":[\"192.0.2.1\"]}"

struct fixture {
	struct lab_backend lab;
	struct sealer *sealer;
	struct random random;
	struct settings_base *base;
	char folder[64];
	unsigned tokens;
};

static void nothing(void *ctx, const uint8_t *name, const struct zone_policy *policy, uint32_t account) {
	(void)account;
	(void)ctx;
	(void)name;
	(void)policy;
}

static void nothing_removed(void *ctx, const uint8_t *name) {
	(void)ctx;
	(void)name;
}

static bool nobody(const char *user) {
	(void)user;
	return false;
}

/* Of a configuration without anything. */
static struct settings_base *base_new(void) {
	static const char text[] = "server: { listen: [\"127.0.0.1\"] }\nzones:\n";
	const struct config_input input = { .path = "/etc/u.yaml", .user_exists = nobody, .cores = 1 };
	struct config *config = NULL;
	struct config_faults faults = { 0 };
	assert_int_equal(config_parse(&input, text, sizeof(text) - 1, &config, &faults), OK);
	struct settings_base *base = config->base;
	settings_base_ref(base);
	config_free(config);
	return base;
}

static int setup(void **state) {
	struct fixture *f = calloc(1, sizeof(*f));
	static const struct wanted_watcher watcher = { .added = nothing,
		                                       .changed = nothing,
		                                       .removed = nothing_removed };
	char path[100];
	struct why why = { 0 };
	f->random = random_secure();
	snprintf(f->folder, sizeof(f->folder), "/tmp/understudy-requests.XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	snprintf(path, sizeof(path), "%s/secret.key", f->folder);
	assert_int_equal(sealer_open(path, true, &f->random, &f->sealer, &why), OK);
	f->base = base_new();
	snprintf(path, sizeof(path), "%s/inventory.db", f->folder);
	const struct inventory_settings settings = { .path = path, .copy_path = path, .sealer = f->sealer };
	f->lab.inventory = inventory_open(&settings, f->base, 1000);
	assert_int_equal(inventory_state(f->lab.inventory), INVENTORY_OK);
	f->lab.gate = gate_new(&f->random);
	f->lab.wanted = wanted_new(&watcher);
	*state = f;
	return 0;
}

static int teardown(void **state) {
	struct fixture *f = *state;
	static const char *const files[] = { "inventory.db", "inventory.db-wal", "inventory.db-shm",
		                             "secret.key" };
	char path[120];
	inventory_close(f->lab.inventory);
	gate_free(f->lab.gate);
	wanted_free(f->lab.wanted);
	settings_base_unref(f->base);
	sealer_free(f->sealer);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", f->folder, files[i]);
		(void)unlink(path); /* not all are there */
	}
	assert_int_equal(rmdir(f->folder), 0);
	free(f);
	return 0;
}

/* The whole reply, a new reference. */
static json_t *ask_as(struct fixture *f, const struct request_from *from, const char *line) {
	struct control_backend backend = lab_backend_of(&f->lab);
	struct request *r = request_new(&backend, from);
	json_t *reply = request_begin(r, line, strlen(line));
	while (!reply && r->stage != STAGE_NONE) {
		request_run(r);
		reply = request_finish(r);
	}
	assert_non_null(reply);
	request_free(r);
	return reply;
}

/* The result, a new reference; the reply is ok. */
static json_t *done(struct fixture *f, const char *line) {
	json_t *reply = ask_as(f, &lab_operator, line);
	if (!json_is_true(json_object_get(reply, "ok")))
		print_message("%s\n  %s\n", line, json_string_value(json_object_get(reply, "error")));
	assert_true(json_is_true(json_object_get(reply, "ok")));
	json_t *result = json_incref(json_object_get(reply, "result"));
	json_decref(reply);
	return result;
}

static void do_it(struct fixture *f, const char *line) {
	json_decref(done(f, line));
}

static void assert_code(json_t *reply, const char *code) {
	const char *found = json_string_value(json_object_get(reply, "code"));
	if (!found || strcmp(found, code) != 0)
		print_message("%s\n", json_string_value(json_object_get(reply, "error")));
	assert_non_null(found);
	assert_string_equal(found, code);
	json_decref(reply);
}

static void assert_refused(struct fixture *f, const char *line, const char *code) {
	assert_code(ask_as(f, &lab_operator, line), code);
}

static const char *text_of(json_t *o, const char *field) {
	return json_string_value(json_object_get(o, field));
}

static bool is_wanted(struct fixture *f, const char *text) {
	struct name name;
	struct wanted_zone zone;
	assert_int_equal(name_parse(text, &name), OK);
	return wanted_find(f->lab.wanted, name.wire, &zone);
}

static void a_zone_is_added_read_changed_and_removed(void **state) {
	struct fixture *f = *state;
	char line[300];
	json_t *zone = done(f,
	                    "{\"request\":\"zone.add\",\"zone\":\"Example.COM\",\"settings\":" SETTINGS "}");
	assert_string_equal(text_of(zone, "name"), "example.com");
	assert_string_equal(text_of(zone, "origin"), "api");
	assert_string_equal(text_of(json_object_get(zone, "status"), "state"), "active");
	assert_true(is_wanted(f, "example.com"));
	assert_refused(f, "{\"request\":\"zone.add\",\"zone\":\"example.com\",\"settings\":" SETTINGS "}",
	               CONTROL_CODE_CONFLICT);
	snprintf(line, sizeof(line), "{\"request\":\"zone.get\",\"id\":\"%s\"}", text_of(zone, "id"));
	json_t *same = done(f, line);
	assert_string_equal(text_of(same, "name"), "example.com");
	snprintf(line, sizeof(line),
	         "{\"request\":\"zone.set\",\"id\":\"%s\",\"settings\":{\"refresh-max\":60}}",
	         text_of(zone, "id"));
	json_decref(same);
	same = done(f, line);
	json_t *settings = json_object_get(same, "settings");
	assert_int_equal(json_integer_value(json_object_get(settings, "refresh-max")), 60);
	assert_non_null(json_object_get(settings, "primaries"));
	assert_refused(f, "{\"request\":\"zone.remove\",\"zone\":\"example.com\",\"if_version\":1}",
	               CONTROL_CODE_STALE);
	do_it(f, "{\"request\":\"zone.remove\",\"zone\":\"example.com\"}");
	assert_false(is_wanted(f, "example.com"));
	assert_refused(f, "{\"request\":\"zone.get\",\"zone\":\"example.com\"}", CONTROL_CODE_NOT_FOUND);
	json_decref(same);
	json_decref(zone);
}

static void to_put_twice_changes_nothing(void **state) {
	struct fixture *f = *state;
	static const char line[] = "{\"request\":\"zone.put\",\"zone\":\"example.com\",\"settings\":" SETTINGS
				   "}";
	json_t *first = done(f, line), *second = done(f, line);
	assert_true(json_is_true(json_object_get(first, "created")));
	assert_true(json_is_false(json_object_get(second, "created")));
	assert_true(json_equal(json_object_get(first, "zone"), json_object_get(second, "zone")));
	json_decref(first);
	json_decref(second);
}

static void faults_name_their_fields(void **state) {
	struct fixture *f = *state;
	json_t *reply = ask_as(f, &lab_operator,
	                       "{\"request\":\"zone.add\",\"zone\":\"example.com\",\"settings\":"
	                       "{\"primaries\":[\"nonsense\"],\"nonsuch\":1}}");
	json_t *faults = json_object_get(reply, "faults");
	assert_true(json_array_size(faults) >= 2);
	assert_non_null(text_of(json_array_get(faults, 0), "field"));
	assert_non_null(text_of(json_array_get(faults, 0), "text"));
	assert_code(reply, CONTROL_CODE_INVALID);
	assert_false(is_wanted(f, "example.com"));
}

static void a_batch_is_done_as_a_whole_or_not_at_all(void **state) {
	struct fixture *f = *state;
	json_t *sums = done(f, "{\"request\":\"zones.apply\",\"zones\":["
	                       "{\"name\":\"a.example\",\"settings\":" SETTINGS "},"
	                       "{\"name\":\"b.example\",\"settings\":" SETTINGS "},"
	                       "{\"name\":\"c.example\",\"settings\":" SETTINGS "}]}");
	assert_int_equal(json_integer_value(json_object_get(sums, "added")), 3);
	json_decref(sums);
	assert_refused(f,
	               "{\"request\":\"zones.apply\",\"zones\":["
	               "{\"name\":\"d.example\",\"settings\":" SETTINGS "},"
	               "{\"name\":\"e..example\",\"settings\":" SETTINGS "}]}",
	               CONTROL_CODE_INVALID);
	assert_false(is_wanted(f, "d.example"));
	assert_refused(f,
	               "{\"request\":\"zones.apply\",\"replace\":true,\"zones\":["
	               "{\"name\":\"a.example\",\"settings\":" SETTINGS "}]}",
	               CONTROL_CODE_REFUSED);
	assert_true(is_wanted(f, "b.example"));
	do_it(f, "{\"request\":\"zones.apply\",\"replace\":true,\"force\":true,\"zones\":["
	         "{\"name\":\"a.example\",\"settings\":" SETTINGS "}]}");
	assert_false(is_wanted(f, "b.example"));
}

static void pages_are_in_the_order_of_names_and_filter(void **state) {
	struct fixture *f = *state;
	do_it(f, "{\"request\":\"zones.apply\",\"zones\":["
	         "{\"name\":\"b2.example\",\"settings\":" SETTINGS "},"
	         "{\"name\":\"a.example\",\"settings\":" SETTINGS "},"
	         "{\"name\":\"c.example\",\"settings\":" SETTINGS "},"
	         "{\"name\":\"b1.example\",\"settings\":" SETTINGS "}]}");
	json_t *page = done(f, "{\"request\":\"zone.page\",\"limit\":2}");
	assert_int_equal(json_integer_value(json_object_get(page, "total")), 4);
	assert_string_equal(text_of(page, "next"), "b1.example");
	json_decref(page);
	page = done(f, "{\"request\":\"zone.page\",\"limit\":2,\"after\":\"b1.example\"}");
	assert_true(json_is_null(json_object_get(page, "next")));
	assert_string_equal(text_of(json_array_get(json_object_get(page, "zones"), 0), "name"), "b2.example");
	json_decref(page);
	page = done(f, "{\"request\":\"zone.page\",\"state\":\"stale\",\"limit\":1}");
	assert_int_equal(json_integer_value(json_object_get(page, "total")), 2);
	assert_string_equal(text_of(page, "next"), "b1.example");
	assert_string_equal(text_of(json_object_get(json_array_get(json_object_get(page, "zones"), 0),
	                                            "status"),
	                            "state"),
	                    "stale");
	json_decref(page);
	page = done(f, "{\"request\":\"zone.page\",\"health\":\"synced\",\"text\":\"c.\"}");
	assert_int_equal(json_array_size(json_object_get(page, "zones")), 1);
	json_decref(page);
	page = done(f, "{\"request\":\"zone.page\",\"text\":\"B\",\"limit\":1,\"origin\":\"api\"}");
	assert_int_equal(json_integer_value(json_object_get(page, "total")), 2);
	assert_string_equal(text_of(page, "next"), "b1.example");
	json_decref(page);
	page = done(f, "{\"request\":\"zone.page\",\"text\":\"b\",\"limit\":1,\"after\":\"b1.example\"}");
	assert_int_equal(json_integer_value(json_object_get(page, "total")), 2);
	assert_true(json_is_null(json_object_get(page, "next")));
	assert_string_equal(text_of(json_array_get(json_object_get(page, "zones"), 0), "name"), "b2.example");
	json_decref(page);
}

/* Between the choice of the names and their rows. */
static void a_page_whose_zones_have_gone_meanwhile_leads_on(void **state) {
	struct fixture *f = *state;
	static const char question[] = "{\"request\":\"zone.page\",\"state\":\"stale\",\"limit\":1}";
	do_it(f, "{\"request\":\"zones.apply\",\"zones\":["
	         "{\"name\":\"b1.example\",\"settings\":" SETTINGS "},"
	         "{\"name\":\"b2.example\",\"settings\":" SETTINGS "}]}");
	struct control_backend backend = lab_backend_of(&f->lab);
	struct request *r = request_new(&backend, &lab_operator);
	json_t *reply = request_begin(r, question, strlen(question));
	assert_null(reply);
	assert_int_equal(r->stage, STAGE_WORK);
	do_it(f, "{\"request\":\"zone.remove\",\"zone\":\"b1.example\"}");
	while (!reply) {
		request_run(r);
		reply = request_finish(r);
	}
	json_t *page = json_object_get(reply, "result");
	assert_int_equal(json_array_size(json_object_get(page, "zones")), 0);
	assert_string_equal(text_of(page, "next"), "b1.example");
	json_decref(reply);
	request_free(r);
}

/* Others have their turn on the desk. */
static void a_search_among_many_takes_turns(void **state) {
	struct fixture *f = *state;
	enum { COUNT = 40000 };
	struct control_backend backend = lab_backend_of(&f->lab);
	static const char search[] = "{\"request\":\"zone.page\",\"text\":\"39999\"}";
	json_t *list = json_array(),
	       *batch = json_pack("{s:s, s:o}", "request", "zones.apply", "zones", list);
	for (int i = 0; i < COUNT; i++) {
		char name[32];
		snprintf(name, sizeof(name), "z%05d.example", i);
		json_array_append_new(list, json_pack("{s:s, s:{s:[s]}}", "name", name, "settings",
		                                      "primaries", "192.0.2.1"));
	}
	char *text = json_dumps(batch, JSON_COMPACT);
	json_decref(batch);
	do_it(f, text);
	free(text);
	struct request *r = request_new(&backend, &lab_operator);
	json_t *reply = request_begin(r, search, strlen(search));
	unsigned turns = 0;
	for (; !reply; turns++) {
		assert_int_not_equal(r->stage, STAGE_NONE);
		request_run(r);
		reply = request_finish(r);
	}
	assert_true(turns >= 3 && turns < 10);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(reply, "result"), "total")), 1);
	json_decref(reply);
	request_free(r);
}

static void note_woken(void *ctx) {
	++*(unsigned *)ctx;
}

/* A key, which the caller frees. */
static char *token(struct fixture *f, const char *rest) {
	char line[300];
	snprintf(line, sizeof(line), "{\"request\":\"token.add\",\"name\":\"k%u\",%s}", f->tokens++, rest);
	json_t *row = done(f, line);
	char *key = strdup(text_of(row, "token"));
	json_decref(row);
	return key;
}

static json_t *with_key(struct fixture *f, const char *key, const char *fields) {
	char line[500];
	snprintf(line, sizeof(line), "{\"key\":\"%s\",\"from\":\"198.51.100.7\",%s}", key, fields);
	return ask_as(f, &lab_web, line);
}

static void assert_allowed(struct fixture *f, const char *key, const char *fields) {
	json_t *reply = with_key(f, key, fields);
	if (!json_is_true(json_object_get(reply, "ok"))) print_message("%s\n", text_of(reply, "error"));
	assert_true(json_is_true(json_object_get(reply, "ok")));
	json_decref(reply);
}

#define ADD_ZONE(name) "\"request\":\"zone.add\",\"zone\":\"" name "\",\"settings\":" SETTINGS

static void at_the_web_socket_a_key_says_what_may_be_done(void **state) {
	struct fixture *f = *state;
	char *read = token(f, "\"scope\":\"read\""), *write = token(f, "\"scope\":\"write\"");
	assert_code(ask_as(f, &lab_web, "{\"request\":\"zone.page\"}"), CONTROL_CODE_UNAUTHORIZED);
	json_decref(ask_as(f, &lab_web, "{\"request\":\"ready\"}"));
	assert_code(with_key(f, "ust_nonsense", "\"request\":\"zone.page\""), CONTROL_CODE_UNAUTHORIZED);
	assert_allowed(f, read, "\"request\":\"zone.page\"");
	assert_code(with_key(f, read, ADD_ZONE("example.com")), CONTROL_CODE_FORBIDDEN);
	assert_allowed(f, write, ADD_ZONE("example.com"));
	assert_allowed(f, read, "\"request\":\"zone.status\",\"zone\":\"example.com\"");
	assert_code(with_key(f, write, "\"request\":\"account.list\""), CONTROL_CODE_FORBIDDEN);
	assert_code(with_key(f, write, "\"request\":\"reload\""), CONTROL_CODE_FORBIDDEN);
	free(read);
	free(write);
}

static void a_key_that_was_removed_opens_nothing_more(void **state) {
	struct fixture *f = *state;
	char line[200], *key = token(f, "\"scope\":\"read\"");
	assert_allowed(f, key, "\"request\":\"zone.page\"");
	json_t *page = done(f, "{\"request\":\"token.list\"}");
	json_t *row = json_array_get(page, 0);
	assert_null(json_object_get(row, "token"));
	snprintf(line, sizeof(line), "{\"request\":\"token.remove\",\"id\":\"%s\"}", text_of(row, "id"));
	uint64_t changes = gate_changes(f->lab.gate);
	assert_refused(f, "{\"request\":\"token.remove\",\"id\":\"nobody\"}", CONTROL_CODE_NOT_FOUND);
	assert_int_equal(gate_changes(f->lab.gate), changes); /* who is remembered stays so */
	do_it(f, line);
	assert_int_equal(gate_changes(f->lab.gate), changes + 1);
	assert_code(with_key(f, key, "\"request\":\"zone.page\""), CONTROL_CODE_UNAUTHORIZED);
	json_decref(page);
	free(key);
}

static void one_account_does_not_learn_of_anothers(void **state) {
	struct fixture *f = *state;
	char rest[160];
	json_t *account = done(f, "{\"request\":\"account.add\",\"name\":\"other\",\"zones_max\":null}");
	snprintf(rest, sizeof(rest), "\"scope\":\"write\",\"account\":\"%s\"", text_of(account, "id"));
	do_it(f, "{\"request\":\"account.set\",\"account\":\"other\",\"zones_max\":5}");
	char *theirs = token(f, rest), *ours = token(f, "\"scope\":\"write\"");
	assert_allowed(f, theirs, ADD_ZONE("theirs.example"));
	assert_allowed(f, ours, ADD_ZONE("ours.example"));
	static const char *const requests[] = {
		"\"request\":\"zone.status\",\"zone\":\"theirs.example\"",
		"\"request\":\"zone.refresh\",\"zone\":\"theirs.example\"",
		"\"request\":\"zone.get\",\"zone\":\"theirs.example\"",
		"\"request\":\"zone.remove\",\"zone\":\"theirs.example\"",
		"\"request\":\"zone.export\",\"zone\":\"theirs.example\"",
		"\"request\":\"zone.set\",\"zone\":\"theirs.example\",\"settings\":{}",
	};
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		assert_code(with_key(f, ours, requests[i]), CONTROL_CODE_NOT_FOUND);
	json_t *reply = with_key(f, ours, ADD_ZONE("theirs.example"));
	assert_null(strstr(text_of(reply, "error"), "other"));
	assert_code(reply, CONTROL_CODE_CONFLICT);
	reply = with_key(f, theirs, "\"request\":\"zone.page\"");
	assert_int_equal(json_integer_value(json_object_get(json_object_get(reply, "result"), "total")), 1);
	json_decref(reply);
	json_decref(account);
	free(theirs);
	free(ours);
}

static void a_bound_key_reaches_its_zones_and_primary_only(void **state) {
	struct fixture *f = *state;
	char *key = token(f, "\"scope\":\"write\",\"zones\":[\"a.example\"],\"primary\":\"192.0.2.1\"");
	assert_code(with_key(f, key, ADD_ZONE("b.example")), CONTROL_CODE_FORBIDDEN);
	assert_code(
		with_key(
			f, key,
			"\"request\":\"zone.add\",\"zone\":\"a.example\",\"settings\":{\"primaries\":[\"192.0.2.9\"]}"),
		CONTROL_CODE_FORBIDDEN);
	assert_allowed(f, key, ADD_ZONE("a.example"));
	do_it(f, "{" ADD_ZONE("b.example") "}");
	assert_code(with_key(f, key, "\"request\":\"zone.get\",\"zone\":\"b.example\""),
	            CONTROL_CODE_NOT_FOUND);
	json_t *reply = with_key(f, key, "\"request\":\"zone.page\"");
	assert_int_equal(json_array_size(json_object_get(json_object_get(reply, "result"), "zones")), 1);
	json_decref(reply);
	reply = with_key(f, key, "\"request\":\"health.summary\"");
	json_t *counts = json_object_get(reply, "result");
	assert_int_equal(json_integer_value(json_object_get(counts, "total")), 1);
	assert_int_equal(json_integer_value(json_object_get(counts, "synced")), 1);
	json_decref(reply);
	reply = with_key(f, key, "\"request\":\"metrics\"");
	counts = json_object_get(json_object_get(json_object_get(reply, "result"), "zones"), "states");
	assert_int_equal(json_integer_value(json_object_get(counts, "total")), 1);
	json_decref(reply);
	static const char *const of_the_account[] = {
		"\"request\":\"key.add\",\"name\":\"k\"",
		"\"request\":\"primary.put\",\"name\":\"p\",\"settings\":"
		"{\"address\":\"192.0.2.1\"}",
		"\"request\":\"token.list\"",
		"\"request\":\"token.remove\",\"id\":\"a\"",
		"\"request\":\"vanity.add\",\"name\":\"ns.a.example\"",
		"\"request\":\"audit.page\"",
	};
	for (size_t i = 0; i < sizeof(of_the_account) / sizeof(of_the_account[0]); i++)
		assert_code(with_key(f, key, of_the_account[i]), CONTROL_CODE_FORBIDDEN);
	free(key);
}

static json_t *status_seen(struct fixture *f, const char *key) {
	json_t *reply = with_key(f, key, "\"request\":\"zone.get\",\"zone\":\"both.example\"");
	json_t *status = json_incref(json_object_get(json_object_get(reply, "result"), "status"));
	json_decref(reply);
	return status;
}

static void what_the_file_serves_is_not_told_of_a_row_with_its_name(void **state) {
	struct fixture *f = *state;
	struct wanted_zone zone;
	struct wanted_changes file = { 0 };
	struct wanted_summary sums;
	struct name name;
	json_decref(done(f, "{\"request\":\"account.add\",\"name\":\"other\"}"));
	char *theirs = token(f, "\"scope\":\"write\",\"account\":\"other\"");
	assert_allowed(f, theirs, ADD_ZONE("a.example"));
	assert_int_equal(name_parse("a.example", &name), OK);
	assert_true(wanted_find(f->lab.wanted, name.wire, &zone));
	policy_ref(zone.policy);
	assert_int_equal(name_parse("both.example", &name), OK);
	intent_list_add(&file.put, name.wire, zone.policy)->account = 1;
	wanted_change(f->lab.wanted, WANTED_FILE, &file, &sums);
	assert_allowed(f, theirs, ADD_ZONE("both.example"));
	json_t *status = status_seen(f, theirs);
	assert_true(json_is_null(status));
	json_decref(status);
	free(theirs);
}

/* As PATCH masterIp does. */
static void assert_moves(struct fixture *f, const char *primaries, const char *expected) {
	char line[400];
	snprintf(line, sizeof(line),
	         "{\"request\":\"zone.put\",\"zone\":\"m.example\",\"settings\":{\"primaries\":%s}}",
	         primaries);
	do_it(f, line);
	json_t *zone = done(
		f, "{\"request\":\"zone.set\",\"zone\":\"m.example\",\"settings\":{\"max-shrink\":7},"
		   "\"primary_address\":\"192.0.2.9\"}");
	json_t *settings = json_object_get(zone, "settings");
	char *text = json_dumps(json_object_get(settings, "primaries"), JSON_COMPACT | JSON_SORT_KEYS);
	assert_string_equal(text, expected);
	assert_int_equal(json_integer_value(json_object_get(settings, "max-shrink")), 7);
	free(text);
	json_decref(zone);
}

static void a_primary_that_moves_keeps_its_key_and_port(void **state) {
	struct fixture *f = *state;
	json_decref(done(f, "{\"request\":\"key.add\",\"name\":\"k1\"}"));
	assert_moves(f, "[{\"address\":\"192.0.2.1@5300\",\"key\":\"k1\"}]",
	             "[{\"address\":\"192.0.2.9@5300\",\"key\":\"k1\"}]");
	assert_moves(f, "[{\"address\":\"192.0.2.1\",\"key\":\"k1\"}]",
	             "[{\"address\":\"192.0.2.9\",\"key\":\"k1\"}]");
	assert_moves(f, "[\"2001:db8::1@5300\"]", "[\"192.0.2.9@5300\"]");
	assert_moves(f, "[\"192.0.2.1\",{\"address\":\"192.0.2.2\",\"key\":\"k1\"}]", "[\"192.0.2.9\"]");
	assert_refused(f,
	               "{\"request\":\"zone.set\",\"zone\":\"m.example\",\"settings\":{},"
	               "\"primary_address\":\"nowhere\"}",
	               CONTROL_CODE_INVALID);
}

/* Of all zones that were there before it. */
static void a_bound_key_does_not_replace_or_take_over_what_is_there(void **state) {
	struct fixture *f = *state;
	do_it(f, "{" ADD_ZONE("a.example") "}");
	do_it(f, "{\"request\":\"zone.add\",\"zone\":\"b.example\",\"settings\":"
	         "{\"primaries\":[\"192.0.2.9\"]}}");
	char *zone = token(f, "\"scope\":\"write\",\"zones\":[\"a.example\"]"),
	     *primary = token(f, "\"scope\":\"write\",\"primary\":\"192.0.2.9\"");
	char *keys[] = { zone, primary };
	for (int i = 0; i < 2; i++)
		assert_code(
			with_key(f, keys[i],
		                 "\"request\":\"zones.apply\",\"replace\":true,\"force\":true,\"zones\":[]"),
			CONTROL_CODE_FORBIDDEN);
	static const char put[] = "\"request\":\"zone.put\",\"zone\":\"a.example\",\"settings\":"
				  "{\"primaries\":[\"192.0.2.9\"]}";
	static const char set[] = "\"request\":\"zone.set\",\"zone\":\"a.example\",\"settings\":"
				  "{\"primaries\":[\"192.0.2.9\"]}";
	static const char apply[] = "\"request\":\"zones.apply\",\"zones\":[{\"name\":\"a.example\","
				    "\"settings\":{\"primaries\":[\"192.0.2.9\"]}}]";
	assert_code(with_key(f, primary, put), CONTROL_CODE_NOT_FOUND);
	assert_code(with_key(f, primary, set), CONTROL_CODE_NOT_FOUND);
	assert_code(with_key(f, primary, apply), CONTROL_CODE_FORBIDDEN);
	assert_code(with_key(f, primary, "\"request\":\"zone.remove\",\"zone\":\"a.example\""),
	            CONTROL_CODE_NOT_FOUND);
	assert_true(is_wanted(f, "a.example"));
	assert_allowed(f, primary, "\"request\":\"zone.remove\",\"zone\":\"b.example\"");
	assert_allowed(f, zone, "\"request\":\"zone.remove\",\"zone\":\"a.example\"");
	free(zone);
	free(primary);
}

static void a_bound_key_watches_its_zones_only(void **state) {
	struct fixture *f = *state;
	f->lab.events = events_new();
	char line[300], *key = token(f, "\"scope\":\"read\",\"zones\":[\"a.example\"]");
	snprintf(line, sizeof(line), "{\"key\":\"%s\",\"request\":\"watch\"}", key);
	struct control_backend backend = lab_backend_of(&f->lab);
	struct request *r = request_new(&backend, &lab_web);
	json_t *reply = request_begin(r, line, strlen(line));
	while (!reply && r->stage != STAGE_NONE) {
		request_run(r);
		reply = request_finish(r);
	}
	json_decref(reply);
	events_tell(f->lab.events, WATCH_KEY_CHANGED, 1, NULL, json_object(), 1);
	events_tell(f->lab.events, WATCH_ZONE_ADDED, 1, (const uint8_t *)"\1b\7example", json_object(), 1);
	events_tell(f->lab.events, WATCH_ZONE_ADDED, 1, (const uint8_t *)"\1a\7example", json_object(), 1);
	json_t *event = request_next(r);
	assert_string_equal(text_of(event, "zone"), "a.example");
	json_decref(event);
	assert_null(request_next(r));
	request_free(r);
	events_free(f->lab.events);
	f->lab.events = NULL;
	free(key);
}

static void a_key_removes_none_that_reaches_further(void **state) {
	struct fixture *f = *state;
	char line[200], *write = token(f, "\"scope\":\"write\""), *admin = token(f, "\"scope\":\"admin\"");
	json_t *rows = done(f, "{\"request\":\"token.list\"}");
	snprintf(line, sizeof(line), "\"request\":\"token.remove\",\"id\":\"%s\"",
	         text_of(json_array_get(rows, 1), "id"));
	assert_code(with_key(f, write, line), CONTROL_CODE_FORBIDDEN);
	assert_allowed(f, admin, "\"request\":\"account.list\"");
	snprintf(line, sizeof(line), "\"request\":\"token.remove\",\"id\":\"%s\"",
	         text_of(json_array_get(rows, 0), "id"));
	assert_allowed(f, write, line); /* its own */
	json_decref(rows);
	free(write);
	free(admin);
}

static void a_name_of_a_key_is_that_of_the_own_account(void **state) {
	struct fixture *f = *state;
	json_decref(done(f, "{\"request\":\"account.add\",\"name\":\"other\"}"));
	json_t *theirs = done(f, "{\"request\":\"key.add\",\"name\":\"k1\",\"account\":\"other\"}");
	json_t *ours = done(f, "{\"request\":\"key.add\",\"name\":\"k1\"}");
	json_t *found = done(f, "{\"request\":\"key.get\",\"name\":\"k1\"}");
	assert_string_equal(text_of(found, "id"), text_of(ours, "id"));
	do_it(f, "{\"request\":\"key.remove\",\"name\":\"k1\"}");
	assert_refused(f, "{\"request\":\"key.remove\",\"name\":\"k1\"}", CONTROL_CODE_NOT_FOUND);
	do_it(f, "{\"request\":\"key.remove\",\"name\":\"k1\",\"account\":\"other\"}");
	json_decref(theirs);
	json_decref(ours);
	json_decref(found);
}

static void keys_names_and_accounts_are_rows_that_come_and_go(void **state) {
	struct fixture *f = *state;
	char line[200];
	json_t *key = done(f, "{\"request\":\"key.add\",\"name\":\"k1\"}");
	assert_non_null(text_of(key, "secret"));
	snprintf(line, sizeof(line), "{\"request\":\"key.get\",\"id\":\"%s\"}", text_of(key, "id"));
	json_t *row = done(f, line);
	assert_null(json_object_get(row, "secret"));
	json_decref(row);
	assert_refused(f, "{\"request\":\"key.add\",\"name\":\"k1\"}", CONTROL_CODE_CONFLICT);
	assert_refused(f, "{\"request\":\"key.add\",\"name\":\"k2\",\"secret\":\"?\"}", CONTROL_CODE_INVALID);
	do_it(f, "{\"request\":\"zone.add\",\"zone\":\"example.com\",\"settings\":"
	         "{\"primaries\":[{\"address\":\"192.0.2.1\",\"key\":\"k1\"}]}}");
	snprintf(line, sizeof(line), "{\"request\":\"key.remove\",\"id\":\"%s\"}", text_of(key, "id"));
	assert_refused(f, line, CONTROL_CODE_CONFLICT);
	do_it(f, "{\"request\":\"zone.remove\",\"zone\":\"example.com\"}");
	do_it(f, line);
	assert_refused(f, line, CONTROL_CODE_NOT_FOUND);
	do_it(f,
	      "{\"request\":\"primary.put\",\"name\":\"p1\",\"settings\":{\"addresses\":[\"192.0.2.1\"]}}");
	do_it(f, "{\"request\":\"primary.get\",\"name\":\"p1\"}");
	do_it(f, "{\"request\":\"primary.remove\",\"name\":\"p1\"}");
	do_it(f, "{\"request\":\"vanity.add\",\"name\":\"ns1.example.net\"}");
	json_t *info = done(f, "{\"request\":\"server.info\"}");
	assert_int_equal(json_array_size(json_object_get(info, "own_name_servers")), 1);
	json_decref(info);
	do_it(f, "{\"request\":\"vanity.remove\",\"name\":\"ns1.example.net\"}");
	do_it(f, "{\"request\":\"token.self\"}");
	json_decref(key);
}

static void who_watches_is_told_of_keys(void **state) {
	struct fixture *f = *state;
	unsigned woken = 0;
	f->lab.events = events_new();
	struct watcher w = { .account = -1, .kinds = ~0U, .some = note_woken, .ctx = &woken };
	watcher_begin(&w, f->lab.events, -1, clock_now().wall_s);
	char *key = token(f, "\"scope\":\"read\"");
	json_t *event = watcher_read(&w);
	assert_string_equal(text_of(event, "event"), "token.changed");
	assert_string_equal(text_of(event, "what"), "add");
	assert_string_equal(text_of(event, "name"), "k0");
	json_decref(event);
	watcher_end(&w, 0);
	events_free(f->lab.events);
	f->lab.events = NULL;
	free(key);
}

static void a_zone_is_proven_only_where_proofs_are_asked_for(void **state) {
	struct fixture *f = *state;
	do_it(f, "{" ADD_ZONE("example.com") "}");
	assert_refused(f, "{\"request\":\"zone.prove\",\"zone\":\"example.com\"}", CONTROL_CODE_FAILED);
	assert_refused(f, "{\"request\":\"zone.prove\",\"zone\":\"example.org\"}", CONTROL_CODE_NOT_FOUND);
}

static void the_audit_tells_who_changed_what(void **state) {
	struct fixture *f = *state;
	do_it(f, "{" ADD_ZONE("example.com") "}");
	char *key = token(f, "\"scope\":\"write\"");
	assert_allowed(f, key, "\"request\":\"zone.remove\",\"zone\":\"example.com\"");
	json_t *page = done(f, "{\"request\":\"audit.page\",\"limit\":10}");
	json_t *rows = json_object_get(page, "rows");
	assert_int_equal(json_array_size(rows), 3);
	json_t *newest = json_array_get(rows, 0), *oldest = json_array_get(rows, 2);
	assert_non_null(strstr(text_of(newest, "who"), "token k0 (ust_"));
	assert_string_equal(text_of(newest, "source"), "198.51.100.7");
	assert_string_equal(text_of(oldest, "who"), "uid 0 (root)");
	char *text = json_dumps(page, 0);
	assert_null(strstr(text, key)); /* no secret */
	free(text);
	json_decref(page);
	free(key);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_zone_is_added_read_changed_and_removed, setup, teardown),
		cmocka_unit_test_setup_teardown(to_put_twice_changes_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(faults_name_their_fields, setup, teardown),
		cmocka_unit_test_setup_teardown(a_batch_is_done_as_a_whole_or_not_at_all, setup, teardown),
		cmocka_unit_test_setup_teardown(pages_are_in_the_order_of_names_and_filter, setup, teardown),
		cmocka_unit_test_setup_teardown(a_page_whose_zones_have_gone_meanwhile_leads_on, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(a_search_among_many_takes_turns, setup, teardown),
		cmocka_unit_test_setup_teardown(at_the_web_socket_a_key_says_what_may_be_done, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(a_key_that_was_removed_opens_nothing_more, setup, teardown),
		cmocka_unit_test_setup_teardown(a_primary_that_moves_keeps_its_key_and_port, setup, teardown),
		cmocka_unit_test_setup_teardown(what_the_file_serves_is_not_told_of_a_row_with_its_name,
		                                setup, teardown),
		cmocka_unit_test_setup_teardown(one_account_does_not_learn_of_anothers, setup, teardown),
		cmocka_unit_test_setup_teardown(a_bound_key_reaches_its_zones_and_primary_only, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(a_bound_key_does_not_replace_or_take_over_what_is_there,
		                                setup, teardown),
		cmocka_unit_test_setup_teardown(a_bound_key_watches_its_zones_only, setup, teardown),
		cmocka_unit_test_setup_teardown(a_key_removes_none_that_reaches_further, setup, teardown),
		cmocka_unit_test_setup_teardown(a_name_of_a_key_is_that_of_the_own_account, setup, teardown),
		cmocka_unit_test_setup_teardown(keys_names_and_accounts_are_rows_that_come_and_go, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(who_watches_is_told_of_keys, setup, teardown),
		cmocka_unit_test_setup_teardown(a_zone_is_proven_only_where_proofs_are_asked_for, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(the_audit_tells_who_changed_what, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
