/* Transfer streams cut at every octet and damaged at every octet: a stream that is not whole is never taken for one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "axfr_lab.h"
#include "base/random.h"
#include "transfer/transfer_in.h"

#define RECORDS 14

/* Frames as TCP brings them: length, message. */
struct tape {
	uint8_t data[16384];
	size_t len;
};

static struct name zone;
static struct builder_limits limits = { .max_records = 1000, .max_bytes = 1000000 };

static void add_message(struct tape *t, struct lab_answer *form, const struct lab_record *records,
                        size_t count) {
	static struct lab_message m;
	lab_make(&m, form, records, count);
	assert_true(t->len + 2 + m.len <= sizeof(t->data));
	store_u16(t->data + t->len, (uint16_t)m.len);
	memcpy(t->data + t->len + 2, m.data, m.len);
	t->len += 2 + m.len;
}

/* A zone in messages of `each` records. */
static void record_tape(struct tape *t, struct lab_answer *form, size_t each) {
	static char owners[RECORDS][32];
	static struct lab_record records[RECORDS];
	records[0] = lab_soa("example.net.", 42);
	records[1] = lab_ns("example.net.", "ns1.example.net.");
	for (int i = 2; i < RECORDS - 1; i++) {
		snprintf(owners[i], sizeof(owners[i]), "host%d.example.net.", i);
		records[i] = lab_a(owners[i], (uint8_t)i);
	}
	records[RECORDS - 1] = lab_soa("example.net.", 42);
	t->len = 0;
	for (size_t at = 0; at < RECORDS; at += each)
		add_message(t, form, records + at, at + each > RECORDS ? RECORDS - at : each);
}

static void begin(struct transfer_in *in) {
	transfer_in_init(in, &limits);
	in->asked = (struct asked){
		.zone = zone.wire, .type = RR_AXFR, .id = LAB_ID, .opcode = OPCODE_QUERY, .transport = 't'
	};
}

/* Feed the whole frames of len octets. */
static enum transfer_verdict play(struct transfer_in *in, const uint8_t *data, size_t len, struct why *why) {
	enum transfer_verdict v = TRANSFER_MORE;
	size_t pos = 0;
	while (v == TRANSFER_MORE && len - pos >= 2 && len - pos - 2 >= load_u16(data + pos)) {
		size_t frame = load_u16(data + pos);
		uint8_t *exact = malloc(frame ? frame : 1);
		memcpy(exact, data + pos + 2, frame);
		v = transfer_in_message(in, exact, frame, LAB_NOW, why);
		free(exact);
		pos += 2 + frame;
	}
	return v;
}

static void a_stream_cut_at_any_octet_is_never_whole(void **state) {
	(void)state;
	static struct tape t;
	struct lab_answer form = { .zone = "example.net.", .id = LAB_ID, .type = RR_AXFR };
	for (size_t each = 1; each <= RECORDS; each++) {
		record_tape(&t, &form, each);
		for (size_t len = 0; len <= t.len; len++) {
			struct transfer_in in;
			struct why why;
			begin(&in);
			enum transfer_verdict v = play(&in, t.data, len, &why);
			assert_int_equal(v, len == t.len ? TRANSFER_WHOLE : TRANSFER_MORE);
			if (v == TRANSFER_MORE) {
				transfer_in_cut(&in, &why);
				assert_int_equal(why.reason,
				                 in.messages ? REASON_TRUNCATED_STREAM : REASON_CLOSED);
			}
			transfer_in_done(&in);
		}
	}
}

static void begin_signed(struct transfer_in *in, const struct tsig_key *key, struct tsig_state *server) {
	uint8_t buf[600];
	size_t len;
	struct question q = { .name = zone, .type = RR_AXFR, .class = CLASS_IN };
	begin(in);
	len = message_query(buf, sizeof(buf), LAB_ID, 0, &q, 0, false);
	assert_int_equal(tsig_sign_request(&in->tsig, key, LAB_NOW, buf, len, sizeof(buf), &len), OK);
	if (server) assert_int_equal(lab_accept(server, key, buf, len), OK);
}

static void a_signed_stream_with_any_octet_changed_is_never_whole(void **state) {
	(void)state;
	static struct tape t;
	struct tsig_key key = lab_key("k1.", "c2VjcmV0IG9mIHRoZSB0ZXN0cw==");
	struct tsig_state server;
	struct transfer_in in;
	struct why why;
	struct lab_answer form = { .zone = "example.net.", .id = LAB_ID, .type = RR_AXFR, .tsig = &server };
	begin_signed(&in, &key, &server);
	record_tape(&t, &form, 3);
	assert_int_equal(play(&in, t.data, t.len, &why), TRANSFER_WHOLE);
	transfer_in_done(&in);
	tsig_done(&server);
	for (size_t at = 0; at < t.len; at++) {
		begin_signed(&in, &key, NULL); /* the same request: the same MAC */
		t.data[at] ^= 0x04;
		assert_int_not_equal(play(&in, t.data, t.len, &why), TRANSFER_WHOLE);
		t.data[at] ^= 0x04;
		transfer_in_done(&in);
	}
}

static void an_unsigned_stream_with_any_octet_changed_ends(void **state) {
	(void)state;
	static struct tape t;
	struct random random = random_seeded(20);
	struct lab_answer form = { .zone = "example.net.", .id = LAB_ID, .type = RR_AXFR };
	record_tape(&t, &form, 4);
	for (unsigned i = 0; i < 20000; i++) {
		struct tape damaged = t;
		struct transfer_in in;
		struct why why = { .reason = REASON_NONE };
		for (unsigned n = 1 + random_below(&random, 4); n > 0; n--)
			damaged.data[random_below(&random, (uint32_t)t.len)] = (uint8_t)random_u64(&random);
		begin(&in);
		if (play(&in, damaged.data, damaged.len, &why) == TRANSFER_FAILED)
			assert_int_not_equal(why.reason, REASON_NONE);
		transfer_in_done(&in);
	}
}

int main(void) {
	zone = lab_name("example.net.");
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stream_cut_at_any_octet_is_never_whole),
		cmocka_unit_test(a_signed_stream_with_any_octet_changed_is_never_whole),
		cmocka_unit_test(an_unsigned_stream_with_any_octet_changed_ends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
