#include "cli/wait.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cli/show.h"

#define LOOK_AGAIN_MS 50

/* *out_reply: a new reference, also of a refusal. */
static enum err ask(struct client *client, const char *request, const char *zone, json_t **out_reply) {
	enum err e = client_ask(client, request, zone);
	return e == OK ? client_reply(client, out_reply) : e;
}

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
		enum err e = ask(client, "zone.status", command_value(command, "zone"), &reply);
		if (e != OK) return e;
		if (!ask_is_ok(reply) || has_outcome(json_object_get(reply, "result"), before)) {
			*out_reply = reply;
			return OK;
		}
		json_decref(reply);
		if (clock_now().mono_ms >= end_ms) return ERR_TIMEOUT;
		(void)poll(NULL, 0, LOOK_AGAIN_MS);
	}
}

static enum exit_status show_outcome(const struct command *command, const json_t *reply) {
	if (!ask_is_ok(reply)) return ask_refused(command, reply);
	const json_t *zone = json_object_get(reply, "result");
	const char *reason = json_string_value(json_object_get(zone, "reason"));
	if (command->json)
		ask_print_json(zone);
	else
		show_zone(stdout, zone, clock_now().wall_s);
	return reason && strcmp(reason, "none") == 0 ? EXIT_DONE : EXIT_NO;
}

static enum err wish(struct client *client, json_t *request, json_t **out_reply) {
	enum err e = client_send(client, request);
	return e == OK ? client_reply(client, out_reply) : e;
}

enum exit_status wait_run(const struct command *command, struct client *client, json_t *request) {
	json_t *first = NULL, *done = NULL, *last = NULL;
	enum exit_status status = EXIT_NO;
	enum err e = ask(client, "zone.status", command_value(command, "zone"), &first);
	if (e != OK) {
		json_decref(request);
		return ask_no_reply(e);
	}
	json_t *before = newest_attempt(json_object_get(first, "result"));
	e = wish(client, request, &done);
	if (e == OK && ask_is_ok(done)) e = wait_outcome(command, client, before, &last);
	if (e == ERR_TIMEOUT)
		fprintf(stderr, "understudy: no outcome after %u seconds\n", command->wait_s);
	else if (e != OK)
		status = ask_no_reply(e);
	else
		status = last ? show_outcome(command, last) : ask_refused(command, done);
	json_decref(first);
	json_decref(before);
	json_decref(done);
	json_decref(last);
	return status;
}
