#include "base/unix_send.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static bool address_of(const char *path, struct sockaddr_un *out_address, socklen_t *out_len) {
	size_t len = strlen(path);
	if ((path[0] != '/' && path[0] != '@') || len < 2 || len >= sizeof(out_address->sun_path))
		return false;
	*out_address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(out_address->sun_path, path, len);
	if (path[0] == '@') out_address->sun_path[0] = '\0';
	*out_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	return true;
}

bool unix_send(const char *path, struct iovec *parts, size_t count) {
	struct sockaddr_un address;
	socklen_t len;
	if (!address_of(path, &address, &len)) return false;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0) return false;
	const struct msghdr message = {
		.msg_name = &address, .msg_namelen = len, .msg_iov = parts, .msg_iovlen = count
	};
	bool sent = sendmsg(fd, &message, MSG_NOSIGNAL) >= 0;
	(void)close(fd); /* nothing was written to it but that */
	return sent;
}
