/* A small process beside the daemon, forked while that may still become others: it starts understudy-web as its own user,
 * again when it is told so, and says when it has ended.  It ends with the daemon, however that ends, and takes
 * understudy-web with it.
 *
 *   daemon --launcher_start--> launcher --fork, setuid, exec--> understudy-web
 *          <--"runs" pid, "ended" status--
 *
 * Thread: main, before there is any other. */
#ifndef UNDERSTUDY_DAEMON_LAUNCHER_H
#define UNDERSTUDY_DAEMON_LAUNCHER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

struct launcher_job {
	const char *program; /* NULL: beside us, else in the PATH */
	const char *user;    /* NULL: who we are */
	const char *socket;  /* given to the user, and named in its arguments */
	const char *log_level, *log_format;
};

enum launcher_word { LAUNCHER_RUNS, LAUNCHER_ENDED, LAUNCHER_FAILED };
/* What the launcher says. */
struct launcher_news {
	int32_t word;
	int32_t number; /* RUNS: pid; ENDED: status as of waitpid; FAILED: errno */
};

/* The job is read in the new process only; what it points to is not needed any more by the daemon.  out_fd: to talk over;
 * closing it ends the launcher.  ERR_LIMIT: no process to be had. */
MUST_CHECK enum err launcher_fork(const struct launcher_job *job, int *out_fd, pid_t *out_pid);
/* Over that descriptor.  ERR_CLOSED: the launcher is gone. */
MUST_CHECK enum err launcher_start(int fd);
MUST_CHECK enum err launcher_hangup(int fd); /* SIGHUP to understudy-web */
/* ERR_AGAIN: no news; ERR_CLOSED: the launcher is gone. */
MUST_CHECK enum err launcher_hear(int fd, struct launcher_news *out_news);

#endif
