#include "transfer/ask.h"

#include <string.h>

size_t ask_build(struct ask *ask, uint16_t id, int64_t now_s, uint8_t *buf, size_t cap) {
	/* RFC 1996 section 3.7: AA is set in a NOTIFY. */
	bool notify = ask->asked.opcode == OPCODE_NOTIFY;
	struct question_form form = { .zone = ask->asked.zone,
		                      .type = ask->asked.type,
		                      .edns = ask->edns,
		                      .dnssec_ok = ask->dnssec_ok,
		                      .flags = notify ? (uint16_t)((OPCODE_NOTIFY << 11) | FLAG_AA) : 0,
		                      .pads = ask->asked.transport == TRANSPORT_TLS };
	ask->asked.id = id;
	ask_done(ask);
	return question_write_signed(&form, id, ask->key, now_s, &ask->tsig, buf, cap);
}

/* RFC 1035 section 3.3.13.  The SOA stands among the answers, owned by the zone, and its signatures beside it. */
static enum err find_soa(struct ask *ask, const struct message *m, struct soa *out_soa) {
	struct reader r = reader_init(m->data, m->len);
	enum err found = ERR_NOTFOUND;
	r.pos = m->answer_pos;
	ask->signatures = 0;
	for (unsigned i = 0; i < m->header.ancount; i++) {
		struct record record;
		struct zone_soa soa;
		enum err e = record_read(&r, &record);
		if (e != OK) return e;
		if (record.class != CLASS_IN || !name_equal(record.owner.wire, ask->asked.zone)) continue;
		if (record.type == RR_RRSIG)
			ask->signatures += zone_soa_signature(m->data + record.rdata_pos, record.rdlength);
		if (record.type != RR_SOA || found != ERR_NOTFOUND) continue;
		found = zone_soa_read(m, &record, &soa);
		if (found == OK) *out_soa = soa.soa;
	}
	return found;
}

static enum ask_verdict judge_soa(struct ask *ask, const struct message *m, struct soa *out_soa,
                                  struct why *why) {
	bool authority = (m->header.flags & FLAG_AA) != 0;
	enum err e = find_soa(ask, m, out_soa);
	if (e == ERR_NOTFOUND || (e == OK && !authority)) {
		answer_blame(&ask->asked, why, REASON_NOT_AUTHORITATIVE, "the answer %s%s",
		             e == OK ? "is not authoritative (AA is not set)"
		                     : "has no SOA record of the zone",
		             m->header.flags & FLAG_RA ? "; the server is a resolver (RA is set)" : "");
		return ASK_FAILED;
	}
	ask->has_expire = answer_expire(m, &ask->expire_s);
	if (e == OK) return ASK_ANSWERED;
	answer_blame(&ask->asked, why, REASON_BAD_RECORD, "SOA record: %s", err_text(e));
	return ASK_FAILED;
}

enum ask_verdict ask_judge(struct ask *ask, const uint8_t *data, size_t len, int64_t now_s,
                           struct soa *out_soa, struct why *why) {
	struct message m = { 0 };
	/* Over UDP anybody may send: what does not carry our ID and question is not the answer (RFC 5452). */
	if (len < MESSAGE_HEADER_LEN || load_u16(data) != ask->asked.id) return ASK_STRANGE;
	enum err e = message_parse(data, len, &m);
	if (e != OK) {
		answer_blame(&ask->asked, why, REASON_BAD_MESSAGE, "the answer of %zu octets: %s", len,
		             err_text(e));
		return ASK_FAILED;
	}
	if (answer_check_head(&ask->asked, &m, false, why) != OK) return ASK_STRANGE;
	if (ask->asked.transport == TRANSPORT_UDP && (m.header.flags & FLAG_TC)) return ASK_TRUNCATED;
	if (answer_check_tsig(&ask->asked, &m, &ask->tsig, now_s, why) != OK) return ASK_FAILED;
	if (ask->edns && answer_blames_edns(&m)) return ASK_PLAIN;
	if (answer_check_rcode(&ask->asked, &m, why) != OK) return ASK_FAILED;
	if (ask->asked.opcode == OPCODE_NOTIFY) return ASK_ANSWERED;
	return judge_soa(ask, &m, out_soa, why);
}

void ask_done(struct ask *ask) {
	tsig_done(&ask->tsig);
	memset(&ask->tsig, 0, sizeof(ask->tsig));
}
