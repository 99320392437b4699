/* Why a child: docs/decisions/0003-database-read-by-a-child-first.md. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "store/database.h"

enum { CHILD_SOUND = 0, CHILD_DAMAGED = 1, CHILD_UNSURE = 64 };

static int judge(const char *path, size_t max_bytes) {
	struct why why;
	struct database *db;
	enum err e = database_open(path, max_bytes, &db, &why);
	if (e == OK) {
		e = database_check(db);
		database_close(db);
	}
	return e == OK ? CHILD_SOUND : e == ERR_CORRUPT ? CHILD_DAMAGED : CHILD_UNSURE;
}

/* Signals that damage causes. */
static const int deadly[] = { SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL };
#define DEADLY (sizeof(deadly) / sizeof(deadly[0]))

static _Noreturn void child(const char *path, size_t max_bytes) {
	struct rlimit none = { 0, 0 };
	(void)setrlimit(RLIMIT_CORE, &none); /* at worst a core file is left */
	for (size_t i = 0; i < DEADLY; i++) {
		(void)signal(deadly[i],
		             SIG_DFL); /* handlers are the parent's; a deadly signal ends the child here */
	}
	_exit(judge(path, max_bytes));
}

static bool died_of_damage(int status) {
	if (!WIFSIGNALED(status)) return false;
	for (size_t i = 0; i < DEADLY; i++) {
		if (WTERMSIG(status) == deadly[i]) return true;
	}
	return false;
}

static pid_t fork_now(const char *path, size_t max_bytes) {
	struct stat st;
	if (stat(path, &st) != 0 || st.st_size == 0) return -1;
	pid_t pid = fork();
	if (pid == 0) child(path, max_bytes);
	return pid;
}

static enum err wait_for(pid_t child, const char *path, struct why *why) {
	int status;
	while (waitpid(child, &status, 0) < 0) {
		if (errno != EINTR) return OK;
	}
	if (died_of_damage(status)) {
		why_set(why, REASON_STORE_DAMAGED, "%s is damaged: reading it ends in \"%s\"", path,
		        strsignal(WTERMSIG(status)));
		return ERR_CORRUPT;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == CHILD_DAMAGED) {
		why_set(why, REASON_STORE_DAMAGED, "%s is damaged, or no database", path);
		return ERR_CORRUPT;
	}
	return OK;
}

/* -- behind the start ------------------------------------------------------------------------------------------- */

#define LATER_S 5 /* answering comes first */

/* Nobody waits for it, and it holds nothing of its parent's: no socket, no lock. */
static _Noreturn void child_later(const char *path, size_t max_bytes, const char *mark) {
	(void)close_range(3, ~0U, 0); /* of an old kernel it holds sockets for some seconds */
	(void)setpriority(PRIO_PROCESS, 0, 19);
	(void)sleep(LATER_S);
	struct rlimit none = { 0, 0 };
	(void)setrlimit(RLIMIT_CORE, &none);
	for (size_t i = 0; i < DEADLY; i++)
		(void)signal(deadly[i], SIG_DFL);
	int result = judge(path, max_bytes);
	if (result != CHILD_DAMAGED) (void)unlink(mark); /* what stays makes the next start check first */
	_exit(result);
}

/* A child's child: the system reaps it. */
static void fork_later(const char *path, size_t max_bytes, const char *mark) {
	pid_t pid = fork();
	if (pid == 0) {
		if (fork() == 0) child_later(path, max_bytes, mark);
		_exit(0);
	}
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
	}
}

static bool is_large(const char *path) {
	struct stat st;
	return stat(path, &st) == 0 && st.st_size > (off_t)DATABASE_PROBE_BYTES;
}

static char *mark_of(const char *path) {
	static const char suffix[] = ".unchecked";
	size_t len = strlen(path);
	char *mark = xmalloc(len + sizeof(suffix));
	memcpy(mark, path, len);
	memcpy(mark + len, suffix, sizeof(suffix));
	return mark;
}

struct database_probe database_probe_begin(const char *path, size_t max_bytes) {
	struct database_probe probe = { .child = -1, .is_later = false };
	char *mark = mark_of(path);
	int fd = is_large(path) ? open(mark, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640) : -1;
	if (fd >= 0) {
		close(fd);
		fork_later(path, max_bytes, mark);
		probe.is_later = true;
	} else {
		probe.child = fork_now(path, max_bytes);
	}
	free(mark);
	return probe;
}

enum err database_probe_end(struct database_probe probe, const char *path, struct why *why) {
	if (probe.is_later) return OK;
	enum err e = probe.child > 0 ? wait_for(probe.child, path, why) : OK;
	char *mark = mark_of(path);
	(void)unlink(mark); /* mostly there is none */
	free(mark);
	return e;
}
