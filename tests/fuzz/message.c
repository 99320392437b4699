/* Any octets as a message: taking it apart stays inside, and a message that passes, written anew with compression,
 * has the same records. */
#include <stdlib.h>
#include <string.h>

#include "dns/message.h"
#include "dns/rdata.h"

#define DECOMPRESSED_MAX 131072

static void check(bool ok) {
	if (!ok) abort();
}

static void check_options(const struct message *m) {
	unsigned pos = 0;
	uint16_t code, len;
	const uint8_t *data;
	while (m->edns.present && edns_option_next(&m->edns, &pos, &code, &data, &len))
		check(data >= m->data && data + len <= m->data + m->len);
	if (m->edns.present) check(pos == m->edns.options_len && m->edns.udp_size >= 512);
}

static enum section section_of(const struct header *h, unsigned i) {
	if (i < h->ancount) return SECTION_ANSWER;
	return i < (unsigned)h->ancount + h->nscount ? SECTION_AUTHORITY : SECTION_ADDITIONAL;
}

/* The next record of a message with its rdata whole; false when it is malformed inside. */
static bool next_record(struct reader *r, struct record *record, uint8_t *rdata, size_t *out_len) {
	struct writer w = writer_init(rdata, DECOMPRESSED_MAX);
	if (record_read(r, record) != OK) return false;
	struct reader in = { .data = r->data, .len = r->len, .pos = record->rdata_pos };
	if (rdata_read(&in, record->type, record->rdlength, &w) != OK) return false;
	check(in.pos == r->pos);
	check(w.len > RDATA_MAX_LEN || rdata_check(record->type, rdata, w.len) == OK);
	*out_len = w.len;
	return true;
}

/* Write each well-formed record; returns how many. */
static unsigned rewrite(struct encoder *e, const struct message *m, uint8_t *rdata) {
	struct reader r = { .data = m->data, .len = m->len, .pos = m->answer_pos };
	unsigned total = (unsigned)m->header.ancount + m->header.nscount + m->header.arcount, written = 0;
	struct record record;
	size_t len;
	for (unsigned i = 0; i < total && next_record(&r, &record, rdata, &len); i++) {
		struct encoder_mark mark = encoder_mark(e);
		const struct rr rr = { record.type, record.class, record.ttl_s, rdata, (uint16_t)len };
		if (len > RDATA_MAX_LEN) break;
		if (message_record(e, section_of(&m->header, i), record.owner.wire, &rr) != OK) break;
		if (i % 3 == 2) { /* undo and do again: the same octets */
			size_t end = e->w.len;
			encoder_rewind(e, mark);
			check(message_record(e, section_of(&m->header, i), record.owner.wire, &rr) == OK);
			check(e->w.len == end);
		}
		written++;
	}
	return written;
}

static void check_rewritten(const struct message *m) {
	static struct encoder e;
	static uint8_t buf[MESSAGE_MAX_LEN], was[DECOMPRESSED_MAX], is[DECOMPRESSED_MAX];
	message_begin(&e, buf, sizeof(buf), sizeof(buf));
	if (m->header.qdcount) message_question(&e, &m->question);
	unsigned count = rewrite(&e, m, was);
	uint8_t *exact = malloc(message_end(&e));
	memcpy(exact, buf, e.w.len);
	struct reader a = { .data = m->data, .len = m->len, .pos = m->answer_pos };
	struct reader b = { .data = exact, .len = e.w.len, .pos = MESSAGE_HEADER_LEN };
	struct question q;
	if (m->header.qdcount)
		check(question_read(&b, &q) == OK && name_equal(q.name.wire, m->question.name.wire));
	for (unsigned i = 0; i < count; i++) {
		struct record ra, rb;
		size_t la, lb;
		check(next_record(&a, &ra, was, &la) && next_record(&b, &rb, is, &lb));
		check(name_equal(ra.owner.wire, rb.owner.wire) && ra.type == rb.type && ra.class == rb.class);
		check(ra.ttl_s == rb.ttl_s && la == lb && rdata_compare(ra.type, was, la, is, lb) == 0);
	}
	check(b.pos == b.len);
	free(exact);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
	struct message m;
	enum err e = message_parse(data, len, &m);
	check(len >= MESSAGE_HEADER_LEN || e == ERR_SHORT);
	if (e != OK) return 0;
	check(m.answer_pos <= len && m.tsig_pos <= len);
	if (m.tsig_pos) check(m.tsig_arcount + 1 == m.header.arcount);
	if (m.header.qdcount)
		check(name_check(m.question.name.wire, m.question.name.len) == m.question.name.len);
	check_options(&m);
	check_rewritten(&m);
	return 0;
}
