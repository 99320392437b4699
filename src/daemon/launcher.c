#include "daemon/launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATH_LEN 4096
#define PROGRAM "understudy-web"
#define PATIENCE_MS 3000 /* after SIGTERM */
#define EXIT_EXEC 127

struct launcher {
	const struct launcher_job *job;
	int fd, signals; /* to the daemon; of SIGCHLD */
	pid_t child;     /* 0: none */
	bool has_user;
	uid_t uid;
	gid_t gid;
};

/* -- the process to be --------------------------------------------------------------------------------------------- */

/* Beside our own program, or where an installation puts it; else execvp looks. */
static const char *program_path(const struct launcher_job *job, char path[static PATH_LEN]) {
	static const char *const places[] = { PROGRAM, "../libexec/understudy/" PROGRAM, "../bin/" PROGRAM };
	char own[PATH_LEN];
	if (job->program) return job->program;
	ssize_t len = readlink("/proc/self/exe", own, sizeof(own) - 1);
	if (len <= 0) return PROGRAM;
	own[len] = '\0';
	char *slash = strrchr(own, '/');
	if (slash) *slash = '\0';
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		int n = snprintf(path, PATH_LEN, "%s/%s", own, places[i]);
		if (n > 0 && n < PATH_LEN && access(path, X_OK) == 0) return path;
	}
	return PROGRAM;
}

static bool become(const struct launcher *l) {
	if (l->job->user && !l->has_user) return false; /* better nobody than who we are */
	if (!l->has_user || l->uid == geteuid()) return true;
	return initgroups(l->job->user, l->gid) == 0 && setgid(l->gid) == 0 && setuid(l->uid) == 0 &&
	       (l->uid == 0 || setuid(0) != 0);
}

/* Of ours it gets the words that it needs: no door to the service manager (NOTIFY_SOCKET), no credentials, nothing that
 * loads code (LD_PRELOAD).  Sanitizers are the developers'. */
static void environment_clean(void) {
	static const char *const kept[] = { "PATH",         "TZ",           "LANG",         "LC_ALL",
		                            "ASAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS" };
	enum { KEPT = sizeof(kept) / sizeof(kept[0]) };
	const char *values[KEPT];
	for (size_t i = 0; i < KEPT; i++)
		values[i] = getenv(kept[i]);
	if (clearenv() != 0) _exit(EXIT_EXEC);
	for (size_t i = 0; i < KEPT; i++)
		if (values[i] && setenv(kept[i], values[i], 1) != 0) _exit(EXIT_EXEC);
	/* JSON is made of small pieces, of which a page of zones takes and gives back a hundred thousand. */
	if (setenv("GLIBC_TUNABLES", "glibc.malloc.tcache_count=16384", 1) != 0) _exit(EXIT_EXEC);
}

static void run(const struct launcher *l) __attribute__((noreturn));
static void run(const struct launcher *l) {
	char path[PATH_LEN];
	sigset_t none;
	sigemptyset(&none);
	const char *program = program_path(l->job, path);
	(void)signal(SIGINT, SIG_DFL); /* the launcher's own ways are not its child's */
	(void)signal(SIGTERM, SIG_DFL);
	(void)signal(SIGHUP, SIG_DFL);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (!become(l)) _exit(EXIT_EXEC);
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); /* it has none to lose otherwise */
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
	if (chdir("/") != 0) _exit(EXIT_EXEC);
	(void)close_range(3, ~0U, 0); /* nothing of ours is for it */
	environment_clean();
	execlp(program, PROGRAM, "--socket", l->job->socket, "--log-level", l->job->log_level, "--log-format",
	       l->job->log_format, (char *)NULL);
	_exit(EXIT_EXEC);
}

/* -- the launcher ---------------------------------------------------------------------------------------------------- */

static void say(const struct launcher *l, enum launcher_word word, int number) {
	const struct launcher_news news = { .word = word, .number = number };
	(void)send(l->fd, &news, sizeof(news), MSG_NOSIGNAL); /* a daemon that is gone hears nothing */
}

/* The daemon made the socket as its own user.  By descriptor and without following a link: the folder may be one where
 * others can write. */
