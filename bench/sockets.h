/* Sockets of the primaries of these benches. */
#ifndef UNDERSTUDY_BENCH_SOCKETS_H
#define UNDERSTUDY_BENCH_SOCKETS_H

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

/* A UDP socket, or a TCP socket that listens; never blocks.  Ends the program if it can't be had. */
static inline int open_socket(const char *address, const char *port, int type) {
	struct sockaddr_in to = { .sin_family = AF_INET,
		                  .sin_port = htons((uint16_t)strtoul(port, NULL, 10)) };
	int one = 1, room = 8 << 20, fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	if (inet_pton(AF_INET, address, &to.sin_addr) != 1 ||
	    bind(fd, (struct sockaddr *)&to, sizeof(to)) != 0 ||
	    (type == SOCK_STREAM && listen(fd, 1024) != 0)) {
		perror(address);
		exit(1);
	}
	return fd;
}

/* The next connection, which never blocks; -1: there is none. */
static inline int accept_next(int listener) {
	int one = 1, fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd >= 0) (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

static inline void watch(int epoll, int fd, void *ptr, uint32_t events, int how) {
	struct epoll_event event = { .events = events, .data.ptr = ptr };
	if (epoll_ctl(epoll, how, fd, &event) != 0) perror("epoll_ctl");
}

#endif
