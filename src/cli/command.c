#include "cli/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/protocol.h"

#define WORDS_MAX 3
#define WAIT_MAX_S 86400

const char command_usage[] =
	"understudy [--socket PATH] [--json] COMMAND\n"
	"\n"
	"  status                 the server as a whole\n"
	"  stats                  its counters\n"
	"  reload                 read the configuration again\n"
	"  zone list              all zones in short\n"
	"  zone status NAME       what is served, the timers, the last attempts and why they failed\n"
	"  zone refresh NAME      ask the primary for its SOA record now\n"
	"  zone retransfer NAME   transfer the zone now, whatever its serial\n"
	"  zone accept NAME       let the version through that a guard refused last, once\n"
	"  zone export NAME       the served version as zone file text\n"
	"\n"
	"  --socket PATH   control socket, " CONTROL_SOCKET_DEFAULT " by default\n"
	"  --json          JSON instead of text for people\n"
	"  --wait SECONDS  with refresh, retransfer, accept: until the outcome is known\n"
	"  --help, --version\n"
	"\n"
	"Exit status: 0 done, 1 the answer is no, 2 wrong command line, 3 no daemon answers\n";

static const struct command_row {
	const char *first, *second; /* second NULL: one word */
	bool takes_zone, may_wait;
	enum command_kind kind;
	const char *request;
} rows[] = {
	{ "status", NULL, false, false, COMMAND_STATUS, "status" },
	{ "stats", NULL, false, false, COMMAND_STATS, "stats" },
	{ "reload", NULL, false, false, COMMAND_RELOAD, "reload" },
	{ "zone", "list", false, false, COMMAND_ZONE_LIST, "zone.list" },
	{ "zone", "status", true, false, COMMAND_ZONE_STATUS, "zone.status" },
	{ "zone", "refresh", true, true, COMMAND_ZONE_REFRESH, "zone.refresh" },
	{ "zone", "retransfer", true, true, COMMAND_ZONE_RETRANSFER, "zone.retransfer" },
	{ "zone", "accept", true, true, COMMAND_ZONE_ACCEPT, "zone.accept" },
	{ "zone", "export", true, false, COMMAND_ZONE_EXPORT, "zone.export" },
	{ "help", NULL, false, false, COMMAND_HELP, NULL },
};
#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

struct words {
	const char *items[WORDS_MAX];
	unsigned count;
};

static enum err fails(char fault[static COMMAND_FAULT_MAX], const char *text, const char *expected) {
	snprintf(fault, COMMAND_FAULT_MAX, "\"%.60s\": expected %s", text, expected);
	return ERR_MALFORMED;
}

static enum err wait_parse(const char *text, struct command *c, char fault[static COMMAND_FAULT_MAX]) {
	size_t len = strlen(text);
	bool digits = len > 0 && len <= 5 && strspn(text, "0123456789") == len;
	unsigned long seconds = digits ? strtoul(text, NULL, 10) : 0;
	if (seconds == 0 || seconds > WAIT_MAX_S) return fails(fault, text, "--wait and seconds, 1 to 86400");
	c->wait_s = (unsigned)seconds;
	return OK;
}

/* "--socket PATH" and "--socket=PATH".  false: arg is another option.  *out_value NULL: the value is missing. */
static bool option_value(const char *option, const char *const *argv, int *at, const char **out_value) {
	size_t len = strlen(option);
	if (strncmp(argv[*at], option, len) != 0) return false;
	const char *rest = argv[*at] + len;
	if (*rest != '=' && *rest != '\0') return false;
	*out_value = *rest == '=' ? rest + 1 : argv[++*at];
	return true;
}

static enum err option_read(const char *const *argv, int *at, struct command *c,
                            char fault[static COMMAND_FAULT_MAX]) {
	const char *arg = argv[*at], *value = NULL;
	if (strcmp(arg, "--json") == 0) {
		c->json = true;
	} else if (strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0) {
		c->kind = COMMAND_HELP;
	} else if (strcmp(arg, "--version") == 0 || strcmp(arg, "-V") == 0) {
		c->kind = COMMAND_VERSION;
	} else if (option_value("--socket", argv, at, &value)) {
		if (!value || *value == '\0')
			return fails(fault, arg, "the path of the control socket after it");
		c->socket = value;
	} else if (option_value("--wait", argv, at, &value)) {
		return wait_parse(value ? value : "", c, fault);
	} else {
		return fails(fault, arg, "--socket PATH, --json, --wait SECONDS, --help or --version");
	}
	return OK;
}

static const struct command_row *row_find(const struct words *w) {
	for (size_t i = 0; i < ROW_COUNT; i++) {
		const struct command_row *row = &rows[i];
		if (w->count == 0 || strcmp(w->items[0], row->first) != 0) continue;
		if (!row->second || (w->count > 1 && strcmp(w->items[1], row->second) == 0)) return row;
	}
	return NULL;
}

static enum err words_read(const struct words *w, struct command *c, char fault[static COMMAND_FAULT_MAX]) {
	const struct command_row *row = row_find(w);
	if (!row) {
		bool is_zone = w->count > 0 && strcmp(w->items[0], "zone") == 0;
		const char *text = w->count == 0 ? "" : is_zone && w->count > 1 ? w->items[1] : w->items[0];
		return fails(
			fault, text,
			is_zone ? "zone list, or zone status, refresh, retransfer, accept or export with a NAME"
				: "a command: status, stats, reload, zone or help");
	}
	unsigned own = row->second ? 2 : 1, wanted = own + row->takes_zone;
	if (w->count > wanted) return fails(fault, w->items[wanted], "nothing more after the command");
	if (w->count < wanted) return fails(fault, w->items[w->count - 1], "the name of a zone after it");
	if (c->wait_s && !row->may_wait)
		return fails(fault, "--wait", "it with zone refresh, retransfer or accept only");
	c->kind = row->kind;
	c->request = row->request;
	c->zone = row->takes_zone ? w->items[own] : NULL;
	return OK;
}

enum err command_parse(int argc, const char *const *argv, struct command *out_command,
                       char fault[static COMMAND_FAULT_MAX]) {
	struct command c = { .socket = CONTROL_SOCKET_DEFAULT, .kind = COMMAND_STATUS };
	struct words w = { .count = 0 };
	for (int i = 1; i < argc; i++) {
		enum err e = OK;
		if (argv[i][0] == '-' && argv[i][1] != '\0')
			e = option_read(argv, &i, &c, fault);
		else if (w.count < WORDS_MAX)
			w.items[w.count++] = argv[i];
		else
			e = fails(fault, argv[i], "nothing more after the command");
		if (e != OK) return e;
	}
	bool is_word = c.kind != COMMAND_HELP && c.kind != COMMAND_VERSION;
	enum err e = is_word ? words_read(&w, &c, fault) : OK;
	if (e == OK) *out_command = c;
	return e;
}
