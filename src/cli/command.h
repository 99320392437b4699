/* The command line of understudy: what is asked for.  Pure; no printing.  The tables are commands.def, arguments.def and
 * flags.def. */
#ifndef UNDERSTUDY_CLI_COMMAND_H
#define UNDERSTUDY_CLI_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define COMMAND_FAULT_MAX 240
#define COMMAND_VALUES_MAX 72 /* arguments of one command */
#define COMMAND_FLAGS_MAX 72  /* options of one command line */

enum command_kind {
#define COMMAND(kind, words, arguments, flags, request, text) COMMAND_##kind,
#include "cli/commands.def"
#undef COMMAND
	COMMAND_COUNT
};

enum flag_kind {
#define FLAG(kind, name, value, text) FLAG_##kind,
#include "cli/flags.def"
#undef FLAG
	FLAG_COUNT
};

struct command_row {
	const char *words;     /* "zone status" */
	const char *arguments; /* "NAME [PRIMARY...]" */
	const char *flags;     /* "key template": beside those that every command has */
	const char *request;   /* of the control protocol; NULL: asks for nothing */
	const char *text;      /* what it does */
};
struct flag_row {
	const char *name;  /* without dashes */
	const char *value; /* what follows; "" for nothing */
	const char *text;
};
const struct command_row *command_row(enum command_kind kind);
const struct flag_row *flag_row(enum flag_kind kind);
/* The command has this option, by its row or since all have it. */
bool command_has_flag(enum command_kind kind, enum flag_kind flag);
/* The command with exactly these words ("zone status"), COMMAND_COUNT if there is none. */
enum command_kind command_find(const char *words);

/* All texts are borrowed from argv and the tables. */
struct command_value {
	const char *field; /* of the request; "" for what is not told to the daemon */
	const char *text;
	bool is_serial;
	uint32_t serial; /* valid with is_serial */
};
struct command_flag {
	enum flag_kind kind;
	const char *value; /* "" of one that stands alone */
};
struct command {
	enum command_kind kind;
	const char *request;                             /* as the row's */
	struct command_value values[COMMAND_VALUES_MAX]; /* in the order of the arguments */
	unsigned value_count;
	struct command_flag flags[COMMAND_FLAGS_MAX]; /* as given, without --socket, --json, --wait */
	unsigned flag_count;
	const char *socket; /* never NULL */
	bool json, help, version;
	unsigned wait_s; /* 0: do not wait */
};
/* The first value of this field, NULL if none was given. */
const char *command_value(const struct command *c, const char *field);
/* The value of an option, the last one if it was given more than once; NULL: not given. */
const char *command_flag(const struct command *c, enum flag_kind kind);

/* ERR_MALFORMED: fault tells what is wrong and what is expected. */
MUST_CHECK enum err command_parse(int argc, const char *const *argv, struct command *out_command,
                                  char fault[static COMMAND_FAULT_MAX]);

#endif
