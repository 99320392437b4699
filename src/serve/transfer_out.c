/* Requests for whole zones: AXFR (RFC 5936) and IXFR (RFC 1995), which is answered as AXFR or by the SOA alone. */
#include "serve/answer.h"
#include "serve/encode.h"
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

/* A place among the transfers that may run at once. */
static bool take_place(struct request *r) {
	struct serve *s = r->serve;
	unsigned running = atomic_fetch_add_explicit(&s->transfers_out, 1, memory_order_relaxed);
	if (running < r->settings->transfers_out_max) return true;
	atomic_fetch_sub_explicit(&s->transfers_out, 1, memory_order_relaxed);
	return false;
}

static size_t begin_stream(struct request *r, struct zone_version *v, const struct zone_policy *policy,
                           struct serve_stream **out_stream) {
	if (!take_place(r)) return reply_error(r, RCODE_SERVFAIL, EDE_TRANSFERS_OUT);
	count(r->worker, COUNTER_transfers_out);
	*out_stream = stream_new(r, v, policy);
	return 0;
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
	if (incremental && (!can_stream || !serial_newer(version_serial(v), serial))) return answer_soa(r, v);
	return begin_stream(r, v, policy, out_stream);
}
