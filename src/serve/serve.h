/* One packet in, one packet out.  Sans-IO: the worker thread of the daemon owns the sockets and the clock.
 *
 *   parse → limits → NOTIFY / query → longest-match zone → lookup → plan (rrset, section)… → encode → TSIG
 *
 * No lock, no allocation, no log line on the query path; what is rare (NOTIFY, transfers out) may log. */
#ifndef UNDERSTUDY_SERVE_SERVE_H
#define UNDERSTUDY_SERVE_SERVE_H

#include "base/clock.h"
#include "base/log.h"
#include "dns/cookie.h"
#include "inventory/policy.h"
#include "serve/rate_limit.h"
#include "zone/sought.h"
#include "zone/table.h"

enum serve_transport { SERVE_UDP, SERVE_TCP, SERVE_TLS };

#define SERVE_TRANSFERS_OUT_MAX 1024

/* How to answer; borrowed by the calls that take it, which make copies. */
struct serve_settings {
	const char *nsid;    /* who we are (RFC 5001, RFC 4892), up to 255 octets; NULL: not told */
	const char *version; /* version.bind of class CHAOS, up to 255 octets; NULL: not told */
	bool cookies;        /* RFC 7873; false: the option is ignored */
	struct cookie_secrets cookie_secrets; /* count 0: a random one, made by serve_new */
	uint16_t udp_size;                    /* largest UDP answer, 1232 */
	unsigned transfers_out_max;           /* at once, over all workers; at most SERVE_TRANSFERS_OUT_MAX */
	unsigned transfers_out_per_client;    /* to one IPv4 address or IPv6 /64; 0: no bound but the other */
	unsigned transfer_out_timeout_s;      /* a longer one is given up; 0: none is */
	unsigned tcp_idle_ms;                 /* told by edns-tcp-keepalive (RFC 7828); 0: nothing is told */
	const struct addr_prefix *refuse;     /* who is there gets REFUSED and nothing else */
	unsigned refuse_count;
	struct rate_settings rate_limit; /* of answers by UDP; with zeros alone: none */
};

/* Whom serve tells about a NOTIFY.  Any worker thread.  serial: of the SOA in the answer section,
 * has_serial false if none came.  peer: who sent it. Must not block. */
struct serve_notify_sink {
	void *ctx;
	void (*notified)(void *ctx, struct zone_entry *entry, const struct addr *peer, bool has_serial,
	                 uint32_t serial);
	/* One that was refused, of a zone that is held here.  key: as the request named it, NULL: not signed;
	 * tsig_error: 0 if its signature is right. */
	void (*refused)(void *ctx, const struct zone_entry *entry, const struct addr *peer,
	                const uint8_t *key, uint16_t tsig_error);
};

struct serve;        /* shared by all workers, immutable but for atomics */
struct serve_worker; /* one a worker thread: encoder, statistics */

/* epoch: the one that workers are readers of; former settings are freed by it.  All pointers are borrowed and live as
 * long as the serve. */
struct serve *serve_new(const struct serve_settings *settings, const struct zone_table *table,
                        struct epoch *epoch, struct log *log, const struct serve_notify_sink *sink);
void serve_free(struct serve *s);
/* Other settings from now on; a packet is answered by the former ones or by these, whole.  Thread: one at a time, any;
 * workers may run. */
void serve_configure(struct serve *s, const struct serve_settings *settings);
struct serve_worker *serve_worker_new(struct serve *s, unsigned number);
void serve_worker_free(struct serve_worker *w);

/* Keys for requests that carry TSIG come from the zone's policy.  Thread: any; readers see it by epoch. */

#define SERVE_EXPECTED_MAX 64 /* requests that are expected at once */

/* A request as it came; all borrowed. */
struct serve_request {
	const uint8_t *data;
	size_t len;
	const struct addr *peer;
	struct moment now;
	enum serve_transport transport;
	const struct pin *pin; /* of the client's certificate, over TLS; NULL: it has shown none */
	unsigned
		tcp_idle_ms; /* what this connection may be idle now, if less than the settings say; 0: as they say */
	const struct sought *sought; /* by serve_expect; NULL: it was not called */
};

/* Many requests are about to be answered: their names are prepared, and what answering will read is asked for, so that
 * all of them wait for memory at once.  Sets their `sought`; then each has to be answered before the next call, and
 * inside the same epoch.  At most SERVE_EXPECTED_MAX.  No answer depends on it. */
void serve_expect(struct serve_worker *w, struct serve_request *requests, unsigned count);

/* Answer one request.  Called inside an epoch.  Result: octets in out (0: no answer), never more than cap.
 * For a transfer request by TCP or TLS that is admitted, *out_stream is set instead (else NULL): the caller then pulls
 * messages by serve_stream_next.  out_stream may be NULL for UDP. */
struct serve_stream;
size_t serve_packet(struct serve_worker *w, const struct serve_request *request, uint8_t *out, size_t cap,
                    struct serve_stream **out_stream);

/* Next message of a transfer out (at most cap <= 65535 octets).  0: the end; -1: failed, close the connection.
 * Holds a reference on the version: needs no epoch.  Logs its end. */
long serve_stream_next(struct serve_stream *stream, struct moment now, uint8_t *out, size_t cap);
/* At any time; aborts an unfinished one. */
void serve_stream_free(struct serve_stream *stream);

/* Counters, summed over workers (relaxed reads).  SERVE_COUNTER(name) rows in serve/counters.def. */
struct serve_counters {
#define SERVE_COUNTER(name, text) uint64_t name;
#include "serve/counters.def"
#undef SERVE_COUNTER
};
/* Log whom the rate limits hold for.  To be called about every second.  Thread: that of serve_configure. */
void serve_report(const struct serve *s, struct moment now);
void serve_count(const struct serve *s, struct serve_counters *out_sum);

#endif
