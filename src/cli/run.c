#include "cli/run.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/client.h"
#include "cli/show.h"
#include "control/protocol.h"

#define LOOK_AGAIN_MS 50

static enum exit_status no_reply(enum err e) {
	fprintf(stderr, "understudy: no reply from the daemon: %s\n", err_text(e));
	return EXIT_UNREACHABLE;
}

static void print_json(const json_t *value) {
	(void)json_dumpf(value, stdout, JSON_INDENT(2)); /* main looks at the state of stdout */
	putchar('\n');
}

static void faults_print(const json_t *faults) {
	for (size_t i = 0; i < json_array_size(faults); i++) {
		const json_t *f = json_array_get(faults, i);
		fprintf(stderr, "%s:%d: %s\n", json_string_value(json_object_get(f, "file")),
		        (int)json_integer_value(json_object_get(f, "line")),
		        json_string_value(json_object_get(f, "text")));
	}
}

static enum exit_status refused(const struct command *command, const json_t *reply) {
	const char *text = json_string_value(json_object_get(reply, "error"));
	fprintf(stderr, "understudy: %s\n", text ? text : "the daemon refused without a word");
	faults_print(json_object_get(reply, "faults"));
	if (command->json) print_json(reply);
	const char *code = json_string_value(json_object_get(reply, "code"));
	return code && strcmp(code, CONTROL_CODE_REQUEST) == 0 ? EXIT_USAGE
	                                                       : EXIT_NO; /* such as "a..b" for a zone */
}

static bool is_ok(const json_t *reply) {
	return json_is_true(json_object_get(reply, "ok"));
}

/* -- commands with one reply ------------------------------------------------------------------------------------ */

static const char *done_text(enum command_kind kind) {
	switch (kind) {
	case COMMAND_RELOAD: return "the configuration was read again and applied";
	case COMMAND_ZONE_RETRANSFER: return "a transfer is begun";
	case COMMAND_ZONE_ROLLBACK:
		return "the earlier version is served; the zone is held until it is released";
	case COMMAND_ZONE_HOLD: return "nothing is transferred until the zone is released";
	default: return "the primary is asked";
	}
}

static void show(const struct command *command, const json_t *result) {
	if (command->json)
		print_json(result);
	else if (command->kind == COMMAND_STATUS)
		show_status(stdout, result);
	else if (command->kind == COMMAND_STATS)
		show_stats(stdout, result);
	else if (command->kind == COMMAND_ZONE_STATUS)
		show_zone(stdout, result, clock_now().wall_s);
	else
		puts(done_text(command->kind));
}

/* The command's own request, with its serials. */
static enum err ask_command(struct client *client, const struct command *command) {
	json_t *o = json_pack("{s:s, s:s*}", "request", command->request, "zone", command->zone);
	for (unsigned i = 0; o && i < COMMAND_SERIALS_MAX && command->serial_fields[i]; i++)
		(void)json_object_set_new(o, command->serial_fields[i], json_integer(command->serials[i]));
	return client_send(client, o);
}

/* *out_reply: a new reference, also of a refusal. */
static enum err ask(struct client *client, const char *request, const char *zone, json_t **out_reply) {
	enum err e = client_ask(client, request, zone);
	return e == OK ? client_reply(client, out_reply) : e;
}

static enum exit_status run_simple(const struct command *command, struct client *client) {
	json_t *reply = NULL;
	enum err e = ask_command(client, command);
	if (e == OK) e = client_reply(client, &reply);
	if (e != OK) return no_reply(e);
	enum exit_status status = EXIT_DONE;
	if (is_ok(reply))
		show(command, json_object_get(reply, "result"));
	else
		status = refused(command, reply);
	json_decref(reply);
	return status;
}

/* -- commands whose result comes in slices ---------------------------------------------------------------------- */

/* take: called with each slice. */
static enum exit_status run_slices(const struct command *command, struct client *client,
                                   void (*take)(void *ctx, json_t *slice), void *ctx) {
	bool more = true;
	enum err e = ask_command(client, command);
	while (e == OK && more) {
		json_t *reply = NULL;
		e = client_reply(client, &reply);
		if (e != OK) break;
		if (!is_ok(reply)) {
			enum exit_status status = refused(command, reply);
			json_decref(reply);
			return status;
		}
		take(ctx, json_object_get(reply, "result"));
		more = json_is_true(json_object_get(reply, "more"));
		json_decref(reply);
	}
	return e == OK ? EXIT_DONE : no_reply(e);
}

static void take_zones(void *ctx, json_t *slice) {
	(void)json_array_extend(ctx, slice); /* out of memory: rows are missing */
}

static enum exit_status run_list(const struct command *command, struct client *client) {
	json_t *zones = json_array();
	enum exit_status status = run_slices(command, client, take_zones, zones);
	if (status == EXIT_DONE && command->json) {
		json_t *whole = json_pack("{s:O}", "zones", zones);
		print_json(whole);
		json_decref(whole);
	} else if (status == EXIT_DONE) {
		show_zones(stdout, zones);
	}
	json_decref(zones);
	return status;
}

static enum exit_status run_history(const struct command *command, struct client *client) {
	json_t *versions = json_array();
	enum exit_status status = run_slices(command, client, take_zones, versions);
	if (status == EXIT_DONE && command->json) {
		json_t *whole = json_pack("{s:s, s:O}", "name", command->zone, "versions", versions);
		print_json(whole);
		json_decref(whole);
	} else if (status == EXIT_DONE) {
		show_history(stdout, versions, clock_now().wall_s);
	}
	json_decref(versions);
	return status;
}

static void take_lines(void *ctx, json_t *slice) {
	(void)ctx;
	for (size_t i = 0; i < json_array_size(slice); i++)
		puts(json_string_value(json_array_get(slice, i)));
}

