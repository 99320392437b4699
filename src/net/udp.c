/* UDP batches.  Slots hold what a packet needs from receiving to answering: the peer's address and the control data that
 * says which of our addresses was asked.  The kernel puts the first octets of a request into a row of short ones and the rest, which
 * hardly any has, where it has room enough; then the first are put before it.  Answers are gathered at the front of a second row of message headers, which point into slots and buffers. */
#include "net/udp.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "net/counter.h"
#include "net/proxy.h"

/* The larger of in_pktinfo and in6_pktinfo, with its header. */
#define CONTROL_MAX CMSG_SPACE(sizeof(struct in6_pktinfo))

struct udp_slot {
	struct sockaddr_storage peer;
	struct iovec request_iov[2];
	struct iovec answer_iov;
	_Alignas(struct cmsghdr) uint8_t control[CONTROL_MAX];
};

#define SHORT_MAX 512 /* octets of a request that is short */

/* The beginnings of neighbours do not compete for the same lines of the cache. */
struct udp_short {
	uint8_t octets[SHORT_MAX];
	uint8_t apart[64];
};

struct udp_live_counters {
	struct counter received, too_long, bad_source, sent, send_failed;
	struct counter proxied, proxy_malformed, proxy_refused;
};

struct udp_batch {
	struct udp_live_counters counters;
	_Atomic(const struct prefix_set *) next_proxies;
	const struct prefix_set *proxies; /* of the batch in work */
	unsigned used;                    /* headers of `in` that the last receive changed */
	struct mmsghdr in[UDP_BATCH_MAX];
	struct mmsghdr out[UDP_BATCH_MAX];
	struct udp_packet packets[UDP_BATCH_MAX]; /* of the batch in work, those that are not dropped */
	uint8_t slot_of[UDP_BATCH_MAX];           /* where each of them is */
	struct udp_slot slots[UDP_BATCH_MAX];
	_Alignas(64) struct udp_short shorts[UDP_BATCH_MAX]; /* of the slots */
	uint8_t longs[UDP_BATCH_MAX][UDP_REQUEST_MAX];
	_Alignas(64) uint8_t answers[UDP_BATCH_MAX * UDP_ANSWER_MAX];
};

struct udp_batch *udp_batch_new(void) {
	struct udp_batch *b = xpages(sizeof(*b));
	b->used = UDP_BATCH_MAX;
	for (unsigned i = 0; i < UDP_BATCH_MAX; i++) {
		struct udp_slot *slot = &b->slots[i];
		slot->request_iov[0] = (struct iovec){ b->shorts[i].octets, SHORT_MAX };
		slot->request_iov[1] = (struct iovec){ b->longs[i] + SHORT_MAX, UDP_REQUEST_MAX - SHORT_MAX };
		b->in[i].msg_hdr.msg_name = &slot->peer;
		b->in[i].msg_hdr.msg_iov = slot->request_iov;
		b->in[i].msg_hdr.msg_iovlen = 2;
		b->in[i].msg_hdr.msg_control = slot->control;
	}
	return b;
}

void udp_batch_set_proxies(struct udp_batch *b, const struct prefix_set *proxies) {
	atomic_store_explicit(&b->next_proxies, proxies, memory_order_release);
}

void udp_batch_free(struct udp_batch *b) {
	if (b) xpages_free(b, sizeof(*b));
}

/* Number of packets received, 0 when nothing waits.  The kernel shortens the lengths, so they are set anew for
 * those slots that the last call used. */
static unsigned receive(struct udp_batch *b, int fd) {
	for (unsigned i = 0; i < b->used; i++) {
		b->in[i].msg_hdr.msg_namelen = sizeof(b->slots[i].peer);
		b->in[i].msg_hdr.msg_controllen = CONTROL_MAX;
	}
	int n;
	do {
		n = recvmmsg(fd, b->in, UDP_BATCH_MAX, MSG_DONTWAIT, NULL);
	} while (n < 0 && errno == EINTR);
	/* Other errors are those of earlier answers (ICMP); the next call is free of them. */
	b->used = n > 0 ? (unsigned)n : 0;
	return b->used;
}

/* The interface is left to routing, but for link-local addresses, which mean nothing without it. */
static void control_free_interface(struct msghdr *header) {
	struct cmsghdr *c = CMSG_FIRSTHDR(header);
	if (!c) return;
	if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
		struct in_pktinfo info;
		memcpy(&info, CMSG_DATA(c), sizeof(info));
		info.ipi_ifindex = 0; /* ipi_spec_dst, the address asked, is what it leaves from */
		memcpy(CMSG_DATA(c), &info, sizeof(info));
	} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
		struct in6_pktinfo info;
		memcpy(&info, CMSG_DATA(c), sizeof(info));
		if (!IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr)) info.ipi6_ifindex = 0;
		memcpy(CMSG_DATA(c), &info, sizeof(info));
	}
}

