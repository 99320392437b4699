#include "cli/import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/progress.h"
#include "cli/settings.h"

#define BATCH_ZONES 1000          /* zones of one request */
#define BATCH_OCTETS (1U << 20)   /* of the lines of one request */
#define REPLACE_ZONES_MAX 1000000 /* --replace compares with the whole: it goes in one request */
#define FAULTS_MAX 20             /* lines that are told */
#define PAGE_ZONES 1000
#define BLANKS " \t\r\n"

/* -- lines ---------------------------------------------------------------------------------------------------- */

static enum err json_line(const char *line, json_t **out_zone, char fault[static COMMAND_FAULT_MAX]) {
	json_error_t error;
	json_t *zone = json_loads(line, JSON_REJECT_DUPLICATES, &error);
	bool good = json_is_string(json_object_get(zone, "name")) &&
	            json_is_object(json_object_get(zone, "settings"));
	if (!good) {
		snprintf(fault, COMMAND_FAULT_MAX, "expected {\"name\": text, \"settings\": {...}}%s%.100s",
		         zone ? "" : ": ", zone ? "" : error.text);
		json_decref(zone);
		return ERR_MALFORMED;
	}
	*out_zone = json_pack("{s:O, s:O}", "name", json_object_get(zone, "name"), "settings",
	                      json_object_get(zone, "settings"));
	json_decref(zone);
	return OK;
}

enum err import_line(char *line, json_t **out_zone, char fault[static COMMAND_FAULT_MAX]) {
	char *words[4] = { NULL }, *rest = NULL;
	unsigned count = 0;
	line += strspn(line, BLANKS);
	*out_zone = NULL;
	if (*line == '{') return json_line(line, out_zone, fault);
	line[strcspn(line, "#")] = '\0';
	for (char *word = strtok_r(line, BLANKS, &rest); word && count < 4;
	     word = strtok_r(NULL, BLANKS, &rest))
		words[count++] = word;
	if (count == 0) return OK;
	*out_zone = count == 2 || count == 3 ? json_pack("{s:s, s:{s:[o]}}", "name", words[0], "settings",
	                                                 "primaries", settings_primary(words[1], words[2]))
	                                     : NULL;
	if (*out_zone) return OK;
	snprintf(fault, COMMAND_FAULT_MAX, "expected \"name primary [key]\" in UTF-8, found %u words", count);
	return ERR_MALFORMED;
}

/* -- import --------------------------------------------------------------------------------------------------- */

struct import {
	const struct command *command;
	struct client *client;
	json_t *zones; /* of the next request */
	size_t octets;
	json_int_t added, changed, removed, unchanged, done;
	enum exit_status status;
	struct progress progress;
};

static void count_result(struct import *im, const json_t *result) {
	im->added += json_integer_value(json_object_get(result, "added"));
	im->changed += json_integer_value(json_object_get(result, "changed"));
	im->removed += json_integer_value(json_object_get(result, "removed"));
	im->unchanged += json_integer_value(json_object_get(result, "unchanged"));
}

static enum exit_status send_batch(struct import *im) {
	size_t count = json_array_size(im->zones);
	const char *account = command_flag(im->command, FLAG_ACCOUNT);
	bool replace = command_flag(im->command, FLAG_REPLACE), force = command_flag(im->command, FLAG_FORCE);
	json_t *result = NULL,
	       *request = json_pack("{s:s, s:O, s:b, s:b, s:s*}", "request", im->command->request, "zones",
	                            im->zones, "replace", replace, "force", force, "account", account);
	enum exit_status status = ask_once(im->command, im->client, request, &result);
	if (status == EXIT_DONE) count_result(im, result);
	json_decref(result);
	json_array_clear(im->zones);
	im->octets = 0;
	im->done += (json_int_t)count;
	progress_show(&im->progress, (uint64_t)im->done);
	return status;
}

static bool batch_is_full(const struct import *im) {
	size_t count = json_array_size(im->zones);
	if (command_flag(im->command, FLAG_REPLACE)) return false;
	return count >= BATCH_ZONES || im->octets >= BATCH_OCTETS;
}

/* Every zone of the lines to each, which takes it, until it fails.  Returns the number of lines with faults, told up to
 * FAULTS_MAX. */
typedef bool zone_fn(void *ctx, json_t *zone);
static unsigned each_line(FILE *in, const char *path, zone_fn *each, void *ctx) {
	char *line = NULL, fault[COMMAND_FAULT_MAX];
	size_t size = 0;
	unsigned number = 0, faults = 0;
	bool goes_on = true;
	while (goes_on && getline(&line, &size, in) > 0) {
		json_t *zone = NULL;
		number++;
		if (import_line(line, &zone, fault) != OK) {
			if (faults++ < FAULTS_MAX) fprintf(stderr, "%s:%u: %s\n", path, number, fault);
		} else if (zone) {
			goes_on = each(ctx, zone);
		}
	}
	free(line);
	return faults;
}

