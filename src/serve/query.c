/* Opcode QUERY: which zone, which class, and on to the plan. */
#include <string.h>

#include "serve/answer.h"
#include "serve/encode.h"
#include "serve/worker.h"

struct zone_version *request_version(struct request *r, struct zone_entry *entry) {
	struct zone_version *v = atomic_load_explicit(&entry->served, memory_order_acquire);
	if (v) return v;
	int status = atomic_load_explicit(&entry->status, memory_order_relaxed);
	r->rcode = RCODE_SERVFAIL;
	r->ede = status == ZONE_EXPIRED ? EDE_INVALID_DATA : EDE_NOT_READY;
	return NULL;
}

static size_t answer_from_zone(struct request *r, const struct scope *scope, struct zone_entry *entry) {
	struct plan *p = &r->worker->plan;
	const struct question *q = &r->message.question;
	const struct zone_version *v = request_version(r, entry);
	if (!v) return reply_error(r, (enum rcode)r->rcode, (enum ede)r->ede);
	bool dnssec = r->message.edns.present && r->message.edns.dnssec_ok;
	plan_init(p);
	answer_plan(p, scope, v, q, dnssec);
	r->rcode = p->rcode;
	/* Of all classes together nobody is the authority (RFC 1035 section 3.2.5 with 1034 section 6.2). */
	r->flags = p->authoritative && q->class == CLASS_IN ? FLAG_AA : 0;
	if (!reply_begin(r)) return 0;
	if (!encode_plan(&r->worker->encoder, p, dnssec)) r->flags |= FLAG_TC;
	return reply_end(r);
}

/* -- class CHAOS: who are you (RFC 4892) ----------------------------------------------------------------- */

static bool asks_identity(const struct question *q) {
	static const uint8_t id_server[] = "\2id\6server";
	static const uint8_t hostname_bind[] = "\10hostname\4bind";
	if (q->type != RR_TXT && q->type != RR_ANY) return false;
	return name_equal(q->name.wire, id_server) || name_equal(q->name.wire, hostname_bind);
}

static size_t answer_chaos(struct request *r) {
	uint8_t rdata[1 + NSID_MAX];
	uint16_t len = r->serve->nsid_len;
	if (len == 0 || !asks_identity(&r->message.question))
		return reply_error(r, RCODE_REFUSED, EDE_NOT_SUPPORTED);
	rdata[0] = (uint8_t)len;
	memcpy(rdata + 1, r->serve->settings.nsid, len);
	if (!reply_begin(r)) return 0;
	const struct rr rr = { RR_TXT, CLASS_CH, 0, rdata, (uint16_t)(len + 1) };
	if (message_record_at(&r->worker->encoder, SECTION_ANSWER, MESSAGE_HEADER_LEN, &rr) != OK)
		r->flags |= FLAG_TC;
	return reply_end(r);
}

/* -- which zone ------------------------------------------------------------------------------------------- */

static bool is_transfer(const struct question *q) {
	return q->type == RR_AXFR || q->type == RR_IXFR;
}

size_t query_answer(struct request *r, struct serve_stream **out_stream) {
	const struct question *q = &r->message.question;
	bool is_internet = q->class == CLASS_IN || q->class == CLASS_ANY;
	struct scope scope = { .table = r->serve->table, .peer = r->peer };
	struct zone_entry *entry = NULL;
	if (is_internet)
		entry = is_transfer(q) ? table_find(scope.table, q->name.wire)
		                       : scope_zone(&scope, q->name.wire, q->type);
	if (!request_verify(r, entry)) return reply_error(r, (enum rcode)r->rcode, EDE_NONE);
	if (q->class == CLASS_CH) return answer_chaos(r);
	if (!is_internet) return reply_error(r, RCODE_REFUSED, EDE_NOT_SUPPORTED);
	if (is_transfer(q)) return transfer_out_answer(r, entry, out_stream);
	if (!entry) return reply_error(r, RCODE_REFUSED, EDE_NOT_AUTHORITATIVE);
	scope.key = r->key;
	if (!scope_admits(&scope, entry)) return reply_error(r, RCODE_REFUSED, EDE_PROHIBITED);
	return answer_from_zone(r, &scope, entry);
}