/* Make the answer to packet p, which came in slot i, the next to send. */
static void queue_answer(struct udp_batch *b, unsigned i, const struct udp_packet *p, unsigned position) {
	struct udp_slot *slot = &b->slots[i];
	struct msghdr *out = &b->out[position].msg_hdr;
	slot->answer_iov = (struct iovec){ p->answer, p->answer_len };
	*out = b->in[i].msg_hdr; /* peer and control data */
	out->msg_iov = &slot->answer_iov;
	out->msg_iovlen = 1;
	out->msg_flags = 0;
	if (out->msg_controllen == 0)
		out->msg_control = NULL;
	else
		control_free_interface(out);
}

/* Step over the header of a proxy and take whom it speaks for as the peer.  False: drop the packet. */
static bool take_header(struct udp_batch *b, const uint8_t **data, size_t *len, struct addr *peer) {
	struct proxy_header header;
	enum err e = proxy_parse(*data, *len, &header);
	if (e == ERR_NOTFOUND) return true;
	if (!prefix_set_has(b->proxies, peer)) {
		counter_add(&b->counters.proxy_refused, 1);
		return false;
	}
	counter_add(e == OK ? &b->counters.proxied : &b->counters.proxy_malformed, 1);
	if (e != OK) return false; /* also ERR_AGAIN: nothing more of it comes */
	*data += header.len;
	*len -= header.len;
	if (header.source.family != AF_UNSPEC) *peer = header.source;
	return true;
}

static const uint8_t *request_at(struct udp_batch *b, unsigned i) {
	if (b->in[i].msg_len <= SHORT_MAX) return b->shorts[i].octets;
	memcpy(b->longs[i], b->shorts[i].octets, SHORT_MAX);
	return b->longs[i];
}

/* Make a packet of what the slot received.  False: drop it. */
static bool make_packet(struct udp_batch *b, unsigned i, struct udp_packet *out) {
	struct udp_slot *slot = &b->slots[i];
	if (b->in[i].msg_hdr.msg_flags & MSG_TRUNC) {
		counter_add(&b->counters.too_long, 1);
		return false;
	}
	out->peer = addr_from_sockaddr((const struct sockaddr *)&slot->peer);
	if (out->peer.port == 0) {
		counter_add(&b->counters.bad_source, 1);
		return false;
	}
	out->request = request_at(b, i);
	out->request_len = b->in[i].msg_len;
	out->answer = out == b->packets ? b->answers : NULL; /* udp_answer_begin leads on from the first */
	out->answer_len = 0;
	return !b->proxies || take_header(b, &out->request, &out->request_len, &out->peer);
}

/* Number of answers that are ready to send. */
static unsigned answer_batch(struct udp_batch *b, unsigned received, const struct udp_handler *handler) {
	unsigned count = 0, pending = 0;
	for (unsigned i = 0; i < received; i++) {
		b->slot_of[count] = (uint8_t)i;
		if (make_packet(b, i, &b->packets[count])) count++;
	}
	if (count > 0) handler->answer(handler->ctx, b->packets, count);
	for (unsigned i = 0; i < count; i++)
		if (b->packets[i].answer_len > 0) queue_answer(b, b->slot_of[i], &b->packets[i], pending++);
	return pending;
}

/* An answer that the kernel does not take is dropped, the next one gets its chance: the client asks again. */
static void send_answers(struct udp_batch *b, int fd, unsigned pending) {
	unsigned done = 0, failed = 0;
	while (done < pending) {
		int n = sendmmsg(fd, b->out + done, pending - done, MSG_DONTWAIT);
		if (n < 0 && errno == EINTR) continue;
		if (n <= 0) {
			failed++;
			done++;
		} else {
			done += (unsigned)n;
		}
	}
	counter_add(&b->counters.sent, pending - failed);
	counter_add(&b->counters.send_failed, failed);
}

unsigned udp_serve(struct udp_batch *b, int fd, const struct udp_handler *handler) {
	unsigned total = 0, received = UDP_BATCH_MAX;
	for (unsigned turn = 0; turn < UDP_BATCHES_PER_TURN && received == UDP_BATCH_MAX; turn++) {
		received = receive(b, fd);
		b->proxies = atomic_load_explicit(&b->next_proxies, memory_order_acquire);
		counter_add(&b->counters.received, received);
		send_answers(b, fd, answer_batch(b, received, handler));
		total += received;
		if (handler->between_batches) handler->between_batches(handler->ctx);
	}
	return total;
}

struct udp_counters udp_batch_counters(const struct udp_batch *b) {
	const struct udp_live_counters *c = &b->counters;
	return (struct udp_counters){
		.received = counter_get(&c->received),
		.too_long = counter_get(&c->too_long),
		.bad_source = counter_get(&c->bad_source),
		.proxied = counter_get(&c->proxied),
		.proxy_malformed = counter_get(&c->proxy_malformed),
		.proxy_refused = counter_get(&c->proxy_refused),
		.sent = counter_get(&c->sent),
		.send_failed = counter_get(&c->send_failed),
	};
}
