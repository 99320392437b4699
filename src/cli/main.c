/* understudy: look at a running understudyd and steer it. */
#include <stdio.h>

#include "cli/run.h"

int main(int argc, char **argv) {
	struct command command;
	char fault[COMMAND_FAULT_MAX];
	enum exit_status status = EXIT_DONE;
	if (command_parse(argc, (const char *const *)argv, &command, fault) != OK) {
		fprintf(stderr, "understudy: %s\nunderstudy --help lists the commands\n", fault);
		return EXIT_USAGE;
	}
	if (command.version)
		puts("understudy " UNDERSTUDY_VERSION);
	else
		status = command_run(&command);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		fprintf(stderr, "understudy: standard output cannot be written\n");
		return EXIT_NO;
	}
	return (int)status;
}
