#include "cli/run.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cli/edit.h"
#include "cli/help.h"
#include "cli/import.h"
#include "cli/run_zone.h"
#include "cli/show.h"
#include "cli/show_rows.h"
#include "cli/wait.h"

/* -- commands with one reply ------------------------------------------------------------------------------------ */

static const char *done_text(enum command_kind kind) {
	switch (kind) {
	case COMMAND_RELOAD: return "the configuration was read again and applied";
	case COMMAND_ZONE_RETRANSFER: return "a transfer is begun";
	case COMMAND_ZONE_ROLLBACK:
		return "the earlier version is served; the zone is held until it is released";
	case COMMAND_ZONE_HOLD: return "nothing is transferred until the zone is released";
	case COMMAND_ZONE_REMOVE: return "the zone is no longer followed and served";
	case COMMAND_ZONE_PROVE: return "proofs of ownership are looked for";
	case COMMAND_KEY_REMOVE:
	case COMMAND_TOKEN_REMOVE:
	case COMMAND_ACCOUNT_REMOVE:
	case COMMAND_PRIMARY_REMOVE:
	case COMMAND_VANITY_REMOVE: return "removed";
	case COMMAND_ZONE_REFRESH:
	case COMMAND_ZONE_ACCEPT:
	case COMMAND_ZONE_RELEASE: return "the primary is asked";
	default: return "done";
	}
}

/* {"title", "parts": [{"where", "lines"}]} */
static void show_primary_config(const json_t *result) {
	const json_t *parts = json_object_get(result, "parts");
	printf("# %s\n", json_string_value(json_object_get(result, "title")));
	for (size_t i = 0; i < json_array_size(parts); i++) {
		const json_t *part = json_array_get(parts, i);
		printf("\n# %s:\n%s", json_string_value(json_object_get(part, "where")),
		       json_string_value(json_object_get(part, "lines")));
	}
}

/* A secret that is shown once. */
static void show_new_secret(const struct command *command, const json_t *result) {
	const char *field = command->kind == COMMAND_TOKEN_CREATE ? "token" : "secret";
	const char *secret = json_string_value(json_object_get(result, field));
	if (command_flag(command, FLAG_QUIET)) {
		printf("%s\n", secret ? secret : "");
		return;
	}
	show_object(stdout, result, clock_now().wall_s);
	if (secret) printf("It is shown this once: keep it now.\n");
}

/* A zone's row in the inventory; of its status what matters first, the rest tells zone status. */
static void show_zone_row(const json_t *result, int64_t now_s) {
	json_t *given = json_object_get(result, "zone"),
	       *zone = json_is_object(given) ? given : (json_t *)(uintptr_t)result;
	json_t *row = json_copy(zone), *status = json_object_get(row, "status");
	static const char *const kept[] = { "state", "serial", "reason", "evidence" };
	json_t *brief = json_is_object(status) ? json_object() : NULL;
	for (size_t i = 0; brief && i < sizeof(kept) / sizeof(kept[0]); i++)
		(void)json_object_set(brief, kept[i],
		                      json_object_get(status, kept[i])); /* not there: is missed */
	if (brief) (void)json_object_set_new(row, "status", brief);
	show_object(stdout, row, now_s);
	json_decref(row);
}

static bool is_zone_row(enum command_kind kind) {
	return kind == COMMAND_ZONE_ADD || kind == COMMAND_ZONE_SET || kind == COMMAND_ZONE_GET;
}

static void show(const struct command *command, const json_t *result) {
	int64_t now_s = clock_now().wall_s;
	enum command_kind kind = command->kind;
	if (command->json)
		ask_print_json(result);
	else if (kind == COMMAND_STATUS)
		show_status(stdout, result);
	else if (kind == COMMAND_STATS)
		show_stats(stdout, result);
	else if (kind == COMMAND_ZONE_STATUS)
		show_zone(stdout, result, now_s);
	else if (kind == COMMAND_PRIMARY_CONFIG)
		show_primary_config(result);
	else if (kind == COMMAND_TOKEN_CREATE || kind == COMMAND_KEY_ADD)
		show_new_secret(command, result);
	else if (is_zone_row(kind))
		show_zone_row(result, now_s);
	else if (show_rows(stdout, kind, result, now_s))
		return;
	else if (json_object_size(result) == 0)
		puts(done_text(kind));
	else
		show_object(stdout, result, now_s);
}

