#include "daemon/privileges.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"

struct owner {
	bool wanted;
	uid_t uid;
	gid_t gid;
};

static enum err fails(char out_text[static PRIVILEGES_TEXT_MAX], const char *what, const char *name) {
	snprintf(out_text, PRIVILEGES_TEXT_MAX, "%s %s: %s", what, name, strerror(errno));
	return ERR_IO;
}

/* By descriptor and without following a link, since a folder may stand where others can write. */
static int folder_give(const char *path, const struct owner *owner) {
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) return -1;
	int status = fchown(fd, owner->uid, owner->gid);
	int saved = errno;
	close(fd);
	errno = saved;
	return status;
}

static enum err folder_make(const char *path, mode_t mode, bool give_always, const struct owner *owner,
                            char out_text[static PRIVILEGES_TEXT_MAX]) {
	bool made = mkdir(path, mode) == 0;
	if (!made && errno != EEXIST) return fails(out_text, "cannot make the folder", path);
	if (!owner->wanted || (!made && !give_always)) return OK;
	if (folder_give(path, owner) != 0) return fails(out_text, "cannot give away the folder", path);
	return OK;
}

static enum err socket_folder_make(const char *socket, const struct owner *owner,
                                   char out_text[static PRIVILEGES_TEXT_MAX]) {
	const char *slash = strrchr(socket, '/');
	if (!slash || slash == socket) return OK;
	char *folder = xstrdup(socket);
	folder[slash - socket] = '\0';
	enum err e = folder_make(folder, 0755, false, owner, out_text);
	free(folder);
	return e;
}

static enum err become(const char *user, const struct owner *owner,
                       char out_text[static PRIVILEGES_TEXT_MAX]) {
	if (initgroups(user, owner->gid) != 0 || setgid(owner->gid) != 0 || setuid(owner->uid) != 0) {
		return fails(out_text, "cannot become user", user);
	}
	if (owner->uid != 0 && setuid(0) == 0) {
		snprintf(out_text, PRIVILEGES_TEXT_MAX, "the way back from user %s to root is still open",
		         user);
		return ERR_IO;
	}
	return OK;
}

enum err privileges_drop(const char *user, const char *state_directory, const char *control_socket,
                         char out_text[static PRIVILEGES_TEXT_MAX]) {
	struct owner owner = { 0 };
	errno = 0;
	const struct passwd *entry = user ? getpwnam(user) : NULL;
	if (user && !entry) {
		snprintf(out_text, PRIVILEGES_TEXT_MAX, "no user %s: %s", user,
		         errno ? strerror(errno) : "not known");
		return ERR_IO;
	}
	if (entry) owner = (struct owner){ entry->pw_uid != geteuid(), entry->pw_uid, entry->pw_gid };
	enum err e = folder_make(state_directory, 0750, true, &owner, out_text);
	if (e == OK) e = socket_folder_make(control_socket, &owner, out_text);
	if (e == OK && owner.wanted) e = become(user, &owner, out_text);
	return e;
}

void privileges_raise_files(void) {
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit); /* then it stays as it was */
}
