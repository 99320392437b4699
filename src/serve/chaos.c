/* Class CHAOS: who are you, and what are you (RFC 4892, and the names that BIND began with).  The names are no zone of
 * ours: no authority is claimed, and every other name is refused. */
#include <string.h>

#include "serve/worker.h"

/* NULL: not one of the names. */
static const struct told *told_at(const struct settings *s, const uint8_t *name) {
	const struct {
		const uint8_t *name;
		const struct told *told;
	} rows[] = { { (const uint8_t *)"\2id\6server", &s->nsid },
		     { (const uint8_t *)"\10hostname\4bind", &s->nsid },
		     { (const uint8_t *)"\7version\6server", &s->version },
		     { (const uint8_t *)"\7version\4bind", &s->version } };
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (name_equal(name, rows[i].name)) return rows[i].told;
	return NULL;
}

static size_t tell(struct request *r, const struct told *told) {
	uint8_t rdata[1 + TOLD_MAX];
	rdata[0] = told->len;
	memcpy(rdata + 1, told->text, told->len);
	if (!reply_begin(r)) return 0;
	const struct rr rr = { RR_TXT, CLASS_CH, 0, rdata, (uint16_t)(told->len + 1) };
	if (message_record_at(&r->worker->encoder, SECTION_ANSWER, MESSAGE_HEADER_LEN, &rr) != OK)
		r->flags |= FLAG_TC;
	return reply_end(r);
}

size_t chaos_answer(struct request *r) {
	const struct question *q = &r->message.question;
	const struct told *told = told_at(r->settings, q->name.wire);
	if (!told || (q->type != RR_TXT && q->type != RR_ANY))
		return reply_error(r, RCODE_REFUSED, EDE_CHAOS);
	if (told->len == 0) return reply_error(r, RCODE_REFUSED, EDE_NOT_TOLD);
	return tell(r, told);
}
