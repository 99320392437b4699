/* serve_packet: the one door for requests, whatever transport brought them. */
#include "serve/edns.h"
#include "serve/limit.h"

static void request_init(struct request *r, struct serve_worker *w, const struct serve_request *from) {
	r->worker = w;
	r->serve = w->serve;
	r->settings = atomic_load_explicit(&w->serve->settings, memory_order_acquire);
	r->transport = from->transport;
	r->peer = from->peer;
	r->pin = from->pin;
	r->sought = from->sought;
	r->now = from->now;
	r->tcp_idle_ms = from->tcp_idle_ms;
	r->key = NULL;
	r->is_signed = false;
	r->answer_options = 0;
	r->has_cookie = false;
	r->zone = NULL;
	r->version = NULL;
	r->kind = ANSWER_ERROR;
	r->rcode = RCODE_NOERROR;
	r->flags = 0;
	r->without_question = false;
	r->ede = EDE_NONE;
}

/* -- what is not answered from a zone ------------------------------------------------------------------------- */

static size_t refuse_client(struct request *r, bool is_sound) {
	count(r->worker, COUNTER_refused_clients);
	if (!is_sound) return reply_header(r, RCODE_REFUSED);
	(void)edns_read(r); /* the answer is the same */
	return reply_error(r, RCODE_REFUSED, EDE_CLIENT);
}

/* "The response MUST include an OPT record" where the fault is within the request's (RFC 6891 section 7): so clients tell
 * it from servers without EDNS.  Nothing else is worth more than a header. */
static size_t malformed(struct request *r) {
	return r->message.edns.faulty ? reply_error(r, RCODE_FORMERR, EDE_NONE)
	                              : reply_header(r, RCODE_FORMERR);
}

/* What follows the header of other opcodes is their own affair (RFC 8906 section 3.1.4): an OPT record that is found
 * all the same is answered (RFC 6891 section 6.1.1), a question is not given back. */
static size_t not_implemented(struct request *r, bool is_sound) {
	if (!is_sound || !r->message.edns.present) return reply_header(r, RCODE_NOTIMP);
	r->without_question = true;
	(void)edns_read(r); /* the answer is the same */
	return reply_error(r, RCODE_NOTIMP, EDE_OPCODE);
}

/* RFC 6891 section 6.1.3.  Options are as in version 0 as far as one can know; those about the question are left. */
static size_t bad_version(struct request *r) {
	(void)edns_read(r); /* the answer is the same */
	edns_keep_identity(r);
	return reply_error(r, RCODE_BADVERS, EDE_NONE);
}

/* One question is what a request has (RFC 9619 section 4), but for those who come for a cookie (RFC 7873 section
 * 5.4). */
static size_t no_question(struct request *r) {
	const struct header *h = &r->message.header;
	bool is_empty = h->qdcount == 0 && h->ancount == 0 && h->nscount == 0;
	bool asks_cookie = header_opcode(h) == OPCODE_QUERY && is_empty && r->has_cookie;
	if (!asks_cookie) return reply_error(r, RCODE_FORMERR, EDE_NONE);
	return reply_error(r, r->cookie == COOKIE_BAD ? RCODE_BADCOOKIE : RCODE_NOERROR, EDE_NONE);
}

/* -- a request whose header came whole and is a request --------------------------------------------------------- */

static size_t answer(struct request *r, const uint8_t *data, size_t len, struct serve_stream **out_stream) {
	const struct message *m = &r->message;
	bool is_sound = message_parse(data, len, &r->message) == OK;
	unsigned opcode = header_opcode(&m->header);
	if (prefix_set_has(r->settings->refused, r->peer)) return refuse_client(r, is_sound);
	if (opcode != OPCODE_QUERY && opcode != OPCODE_NOTIFY) return not_implemented(r, is_sound);
	if (!is_sound) return malformed(r);
	if (!message_extras_sound(m)) return reply_error(r, RCODE_FORMERR, EDE_NONE);
	if (m->edns.present && m->edns.version > 0) return bad_version(r);
	if (!edns_read(r)) return reply_error(r, RCODE_FORMERR, EDE_NONE);
	if (m->header.qdcount != 1) return no_question(r);
	return opcode == OPCODE_NOTIFY ? notify_answer(r) : query_answer(r, out_stream);
}

/* -- counting ------------------------------------------------------------------------------------------------------ */

static void count_request(struct serve_worker *w, enum serve_transport transport) {
	switch (transport) {
	case SERVE_UDP: count(w, COUNTER_queries_udp); break;
	case SERVE_TCP: count(w, COUNTER_queries_tcp); break;
	case SERVE_TLS: count(w, COUNTER_queries_tls); break;
	}
}

static void count_answer(const struct request *r) {
	struct serve_worker *w = r->worker;
	switch (r->rcode) {
	case RCODE_NOERROR: count(w, COUNTER_rcode_noerror); break;
	case RCODE_FORMERR: count(w, COUNTER_rcode_formerr); break;
	case RCODE_SERVFAIL: count(w, COUNTER_rcode_servfail); break;
	case RCODE_NXDOMAIN: count(w, COUNTER_rcode_nxdomain); break;
	case RCODE_NOTIMP: count(w, COUNTER_rcode_notimp); break;
	case RCODE_REFUSED: count(w, COUNTER_rcode_refused); break;
	default: count(w, COUNTER_rcode_other); break;
	}
	if (r->flags & FLAG_TC) count(w, COUNTER_truncated);
	count(w, COUNTER_answers);
}

/* Every answer of one message passes here on its way out, with all that is known of it in r. */
static size_t send_answer(struct request *r, size_t len) {
	if (len > 0) len = limit_answer(r, len);
	if (len == 0) return 0;
	count_answer(r);
	return len;
}

size_t serve_packet(struct serve_worker *w, const struct serve_request *request, uint8_t *out, size_t cap,
                    struct serve_stream **out_stream) {
	struct request r;
	if (out_stream) *out_stream = NULL;
	count_request(w, request->transport);
	/* Answering an answer could go on for ever. */
	if (request->len < MESSAGE_HEADER_LEN || (request->data[2] & 0x80)) {
		count(w, COUNTER_dropped);
		return 0;
	}
	request_init(&r, w, request);
	if (request->transport == SERVE_UDP && !r.sought) rate_limit_expect(r.settings->limit, request->peer);
	r.out = out;
	r.cap = cap;
	return send_answer(&r, answer(&r, request->data, request->len, out_stream));
}