static enum exit_status run_simple(const struct command *command, struct client *client, json_t *request) {
	json_t *result = NULL;
	enum exit_status status = ask_once(command, client, request, &result);
	if (status == EXIT_DONE) show(command, result);
	json_decref(result);
	return status;
}

/* -- live events ---------------------------------------------------------------------------------------------- */

static void take_event(void *ctx, json_t *event) {
	const struct command *command = ctx;
	if (!json_object_get(event, "event") && !json_object_get(event, "lost"))
		return; /* the beginning, or idle */
	if (command->json) {
		(void)json_dumpf(event, stdout, JSON_COMPACT); /* a closed output ends us by SIGPIPE */
		putchar('\n');
	} else {
		show_event(stdout, event);
	}
	(void)fflush(stdout); /* as before */
}

/* --------------------------------------------------------------------------------------------------------------- */

static enum exit_status run_request(const struct command *command, struct client *client) {
	char fault[COMMAND_FAULT_MAX];
	json_t *request = NULL;
	struct command own = *command;
	enum err e = edit_request(command, clock_now().wall_s, &request, fault);
	if (e != OK) {
		fprintf(stderr, "understudy: %s\n", fault);
		return e == ERR_MALFORMED ? EXIT_USAGE : EXIT_NO;
	}
	if (command->kind == COMMAND_WATCH) return ask_events(command, client, request, take_event, &own);
	return command->wait_s ? wait_run(command, client, request) : run_simple(command, client, request);
}

static enum exit_status run_with(const struct command *command, struct client *client) {
	switch (command->kind) {
	case COMMAND_ZONE_LIST: return run_zone_list(command, client);
	case COMMAND_ZONE_HISTORY: return run_zone_history(command, client);
	case COMMAND_ZONE_DIFF: return run_zone_diff(command, client);
	case COMMAND_ZONE_EXPORT: return run_zone_export(command, client);
	case COMMAND_ZONE_IMPORT: return import_run(command, client);
	case COMMAND_ZONE_EXPORT_LIST: return import_export_list(command, client);
	default: return run_request(command, client);
	}
}

static enum exit_status run_completion(const struct command *command) {
	const char *shell = command->values[0].text;
	if (help_completion(stdout, shell)) return EXIT_DONE;
	fprintf(stderr, "understudy: \"%.40s\": expected bash, zsh or fish\n", shell);
	return EXIT_USAGE;
}

/* "help", "help zone", "help zone add" and "zone add --help". */
static enum exit_status run_help(const struct command *command) {
	char words[80] = "";
	if (command->help && command->kind != COMMAND_HELP) {
		help_command(stdout, command->kind);
		return EXIT_DONE;
	}
	for (unsigned i = 0; i < command->value_count; i++) {
		size_t len = strlen(words);
		snprintf(words + len, sizeof(words) - len, "%s%.30s", len ? " " : "",
		         command->values[i].text);
	}
	enum command_kind kind = command_find(words);
	if (words[0] == '\0')
		help_all(stdout);
	else if (kind != COMMAND_COUNT)
		help_command(stdout, kind);
	else if (!help_family(stdout, words)) {
		fprintf(stderr, "understudy: \"%s\": expected a command; understudy help lists them\n",
		        words);
		return EXIT_USAGE;
	}
	return EXIT_DONE;
}

enum exit_status command_run(const struct command *command) {
	char error[CLIENT_ERROR_MAX];
	struct client *client = NULL;
	if (command->help || command->kind == COMMAND_HELP) return run_help(command);
	if (command->kind == COMMAND_COMPLETION) return run_completion(command);
	if (client_open(command->socket, &client, error) != OK) {
		fprintf(stderr, "understudy: %s\n", error);
		return EXIT_UNREACHABLE;
	}
	enum exit_status status = run_with(command, client);
	client_close(client);
	return status;
}