static bool count_zone(void *ctx, json_t *zone) {
	++*(size_t *)ctx;
	json_decref(zone);
	return true;
}

static bool send_zone(void *ctx, json_t *zone) {
	struct import *im = ctx;
	im->octets += 64 + json_string_length(json_object_get(zone, "name"));
	(void)json_array_append_new(im->zones, zone);
	if (batch_is_full(im)) im->status = send_batch(im);
	return im->status == EXIT_DONE;
}

static void send_all(struct import *im, FILE *in, const char *path) {
	unsigned faults = each_line(in, path, send_zone, im);
	if (faults > 0) im->status = EXIT_NO; /* somebody changed the file meanwhile */
	bool rest = json_array_size(im->zones) > 0 || command_flag(im->command, FLAG_REPLACE);
	if (im->status == EXIT_DONE && rest) im->status = send_batch(im);
}

static void tell(const struct import *im) {
	if (im->command->json) {
		json_t *result = json_pack("{s:I, s:I, s:I, s:I}", "added", im->added, "changed", im->changed,
		                           "removed", im->removed, "unchanged", im->unchanged);
		ask_print_json(result);
		json_decref(result);
	} else {
		printf("%lld added, %lld changed, %lld removed, %lld unchanged\n", (long long)im->added,
		       (long long)im->changed, (long long)im->removed, (long long)im->unchanged);
	}
}

static enum exit_status import_zones(const struct command *command, struct client *client, FILE *in,
                                     const char *path, size_t count) {
	struct import im = {
		.command = command, .client = client, .zones = json_array(), .status = EXIT_DONE
	};
	if (command_flag(command, FLAG_REPLACE) && count > REPLACE_ZONES_MAX) {
		fprintf(stderr, "understudy: --replace takes at most %d zones\n", REPLACE_ZONES_MAX);
		json_decref(im.zones);
		return EXIT_NO;
	}
	progress_begin(&im.progress, "zones", count);
	send_all(&im, in, path);
	progress_end(&im.progress);
	json_decref(im.zones);
	if (im.status != EXIT_DONE && im.done > 0)
		fprintf(stderr, "understudy: the zones before these were taken over: ");
	if (im.status == EXIT_DONE || im.done > 0) tell(&im);
	return im.status;
}

/* Every line is looked at before the first request is sent; the lines are read twice rather than kept. */
static enum exit_status import_file(const struct command *command, struct client *client, FILE *in,
                                    const char *path) {
	size_t count = 0;
	unsigned faults = each_line(in, path, count_zone, &count);
	if (ferror(in)) {
		fprintf(stderr, "understudy: %s cannot be read to its end\n", path);
	} else if (faults > 0) {
		fprintf(stderr, "understudy: %u lines have faults; nothing was done\n", faults);
	} else {
		rewind(in);
		return import_zones(command, client, in, path, count);
	}
	return EXIT_NO;
}

/* What comes through a pipe is kept in a file, to be read twice; from is closed.  NULL: it can't be. */
static FILE *keep(FILE *from) {
	char piece[65536];
	size_t len;
	FILE *kept = tmpfile();
	bool good = kept;
	while (good && (len = fread(piece, 1, sizeof(piece), from)) > 0)
		good = fwrite(piece, 1, len, kept) == len;
	good = good && !ferror(from) && fflush(kept) == 0;
	(void)fclose(from); /* it was read */
	if (good)
		rewind(kept);
	else if (kept)
		(void)fclose(kept); /* given up */
	return good ? kept : NULL;
}

enum exit_status import_run(const struct command *command, struct client *client) {
	const char *path = command->values[0].text;
	bool is_stdin = strcmp(path, "-") == 0;
	FILE *in = is_stdin ? stdin : fopen(path, "re");
	if (in && (is_stdin || fseek(in, 0, SEEK_SET) != 0)) in = keep(in);
	if (is_stdin) path = "standard input";
	if (!in) {
		fprintf(stderr, "understudy: %s cannot be read\n", path);
		return EXIT_NO;
	}
	enum exit_status status = import_file(command, client, in, path);
	(void)fclose(in); /* it was read */
	return status;
}

/* -- export-list ---------------------------------------------------------------------------------------------- */

static void print_page(void *ctx, json_t *page) {
	const json_t *zones = json_object_get(page, "zones");
	(void)ctx;
	for (size_t i = 0; i < json_array_size(zones); i++) {
		const json_t *zone = json_array_get(zones, i);
		json_t *line = json_pack("{s:O?, s:O?}", "name", json_object_get(zone, "name"), "settings",
		                         json_object_get(zone, "settings"));
		(void)json_dumpf(line, stdout, JSON_COMPACT); /* main looks at the state of stdout */
		putchar('\n');
		json_decref(line);
	}
}

enum exit_status import_export_list(const struct command *command, struct client *client) {
	json_t *request = json_pack("{s:s, s:i, s:s*}", "request", command->request, "limit", PAGE_ZONES,
	                            "account", command_flag(command, FLAG_ACCOUNT));
	return ask_pages(command, client, request, print_page, NULL);
}
