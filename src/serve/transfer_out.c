/* Requests for zones: AXFR (RFC 5936) and IXFR (RFC 1995), which is answered by differences, as AXFR or by the SOA
 * alone. */
#include "serve/answer.h"
#include "serve/encode.h"
#include "serve/ixfr_out.h"
#include "serve/stream.h"

#include "dns/rdata.h"
#include "dns/serial.h"

#define SOA_RDATA_MAX (2 * NAME_MAX_LEN + 20)

static void log_refused(const struct request *r) {
	char zone[NAME_TEXT_MAX], peer[ADDR_TEXT_MAX], key[NAME_TEXT_MAX];
	log_event(r->serve->log, EVENT_PEER_TRANSFER_REFUSED,
	          LOG_STR("zone", name_text_short(r->message.question.name.wire, zone)),
	          LOG_STR("peer", addr_text(r->peer, peer)),
	          LOG_STR("key", r->key ? name_text_short(r->key->name.wire, key) : "none"));
}

static size_t refuse(struct request *r, enum rcode rcode, enum ede ede) {
	count(r->worker, COUNTER_transfers_refused);
	log_refused(r);
	return reply_error(r, rcode, ede);
}

/* The serial that an IXFR client has: of the SOA in the authority section (RFC 1995 section 3). */
static bool read_client_serial(const struct message *m, uint32_t *out_serial) {
	uint8_t rdata[SOA_RDATA_MAX];
	struct reader r = reader_init(m->data, m->len);
	struct writer w = writer_init(rdata, sizeof(rdata));
	struct record record;
	struct soa soa;
	if (m->header.ancount != 0 || m->header.nscount == 0) return false;
	r.pos = m->answer_pos;
	if (record_read(&r, &record) != OK || record.type != RR_SOA) return false;
	r.pos = record.rdata_pos;
	if (rdata_read(&r, RR_SOA, record.rdlength, &w) != OK) return false;
	if (soa_parse(rdata, w.len, &soa) != OK) return false;
	*out_serial = soa.serial;
	return true;
}

/* "You are up to date", or over UDP "ask again over TCP": both are said by our SOA (RFC 1995 sections 2, 4). */
static size_t answer_soa(struct request *r, const struct zone_version *v) {
	struct plan *p = &r->worker->plan;
	plan_init(p);
	answer_plan_soa(p, v);
	r->flags = FLAG_AA;
	r->kind = ANSWER_POSITIVE;
	if (!reply_begin(r)) return 0;
	if (!encode_plan(&r->worker->encoder, p, false)) r->flags |= FLAG_TC;
	return reply_end(r);
}

/* changes: NULL for the whole zone. */
static size_t begin_stream(struct request *r, struct zone_version *v, struct changes *changes,
                           const struct zone_policy *policy, struct serve_stream **out_stream) {
	int place = places_take(&r->serve->places, r->peer, r->settings->transfers_out_max,
	                        r->settings->transfers_out_per_client);
	if (place == PLACE_NONE) {
		count(r->worker, COUNTER_transfers_full);
		return reply_error(r, RCODE_SERVFAIL, EDE_TRANSFERS_OUT);
	}
	count(r->worker, COUNTER_transfers_out);
	if (changes) count(r->worker, COUNTER_ixfrs_out);
	*out_stream = stream_new(r, v, changes, policy, place);
	return 0;
}

/* The one message that all differences fit into; 0: they do not. */
static size_t one_message(struct request *r, struct serve_stream *s, size_t limit) {
	long len = serve_stream_next(s, r->now, r->out, limit);
	if (len <= 0 || !stream_is_at_end(s)) {
		s->logged = true; /* it is not what the client gets */
		return 0;
	}
	(void)serve_stream_next(s, r->now, NULL, 0); /* writes nothing more, but the log's line */
	return (size_t)len;
}

/* "If the UDP reply does not fit, the query is responded to with a single SOA record" (RFC 1995 section 2). */
static size_t answer_udp(struct request *r, struct zone_version *v, struct changes *changes,
                         const struct zone_policy *policy) {
	size_t limit = reply_size_limit(r);
	if (limit > r->cap) limit = r->cap;
	/* Compression does not make that much of it. */
	if (!changes || ixfr_octets(changes) > 4 * limit) return answer_soa(r, v);
	struct serve_stream *s = stream_new(r, v, changes, policy, PLACE_NONE);
	size_t len = one_message(r, s, limit);
	serve_stream_free(s);
	if (len == 0) return answer_soa(r, v);
	plan_init(&r->worker->plan);
	answer_plan_soa(&r->worker->plan, v);
	r->flags = FLAG_AA;
	r->kind = ANSWER_POSITIVE;
	count(r->worker, COUNTER_ixfrs_out);
	return len;
}

/* The client's serial is older than ours. */
static size_t answer_ixfr(struct request *r, struct zone_version *v, uint32_t serial,
                          const struct zone_policy *policy, struct serve_stream **out_stream) {
	struct changes *changes = ixfr_choose(&r->worker->kept, v, serial);
	size_t len = out_stream ? begin_stream(r, v, changes, policy, out_stream)
	                        : answer_udp(r, v, changes, policy);
	changes_unref(changes);
	return len;
}

size_t transfer_out_answer(struct request *r, struct zone_entry *entry, struct serve_stream **out_stream) {
	uint32_t serial = 0;
	bool can_stream = r->transport != SERVE_UDP && out_stream;
	bool incremental = r->message.question.type == RR_IXFR;
	if (!entry) return refuse(r, RCODE_NOTAUTH, EDE_NOT_HELD);
	/* AXFR over UDP is not defined (RFC 5936 section 4.2). */
	if (!incremental && !can_stream) return refuse(r, RCODE_NOTIMP, EDE_AXFR_BY_UDP);
	/* Who may not have the zone learns nothing more about it, and takes nobody's place. */
	const struct zone_policy *policy = atomic_load_explicit(&entry->policy, memory_order_acquire);
	struct acl_client client = request_client(r);
	if (!acl_admits(&policy->allow_transfer, &client)) return refuse(r, RCODE_REFUSED, EDE_TRANSFER);
	if (incremental && !read_client_serial(&r->message, &serial))
		return reply_error(r, RCODE_FORMERR, EDE_NONE);
	struct zone_version *v = request_version(r, entry);
	if (!v) return reply_error(r, (enum rcode)r->rcode, r->ede);
	if (!incremental) return begin_stream(r, v, NULL, policy, out_stream);
	if (!serial_newer(version_serial(v), serial)) return answer_soa(r, v);
	return answer_ixfr(r, v, serial, policy, can_stream ? out_stream : NULL);
}
