/* A line on a terminal that tells how far a long command is; nothing where standard error is none. */
#ifndef UNDERSTUDY_CLI_PROGRESS_H
#define UNDERSTUDY_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	const char *what; /* "zones" */
	uint64_t total;   /* 0: not known */
	int64_t begun_ms, shown_ms;
	bool on; /* there is a terminal */
};

void progress_begin(struct progress *p, const char *what, uint64_t total);
/* At most ten times a second. */
void progress_show(struct progress *p, uint64_t done);
/* Takes the line away. */
void progress_end(struct progress *p);

/* "[#####.....]  50 %  500 of 1000 zones, 250/s, 2 s to go" into buf, without newline.  Pure. */
#define PROGRESS_TEXT_MAX 160
const char *progress_text(const struct progress *p, uint64_t done, int64_t now_ms,
                          char buf[static PROGRESS_TEXT_MAX]);

#endif
