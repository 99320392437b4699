/* understudy-web: command line. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/log.h"
#include "web/site.h"

#define EXIT_USAGE 2

static const char usage_text[] =
	"understudy-web --socket PATH [--log-format text|json|journald] [--log-level LEVEL]\n"
	"\n"
	"  --socket PATH        the socket of understudyd for the web (control.web-socket)\n"
	"  --log-format FORMAT  text, json or journald; text where left out\n"
	"  --log-level LEVEL    debug, info, warning or error; info where left out\n"
	"  --help               this text\n"
	"  --version            the version\n";

struct command_line {
	const char *socket;
	enum log_level level;
	enum log_format format;
	bool help, version;
};

/* The place of word among words, or -1. */
static int choose(const char *word, const char *const *words, int count) {
	for (int i = 0; i < count; i++) {
		if (strcmp(word, words[i]) == 0) return i;
	}
	return -1;
}

/* false: the value is none. */
static bool take(struct command_line *c, int option, const char *value) {
	static const char *const formats[] = { "text", "json", "journald" };
	static const char *const levels[] = { "debug", "info", "warning", "error" };
	int chosen = 0;
	switch (option) {
	case 's': c->socket = value; break;
	case 'f':
		chosen = choose(value, formats, 3);
		c->format = (enum log_format)chosen;
		break;
	case 'l':
		chosen = choose(value, levels, 4);
		c->level = (enum log_level)chosen;
		break;
	case 'h': c->help = true; break;
	case 'V': c->version = true; break;
	default: return false;
	}
	return chosen >= 0;
}

static bool command_line_read(int argc, char **argv, struct command_line *c) {
	static const struct option options[] = {
		{ "socket", required_argument, NULL, 's' },    { "log-format", required_argument, NULL, 'f' },
		{ "log-level", required_argument, NULL, 'l' }, { "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },         { NULL, 0, NULL, 0 },
	};
	int option;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (take(c, option, optarg)) continue;
		if (option != '?') fprintf(stderr, "understudy-web: \"%s\" is not possible here\n", optarg);
		return false;
	}
	if (optind == argc && (c->socket || c->help || c->version)) return true;
	fprintf(stderr, "understudy-web: expected --socket PATH, and options only\n");
	return false;
}

int main(int argc, char **argv) {
	struct command_line c = { .level = LOG_LEVEL_INFO };
	if (!command_line_read(argc, argv, &c)) {
		fputs("understudy-web --help tells more\n", stderr);
		return EXIT_USAGE;
	}
	if (c.help) fputs(usage_text, stdout);
	if (c.version) puts("understudy-web " UNDERSTUDY_VERSION);
	if (c.help || c.version) return 0;
	(void)signal(SIGPIPE, SIG_IGN); /* never fails for this signal */
	/* Keys of callers pass through our memory: no core file, no debugger of the same user, no new rights. */
	(void)prctl(PR_SET_DUMPABLE, 0);              /* one lock more, not the only one */
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); /* as above */
	struct log *log = log_new(c.level, c.format, STDERR_FILENO);
	int status = site_run(c.socket, log);
	log_free(log);
	return status;
}
