#include "cli/run_zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/edit.h"
#include "cli/show.h"

#define PAGE_ZONES 500

static void take_rows(void *ctx, json_t *slice) {
	(void)json_array_extend(ctx, slice); /* out of memory: rows are missing */
}

/* -- lists ---------------------------------------------------------------------------------------------------- */

/* A page has zones with their status; shown are the rows of the status, as without a filter. */
static void take_page(void *ctx, json_t *page) {
	const json_t *zones = json_object_get(page, "zones");
	for (size_t i = 0; i < json_array_size(zones); i++) {
		const json_t *zone = json_array_get(zones, i), *status = json_object_get(zone, "status");
		json_t *row = json_is_object(status)
		                      ? json_incref((json_t *)(uintptr_t)status)
		                      : json_pack("{s:O, s:s}", "name", json_object_get(zone, "name"),
		                                  "state", "pending");
		(void)json_array_append_new(ctx, row); /* out of memory: a row less */
	}
}

/* With a filter it is the inventory that is asked, page by page. */
static enum exit_status list_filtered(const struct command *command, struct client *client, json_t *zones) {
	char fault[COMMAND_FAULT_MAX];
	struct command page = *command;
	json_t *request = NULL;
	page.request = "zone.page";
	if (edit_request(&page, clock_now().wall_s, &request, fault) != OK) {
		fprintf(stderr, "understudy: %s\n", fault);
		return EXIT_USAGE;
	}
	(void)json_object_set_new(request, "limit", json_integer(PAGE_ZONES));
	return ask_pages(command, client, request, take_page, zones);
}

enum exit_status run_zone_list(const struct command *command, struct client *client) {
	json_t *zones = json_array();
	bool filtered = command_flag(command, FLAG_STATE) || command_flag(command, FLAG_TEXT) ||
	                command_flag(command, FLAG_ACCOUNT);
	enum exit_status status = filtered ? list_filtered(command, client, zones)
	                                   : ask_slices(command, client, ask_request(command), take_rows,
	                                                zones);
	if (status == EXIT_DONE && command->json) {
		json_t *whole = json_pack("{s:O}", "zones", zones);
		ask_print_json(whole);
		json_decref(whole);
	} else if (status == EXIT_DONE) {
		show_zones(stdout, zones);
	}
	json_decref(zones);
	return status;
}

enum exit_status run_zone_history(const struct command *command, struct client *client) {
	json_t *versions = json_array();
	enum exit_status status = ask_slices(command, client, ask_request(command), take_rows, versions);
	if (status == EXIT_DONE && command->json) {
		json_t *whole = json_pack("{s:s, s:O}", "name", command_value(command, "zone"), "versions",
		                          versions);
		ask_print_json(whole);
		json_decref(whole);
	} else if (status == EXIT_DONE) {
		show_history(stdout, versions, clock_now().wall_s);
	}
	json_decref(versions);
	return status;
}

/* -- differences ---------------------------------------------------------------------------------------------- */

static void take_lines(void *ctx, json_t *slice) {
	(void)ctx;
	for (size_t i = 0; i < json_array_size(slice); i++)
		puts(json_string_value(json_array_get(slice, i)));
}

enum exit_status run_zone_diff(const struct command *command, struct client *client) {
	if (!command->json) return ask_slices(command, client, ask_request(command), take_lines, NULL);
	json_t *lines = json_array();
	enum exit_status status = ask_slices(command, client, ask_request(command), take_rows, lines);
	if (status == EXIT_DONE) {
		json_t *whole = json_pack("{s:s, s:I, s:I, s:O}", "name", command_value(command, "zone"),
		                          "from", (json_int_t)command->values[1].serial, "to",
		                          (json_int_t)command->values[2].serial, "lines", lines);
		ask_print_json(whole);
		json_decref(whole);
	}
	json_decref(lines);
	return status;
}

/* -- zone file text ------------------------------------------------------------------------------------------- */

static void take_text(void *ctx, json_t *slice) {
	(void)ctx;
	(void)fwrite(json_string_value(slice), 1, json_string_length(slice),
	             stdout); /* main looks at stdout */
}

static void take_part(void *ctx, json_t *slice) {
	(void)json_array_append(ctx, slice); /* out of memory: a part is missing */
}

/* {"name": ..., "text": [slices]} would be awkward to use: one text. */
static void print_parts(const struct command *command, const json_t *parts) {
	json_t *name = json_string(command_value(command, "zone"));
	printf("{\"name\": ");
	(void)json_dumpf(name, stdout, JSON_ENCODE_ANY); /* main looks at stdout */
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

enum exit_status run_zone_export(const struct command *command, struct client *client) {
	if (!command->json) return ask_slices(command, client, ask_request(command), take_text, NULL);
	json_t *parts = json_array();
	enum exit_status status = ask_slices(command, client, ask_request(command), take_part, parts);
	if (status == EXIT_DONE) print_parts(command, parts);
	json_decref(parts);
	return status;
}
