#include "cli/client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/alloc.h"
#include "control/protocol.h"

#define PATIENCE_S 60 /* for one reply */

struct client {
	int fd;
	char *buf; /* what was received and not taken yet */
	size_t len, cap;
};

static enum err fails(char error[static CLIENT_ERROR_MAX], const char *path) {
	snprintf(error, CLIENT_ERROR_MAX, "no daemon answers at %s: %s", path, strerror(errno));
	return ERR_IO;
}

enum err client_open(const char *path, struct client **out_client, char error[static CLIENT_ERROR_MAX]) {
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct timeval patience = { .tv_sec = PATIENCE_S };
	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return fails(error, path);
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0) return fails(error, path);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)); /* else it waits longer */
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
		enum err e = fails(error, path);
		close(fd);
		return e;
	}
	struct client *c = xcalloc(1, sizeof(*c));
	c->fd = fd;
	*out_client = c;
	return OK;
}

void client_close(struct client *c) {
	if (!c) return;
	close(c->fd);
	free(c->buf);
	free(c);
}

static enum err send_all(int fd, const char *data, size_t len) {
	while (len > 0) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR) continue;
		if (n < 0) return ERR_IO;
		data += n;
		len -= (size_t)n;
	}
	return OK;
}

enum err client_send(struct client *c, json_t *o) {
	char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;
	json_decref(o);
	if (!text) return ERR_MALFORMED; /* the zone's name is not UTF-8 */
	enum err e = send_all(c->fd, text, strlen(text));
	if (e == OK) e = send_all(c->fd, "\n", 1);
	free(text);
	return e;
}

enum err client_ask(struct client *c, const char *request, const char *zone) {
	return client_send(c, json_pack("{s:s, s:s*}", "request", request, "zone", zone));
}

static enum err receive_more(struct client *c) {
	if (c->len == c->cap) {
		if (c->cap >= CONTROL_REPLY_MAX) return ERR_LIMIT;
		c->cap = c->cap ? c->cap * 2 : 65536;
		c->buf = xrealloc(c->buf, c->cap);
	}
	for (;;) {
		ssize_t n = recv(c->fd, c->buf + c->len, c->cap - c->len, 0);
		if (n < 0 && errno == EINTR) continue;
		if (n < 0) return errno == EAGAIN ? ERR_TIMEOUT : ERR_CLOSED;
		if (n == 0) return ERR_CLOSED;
		c->len += (size_t)n;
		return OK;
	}
}

enum err client_reply(struct client *c, json_t **out_reply) {
	size_t looked = 0;
	const char *end = NULL;
	while (!end) {
		end = c->len > looked ? memchr(c->buf + looked, '\n', c->len - looked) : NULL;
		looked = c->len;
		enum err e = end ? OK : receive_more(c);
		if (e != OK) return e;
	}
	json_error_t error;
	size_t line = (size_t)(end - c->buf);
	json_t *reply = json_loadb(c->buf, line, 0, &error);
	c->len -= line + 1;
	memmove(c->buf, c->buf + line + 1, c->len);
	if (!json_is_object(reply)) {
		json_decref(reply);
		return ERR_MALFORMED;
	}
	*out_reply = reply;
	return OK;
}
