/* The tables of commands and options, and looking things up in them. */
#include <string.h>

#include "cli/command.h"
#include "cli/words.h"

static const struct command_row rows[COMMAND_COUNT] = {
#define COMMAND(kind, words, arguments, flags, request, text)                                                \
	[COMMAND_##kind] = { words, arguments, flags, request, text },
#include "cli/commands.def"
#undef COMMAND
};

static const struct flag_row flags[FLAG_COUNT] = {
#define FLAG(kind, name, value, text) [FLAG_##kind] = { name, value, text },
#include "cli/flags.def"
#undef FLAG
};

const struct command_row *command_row(enum command_kind kind) {
	return &rows[kind];
}

const struct flag_row *flag_row(enum flag_kind kind) {
	return &flags[kind];
}

bool command_has_flag(enum command_kind kind, enum flag_kind flag) {
	if (flag == FLAG_SOCKET || flag == FLAG_JSON || flag == FLAG_HELP || flag == FLAG_VERSION)
		return true;
	return words_have(rows[kind].flags, flags[flag].name);
}

enum command_kind command_find(const char *words) {
	for (enum command_kind kind = 0; kind < COMMAND_COUNT; kind++) {
		if (strcmp(rows[kind].words, words) == 0) return kind;
	}
	return COMMAND_COUNT;
}

const char *command_value(const struct command *c, const char *field) {
	for (unsigned i = 0; i < c->value_count; i++) {
		if (strcmp(c->values[i].field, field) == 0) return c->values[i].text;
	}
	return NULL;
}

const char *command_flag(const struct command *c, enum flag_kind kind) {
	const char *value = NULL;
	for (unsigned i = 0; i < c->flag_count; i++) {
		if (c->flags[i].kind == kind) value = c->flags[i].value;
	}
	return value;
}
