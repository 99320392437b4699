#include "cli/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/words.h"
#include "control/protocol.h"

#define WORDS_MAX (COMMAND_VALUES_MAX + 2)
#define WAIT_MAX_S 86400
#define WORD_MAX 48 /* octets of the words of a command */

static const struct argument_row {
	const char *name, *field;
	bool is_serial;
	const char *expected;
} arguments[] = {
#define ARGUMENT(name, field, is_serial, expected) { name, field, is_serial, expected },
#include "cli/arguments.def"
#undef ARGUMENT
};

struct words {
	const char *items[WORDS_MAX];
	unsigned count;
};

static enum err fails(char fault[static COMMAND_FAULT_MAX], const char *text, const char *expected) {
	snprintf(fault, COMMAND_FAULT_MAX, "\"%.60s\": expected %s", text, expected);
	return ERR_MALFORMED;
}

/* -- options ------------------------------------------------------------------------------------------------ */

static enum err wait_parse(const char *text, struct command *c, char fault[static COMMAND_FAULT_MAX]) {
	size_t len = strlen(text);
	bool digits = len > 0 && len <= 5 && strspn(text, "0123456789") == len;
	unsigned long seconds = digits ? strtoul(text, NULL, 10) : 0;
	if (seconds == 0 || seconds > WAIT_MAX_S) return fails(fault, text, "--wait and seconds, 1 to 86400");
	c->wait_s = (unsigned)seconds;
	return OK;
}

/* "--name" or "--name=value". */
static enum flag_kind flag_find(const char *arg) {
	size_t len = strcspn(arg, "=");
	if (strcmp(arg, "-h") == 0) return FLAG_HELP;
	if (strcmp(arg, "-V") == 0) return FLAG_VERSION;
	for (enum flag_kind kind = 0; kind < FLAG_COUNT && len > 2; kind++) {
		const char *name = flag_row(kind)->name;
		if (strlen(name) == len - 2 && memcmp(arg + 2, name, len - 2) == 0) return kind;
	}
	return FLAG_COUNT;
}

static enum err flag_unknown(const char *arg, char fault[static COMMAND_FAULT_MAX]) {
	for (enum flag_kind kind = 0; kind < FLAG_COUNT; kind++) {
		const char *name = flag_row(kind)->name;
		if (strncmp(arg, "--", 2) == 0 && words_near(name, arg + 2)) {
			snprintf(fault, COMMAND_FAULT_MAX,
			         "\"%.60s\": expected an option; did you mean --%s?", arg, name);
			return ERR_MALFORMED;
		}
	}
	return fails(fault, arg, "--socket PATH, --json, --help, --version or an option of the command");
}

static enum err flag_keep(struct command *c, enum flag_kind kind, const char *value,
                          char fault[static COMMAND_FAULT_MAX]) {
	if (kind == FLAG_SOCKET) c->socket = value;
	if (kind == FLAG_JSON) c->json = true;
	if (kind == FLAG_HELP) c->help = true;
	if (kind == FLAG_VERSION) c->version = true;
	if (kind == FLAG_WAIT) {
		enum err e = wait_parse(value, c, fault);
		if (e != OK) return e;
	}
	if (c->flag_count == COMMAND_FLAGS_MAX) return fails(fault, value, "fewer options");
	c->flags[c->flag_count++] = (struct command_flag){ .kind = kind, .value = value };
	return OK;
}

static enum err flag_read(const char *const *argv, int *at, struct command *c,
                          char fault[static COMMAND_FAULT_MAX]) {
	const char *arg = argv[*at], *equals = strchr(arg, '='), *value = "";
	enum flag_kind kind = flag_find(arg);
	if (kind == FLAG_COUNT) return flag_unknown(arg, fault);
	const struct flag_row *row = flag_row(kind);
	if (row->value[0] == '\0') {
		if (equals) return fails(fault, arg, "nothing behind this option");
	} else {
		value = equals ? equals + 1 : argv[++*at];
		if (!value || *value == '\0') {
			char expected[WORD_MAX + 40];
			snprintf(expected, sizeof(expected), "%s after it", row->value);
			return fails(fault, arg, expected);
		}
	}
	return flag_keep(c, kind, value, fault);
}

static enum err flags_check(const struct command *c, char fault[static COMMAND_FAULT_MAX]) {
	for (unsigned i = 0; i < c->flag_count; i++) {
		enum flag_kind kind = c->flags[i].kind;
		if (command_has_flag(c->kind, kind)) continue;
		const char *has = command_row(c->kind)->flags;
		snprintf(fault, COMMAND_FAULT_MAX,
		         "\"--%s\": expected it with another command; options of %s: %s",
		         flag_row(kind)->name, command_row(c->kind)->words, *has ? has : "none of its own");
		return ERR_MALFORMED;
	}
	return OK;
}

/* -- the command's words -------------------------------------------------------------------------------------- */

/* Words that the row's name has, 0 if it is not the beginning of those given. */
static unsigned row_fits(const struct command_row *row, const struct words *w) {
	const char *at = row->words, *word;
	unsigned n = 0;
	size_t len;
	for (; (len = words_next(&at, &word)) > 0; n++) {
		if (n >= w->count || strlen(w->items[n]) != len || memcmp(w->items[n], word, len) != 0)
			return 0;
	}
	return n;
}

static bool begins_command(const char *word) {
	size_t len = strlen(word);
	for (enum command_kind kind = 0; kind < COMMAND_COUNT; kind++) {
		const char *words = command_row(kind)->words;
		if (strncmp(words, word, len) == 0 && words[len] == ' ') return true;
	}
	return false;
}

