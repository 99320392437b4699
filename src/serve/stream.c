#include "serve/stream.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

/* Compression pointers reach no further (RFC 1035 section 4.1.4): beyond it messages only get longer, not
 * better. */
#define STREAM_MESSAGE_LEN 16384

/* -- messages ---------------------------------------------------------------------------------------------------- */

/* Without padding proper: later messages have an OPT record for its sake only. */
static uint16_t opt_len(const struct serve_stream *s) {
	if (!s->edns.present || (s->messages > 0 && !s->pads)) return 0;
	return (uint16_t)(OPT_FIXED_LEN + (s->messages == 0 ? s->edns.options_len : 0U) +
	                  (s->pads ? EDNS_PADDING_HEADER_LEN : 0U));
}

/* The message in work has the zone's name at its question, octet for octet. */
static bool question_is_apex(const struct serve_stream *s) {
	const struct name *asked = &s->question.name;
	return s->messages == 0 && asked->len == s->names.apex_len &&
	       memcmp(asked->wire, s->names.apex, asked->len) == 0;
}

static void begin_message(struct serve_stream *s, uint8_t *out, size_t cap) {
	struct encoder *e = &s->encoder;
	size_t tail = s->is_signed ? tsig_answer_len(&s->tsig) : 0;
	if (cap > MESSAGE_MAX_LEN) cap = MESSAGE_MAX_LEN;
	message_begin(e, out, cap, cap);
	encoder_reserve(e, (uint16_t)(tail + opt_len(s)));
	e->header.id = s->id;
	e->header.flags = s->flags;
	/* Later messages may do without the question (RFC 5936 section 2.2.1). */
	if (s->messages == 0) message_question(e, &s->question);
	s->owner_offset = 0;
	stream_names_begin(&s->names, question_is_apex(s) ? MESSAGE_HEADER_LEN : 0);
}

/* Sizes of messages tell what is in a zone to whoever sees them pass (RFC 9103 sections 7.9.1, 7.10.3). */
static enum err put_opt(struct serve_stream *s) {
	uint8_t options[EDNS_OPTIONS_MAX + EDNS_PADDING_HEADER_LEN + EDNS_PADDING_BLOCK];
	struct encoder *e = &s->encoder;
	size_t signature = s->is_signed ? tsig_answer_len(&s->tsig) : 0;
	size_t before = e->w.len + OPT_FIXED_LEN, room = e->limit - before - signature;
	struct writer w = writer_init(options, room < sizeof(options) ? room : sizeof(options));
	struct edns edns = s->edns;
	if (s->messages == 0) write_bytes(&w, edns.options, edns.options_len);
	if (s->pads) edns_write_padding(&w, before + w.len + signature);
	edns.options = options;
	edns.options_len = (uint16_t)w.len;
	return w.failed ? ERR_SPACE : message_opt(e, &edns);
}

static long end_message(struct serve_stream *s, struct moment now, uint8_t *out, size_t cap) {
	struct encoder *e = &s->encoder;
	uint16_t opt = opt_len(s);
	encoder_unreserve(e, opt);
	if (opt > 0 && put_opt(s) != OK) return -1;
	size_t len = message_end(e);
	if (s->is_signed && tsig_sign_answer(&s->tsig, (uint64_t)now.wall_s, out, len, cap, &len) != OK)
		return -1;
	s->messages++;
	s->bytes += len;
	return (long)len;
}

static void log_end(struct serve_stream *s, struct moment now, const char *result) {
	char zone[NAME_TEXT_MAX], peer[ADDR_TEXT_MAX];
	if (s->logged) return;
	s->logged = true;
	log_event(s->serve->log, EVENT_PEER_TRANSFER_OUT,
	          LOG_STR("zone", name_text_short(version_apex(s->version), zone)),
	          LOG_STR("peer", addr_text(&s->peer, peer)), LOG_NUM("serial", version_serial(s->version)),
	          LOG_STR("kind", s->steps.changes ? "IXFR" : "AXFR"), LOG_STR("result", result),
	          LOG_NUM("messages", s->messages), LOG_NUM("records", s->records),
	          LOG_NUM("bytes", s->bytes), LOG_NUM("ms", now.mono_ms - s->began.mono_ms));
}

long serve_stream_next(struct serve_stream *s, struct moment now, uint8_t *out, size_t cap) {
	if (now.mono_ms >= s->end_ms) {
		log_end(s, now, "too slow");
		return -1;
	}
	if (!stream_advance(s)) {
		log_end(s, now, "done");
		return 0;
	}
	begin_message(s, out, cap);
	uint64_t before = s->records;
	(void)stream_put(s, STREAM_MESSAGE_LEN); /* what has no room is for the next message */
	long len = s->records > before ? end_message(s, now, out, cap) : -1;
	if (len < 0) log_end(s, now, "failed");
	return len;
}

bool stream_is_at_end(struct serve_stream *s) {
	return !stream_advance(s);
}

/* -- life -------------------------------------------------------------------------------------------------------- */

static void make_edns(struct serve_stream *s, struct request *r) {
	struct writer w = writer_init(s->options, sizeof(s->options));
	(void)edns_reserve(r, sizeof(s->options)); /* what they need is what is written */
	edns_write(r, &w);
	s->pads = edns_pads(r);
	s->edns = (struct edns){ .present = r->message.edns.present,
		                 .dnssec_ok = r->message.edns.dnssec_ok,
		                 .udp_size = r->settings->udp_size,
		                 .options = s->options,
		                 .options_len = (uint16_t)w.len };
}

static int64_t end_of(const struct request *r) {
	int64_t timeout_ms = (int64_t)r->settings->transfer_out_timeout_s * 1000;
	return timeout_ms ? r->now.mono_ms + timeout_ms : INT64_MAX;
}

struct serve_stream *stream_new(struct request *r, struct zone_version *v, struct changes *changes,
                                const struct zone_policy *policy, int place) {
	struct serve_stream *s = xcalloc(1, sizeof(*s));
	s->serve = r->serve;
	s->version = v;
	s->policy = policy;
	version_ref(v);
	policy_ref(policy);
	if (changes) changes_ref(changes);
	s->steps.changes = changes;
	s->admission = place;
	s->end_ms = end_of(r);
	s->peer = *r->peer;
	s->began = r->now;
	s->question = r->message.question;
	s->id = r->message.header.id;
	s->flags = (uint16_t)(FLAG_QR | FLAG_AA | (r->message.header.flags & FLAG_RD));
	make_edns(s, r);
	s->is_signed = r->is_signed;
	if (s->is_signed)
		s->tsig = r->worker->tsig; /* plain value after a verified request: nothing is shared */
	s->encoder.names.exact_case = true;
	stream_names_init(&s->names, version_apex(v));
	stream_begin_phase(s, STREAM_OPEN);
	return s;
}

void serve_stream_free(struct serve_stream *s) {
	if (!s) return;
	if (s->admission != PLACE_NONE) places_give_back(&s->serve->places, s->admission);
	if (s->is_signed) tsig_done(&s->tsig);
	version_unref(s->version);
	changes_unref(s->steps.changes);
	policy_unref(s->policy);
	free(s);
}
