/* The command line of understudy: what is asked for.  Pure; no printing. */
#ifndef UNDERSTUDY_CLI_COMMAND_H
#define UNDERSTUDY_CLI_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define COMMAND_FAULT_MAX 200
#define COMMAND_SERIALS_MAX 2

enum command_kind {
	COMMAND_STATUS,
	COMMAND_STATS,
	COMMAND_RELOAD,
	COMMAND_ZONE_LIST,
	COMMAND_ZONE_STATUS,
	COMMAND_ZONE_REFRESH,
	COMMAND_ZONE_RETRANSFER,
	COMMAND_ZONE_ACCEPT,
	COMMAND_ZONE_HOLD,
	COMMAND_ZONE_RELEASE,
	COMMAND_ZONE_HISTORY,
	COMMAND_ZONE_DIFF,
	COMMAND_ZONE_ROLLBACK,
	COMMAND_ZONE_EXPORT,
	COMMAND_HELP,
	COMMAND_VERSION
};

struct command {
	enum command_kind kind;
	const char *request; /* of the control protocol; NULL for help and version */
	const char *zone;    /* borrowed from argv; NULL: the command takes none */
	const char *serial_fields[COMMAND_SERIALS_MAX]; /* names in the request; NULL behind the last */
	uint32_t serials[COMMAND_SERIALS_MAX];
	const char *socket; /* never NULL */
	bool json;
	unsigned wait_s; /* 0: do not wait */
};

extern const char command_usage[];

/* ERR_MALFORMED: fault tells what is wrong and what is expected. */
MUST_CHECK enum err command_parse(int argc, const char *const *argv, struct command *out_command,
                                  char fault[static COMMAND_FAULT_MAX]);

#endif
