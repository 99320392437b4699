#include "control/unix_socket.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum err unix_socket_fails(struct why *why, const char *path, const char *what) {
	why_set(why, REASON_INTERNAL, "control socket %s: %s", path, what);
	return ERR_IO;
}

static bool answers(const struct sockaddr_un *address) {
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0) return true; /* not known: do not take it away */
	int status = connect(fd, (const struct sockaddr *)address, sizeof(*address));
	bool dead = status != 0 && errno == ECONNREFUSED;
	close(fd);
	return !dead;
}

/* The file of a daemon that died is replaced; anything else than a socket is left alone. */
static enum err clear_place(const struct sockaddr_un *address, struct why *why) {
	struct stat st;
	if (lstat(address->sun_path, &st) != 0)
		return errno == ENOENT ? OK : unix_socket_fails(why, address->sun_path, strerror(errno));
	if (!S_ISSOCK(st.st_mode))
		return unix_socket_fails(why, address->sun_path, "something else than a socket is there");
	if (answers(address))
		return unix_socket_fails(why, address->sun_path, "another daemon answers there");
	if (unlink(address->sun_path) != 0) return unix_socket_fails(why, address->sun_path, strerror(errno));
	return OK;
}

/* A Unix socket can be connected to by who may write to its file: until chmod that is at most its owner. */
enum err unix_socket_bind(const char *path, mode_t mode, int *out_fd, struct why *why) {
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(address.sun_path))
		return unix_socket_fails(why, path, "the path is too long");
	memcpy(address.sun_path, path, strlen(path) + 1);
	enum err e = clear_place(&address, why);
	if (e != OK) return e;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0) return unix_socket_fails(why, path, strerror(errno));
	if (fchmod(fd, 0600) != 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
	    chmod(path, mode) != 0) {
		e = unix_socket_fails(why, path, strerror(errno));
		close(fd);
		return e;
	}
	*out_fd = fd;
	return OK;
}
