/* An answer to IXFR as a hostile primary sends it: frames of two octets of length and a message, to transfer_in, and
 * what comes of it applied to a version of "example." with serial 10.  The first octet of the input chooses: bit 0 a
 * floor for the serial, bit 2 that the ID of each message is set right, so that the fuzzer need not find it. */
#include <stdlib.h>
#include <string.h>

#include "transfer/transfer_in.h"
#include "zone/apply.h"

#define ID 0x1234
#define NOW_S 1700000000
#define OURS 10

static const uint8_t zone[] = "\7example";
static const struct builder_limits limits = { .max_records = 10000, .max_bytes = 1 << 20 };

static void add(struct builder *b, const uint8_t *owner, uint16_t type, const void *rdata, uint16_t len) {
	struct why why;
	if (builder_add(b, owner, type, 300, rdata, len, &why) != OK) abort();
}

/* The version that differences are asked from. */
static struct zone_version *our_version(void) {
	static const uint8_t soa[] = "\1m\0\1h\0\0\0\0\12\0\0\16\20\0\0\2\130\0\1\121\200\0\0\1",
			     ns[] = "\2ns";
	struct builder *b = builder_new(zone, &limits);
	struct zone_version *v = NULL;
	struct why why;
	add(b, zone, RR_SOA, soa, 26);
	add(b, zone, RR_NS, ns, 4);
	add(b, (const uint8_t *)"\1a\7example", RR_A, "\300\0\2\1", 4);
	add(b, (const uint8_t *)"\1*\1c\7example", RR_TXT, "\1x", 2);
	if (builder_finish(b, &v, &why) != OK) abort();
	builder_free(b);
	return v;
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

/* Steps chain; what can be applied can be undone. */
static void apply(struct change **steps, unsigned count, uint32_t end) {
	struct zone_version *ours = our_version(), *next = NULL, *back = NULL;
	struct why why = { .reason = REASON_NONE };
	if (count == 0 || steps[0]->from != OURS || steps[count - 1]->to != end) abort();
	for (unsigned i = 1; i < count; i++)
		if (steps[i]->from != steps[i - 1]->to) abort();
	if (version_apply(ours, steps, count, APPLY_FORWARD, &limits, &next, &why) == OK) {
		if (version_serial(next) != end) abort();
		if (version_apply(next, steps, count, APPLY_BACKWARD, &limits, &back, &why) == OK &&
		    version_serial(back) != OURS)
			abort();
	} else if (why.reason == REASON_NONE) {
		abort();
	}
	version_unref(ours);
	version_unref(next);
	version_unref(back);
}

static void use(struct transfer_in *in) {
	unsigned count = 0;
	struct change **steps = ixfr_in_take(&in->steps, &count);
	if (in->form == FORM_STEPS) apply(steps, count, in->opening.soa.serial);
	if (in->form == FORM_CURRENT && in->opening.soa.serial != OURS) abort();
	for (unsigned i = 0; i < count; i++)
		change_unref(steps[i]);
	free(steps);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
	struct transfer_in in;
	struct why why = { .reason = REASON_NONE };
	enum transfer_verdict v = TRANSFER_MORE;
	if (len < 1) return 0;
	transfer_in_init(&in, &limits);
	in.asked = (struct asked){ .zone = zone, .type = RR_IXFR, .id = ID, .transport = TRANSPORT_TCP };
	in.our_serial = OURS;
	in.has_floor = data[0] & 1;
	in.floor = 11;
	for (size_t pos = 1; v == TRANSFER_MORE && len - pos >= 2;) {
		size_t frame = load_u16(data + pos);
		pos += 2;
		if (frame > len - pos) frame = len - pos;
		v = feed(&in, data + pos, frame, data[0], &why);
		pos += frame;
	}
	if (v == TRANSFER_FAILED && why.reason == REASON_NONE) abort();
	if (v == TRANSFER_MORE) transfer_in_cut(&in, &why);
	if (v == TRANSFER_WHOLE) use(&in);
	transfer_in_done(&in);
	return 0;
}
