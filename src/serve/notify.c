/* NOTIFY in, RFC 1996: who may say that a zone changed, and a prompt answer.  What follows from it is the
 * business of whoever stands behind the sink. */
#include "serve/worker.h"

#include "dns/rdata.h"

#define SOA_RDATA_MAX (2 * NAME_MAX_LEN + 20)

static bool is_primary(const struct zone_policy *policy, const struct addr *peer) {
	for (unsigned i = 0; i < policy->primary_count; i++)
		if (addr_same_ip(&policy->primaries[i].addr, peer)) return true; /* its port is any */
	return false;
}

static bool may_notify(const struct request *r, const struct zone_entry *entry) {
	const struct zone_policy *policy = atomic_load_explicit(&entry->policy, memory_order_acquire);
	struct acl_client client = request_client(r);
	return is_primary(policy, r->peer) || acl_admits(&policy->allow_notify, &client);
}

/* Serial of the SOA that a primary may put into the answer section as a hint (section 3.7). */
static bool read_serial(const struct message *m, uint32_t *out_serial) {
	uint8_t rdata[SOA_RDATA_MAX];
	struct reader r = reader_init(m->data, m->len);
	struct writer w = writer_init(rdata, sizeof(rdata));
	struct record record;
	struct soa soa;
	if (m->header.ancount == 0) return false;
	r.pos = m->answer_pos;
	if (record_read(&r, &record) != OK || record.type != RR_SOA || record.class != CLASS_IN) return false;
	if (!name_equal(record.owner.wire, m->question.name.wire)) return false;
	r.pos = record.rdata_pos;
	if (rdata_read(&r, RR_SOA, record.rdlength, &w) != OK) return false;
	if (soa_parse(rdata, w.len, &soa) != OK) return false;
	*out_serial = soa.serial;
	return true;
}

static void log_notify(const struct request *r, enum event event) {
	char zone[NAME_TEXT_MAX], peer[ADDR_TEXT_MAX], key[NAME_TEXT_MAX];
	log_event(r->serve->log, event, LOG_STR("zone", name_text_short(r->message.question.name.wire, zone)),
	          LOG_STR("peer", addr_text(r->peer, peer)),
	          LOG_STR("key", r->key ? name_text_short(r->key->name.wire, key) : "none"));
}

static size_t refuse(struct request *r, const struct zone_entry *entry, enum rcode rcode, enum ede ede) {
	const struct serve_notify_sink *sink = &r->serve->sink;
	const struct tsig_state *tsig = &r->worker->tsig;
	bool is_signed = r->message.tsig_pos != 0 && rcode != RCODE_FORMERR;
	if (entry && sink->refused)
		sink->refused(sink->ctx, entry, r->peer, is_signed ? tsig->key_name.wire : NULL,
		              is_signed ? tsig->error : 0);
	count(r->worker, COUNTER_notify_refused);
	log_notify(r, EVENT_PEER_NOTIFY_REFUSED);
	return reply_error(r, rcode, ede);
}

static size_t accept_notify(struct request *r, struct zone_entry *entry) {
	const struct serve_notify_sink *sink = &r->serve->sink;
	uint32_t serial = 0;
	bool has_serial = read_serial(&r->message, &serial);
	count(r->worker, COUNTER_notify_accepted);
	if (sink->notified) sink->notified(sink->ctx, entry, r->peer, has_serial, serial);
	log_notify(r, EVENT_PEER_NOTIFY); /* the transfer begins meanwhile */
	r->flags = FLAG_AA;
	return reply_begin(r) ? reply_end(r) : 0;
}

size_t notify_answer(struct request *r) {
	const struct question *q = &r->message.question;
	struct zone_entry *entry = q->class == CLASS_IN ? table_find(r->serve->table, q->name.wire) : NULL;
	if (!request_verify(r, entry)) return refuse(r, entry, (enum rcode)r->rcode, EDE_NONE);
	if (q->type != RR_SOA) return reply_error(r, RCODE_FORMERR, EDE_NONE);
	if (!entry) return refuse(r, NULL, RCODE_NOTAUTH, EDE_NOT_HELD);
	if (!may_notify(r, entry)) return refuse(r, entry, RCODE_REFUSED, EDE_NOTIFY);
	return accept_notify(r, entry);
}
