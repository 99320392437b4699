/* A transfer of the zone "example." as a hostile primary sends it: frames of two octets of length and a message, to
 * transfer_in and the builder.  The first octet of the input chooses: bit 0 a floor for the serial, bit 1 a TSIG key, bit 2
 * that the ID of each message is set right, so that the fuzzer need not find it. */
#include <stdlib.h>
#include <string.h>

#include "transfer/transfer_in.h"

#define ID 0x1234
#define NOW_S 1700000000

static const uint8_t zone[] = "\7example";

static void sign(struct transfer_in *in, const struct tsig_key *key) {
	uint8_t buf[600];
	struct question q = { .type = RR_AXFR, .class = CLASS_IN };
	name_copy(&q.name, zone);
	size_t len = message_query(buf, sizeof(buf), ID, 0, &q, 0, false);
	if (tsig_sign_request(&in->tsig, key, NOW_S, buf, len, sizeof(buf), &len) != OK) abort();
}

static void begin(struct transfer_in *in, const struct tsig_key *key, uint8_t choice) {
	struct builder_limits limits = { .max_records = 10000, .max_bytes = 1 << 20 };
	transfer_in_init(in, &limits);
	in->asked = (struct asked){ .zone = zone, .type = RR_AXFR, .id = ID, .transport = TRANSPORT_TCP };
	in->has_floor = choice & 1;
	in->floor = 5;
	if (choice & 2) sign(in, key);
}

/* The message in a block of its own size, so that a sanitizer sees a read beyond it. */
static enum transfer_verdict feed(struct transfer_in *in, const uint8_t *data, size_t len, uint8_t choice,
                                  struct why *why) {
	uint8_t *message = malloc(len ? len : 1);
	if (!message) abort();
	memcpy(message, data, len);
	if ((choice & 4) && len >= 2) store_u16(message, ID);
	enum transfer_verdict v = transfer_in_message(in, message, len, NOW_S, why);
	free(message);
	return v;
}

static void build(struct transfer_in *in) {
	struct builder *b = transfer_in_take(in);
	struct zone_version *v = NULL;
	struct why why;
	if (builder_finish(b, &v, &why) == OK) {
		if (image_check_deep(&v->image) != OK) abort();
		version_unref(v);
	} else if (why.reason == REASON_NONE) {
		abort();
	}
	builder_free(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
	struct tsig_key key = { .algorithm = TSIG_HMAC_SHA256, .secret_len = 6, .secret = "secret" };
	struct transfer_in in;
	struct why why = { .reason = REASON_NONE };
	enum transfer_verdict v = TRANSFER_MORE;
	if (len < 1) return 0;
	memcpy(key.name.wire, "\1k", 3);
	key.name.len = 3;
	begin(&in, &key, data[0]);
	for (size_t pos = 1; v == TRANSFER_MORE && len - pos >= 2;) {
		size_t frame = load_u16(data + pos);
		pos += 2;
		if (frame > len - pos) frame = len - pos;
		v = feed(&in, data + pos, frame, data[0], &why);
		pos += frame;
	}
	if (v == TRANSFER_FAILED && why.reason == REASON_NONE) abort();
	if (v == TRANSFER_MORE) transfer_in_cut(&in, &why);
	if (v == TRANSFER_WHOLE) build(&in);
	transfer_in_done(&in);
	return 0;
}
