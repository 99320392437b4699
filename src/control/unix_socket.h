/* The file of a listening Unix stream socket.  For src/control only. */
#ifndef UNDERSTUDY_CONTROL_UNIX_SOCKET_H
#define UNDERSTUDY_CONTROL_UNIX_SOCKET_H

#include <sys/types.h>

#include "base/err.h"
#include "base/why.h"

/* Bind path, with this mode from the first moment that anybody may connect.  ERR_IO with words in why: a live daemon
 * answers there, or something else than a socket stands there.  The file of a daemon that died is replaced. */
MUST_CHECK enum err unix_socket_bind(const char *path, mode_t mode, int *out_fd, struct why *why);
/* The same words for what fails later. */
enum err unix_socket_fails(struct why *why, const char *path, const char *what);

#endif
