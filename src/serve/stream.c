#include "serve/stream.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "serve/encode.h"

/* Compression pointers reach no further (RFC 1035 section 4.1.4): beyond it messages only get longer, not
 * better. */
#define STREAM_MESSAGE_LEN 16384

/* -- which record is next ------------------------------------------------------------------------------------ */

static void load_set(struct serve_stream *s, const struct rrset *set) {
	s->set = *set;
	s->next = set->rdatas;
	s->left = set->count;
	s->in_signatures = false;
}

static void load_node(struct serve_stream *s, struct node node) {
	s->node = node;
	s->place = 0;
	s->left = 0;
	s->in_signatures = true; /* nothing is loaded yet */
	node_owner(node, &s->owner);
	s->owner_offset = 0;
}

/* The SOA opens and closes the stream; only its signatures stand in between (RFC 5936 section 2.2). */
static void load_place(struct serve_stream *s) {
	struct rrset set;
	node_rrset_at(s->node, s->place++, &set);
	load_set(s, &set);
	if (set.type == RR_SOA) s->left = 0;
}

static void load_soa(struct serve_stream *s) {
	struct rrset set;
	load_node(s, zone_apex(s->version));
	if (!node_rrset(s->node, RR_SOA, &set)) return; /* no image is without one */
	set.sig_count = 0;
	load_set(s, &set);
}

/* The next record of the steps.  False: there is none. */
static bool load_step_record(struct serve_stream *s) {
	struct stream_steps *t = &s->steps;
	struct change_record r;
	while (!change_next(t->changes->steps[t->step], t->side, &t->walk, &r)) {
		t->walk = (struct change_walk){ 0 };
		if (t->side == CHANGE_ADDED && ++t->step == t->changes->count) return false;
		t->side = t->side == CHANGE_REMOVED ? CHANGE_ADDED : CHANGE_REMOVED;
	}
	if (!t->relative || name_len(t->relative) != name_len(r.owner) ||
	    memcmp(t->relative, r.owner, name_len(r.owner)) != 0)
		s->owner_offset = 0;
	t->relative = r.owner;
	t->rr = (struct rr){ r.type, CLASS_IN, r.ttl_s, r.rdata, r.rdlength };
	s->left = 1;
	return true;
}

static void begin_phase(struct serve_stream *s, enum stream_phase phase) {
	s->phase = phase;
	s->left = 0;
	if (phase == STREAM_OPEN || phase == STREAM_CLOSE) load_soa(s);
	if (phase == STREAM_STEPS) s->owner_offset = 0;
	if (phase == STREAM_ZONE) {
		s->walk = (struct zone_walk){ 0 };
		s->node.at = NULL;
		s->in_signatures = true;
	}
}

/* Within the zone: to the signatures of the RRset, the next RRset, the next node.  False: all were sent. */
static bool advance_in_zone(struct serve_stream *s) {
	struct node node;
	if (!s->in_signatures) {
		s->in_signatures = true;
		s->next = s->set.sigs;
		s->left = s->set.sig_count;
		return true;
	}
	if (node_found(s->node) && s->place < node_rrset_count(s->node)) {
		load_place(s);
		return true;
	}
	if (!zone_walk_next(s->version, &s->walk, &node)) return false;
	load_node(s, node);
	return true;
}

/* See to it that s->left > 0.  False: the stream is at its end. */
static bool advance(struct serve_stream *s) {
	while (s->left == 0) {
		switch (s->phase) {
		case STREAM_OPEN: begin_phase(s, s->steps.changes ? STREAM_STEPS : STREAM_ZONE); break;
		case STREAM_STEPS:
			if (!load_step_record(s)) begin_phase(s, STREAM_CLOSE);
			break;
		case STREAM_ZONE:
			if (!advance_in_zone(s)) begin_phase(s, STREAM_CLOSE);
			break;
		case STREAM_CLOSE: s->phase = STREAM_END; return false;
		case STREAM_END: return false;
		}
	}
	return true;
}

/* -- messages ---------------------------------------------------------------------------------------------------- */

/* The owner is written once and then pointed to, as long as it stays the same. */
static enum err write_record(struct serve_stream *s, const uint8_t *owner, const struct rr *rr) {
	struct encoder *e = &s->encoder;
	size_t pos = e->w.len;
	if (s->owner_offset) return message_record_at(e, SECTION_ANSWER, s->owner_offset, rr);
	enum err err = message_record(e, SECTION_ANSWER, owner, rr);
	if (err == OK) s->owner_offset = encode_owner_offset(e, pos);
	return err;
}

static enum err put_zone_record(struct serve_stream *s) {
	const uint8_t *next = s->next;
	uint16_t len;
	const uint8_t *rdata = rrset_next(&next, &len);
	struct rr rr = { .type = s->in_signatures ? RR_RRSIG : s->set.type,
		         .class = CLASS_IN,
		         .ttl_s = s->in_signatures ? s->set.sig_ttl_s : s->set.ttl_s,
		         .rdata = rdata,
		         .rdlength = len };
	enum err err = write_record(s, s->owner.wire, &rr);
	if (err == OK) s->next = next;
	return err;
}

/* Owners of steps end where the zone begins.  ERR_NAME: too long together, which no zone that we serve has. */
static enum err put_step_record(struct serve_stream *s) {
	uint8_t owner[2 * NAME_MAX_LEN];
	const uint8_t *apex = version_apex(s->version);
	size_t len = name_len(s->steps.relative) - 1;
	if (len + name_len(apex) > NAME_MAX_LEN) return ERR_NAME;
	memcpy(owner, s->steps.relative, len);
	memcpy(owner + len, apex, name_len(apex));
	return write_record(s, owner, &s->steps.rr);
}

static enum err put_record(struct serve_stream *s) {
	enum err err = s->phase == STREAM_STEPS ? put_step_record(s) : put_zone_record(s);
	if (err != OK) return err;
	s->left--;
	s->records++;
	return OK;
}

/* Without padding proper: later messages have an OPT record for its sake only. */
static uint16_t opt_len(const struct serve_stream *s) {
	if (!s->edns.present || (s->messages > 0 && !s->pads)) return 0;
	return (uint16_t)(OPT_FIXED_LEN + (s->messages == 0 ? s->edns.options_len : 0U) +
	                  (s->pads ? EDNS_PADDING_HEADER_LEN : 0U));
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
	enum err err = OK;
	if (now.mono_ms >= s->end_ms) {
		log_end(s, now, "too slow");
		return -1;
	}
	if (!advance(s)) {
		log_end(s, now, "done");
		return 0;
	}
	begin_message(s, out, cap);
	uint64_t before = s->records;
	while (err == OK && s->encoder.w.len < STREAM_MESSAGE_LEN && advance(s))
		err = put_record(s);
	long len = s->records > before ? end_message(s, now, out, cap) : -1;
	if (len < 0) log_end(s, now, "failed");
	return len;
}

bool stream_is_at_end(struct serve_stream *s) {
	return !advance(s);
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
	begin_phase(s, STREAM_OPEN);
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
