/* serve_packet: the one door for requests, whatever transport brought them. */
#include "serve/worker.h"

static unsigned opcode_of(const uint8_t *request) {
	return (request[2] >> 3) & 15U;
}

static void request_init(struct request *r, struct serve_worker *w, const struct serve_request *from) {
	r->worker = w;
	r->serve = w->serve;
	r->transport = from->transport;
	r->peer = from->peer;
	r->now = from->now;
	r->key = NULL;
	r->is_signed = false;
	r->rcode = RCODE_NOERROR;
	r->flags = 0;
	r->ede = EDE_NONE;
}

/* A request whose header came whole and is a request. */
static size_t answer(struct request *r, const uint8_t *request, size_t len,
                     struct serve_stream **out_stream) {
	unsigned opcode = opcode_of(request);
	/* What follows the header is the opcode's own affair: not even looked at (RFC 8906 section 3.1.4). */
	if (opcode != OPCODE_QUERY && opcode != OPCODE_NOTIFY) return reply_header(r, request, RCODE_NOTIMP);
	if (message_parse(request, len, &r->message) != OK) return reply_header(r, request, RCODE_FORMERR);
	/* RFC 9619 section 4. */
	if (r->message.header.qdcount != 1) return reply_error(r, RCODE_FORMERR, EDE_NONE);
	if (r->message.edns.present && r->message.edns.version > 0)
		return reply_error(r, RCODE_BADVERS, EDE_NONE);
	return opcode == OPCODE_NOTIFY ? notify_answer(r) : query_answer(r, out_stream);
}

size_t serve_packet(struct serve_worker *w, const struct serve_request *request, uint8_t *out, size_t cap,
                    struct serve_stream **out_stream) {
	struct request r;
	if (out_stream) *out_stream = NULL;
	count(w, request->transport == SERVE_UDP ? COUNTER_queries_udp : COUNTER_queries_tcp);
	/* Answering an answer could go on for ever. */
	if (request->len < MESSAGE_HEADER_LEN || (request->data[2] & 0x80)) {
		count(w, COUNTER_dropped);
		return 0;
	}
	request_init(&r, w, request);
	r.out = out;
	r.cap = cap;
	return answer(&r, request->data, request->len, out_stream);
}