static void socket_give(const struct launcher *l) {
	struct stat st;
	int fd = l->has_user ? open(l->job->socket, O_PATH | O_NOFOLLOW | O_CLOEXEC) : -1;
	if (fd < 0) return;
	if (fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode) && st.st_uid != l->uid &&
	    fchownat(fd, "", l->uid, (gid_t)-1, AT_EMPTY_PATH) != 0)
		perror("understudyd: the socket for understudy-web cannot be given to its user");
	close(fd);
}

static void start(struct launcher *l) {
	if (l->child != 0) return;
	socket_give(l);
	pid_t pid = fork();
	if (pid == 0) run(l);
	if (pid < 0) {
		say(l, LAUNCHER_FAILED, errno);
		return;
	}
	l->child = pid;
	say(l, LAUNCHER_RUNS, pid);
}

static void reap(struct launcher *l) {
	int status = 0;
	pid_t pid;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != l->child) continue;
		l->child = 0;
		say(l, LAUNCHER_ENDED, status);
	}
}

static void end(struct launcher *l) __attribute__((noreturn));
static void end(struct launcher *l) {
	struct pollfd waits = { .fd = l->signals, .events = POLLIN };
	if (l->child != 0) (void)kill(l->child, SIGTERM); /* our own child */
	if (l->child != 0 && poll(&waits, 1, PATIENCE_MS) == 0) (void)kill(l->child, SIGKILL);
	_exit(0);
}

/* false: the daemon is gone. */
static bool obey(struct launcher *l) {
	char word = 0;
	ssize_t n = recv(l->fd, &word, 1, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR)) return true;
	if (n <= 0) return false;
	if (word == 's') start(l);
	if (word == 'h' && l->child != 0) (void)kill(l->child, SIGHUP);
	return true;
}

static void serve(struct launcher *l) __attribute__((noreturn));
static void serve(struct launcher *l) {
	for (;;) {
		struct pollfd waits[] = { { .fd = l->fd, .events = POLLIN },
			                  { .fd = l->signals, .events = POLLIN } };
		struct signalfd_siginfo info;
		if (poll(waits, 2, -1) < 0 && errno != EINTR) end(l);
		if (read(l->signals, &info, sizeof(info)) > 0) reap(l);
		if (waits[0].revents && !obey(l)) end(l);
	}
}

static void user_find(struct launcher *l) {
	const struct passwd *entry = l->job->user ? getpwnam(l->job->user) : NULL;
	if (!entry) return;
	l->has_user = true;
	l->uid = entry->pw_uid;
	l->gid = entry->pw_gid;
}

/* In the new process.  It holds nothing of the daemon's but its end of the pair. */
static void launcher_main(const struct launcher_job *job, int fd) __attribute__((noreturn));
static void launcher_main(const struct launcher_job *job, int fd) {
	struct launcher l = { .job = job };
	sigset_t child;
	l.fd = dup2(fd, 3);
	(void)close_range(4, ~0U, 0);
	(void)signal(SIGINT, SIG_IGN); /* of a terminal or a service manager: it ends when the daemon does */
	(void)signal(SIGTERM, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &child, NULL);
	l.signals = signalfd(-1, &child, SFD_NONBLOCK | SFD_CLOEXEC);
	if (l.fd < 0 || l.signals < 0) _exit(1);
	(void)prctl(PR_SET_NAME, "understudy-lnch"); /* a name only */
	user_find(&l);
	serve(&l);
}

/* -- the daemon's side ------------------------------------------------------------------------------------------------- */

enum err launcher_fork(const struct launcher_job *job, int *out_fd, pid_t *out_pid) {
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0)
		return ERR_LIMIT;
	pid_t pid = fork();
	if (pid == 0) {
		close(pair[0]);
		launcher_main(job, pair[1]);
	}
	close(pair[1]);
	if (pid < 0) {
		close(pair[0]);
		return ERR_LIMIT;
	}
	*out_fd = pair[0];
	*out_pid = pid;
	return OK;
}

static enum err word_send(int fd, char word) {
	return send(fd, &word, 1, MSG_NOSIGNAL) == 1 ? OK : ERR_CLOSED;
}

enum err launcher_start(int fd) {
	return word_send(fd, 's');
}

enum err launcher_hangup(int fd) {
	return word_send(fd, 'h');
}

enum err launcher_hear(int fd, struct launcher_news *out_news) {
	struct launcher_news news;
	ssize_t n = recv(fd, &news, sizeof(news), MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR)) return ERR_AGAIN;
	if (n != sizeof(news)) return ERR_CLOSED;
	*out_news = news;
	return OK;
}
