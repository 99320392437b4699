/* Opcode QUERY: which zone, which class, and on to the plan. */
#include "serve/answer.h"
#include "serve/encode.h"
#include "serve/worker.h"

struct zone_version *request_version(struct request *r, struct zone_entry *entry) {
	struct zone_version *v = table_served(r->serve->table, entry);
	if (v) {
		r->zone = entry;
		r->version = v;
		return v;
	}
	int status = atomic_load_explicit(&entry->status, memory_order_relaxed);
	r->rcode = RCODE_SERVFAIL;
	r->ede = status == ZONE_EXPIRED ? EDE_EXPIRED : EDE_NOT_READY;
	r->expired_s = atomic_load_explicit(&entry->expires_at_s, memory_order_relaxed);
	return NULL;
}

static enum answer_kind kind_of(const struct plan *p) {
	if (p->rcode == RCODE_NXDOMAIN) return ANSWER_NXDOMAIN;
	if (p->rcode != RCODE_NOERROR) return ANSWER_ERROR;
	for (unsigned i = 0; i < p->count; i++)
		if (p->items[i].section == SECTION_ANSWER) return ANSWER_POSITIVE;
	return p->cut ? ANSWER_REFERRAL : ANSWER_NODATA;
}

static size_t answer_from_zone(struct request *r, const struct scope *scope, struct zone_entry *entry,
                               const struct sought *sought) {
	struct plan *p = &r->worker->plan;
	const struct question *q = &r->message.question;
	const struct zone_version *v = request_version(r, entry);
	if (!v) return reply_error(r, (enum rcode)r->rcode, r->ede);
	bool dnssec = r->message.edns.present && r->message.edns.dnssec_ok;
	plan_init(p);
	answer_plan(p, scope, v, q, sought, dnssec);
	r->rcode = p->rcode;
	r->kind = kind_of(p);
	/* Of all classes together nobody is the authority (RFC 1035 section 3.2.5 with 1034 section 6.2). */
	r->flags = p->authoritative && q->class == CLASS_IN ? FLAG_AA : 0;
	if (!reply_begin(r)) return 0;
	if (!encode_plan(&r->worker->encoder, p, dnssec)) r->flags |= FLAG_TC;
	return reply_end(r);
}

/* -- which zone ------------------------------------------------------------------------------------------- */

/* The question's name, as serve_expect has prepared it, or now. */
static const struct sought *sought_of(struct request *r) {
	if (r->sought) return r->sought;
	sought_init(&r->worker->sought, r->message.question.name.wire);
	return &r->worker->sought;
}

static bool is_transfer(const struct question *q) {
	return q->type == RR_AXFR || q->type == RR_IXFR;
}

size_t query_answer(struct request *r, struct serve_stream **out_stream) {
	const struct question *q = &r->message.question;
	bool is_internet = q->class == CLASS_IN || q->class == CLASS_ANY;
	struct scope scope = { .table = r->serve->table };
	struct zone_entry *entry = NULL;
	const struct sought *sought = sought_of(r);
	if (is_internet)
		entry = is_transfer(q) ? table_find(scope.table, q->name.wire)
		                       : scope_zone(&scope, sought, q->type);
	if (!request_verify(r, entry)) return reply_error(r, (enum rcode)r->rcode, EDE_NONE);
	if (q->class == CLASS_CH) return chaos_answer(r);
	if (!is_internet) return reply_error(r, RCODE_REFUSED, EDE_CLASS);
	if (is_transfer(q)) return transfer_out_answer(r, entry, out_stream);
	if (!entry) return reply_error(r, RCODE_REFUSED, EDE_NOT_HELD);
	scope.client = request_client(r);
	if (!scope_admits(&scope, entry)) return reply_error(r, RCODE_REFUSED, EDE_QUERY);
	return answer_from_zone(r, &scope, entry, sought);
}
