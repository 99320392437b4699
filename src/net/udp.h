/* UDP questions in batches: one recvmmsg, one call of the handler, one sendmmsg.  All buffers are allocated once, and only as
 * many of their pages are touched as packets take: short requests stand close together, and answers behind each other.
 * Thread: a batch belongs to the worker that made it; its counters may be read by any thread. */
#ifndef UNDERSTUDY_NET_UDP_H
#define UNDERSTUDY_NET_UDP_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/prefix_set.h"

#define UDP_BATCH_MAX 64       /* packets of one recvmmsg */
#define UDP_REQUEST_MAX 4096   /* octets of a request, a proxy's header included; longer ones are dropped */
#define UDP_ANSWER_MAX 4096    /* octets of an answer */
#define UDP_BATCHES_PER_TURN 8 /* receives of one socket before the worker looks at its other sockets */

/* A request and its answer. */
struct udp_packet {
	const uint8_t *request; /* may not be kept */
	size_t request_len;     /* at most UDP_REQUEST_MAX */
	struct addr peer;       /* who may be behind a proxy */
	uint8_t *answer;        /* udp_answer_begin sets it */
	size_t answer_len;      /* 0 before it is answered; 0 then: no answer */
};

/* Where packet i is answered: room for UDP_ANSWER_MAX octets.  For each packet of a batch, in their order: an answer begins
 * behind the one before, whose length is known by then. */
static inline uint8_t *udp_answer_begin(struct udp_packet *packets, unsigned i) {
	const struct udp_packet *before = &packets[i - (i > 0)];
	if (i > 0) packets[i].answer = before->answer + (before->answer_len + 63) / 64 * 64;
	return packets[i].answer;
}

/* What answers. */
struct udp_handler {
	/* All that came at once, at most UDP_BATCH_MAX and at least one: write the answers (udp_answer_begin) and set their
	 * lengths. */
	void (*answer)(void *ctx, struct udp_packet *packets, unsigned count);
	/* After every batch, when nothing of it is borrowed; NULL: none. */
	void (*between_batches)(void *ctx);
	void *ctx;
};

struct udp_counters {
	uint64_t received;
	uint64_t too_long;        /* requests beyond UDP_REQUEST_MAX, dropped */
	uint64_t bad_source;      /* source port 0, dropped: nobody can be answered there */
	uint64_t proxied;         /* requests with the header of a proxy */
	uint64_t proxy_malformed; /* dropped: a header from a listed address that can't be read */
	uint64_t proxy_refused;   /* dropped: a header from an address that is not listed */
	uint64_t sent;
	uint64_t send_failed; /* answers that the kernel did not take, dropped */
};

struct udp_batch;
struct udp_batch *udp_batch_new(void);
void udp_batch_free(struct udp_batch *b);

/* Any thread, from the next batch on: whose requests may have a header that says who asks (net/proxy.h); NULL: nobody's.
 * Borrowed.  Where any are listed, headers of others are dropped.  Answers go to the proxy. */
void udp_batch_set_proxies(struct udp_batch *b, const struct prefix_set *proxies);

/* Receive from fd (non-blocking) and answer until nothing waits or UDP_BATCHES_PER_TURN receives are done.
 * Returns the number of packets received; what is left waits for the next call. */
unsigned udp_serve(struct udp_batch *b, int fd, const struct udp_handler *handler);

/* A copy of the counters; any thread. */
struct udp_counters udp_batch_counters(const struct udp_batch *b);

#endif
