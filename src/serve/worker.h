/* What the files of this folder share: the serve and its workers, and one request on its way to its answer. */
#ifndef UNDERSTUDY_SERVE_WORKER_H
#define UNDERSTUDY_SERVE_WORKER_H

#include <stdatomic.h>

#include "base/epoch.h"
#include "dns/message.h"
#include "dns/tsig.h"
#include "serve/ede.h"
#include "serve/ixfr_out.h"
#include "serve/places.h"
#include "serve/plan.h"
#include "serve/serve.h"
#include "serve/settings.h"

#define CACHE_LINE 64
#define UDP_PLAIN_MAX 512 /* without EDNS, RFC 1035 section 4.2.1 */

enum serve_counter {
#define SERVE_COUNTER(name, text) COUNTER_##name,
#include "serve/counters.def"
#undef SERVE_COUNTER
	COUNTER_COUNT
};

struct serve {
	_Atomic(struct settings *) settings; /* never NULL */
	uint8_t own_secret[COOKIE_SECRET_LEN];
	const struct zone_table *table;
	struct epoch *epoch;
	struct log *log;
	struct rate_limit *limit; /* of the settings; changed by serve_configure only */
	struct serve_notify_sink sink;
	struct places places;                 /* of transfers out */
	_Atomic uint64_t gone[COUNTER_COUNT]; /* counts of workers that were freed */
	_Atomic(struct serve_worker *) workers[EPOCH_READERS_MAX];
};

struct serve_worker {
	struct serve *serve;
	unsigned number;
	/* Written by this worker only; a line of its own on both sides, so that no other thread's writes slow it. */
	uint8_t pad_before[CACHE_LINE];
	_Atomic uint64_t counters[COUNTER_COUNT];
	uint8_t pad_after[CACHE_LINE];
	struct encoder encoder;
	struct tsig_state tsig; /* of the request in work */
	struct sought sought;   /* likewise */
	struct sought expected[SERVE_EXPECTED_MAX];
	struct plan plan;
	struct ixfr_kept kept;
};

/* What an answer is, for whoever looks at answers before they go. */
enum answer_kind {
	ANSWER_ERROR, /* every RCODE but NOERROR and NXDOMAIN, and what follows from no zone */
	ANSWER_POSITIVE,
	ANSWER_NODATA,
	ANSWER_NXDOMAIN,
	ANSWER_REFERRAL
};

/* One request in work.  Lives on the stack of serve_packet. */
struct request {
	struct serve_worker *worker;
	struct serve *serve;
	const struct settings *settings;
	enum serve_transport transport;
	const struct addr *peer;
	const struct pin *pin;       /* as in the serve_request */
	const struct sought *sought; /* likewise */
	struct moment now;
	unsigned tcp_idle_ms; /* as in the serve_request */
	uint8_t *out;
	size_t cap;
	struct message message;
	const struct tsig_key *key; /* that the request was verified with, NULL: none */
	bool is_signed;             /* worker->tsig has to go on the answer */
	/* EDNS: edns.c */
	uint8_t answer_options; /* bits: what the answer's OPT tells */
	bool has_cookie;
	enum cookie_verdict cookie; /* valid with has_cookie */
	uint8_t answer_cookie[COOKIE_LEN];
	/* The answer. */
	const struct zone_entry *zone;      /* that answers; valid with version */
	const struct zone_version *version; /* that the answer is from, NULL: of none */
	enum answer_kind kind; /* where it follows from a zone, worker->plan is the whole of it */
	uint16_t rcode;        /* extended */
	uint16_t flags;        /* AA and TC */
	bool without_question;
	enum ede ede;
	int64_t expired_s;               /* valid with EDE_EXPIRED */
	uint16_t opt_len, signature_len; /* room that is kept for them */
};

/* The client is where it says to be: nobody else has got its cookie (RFC 7873 section 5.2.5). */
static inline bool request_has_valid_cookie(const struct request *r) {
	return r->has_cookie && r->cookie == COOKIE_VALID;
}

/* Who asks, for the zones' access lists; after request_verify. */
static inline struct acl_client request_client(const struct request *r) {
	return (struct acl_client){
		.peer = r->peer, .key = r->key, .over_tls = r->transport == SERVE_TLS, .pin = r->pin
	};
}

/* Single writer: a plain add, visible to readers whole. */
static inline void count(struct serve_worker *w, enum serve_counter c) {
	uint64_t value = atomic_load_explicit(&w->counters[c], memory_order_relaxed);
	atomic_store_explicit(&w->counters[c], value + 1, memory_order_relaxed);
}

/* -- reply.c -------------------------------------------------------------------------------------------- */

/* Header only, for what could not be understood: 12 octets of out. */
size_t reply_header(struct request *r, enum rcode rcode);
/* Begin the answer in r->out: question, and room kept for OPT and TSIG.  r->rcode and r->ede are final from here
 * on, r->flags may still get TC.  False: no room for even that. */
bool reply_begin(struct request *r);
/* Octets that the answer may have, by transport, request and settings. */
size_t reply_size_limit(const struct request *r);
/* OPT, header, TSIG.  The answer's length; 0: give none. */
size_t reply_end(struct request *r);
/* An answer without records. */
size_t reply_error(struct request *r, enum rcode rcode, enum ede ede);
/* Check the request's TSIG by the configured keys; entry: the zone asked about, NULL if none is held (RFC 8945
 * section 5.2 knows keys of a server, not of zones).  False: r->rcode is set and the answer is to be sent as it
 * is. */
bool request_verify(struct request *r, const struct zone_entry *entry);

/* -- query.c, chaos.c, notify.c, transfer_out.c --------------------------------------------------------- */

size_t query_answer(struct request *r, struct serve_stream **out_stream);
size_t chaos_answer(struct request *r);
size_t notify_answer(struct request *r);
/* AXFR and IXFR requests; entry NULL: the zone is not held. */
size_t transfer_out_answer(struct request *r, struct zone_entry *entry, struct serve_stream **out_stream);
/* The version that is served, or NULL with rcode SERVFAIL and its reason set. */
struct zone_version *request_version(struct request *r, struct zone_entry *entry);

#endif
