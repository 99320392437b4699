#include "cli/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/protocol.h"

#define WORDS_MAX 5
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
	"  zone hold NAME         stop its transfers until it is released\n"
	"  zone release NAME      let them begin again, now\n"
	"  zone history NAME      the versions that are kept\n"
	"  zone diff NAME A B     records removed and added from serial A to serial B\n"
	"  zone rollback NAME SERIAL   serve an earlier version; holds the zone\n"
	"  zone export NAME       the served version as zone file text\n"
	"\n"
	"  --socket PATH   control socket, " CONTROL_SOCKET_DEFAULT " by default\n"
	"  --json          JSON instead of text for people\n"
	"  --wait SECONDS  with refresh, retransfer, accept, release: until the outcome is known\n"
	"  --help, --version\n"
	"\n"
	"Exit status: 0 done, 1 the answer is no, 2 wrong command line, 3 no daemon answers\n";

static const struct command_row {
	const char *first, *second; /* second NULL: one word */
	bool takes_zone, may_wait;
	enum command_kind kind;
	const char *request;
	const char *serial_fields[COMMAND_SERIALS_MAX];
} rows[] = {
	{ "status", NULL, false, false, COMMAND_STATUS, "status", { NULL } },
	{ "stats", NULL, false, false, COMMAND_STATS, "stats", { NULL } },
	{ "reload", NULL, false, false, COMMAND_RELOAD, "reload", { NULL } },
	{ "zone", "list", false, false, COMMAND_ZONE_LIST, "zone.list", { NULL } },
	{ "zone", "status", true, false, COMMAND_ZONE_STATUS, "zone.status", { NULL } },
	{ "zone", "refresh", true, true, COMMAND_ZONE_REFRESH, "zone.refresh", { NULL } },
	{ "zone", "retransfer", true, true, COMMAND_ZONE_RETRANSFER, "zone.retransfer", { NULL } },
	{ "zone", "accept", true, true, COMMAND_ZONE_ACCEPT, "zone.accept", { NULL } },
	{ "zone", "hold", true, false, COMMAND_ZONE_HOLD, "zone.hold", { NULL } },
	{ "zone", "release", true, true, COMMAND_ZONE_RELEASE, "zone.release", { NULL } },
	{ "zone", "history", true, false, COMMAND_ZONE_HISTORY, "zone.history", { NULL } },
	{ "zone", "diff", true, false, COMMAND_ZONE_DIFF, "zone.diff", { "from", "to" } },
	{ "zone", "rollback", true, false, COMMAND_ZONE_ROLLBACK, "zone.rollback", { "serial" } },
	{ "zone", "export", true, false, COMMAND_ZONE_EXPORT, "zone.export", { NULL } },
	{ "help", NULL, false, false, COMMAND_HELP, NULL, { NULL } },
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

static unsigned serials_of(const struct command_row *row) {
	unsigned n = 0;
	while (n < COMMAND_SERIALS_MAX && row->serial_fields[n])
		n++;
	return n;
}

static enum err serial_parse(const char *text, uint32_t *out_serial, char fault[static COMMAND_FAULT_MAX]) {
	size_t len = strlen(text);
	bool digits = len > 0 && len <= 10 && strspn(text, "0123456789") == len;
	unsigned long long serial = digits ? strtoull(text, NULL, 10) : UINT64_MAX;
	if (serial > UINT32_MAX) return fails(fault, text, "a serial, 0 to 4294967295");
	*out_serial = (uint32_t)serial;
	return OK;
}

static enum err words_read(const struct words *w, struct command *c, char fault[static COMMAND_FAULT_MAX]) {
	const struct command_row *row = row_find(w);
	if (!row) {
		bool is_zone = w->count > 0 && strcmp(w->items[0], "zone") == 0;
		const char *text = w->count == 0 ? "" : is_zone && w->count > 1 ? w->items[1] : w->items[0];
		return fails(fault, text,
		             is_zone ? "zone list, or zone and another of its commands with a NAME"
		                     : "a command: status, stats, reload, zone or help");
	}
	unsigned own = row->second ? 2 : 1, serials = serials_of(row), named = own + row->takes_zone,
		 wanted = named + serials;
	if (w->count > wanted) return fails(fault, w->items[wanted], "nothing more after the command");
	if (w->count < named) return fails(fault, w->items[w->count - 1], "the name of a zone after it");
	if (w->count < wanted) return fails(fault, w->items[w->count - 1], "a serial after it");
	for (unsigned i = 0; i < serials; i++) {
		enum err e = serial_parse(w->items[named + i], &c->serials[i], fault);
		if (e != OK) return e;
		c->serial_fields[i] = row->serial_fields[i];
	}
	if (c->wait_s && !row->may_wait)
		return fails(fault, "--wait", "it with zone refresh, retransfer, accept or release only");
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