static enum err command_unknown(const struct words *w, char fault[static COMMAND_FAULT_MAX]) {
	char typed[2 * WORD_MAX + 2] = "";
	bool has_family = w->count > 0 && begins_command(w->items[0]);
	if (w->count == 0) return fails(fault, "", "a command: status, zone list, zone add, help and others");
	snprintf(typed, sizeof(typed), "%.40s%s%.40s", w->items[0], has_family && w->count > 1 ? " " : "",
	         has_family && w->count > 1 ? w->items[1] : "");
	for (enum command_kind kind = 0; kind < COMMAND_COUNT; kind++) {
		const char *words = command_row(kind)->words;
		if (!words_near(words, typed)) continue;
		snprintf(fault, COMMAND_FAULT_MAX, "\"%s\": expected a command; did you mean \"%s\"?", typed,
		         words);
		return ERR_MALFORMED;
	}
	if (!has_family)
		return fails(fault, w->items[0], "a command: status, zone list, zone add, help and others");
	size_t len = (size_t)snprintf(fault, COMMAND_FAULT_MAX, "\"%s\": expected one of:", typed);
	for (enum command_kind kind = 0; kind < COMMAND_COUNT && len < COMMAND_FAULT_MAX; kind++) {
		const char *words = command_row(kind)->words;
		size_t family = strlen(w->items[0]);
		if (strncmp(words, w->items[0], family) == 0 && words[family] == ' ')
			len += (size_t)snprintf(fault + len, COMMAND_FAULT_MAX - len, " %s%s", words, ",");
	}
	fault[strlen(fault) - 1] = '\0'; /* the last comma, or a letter of a text that is cut anyway */
	return ERR_MALFORMED;
}

/* -- arguments ------------------------------------------------------------------------------------------------ */

/* "[PRIMARY...]" taken apart. */
struct place {
	const struct argument_row *row;
	bool optional, repeats;
};

static bool place_next(const char **at, struct place *out_place) {
	const char *word;
	size_t len = words_next(at, &word);
	if (len == 0) return false;
	bool optional = word[0] == '[', repeats;
	if (optional) {
		word++;
		len -= 2;
	}
	repeats = len > 3 && memcmp(word + len - 3, "...", 3) == 0;
	if (repeats) len -= 3;
	for (size_t i = 0; i < sizeof(arguments) / sizeof(arguments[0]); i++) {
		if (strlen(arguments[i].name) == len && memcmp(arguments[i].name, word, len) == 0)
			*out_place = (struct place){ &arguments[i], optional, repeats };
	}
	return true;
}

static enum err value_read(const struct argument_row *row, const char *text, struct command *c,
                           char fault[static COMMAND_FAULT_MAX]) {
	size_t len = strlen(text);
	struct command_value value = { .field = row->field, .text = text, .is_serial = row->is_serial };
	if (row->is_serial) {
		bool digits = len > 0 && len <= 10 && strspn(text, "0123456789") == len;
		unsigned long long serial = digits ? strtoull(text, NULL, 10) : UINT64_MAX;
		if (serial > UINT32_MAX) return fails(fault, text, "a serial, 0 to 4294967295");
		value.serial = (uint32_t)serial;
	}
	if (len == 0) return fails(fault, text, row->expected);
	if (c->value_count == COMMAND_VALUES_MAX) return fails(fault, text, "fewer arguments");
	c->values[c->value_count++] = value;
	return OK;
}

static enum err values_read(const struct words *w, unsigned from, struct command *c,
                            char fault[static COMMAND_FAULT_MAX]) {
	const char *at = command_row(c->kind)->arguments;
	struct place place = { 0 };
	unsigned next = from;
	while (place_next(&at, &place)) {
		if (next == w->count && !place.optional)
			return fails(fault, w->items[w->count - 1], place.row->expected);
		for (bool more = next < w->count; more; more = place.repeats && next < w->count) {
			enum err e = value_read(place.row, w->items[next++], c, fault);
			if (e != OK) return e;
		}
	}
	return next == w->count ? OK : fails(fault, w->items[next], "nothing more after the command");
}

static enum err words_read(const struct words *w, struct command *c, char fault[static COMMAND_FAULT_MAX]) {
	unsigned own = 0;
	for (enum command_kind kind = 0; kind < COMMAND_COUNT && own == 0; kind++) {
		own = row_fits(command_row(kind), w);
		c->kind = kind;
	}
	if (own == 0) return c->help && w->count <= 1 ? OK : command_unknown(w, fault);
	c->request = command_row(c->kind)->request;
	if (c->help) return OK;
	enum err e = flags_check(c, fault);
	return e == OK ? values_read(w, own, c, fault) : e;
}

enum err command_parse(int argc, const char *const *argv, struct command *out_command,
                       char fault[static COMMAND_FAULT_MAX]) {
	struct command c = { .socket = CONTROL_SOCKET_DEFAULT, .kind = COMMAND_HELP };
	struct words w = { .count = 0 };
	bool words_only = false; /* behind "--": a zone's name may begin with a dash */
	for (int i = 1; i < argc; i++) {
		enum err e = OK;
		if (!words_only && strcmp(argv[i], "--") == 0)
			words_only = true;
		else if (!words_only && argv[i][0] == '-' && argv[i][1] != '\0')
			e = flag_read(argv, &i, &c, fault);
		else if (w.count < WORDS_MAX)
			w.items[w.count++] = argv[i];
		else
			e = fails(fault, argv[i], "nothing more after the command");
		if (e != OK) return e;
	}
	enum err e = c.version || (c.help && w.count == 0) ? OK : words_read(&w, &c, fault);
	if (e == OK) *out_command = c;
	return e;
}
