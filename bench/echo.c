/* What the kernel takes for a question and an answer by UDP, whoever answers: packets are read and sent in batches, and each
 * goes back as it came, marked as an answer.  A name server can't cost less than this without another way into the kernel.
 *
 *   bench_echo PORT [batch]      on 127.0.0.1, until it is ended */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { BATCH_MAX = 256, PACKET_MAX = 512, QR = 0x80 };

static int open_socket(unsigned short port) {
	struct sockaddr_in at = { .sin_family = AF_INET,
		                  .sin_port = htons(port),
		                  .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_DGRAM, 0), size = 4 << 20;
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)) < 0 ||
	    bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0) {
		perror("bench_echo");
		exit(1);
	}
	return fd;
}

static void echo(int fd, unsigned batch) {
	static struct mmsghdr messages[BATCH_MAX];
	static struct sockaddr_in peers[BATCH_MAX];
	static struct iovec vectors[BATCH_MAX];
	static unsigned char packets[BATCH_MAX][PACKET_MAX];
	for (;;) {
		for (unsigned i = 0; i < batch; i++) {
			vectors[i] = (struct iovec){ packets[i], PACKET_MAX };
			messages[i].msg_hdr = (struct msghdr){ .msg_name = &peers[i],
				                               .msg_namelen = sizeof(peers[i]),
				                               .msg_iov = &vectors[i],
				                               .msg_iovlen = 1 };
		}
		int got = recvmmsg(fd, messages, batch, MSG_WAITFORONE, NULL);
		for (int i = 0; i < got; i++) {
			vectors[i].iov_len = messages[i].msg_len;
			packets[i][2] |= QR;
		}
		for (int sent = 0, n; sent < got; sent += n)
			if ((n = sendmmsg(fd, messages + sent, (unsigned)(got - sent), 0)) <= 0) break;
	}
}

int main(int argc, char **argv) {
	unsigned batch = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 64;
	if (argc < 2 || batch < 1 || batch > BATCH_MAX) return 2;
	echo(open_socket((unsigned short)strtoul(argv[1], NULL, 10)), batch);
	return 0;
}
