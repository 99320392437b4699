#include "cli/help.h"

#include <string.h>

#include "cli/words.h"
#include "control/protocol.h"

#define COLUMN 44 /* where texts begin */

static void line(FILE *out, const char *left, const char *arguments, const char *text) {
	int width = fprintf(out, "  %s%s%s", left, *arguments ? " " : "", arguments);
	if (width < COLUMN - 1)
		fprintf(out, "%*s%s\n", COLUMN - width, "", text);
	else
		fprintf(out, "\n%*s%s\n", COLUMN, "", text);
}

static void flag_line(FILE *out, enum flag_kind kind) {
	char left[80];
	const struct flag_row *row = flag_row(kind);
	snprintf(left, sizeof(left), "--%s", row->name);
	line(out, left, row->value, row->text);
}

static void general_flags(FILE *out) {
	flag_line(out, FLAG_SOCKET);
	fprintf(out, "%*s%s by default\n", COLUMN, "", CONTROL_SOCKET_DEFAULT);
	flag_line(out, FLAG_JSON);
	flag_line(out, FLAG_HELP);
	flag_line(out, FLAG_VERSION);
}

static void exit_statuses(FILE *out) {
	fputs("\nExit status: 0 done, 1 the answer is no, 2 wrong command line, 3 no daemon answers\n", out);
}

void help_all(FILE *out) {
	fputs("understudy [--socket PATH] [--json] COMMAND\n\n", out);
	for (enum command_kind kind = 0; kind < COMMAND_COUNT; kind++) {
		const struct command_row *row = command_row(kind);
		line(out, row->words, row->arguments, row->text);
	}
	fputs("\n", out);
	general_flags(out);
	fputs("\nunderstudy help COMMAND tells the options of a command.\n", out);
	exit_statuses(out);
}

void help_command(FILE *out, enum command_kind kind) {
	const struct command_row *row = command_row(kind);
	fprintf(out, "understudy %s%s%s\n\n  %s\n\n", row->words, *row->arguments ? " " : "", row->arguments,
	        row->text);
	for (enum flag_kind flag = 0; flag < FLAG_COUNT; flag++) {
		if (words_have(row->flags, flag_row(flag)->name)) flag_line(out, flag);
	}
	general_flags(out);
	exit_statuses(out);
}

bool help_family(FILE *out, const char *word) {
	size_t len = strlen(word);
	bool any = false;
	for (enum command_kind kind = 0; kind < COMMAND_COUNT; kind++) {
		const struct command_row *row = command_row(kind);
		if (strncmp(row->words, word, len) != 0 ||
		    (row->words[len] != ' ' && row->words[len] != '\0'))
			continue;
		line(out, row->words, row->arguments, row->text);
		any = true;
	}
	return any;
}

/* -- completion --------------------------------------------------------------------------------------------- */

/* First words, each once: they stand together in the table, though a family may be parted. */
static bool is_first_of_family(enum command_kind kind) {
	size_t len = strcspn(command_row(kind)->words, " ");
	for (enum command_kind before = 0; before < kind; before++) {
		const char *words = command_row(before)->words;
		if (strncmp(words, command_row(kind)->words, len) == 0 &&
		    (words[len] == ' ' || words[len] == '\0'))
			return false;
	}
	return true;
}

static void first_words(FILE *out) {
	for (enum command_kind kind = 0; kind < COMMAND_COUNT; kind++) {
		const char *words = command_row(kind)->words;
		if (is_first_of_family(kind)) fprintf(out, " %.*s", (int)strcspn(words, " "), words);
	}
}

/* Each family with its second words, as a branch of "case". */
static void second_words(FILE *out) {
	for (enum command_kind kind = 0; kind < COMMAND_COUNT; kind++) {
		const char *first = command_row(kind)->words;
		size_t len = strcspn(first, " ");
		if (first[len] == '\0' || !is_first_of_family(kind)) continue;
		fprintf(out, "\t%.*s) words=\"", (int)len, first);
		for (enum command_kind other = 0; other < COMMAND_COUNT; other++) {
			const char *words = command_row(other)->words;
			if (strncmp(words, first, len) == 0 && words[len] == ' ')
				fprintf(out, "%s%s", other == kind ? "" : " ", words + len + 1);
		}
		fputs("\" ;;\n", out);
	}
}

static void flags_of(FILE *out, enum command_kind kind) {
	for (enum flag_kind flag = 0; flag < FLAG_COUNT; flag++) {
		if (command_has_flag(kind, flag)) fprintf(out, " --%s", flag_row(flag)->name);
	}
}

static void flag_branches(FILE *out) {
	for (enum command_kind kind = 0; kind < COMMAND_COUNT; kind++) {
		fprintf(out, "\t\"%s\") words=\"", command_row(kind)->words);
		flags_of(out, kind);
		fputs("\" ;;\n", out);
	}
}

/* In bash, zsh (by its bashcompinit) alike. */
static void completion_bash(FILE *out) {
	fputs("_understudy() {\n\tlocal words=\"\" word=${COMP_WORDS[COMP_CWORD]} typed=() i\n"
	      "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n\t\tcase ${COMP_WORDS[i]} in\n"
	      "\t\t--socket) i=$((i + 1)) ;;\n\t\t-*) ;;\n\t\t*) typed+=(\"${COMP_WORDS[i]}\") ;;\n"
	      "\t\tesac\n\tdone\n\tcase ${#typed[@]} in\n\t0) words=\"",
	      out);
	first_words(out);
	fputs("\" ;;\n\t1) case ${typed[0]} in\n", out);
	second_words(out);
	fputs("\tesac ;;\n\tesac\n\tif [[ $word == -* ]]; then\n\tcase \"${typed[*]:0:2}\" in\n", out);
	flag_branches(out);
	fputs("\t*) words=\"--socket --json --help --version\" ;;\n\tesac\n\tfi\n"
	      "\tif [[ ${typed[0]-} == zone && ${#typed[@]} -eq 2 && $word != -* ]]; then\n"
	      "\t\twords=$(understudy --json zone list 2>/dev/null | sed -n 's/.*\"name\": \"\\([^\"]*\\)\".*/\\1/p')\n"
	      "\tfi\n\tCOMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n}\n"
	      "complete -F _understudy understudy\n",
	      out);
}

static void completion_fish(FILE *out) {
	for (enum command_kind kind = 0; kind < COMMAND_COUNT; kind++) {
		const char *words = command_row(kind)->words, *text = command_row(kind)->text;
		size_t len = strcspn(words, " ");
		if (is_first_of_family(kind))
			fprintf(out, "complete -c understudy -f -n __fish_use_subcommand -a %.*s -d '%s'\n",
			        (int)len, words, words[len] ? "" : text);
		if (words[len])
			fprintf(out,
			        "complete -c understudy -f -n '__fish_seen_subcommand_from %.*s' -a %s -d '%s'\n",
			        (int)len, words, words + len + 1, text);
	}
	for (enum flag_kind flag = 0; flag < FLAG_COUNT; flag++)
		fprintf(out, "complete -c understudy -l %s -d '%s'\n", flag_row(flag)->name,
		        flag_row(flag)->text);
}

bool help_completion(FILE *out, const char *shell) {
	if (strcmp(shell, "zsh") == 0) fputs("autoload -U +X bashcompinit && bashcompinit\n", out);
	if (strcmp(shell, "bash") == 0 || strcmp(shell, "zsh") == 0)
		completion_bash(out);
	else if (strcmp(shell, "fish") == 0)
		completion_fish(out);
	else
		return false;
	return true;
}
