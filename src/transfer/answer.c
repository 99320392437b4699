#include "transfer/answer.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

static const char *transport_text(uint8_t transport) {
	return transport == TRANSPORT_UDP ? "UDP" : transport == TRANSPORT_TLS ? "TLS" : "TCP";
}

void answer_blame(const struct asked *asked, struct why *why, enum reason reason, const char *format, ...) {
	char what[WHY_TEXT_MAX], name[NAME_TEXT_MAX], address[ADDR_TEXT_MAX], type[RRTYPE_TEXT_MAX];
	va_list args;
	va_start(args, format);
	if (vsnprintf(what, sizeof(what), format, args) < 0) what[0] = '\0';
	va_end(args);
	const char *kind = asked->opcode == OPCODE_NOTIFY ? "NOTIFY" : rrtype_text(asked->type, type);
	why_set(why, reason, "%s of %.80s from %s by %s: %s", kind, name_text_short(asked->zone, name),
	        addr_text(&asked->primary, address), transport_text(asked->transport), what);
}

void answer_blame_record(const struct asked *asked, struct why *why, enum reason reason,
                         const struct record *r, const char *what) {
	char owner[NAME_TEXT_MAX], type[RRTYPE_TEXT_MAX];
	name_text_short(r->owner.wire, owner);
	answer_blame(asked, why, reason, "%.70s %s: %s", owner, rrtype_text(r->type, type), what);
}

bool answer_expire(const struct message *m, uint32_t *out_expire_s) {
	unsigned pos = 0;
	uint16_t code, len;
	const uint8_t *data;
	while (m->edns.present && edns_option_next(&m->edns, &pos, &code, &data, &len)) {
		if (code != EDNS_EXPIRE || len != 4) continue;
		*out_expire_s = load_u32(data);
		return true;
	}
	return false;
}

static bool is_question_asked(const struct asked *asked, const struct message *m) {
	return m->question.type == asked->type && m->question.class == CLASS_IN &&
	       name_equal(m->question.name.wire, asked->zone);
}

enum err answer_check_head(const struct asked *asked, const struct message *m, bool empty_ok,
                           struct why *why) {
	const struct header *h = &m->header;
	if (h->id != asked->id || !(h->flags & FLAG_QR) || header_opcode(h) != asked->opcode) {
		answer_blame(asked, why, REASON_BAD_MESSAGE, "not an answer to it (ID %u for %u, flags %04x)",
		             h->id, asked->id, h->flags);
		return ERR_MISMATCH;
	}
	/* Some servers leave the question out of errors. */
	if (h->qdcount == 0 && (empty_ok || header_rcode(h) != RCODE_NOERROR)) return OK;
	if (h->qdcount != 1 || !is_question_asked(asked, m)) {
		answer_blame(asked, why, REASON_BAD_MESSAGE, "the answer is to another question");
		return ERR_MISMATCH;
	}
	return OK;
}

static enum reason reason_of_rcode(const struct asked *asked, unsigned rcode) {
	switch (rcode) {
	/* To a SOA question this means that the zone is not there; to a transfer, that we may not have it. */
	case RCODE_REFUSED: return asked->type == RR_SOA ? REASON_NOT_AUTHORITATIVE : REASON_REFUSED;
	case RCODE_NOTAUTH:
	case RCODE_NXDOMAIN: return REASON_NOT_AUTHORITATIVE;
	case RCODE_SERVFAIL: return REASON_SERVFAIL;
	default: return REASON_RCODE;
	}
}

enum err answer_check_rcode(const struct asked *asked, const struct message *m, struct why *why) {
	unsigned rcode = header_rcode(&m->header) | (m->edns.present ? (unsigned)m->edns.rcode_high << 4 : 0);
	if (rcode == RCODE_NOERROR) return OK;
	char text[RRTYPE_TEXT_MAX];
	answer_blame(asked, why, reason_of_rcode(asked, rcode), "answered %s", rcode_text(rcode, text));
	return ERR_REFUSED;
}

static enum reason reason_of_tsig(enum err e) {
	switch (e) {
	case ERR_TSIG_BADKEY: return REASON_TSIG_BADKEY;
	case ERR_TSIG_BADTIME: return REASON_TSIG_BADTIME;
	case ERR_TSIG_MISSING: return REASON_TSIG_MISSING;
	case ERR_MALFORMED: return REASON_BAD_MESSAGE;
	default: return REASON_TSIG_BADSIG;
	}
}

void answer_blame_tsig(const struct asked *asked, const struct tsig_state *t, enum err e, int64_t now_s,
                       struct why *why) {
	char key[NAME_TEXT_MAX];
	name_text_short(t->key->name.wire, key);
	const char *algorithm = tsig_algorithm_text(t->key->algorithm);
	if (e == ERR_TSIG_BADTIME && t->peer_time_s > 0) {
		int64_t ahead_s = (int64_t)t->peer_time_s - now_s;
		answer_blame(asked, why, REASON_TSIG_BADTIME,
		             "key %.60s: the primary's clock is %" PRId64 " s %s ours", key,
		             ahead_s < 0 ? -ahead_s : ahead_s, ahead_s < 0 ? "behind" : "ahead of");
		return;
	}
	answer_blame(asked, why, reason_of_tsig(e), "key %.60s (%s): %s%s", key, algorithm,
	             t->error != 0 ? "the primary says: " : "", err_text(e));
}

enum err answer_check_tsig(const struct asked *asked, const struct message *m, struct tsig_state *t,
                           int64_t now_s, struct why *why) {
	if (!t->key) return OK;
	enum err e = tsig_verify_answer(t, m, (uint64_t)now_s);
	if (e == OK) return OK;
	if (e == ERR_TSIG_MISSING && answer_check_rcode(asked, m, why) != OK) return ERR_REFUSED;
	answer_blame_tsig(asked, t, e, now_s, why);
	return e;
}
