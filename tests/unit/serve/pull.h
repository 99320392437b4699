/* Transfers out of the lab's serve: asked for, and all their messages as text. */
#ifndef TESTS_SERVE_PULL_H
#define TESTS_SERVE_PULL_H

#include "lab.h"

struct received {
	unsigned messages;
	unsigned records;
	size_t longest;
	long end;
};

/* Pull all messages of the stream, adding each to lab->text (cleared first). tsig: verify each, NULL: none. */
static inline struct received pull(struct lab *lab, size_t cap, struct tsig_state *tsig) {
	struct received r = { 0 };
	static char all[LAB_TEXT_MAX];
	size_t len = 0;
	all[0] = 0;
	assert_non_null(lab->stream);
	while ((r.end = serve_stream_next(lab->stream, lab_now(), lab->answer, cap)) > 0) {
		struct message m;
		lab->answer_len = (size_t)r.end;
		assert_true(lab->answer_len <= cap);
		assert_int_equal(message_parse(lab->answer, lab->answer_len, &m), OK);
		assert_int_equal(m.header.id, 0x1234);
		assert_int_equal(m.header.flags & (FLAG_QR | FLAG_AA | FLAG_TC), FLAG_QR | FLAG_AA);
		assert_int_equal(m.header.qdcount, r.messages == 0);
		if (tsig) assert_int_equal(tsig_verify_answer(tsig, &m, (uint64_t)lab_now().wall_s), OK);
		r.messages++;
		r.records += m.header.ancount;
		if (lab->answer_len > r.longest) r.longest = lab->answer_len;
		if (m.header.ancount < 1000)
			len += (size_t)snprintf(all + len, sizeof(all) - len, "%s",
			                        strchr(lab_show(lab), '\n') + 1);
		assert_true(len < sizeof(all));
	}
	memcpy(lab->text, all, sizeof(all));
	return r;
}

/* For example. */
static inline void ask_ixfr(struct lab *lab, uint32_t serial, enum serve_transport transport) {
	struct lab_question q = lab_parse("example. IXFR tcp");
	lab_build(lab, &q);
	struct writer w = writer_init(lab->request, sizeof(lab->request));
	w.len = lab->request_len;
	lab->request[9] = 1;
	write_u16(&w, 0xc00c);
	write_u16(&w, RR_SOA);
	write_u16(&w, CLASS_IN);
	write_u32(&w, 0);
	write_u16(&w, 22);
	write_u8(&w, 0);
	write_u8(&w, 0);
	write_u32(&w, serial);
	for (unsigned i = 0; i < 4; i++)
		write_u32(&w, 60);
	lab->request_len = w.len;
	lab_send(lab, transport);
}

#endif