static enum exit_status run_diff(const struct command *command, struct client *client) {
	if (!command->json) return run_slices(command, client, take_lines, NULL);
	json_t *lines = json_array();
	enum exit_status status = run_slices(command, client, take_zones, lines);
	if (status == EXIT_DONE) {
		json_t *whole = json_pack("{s:s, s:I, s:I, s:O}", "name", command->zone, "from",
		                          (json_int_t)command->serials[0], "to",
		                          (json_int_t)command->serials[1], "lines", lines);
		print_json(whole);
		json_decref(whole);
	}
	json_decref(lines);
	return status;
}

static void take_text(void *ctx, json_t *slice) {
	(void)ctx;
	(void)fwrite(json_string_value(slice), 1, json_string_length(slice),
	             stdout); /* main looks at stdout */
}

static void take_part(void *ctx, json_t *slice) {
	(void)json_array_append(ctx, slice);
}

/* {"name": ..., "text": [slices]} would be awkward to use: one text. */
static enum exit_status run_export_json(const struct command *command, struct client *client) {
	json_t *parts = json_array();
	enum exit_status status = run_slices(command, client, take_part, parts);
	if (status == EXIT_DONE) {
		json_t *name = json_string(command->zone);
		printf("{\"name\": ");
		(void)json_dumpf(name, stdout, JSON_ENCODE_ANY);
		printf(", \"text\": \"");
		for (size_t i = 0; i < json_array_size(parts); i++) {
			char *quoted = json_dumps(json_array_get(parts, i), JSON_ENCODE_ANY);
			size_t len = quoted ? strlen(quoted) : 0;
			if (len >= 2) (void)fwrite(quoted + 1, 1, len - 2, stdout);
			free(quoted);
		}
		printf("\"}\n");
		json_decref(name);
	}
	json_decref(parts);
	return status;
}

/* -- waiting for an outcome ------------------------------------------------------------------------------------- */

/* Newest attempt of the zone, a new reference, NULL if none. */
static json_t *newest_attempt(const json_t *zone) {
	return json_incref(json_array_get(json_object_get(zone, "attempts"), 0));
}

static bool has_outcome(const json_t *zone, const json_t *before) {
	json_t *newest = newest_attempt(zone);
	bool newer = newest && !(before && json_equal(newest, before));
	json_decref(newest);
	if (!newer || json_is_true(json_object_get(zone, "transferring"))) return false;
	const char *reason = json_string_value(json_object_get(zone, "reason"));
	return (reason && strcmp(reason, "none") != 0) ||
	       json_equal(json_object_get(zone, "serial"), json_object_get(zone, "primary_serial"));
}

/* Asks for the zone's status until the outcome is there; *out_reply is the last reply. */
static enum err wait_outcome(const struct command *command, struct client *client, const json_t *before,
                             json_t **out_reply) {
	int64_t end_ms = clock_now().mono_ms + (int64_t)command->wait_s * 1000;
	for (;;) {
		json_t *reply = NULL;
		enum err e = ask(client, "zone.status", command->zone, &reply);
		if (e != OK) return e;
		if (!is_ok(reply) || has_outcome(json_object_get(reply, "result"), before)) {
			*out_reply = reply;
			return OK;
		}
		json_decref(reply);
		if (clock_now().mono_ms >= end_ms) return ERR_TIMEOUT;
		(void)poll(NULL, 0, LOOK_AGAIN_MS);
	}
}

static enum exit_status show_outcome(const struct command *command, const json_t *reply) {
	if (!is_ok(reply)) return refused(command, reply);
	const json_t *zone = json_object_get(reply, "result");
	const char *reason = json_string_value(json_object_get(zone, "reason"));
	if (command->json)
		print_json(zone);
	else
		show_zone(stdout, zone, clock_now().wall_s);
	return reason && strcmp(reason, "none") == 0 ? EXIT_DONE : EXIT_NO;
}

static enum exit_status run_and_wait(const struct command *command, struct client *client) {
	json_t *first = NULL, *done = NULL, *last = NULL;
	enum exit_status status = EXIT_NO;
	enum err e = ask(client, "zone.status", command->zone, &first);
	if (e != OK) return no_reply(e);
	json_t *before = newest_attempt(json_object_get(first, "result"));
	e = ask(client, command->request, command->zone, &done);
	if (e == OK && is_ok(done)) e = wait_outcome(command, client, before, &last);
	if (e == ERR_TIMEOUT)
		fprintf(stderr, "understudy: no outcome after %u seconds\n", command->wait_s);
	else if (e != OK)
		status = no_reply(e);
	else
		status = last ? show_outcome(command, last) : refused(command, done);
	json_decref(first);
	json_decref(before);
	json_decref(done);
	json_decref(last);
	return status;
}

/* --------------------------------------------------------------------------------------------------------------- */

static enum exit_status run_with(const struct command *command, struct client *client) {
	if (command->kind == COMMAND_ZONE_LIST) return run_list(command, client);
	if (command->kind == COMMAND_ZONE_HISTORY) return run_history(command, client);
	if (command->kind == COMMAND_ZONE_DIFF) return run_diff(command, client);
	if (command->kind == COMMAND_ZONE_EXPORT)
		return command->json ? run_export_json(command, client)
		                     : run_slices(command, client, take_text, NULL);
	return command->wait_s ? run_and_wait(command, client) : run_simple(command, client);
}

enum exit_status command_run(const struct command *command) {
	char error[CLIENT_ERROR_MAX];
	struct client *client = NULL;
	if (client_open(command->socket, &client, error) != OK) {
		fprintf(stderr, "understudy: %s\n", error);
		return EXIT_UNREACHABLE;
	}
	enum exit_status status = run_with(command, client);
	client_close(client);
	return status;
}
