#include "cli/ask.h"

#include <stdio.h>
#include <string.h>

#include "control/protocol.h"

enum exit_status ask_no_reply(enum err e) {
	fprintf(stderr, "understudy: no reply from the daemon: %s\n", err_text(e));
	return EXIT_UNREACHABLE;
}

void ask_print_json(const json_t *value) {
	(void)json_dumpf(value, stdout,
	                 JSON_INDENT(2) | JSON_ENCODE_ANY); /* main looks at the state of stdout */
	putchar('\n');
}

static const char *text_of(const json_t *o, const char *key) {
	const char *text = json_string_value(json_object_get(o, key));
	return text ? text : "";
}

/* Of a file: with its line; of a request: with its field. */
static void fault_print(const json_t *fault) {
	const char *file = text_of(fault, "file"), *field = text_of(fault, "field"),
		   *text = text_of(fault, "text");
	if (*file)
		fprintf(stderr, "%s:%d: %s\n", file, (int)json_integer_value(json_object_get(fault, "line")),
		        text);
	else
		fprintf(stderr, "understudy: %s%s%s\n", field, *field ? ": " : "", text);
}

/* The error of a request is the first of its faults; that of a file speaks of the whole. */
static void error_print(const json_t *reply, const json_t *faults) {
	const char *text = json_string_value(json_object_get(reply, "error"));
	if (json_array_size(faults) > 0 && !json_object_get(json_array_get(faults, 0), "file")) return;
	fprintf(stderr, "understudy: %s\n", text ? text : "the daemon refused without a word");
}

enum exit_status ask_refused(const struct command *command, const json_t *reply) {
	const json_t *faults = json_object_get(reply, "faults");
	error_print(reply, faults);
	for (size_t i = 0; i < json_array_size(faults); i++)
		fault_print(json_array_get(faults, i));
	if (command->json) ask_print_json(reply);
	const char *code = json_string_value(json_object_get(reply, "code"));
	return code && strcmp(code, CONTROL_CODE_REQUEST) == 0 ? EXIT_USAGE
	                                                       : EXIT_NO; /* such as "a..b" for a zone */
}

bool ask_is_ok(const json_t *reply) {
	return json_is_true(json_object_get(reply, "ok"));
}

json_t *ask_request(const struct command *command) {
	json_t *request = json_pack("{s:s}", "request", command->request);
	for (unsigned i = 0; request && i < command->value_count; i++) {
		const struct command_value *v = &command->values[i];
		if (v->field[0] == '\0') continue;
		json_t *value = v->is_serial ? json_integer(v->serial) : json_string(v->text);
		if (json_object_set_new(request, v->field, value) != 0) {
			json_decref(request);
			return NULL;
		}
	}
	return request;
}

enum exit_status ask_once(const struct command *command, struct client *client, json_t *request,
                          json_t **out_result) {
	json_t *reply = NULL;
	enum err e = client_send(client, request);
	if (e == OK) e = client_reply(client, &reply);
	if (e != OK) return ask_no_reply(e);
	enum exit_status status = EXIT_DONE;
	if (ask_is_ok(reply))
		*out_result = json_incref(json_object_get(reply, "result"));
	else
		status = ask_refused(command, reply);
	json_decref(reply);
	return status;
}

enum exit_status ask_slices(const struct command *command, struct client *client, json_t *request,
                            void (*take)(void *ctx, json_t *slice), void *ctx) {
	bool more = true;
	enum err e = client_send(client, request);
	while (e == OK && more) {
		json_t *reply = NULL;
		e = client_reply(client, &reply);
		if (e != OK) break;
		if (!ask_is_ok(reply)) {
			enum exit_status status = ask_refused(command, reply);
			json_decref(reply);
			return status;
		}
		take(ctx, json_object_get(reply, "result"));
		more = json_is_true(json_object_get(reply, "more"));
		json_decref(reply);
	}
	return e == OK ? EXIT_DONE : ask_no_reply(e);
}

enum exit_status ask_events(const struct command *command, struct client *client, json_t *request,
                            void (*take)(void *ctx, json_t *event), void *ctx) {
	json_t *event = NULL;
	enum exit_status status = ask_once(command, client, request, &event);
	if (status != EXIT_DONE) return status;
	enum err e = OK;
	while (e == OK) {
		json_decref(event);
		event = NULL;
		e = client_reply(client, &event);
		if (e == OK) take(ctx, event);
	}
	return ask_no_reply(e);
}

enum exit_status ask_pages(const struct command *command, struct client *client, json_t *request,
                           void (*take)(void *ctx, json_t *page), void *ctx) {
	enum exit_status status = EXIT_DONE;
	for (bool more = true; more && status == EXIT_DONE;) {
		json_t *page = NULL;
		status = ask_once(command, client, json_deep_copy(request), &page);
		if (status != EXIT_DONE) break;
		take(ctx, page);
		json_t *next = json_object_get(page, "next");
		more = next && !json_is_null(next);
		if (more) (void)json_object_set(request, "after", next); /* a text that came as one */
		json_decref(page);
	}
	json_decref(request);
	return status;
}
