/* TSIG, RFC 8945.
 *
 * What a MAC covers (sections 4.3 and 5.3.1), in this order:
 *   request        :                       message, variables
 *   first answer   : request MAC,          message, variables
 *   later answers  : MAC of the last TSIG, every unsigned message since, message, timers
 * MACs go in with their length before them, exactly as they were sent (truncated ones too); the message goes in
 * without its TSIG record, with its original ID, and with ARCOUNT counted without TSIG. */
#include "dns/tsig.h"

#include <assert.h>
#include <string.h>

#include "dns/tsig_digest.h"

#define TSIG_FIXED_LEN 16 /* RDATA without algorithm name, MAC and other data */
#define TSIG_OTHER_LEN 6  /* other data of BADTIME: the server's time */
#define TSIG_TIME_MAX UINT64_C(0xffffffffffff)
#define ERROR_BADSIG 16 /* TSIG's meaning of the number (RFC 8945 section 3) */

/* One TSIG record taken apart, or to be written; pointers are borrowed. */
struct tsig_record {
	const uint8_t *key_name;
	const uint8_t *algorithm_name;
	uint64_t time_s;
	uint16_t fudge_s;
	uint16_t mac_len;
	uint16_t original_id;
	uint16_t error;
	uint16_t other_len;
	const uint8_t *mac;
	const uint8_t *other;
	struct name key_name_read, algorithm_name_read; /* where the names are, after reading */
};

/* -- the record ---------------------------------------------------------------------------------------------- */

static enum err record_check(const struct message *m, const struct record *record) {
	if (record->type != RR_TSIG || record->class != CLASS_ANY) return ERR_MALFORMED;
	/* record_read shows a TTL beyond 2^31-1 as 0; here it must be 0 as sent (section 4.2). */
	if (load_u32(m->data + record->rdata_pos - 6) != 0) return ERR_MALFORMED;
	return record->rdata_pos + record->rdlength == m->len ? OK : ERR_MALFORMED;
}

static enum err record_take_apart(const struct message *m, struct tsig_record *out) {
	struct reader r = reader_init(m->data, m->len);
	struct record record;
	r.pos = m->tsig_pos;
	if (record_read(&r, &record) != OK || record_check(m, &record) != OK) return ERR_MALFORMED;
	out->key_name_read = record.owner;
	out->key_name = out->key_name_read.wire;

	r.pos = record.rdata_pos;
	/* RFC 8945 section 4.2 does not forbid a pointer, and other servers follow one. */
	if (name_read(&r, &out->algorithm_name_read) != OK) return ERR_MALFORMED;
	out->algorithm_name = out->algorithm_name_read.wire;
	out->time_s = read_u48(&r);
	out->fudge_s = read_u16(&r);
	out->mac_len = read_u16(&r);
	out->mac = read_bytes(&r, out->mac_len);
	out->original_id = read_u16(&r);
	out->error = read_u16(&r);
	out->other_len = read_u16(&r);
	out->other = read_bytes(&r, out->other_len);
	return r.failed || reader_left(&r) != 0 ? ERR_MALFORMED : OK;
}

static size_t record_len(const struct tsig_record *t) {
	return name_len(t->key_name) + 10 + name_len(t->algorithm_name) + TSIG_FIXED_LEN + t->mac_len +
	       t->other_len;
}

/* Append t to the message of len octets in buf and count it in ARCOUNT. */
static enum err record_append(const struct tsig_record *t, uint8_t *buf, size_t len, size_t cap,
                              size_t *out_len) {
	uint16_t arcount = load_u16(buf + 10);
	struct writer w = writer_init(buf, cap < MESSAGE_MAX_LEN ? cap : MESSAGE_MAX_LEN);
	if (len > w.cap || record_len(t) > w.cap - len || arcount == UINT16_MAX) return ERR_SPACE;
	w.len = len;
	size_t algorithm_len = name_len(t->algorithm_name);
	write_bytes(&w, t->key_name, name_len(t->key_name));
	write_u16(&w, RR_TSIG);
	write_u16(&w, CLASS_ANY);
	write_u32(&w, 0);
	write_u16(&w, (uint16_t)(algorithm_len + TSIG_FIXED_LEN + t->mac_len + t->other_len));
	write_bytes(&w, t->algorithm_name, algorithm_len);
	write_u48(&w, t->time_s);
	write_u16(&w, t->fudge_s);
	write_u16(&w, t->mac_len);
	write_bytes(&w, t->mac, t->mac_len);
	write_u16(&w, t->original_id);
	write_u16(&w, t->error);
	write_u16(&w, t->other_len);
	write_bytes(&w, t->other, t->other_len);
	assert(!w.failed);
	store_u16(buf + 10, (uint16_t)(arcount + 1));
	*out_len = w.len;
	return OK;
}

/* -- the digest ---------------------------------------------------------------------------------------------- */

static void digest_prior_mac(void *hmac, const struct tsig_state *s) {
	uint8_t len[2];
	store_u16(len, s->mac_len);
	tsig_hmac_add(hmac, len, sizeof(len));
	tsig_hmac_add(hmac, s->mac, s->mac_len);
}

/* A message that carries TSIG, as it was before the record was added. */
static void digest_signed_message(void *hmac, const struct message *m, uint16_t original_id) {
	uint8_t header[MESSAGE_HEADER_LEN];
	memcpy(header, m->data, sizeof(header));
	store_u16(header, original_id);
	store_u16(header + 10, m->tsig_arcount);
	tsig_hmac_add(hmac, header, sizeof(header));
	tsig_hmac_add(hmac, m->data + sizeof(header), m->tsig_pos - sizeof(header));
}

/* Names go in lower case (section 4.3.3). */
static void digest_name(void *hmac, const uint8_t *wire) {
	struct name name;
	name_copy(&name, wire);
	name_to_lower(&name);
	tsig_hmac_add(hmac, name.wire, name.len);
}

static void digest_timers(void *hmac, const struct tsig_record *t) {
	uint8_t timers[8];
	struct writer w = writer_init(timers, sizeof(timers));
	write_u48(&w, t->time_s);
	write_u16(&w, t->fudge_s);
	tsig_hmac_add(hmac, timers, sizeof(timers));
}

static void digest_variables(void *hmac, const struct tsig_record *t) {
	static const uint8_t class_any_ttl_zero[6] = { 0, CLASS_ANY, 0, 0, 0, 0 };
	uint8_t error_and_len[4];
	digest_name(hmac, t->key_name);
	tsig_hmac_add(hmac, class_any_ttl_zero, sizeof(class_any_ttl_zero));
	digest_name(hmac, t->algorithm_name);
	digest_timers(hmac, t);
	store_u16(error_and_len, t->error);
	store_u16(error_and_len + 2, t->other_len);
	tsig_hmac_add(hmac, error_and_len, sizeof(error_and_len));
	tsig_hmac_add(hmac, t->other, t->other_len);
}

/* -- verifying ----------------------------------------------------------------------------------------------- */

static bool time_is_near(const struct tsig_record *t, uint64_t now_s) {
	uint64_t distance = t->time_s > now_s ? t->time_s - now_s : now_s - t->time_s;
	return distance <= t->fudge_s;
}

static bool algorithm_is(const struct tsig_record *t, const struct tsig_key *key) {
	const char *wire = tsig_algorithm_row(key->algorithm)->wire;
	return name_equal(t->algorithm_name, (const uint8_t *)wire);
}

static const struct tsig_key *keyring_find(const struct tsig_keyring *ring, const struct tsig_record *t) {
	for (unsigned i = 0; i < ring->count; i++) {
		const struct tsig_key *key = ring->keys[i];
		if (name_equal(key->name.wire, t->key_name) && algorithm_is(t, key)) return key;
	}
	return NULL;
}

/* Compare the digest so far with the MAC of t; hmac is used up. */
static enum err mac_check(void *hmac, const struct tsig_record *t) {
	uint8_t mac[TSIG_MAC_MAX];
	if (tsig_hmac_finish(hmac, mac) != OK) return ERR_TSIG_BADSIG;
	return tsig_mac_equal(mac, t->mac, t->mac_len) ? OK : ERR_TSIG_BADSIG;
}

static void state_keep_mac(struct tsig_state *s, const uint8_t *mac, uint16_t len) {
	memcpy(s->mac, mac, len);
	s->mac_len = len;
}

static enum err request_check_mac(struct tsig_state *s, const struct message *m,
                                  const struct tsig_record *t) {
	/* Section 5.2.2.1, cases 1 and 4: a MAC of an impossible length is a format error. */
	if (t->mac_len > tsig_algorithm_row(s->key->algorithm)->mac_len ||
	    t->mac_len < tsig_mac_min(s->key->algorithm))
		return ERR_MALFORMED;
	void *hmac = tsig_hmac_new(s->key);
	digest_signed_message(hmac, m, t->original_id);
	digest_variables(hmac, t);
	enum err e = mac_check(hmac, t);
	if (e != OK) return e;
	state_keep_mac(s, t->mac, t->mac_len);
	s->mac_out_len = t->mac_len;
	return OK;
}

/* Key, MAC, time: the order of section 5.2. */
static enum err request_check(struct tsig_state *s, const struct tsig_keyring *ring, const struct message *m,
                              const struct tsig_record *t, uint64_t now_s) {
	s->key = keyring_find(ring, t);
	if (!s->key) {
		s->error = RCODE_BADKEY;
		return ERR_TSIG_BADKEY;
	}
	enum err e = request_check_mac(s, m, t);
	if (e == ERR_TSIG_BADSIG) s->error = ERROR_BADSIG;
	if (e == OK && !time_is_near(t, now_s)) {
		s->error = RCODE_BADTIME;
		e = ERR_TSIG_BADTIME;
	}
	return e;
}

enum err tsig_verify_request(struct tsig_state *s, const struct tsig_keyring *ring, const struct message *m,
                             uint64_t now_s) {
	struct tsig_record t;
	memset(s, 0, sizeof(*s));
	if (m->tsig_pos == 0) return ERR_TSIG_MISSING;
	if (record_take_apart(m, &t) != OK) return ERR_MALFORMED;
	s->first = true;
	s->original_id = t.original_id;
	s->peer_time_s = s->request_time_s = t.time_s;
	s->fudge_s = t.fudge_s;
	s->key_name = t.key_name_read;
	s->algorithm_name = t.algorithm_name_read;
	enum err e = request_check(s, ring, m, &t, now_s);
	if (e == ERR_MALFORMED) s->key = NULL; /* the FORMERR goes out unsigned */
	return e;
}

static enum err answer_unsigned(struct tsig_state *s, const struct message *m) {
	if (s->first || s->unsigned_count >= TSIG_UNSIGNED_MAX) return ERR_TSIG_MISSING;
	if (!s->digest) {
		s->digest = tsig_hmac_new(s->key);
		digest_prior_mac(s->digest, s);
	}
	tsig_hmac_add(s->digest, m->data, m->len);
	s->unsigned_count++;
	return OK;
}

/* The peer's word for what it found wrong, as our code. */
static enum err error_from_peer(uint16_t error) {
	switch (error) {
	case 0: return OK;
	case ERROR_BADSIG: return ERR_TSIG_BADSIG;
	case RCODE_BADKEY: return ERR_TSIG_BADKEY;
	case RCODE_BADTIME: return ERR_TSIG_BADTIME;
	case RCODE_BADTRUNC: return ERR_TSIG_BADTRUNC;
	default: return ERR_MALFORMED;
	}
}

static enum err answer_check_mac(struct tsig_state *s, const struct message *m, const struct tsig_record *t) {
	if (t->mac_len > tsig_algorithm_row(s->key->algorithm)->mac_len) return ERR_MALFORMED;
	if (t->mac_len < tsig_mac_min(s->key->algorithm)) return ERR_TSIG_BADTRUNC;
	void *hmac = s->digest;
	s->digest = NULL; /* used up below, whatever comes out */
	if (!hmac) {
		hmac = tsig_hmac_new(s->key);
		digest_prior_mac(hmac, s);
	}
	digest_signed_message(hmac, m, t->original_id);
	if (s->first)
		digest_variables(hmac, t);
	else
		digest_timers(hmac, t);
	return mac_check(hmac, t);
}

/* What the peer says, once its MAC is known to be right. */
static enum err answer_check_word(struct tsig_state *s, const struct tsig_record *t, uint64_t now_s) {
	s->error = t->error;
	s->peer_time_s = t->time_s;
	if (t->error == RCODE_BADTIME && t->other_len == TSIG_OTHER_LEN) {
		struct reader r = reader_init(t->other, t->other_len);
		s->peer_time_s = read_u48(&r);
	}
	enum err e = error_from_peer(t->error);
	if (e == OK && t->other_len != 0)
		e = ERR_MALFORMED; /* only BADTIME has other data (section 4.2), and a later answer's is in no MAC */
	if (e == OK && !time_is_near(t, now_s)) e = ERR_TSIG_BADTIME;
	return e;
}

enum err tsig_verify_answer(struct tsig_state *s, const struct message *m, uint64_t now_s) {
	struct tsig_record t;
	if (!s->key) return m->tsig_pos == 0 ? OK : ERR_MALFORMED;
	if (m->tsig_pos == 0) return answer_unsigned(s, m);
	if (record_take_apart(m, &t) != OK) return ERR_MALFORMED;
	if (t.mac_len == 0 && (t.error == ERROR_BADSIG || t.error == RCODE_BADKEY)) {
		s->error = t.error;
		s->peer_time_s = t.time_s;
		return error_from_peer(t.error);
	}
	if (!name_equal(t.key_name, s->key->name.wire) || !algorithm_is(&t, s->key)) return ERR_TSIG_BADKEY;
	enum err e = answer_check_mac(s, m, &t);
	if (e == OK) e = answer_check_word(s, &t, now_s);
	if (e != OK) return e;
	state_keep_mac(s, t.mac, t.mac_len);
	s->first = false;
	s->unsigned_count = 0;
	return OK;
}

enum err tsig_finish(struct tsig_state *s) {
	return s->key && (s->first || s->unsigned_count > 0) ? ERR_TSIG_MISSING : OK;
}

/* -- signing ------------------------------------------------------------------------------------------------- */

/* Finish the digest of a message of our own, and append the record with its MAC. */
static enum err sign(struct tsig_state *s, void *hmac, struct tsig_record *t, struct writer buf,
                     size_t *out_len) {
	uint8_t mac[TSIG_MAC_MAX];
	tsig_hmac_add(hmac, buf.data, buf.len);
	if (s->first)
		digest_variables(hmac, t);
	else
		digest_timers(hmac, t);
	enum err e = tsig_hmac_finish(hmac, mac);
	if (e != OK) return e;
	t->mac = mac;
	t->mac_len = s->mac_out_len;
	e = record_append(t, buf.data, buf.len, buf.cap, out_len);
	if (e == OK) state_keep_mac(s, mac, s->mac_out_len);
	return e;
}

static struct tsig_record record_of_key(const struct tsig_key *key, const uint8_t *buf, uint64_t now_s) {
	return (struct tsig_record){
		.key_name = key->name.wire,
		.algorithm_name = (const uint8_t *)tsig_algorithm_row(key->algorithm)->wire,
		.time_s = now_s & TSIG_TIME_MAX,
		.fudge_s = TSIG_FUDGE_S,
		.original_id = load_u16(buf),
	};
}

enum err tsig_sign_request(struct tsig_state *s, const struct tsig_key *key, uint64_t now_s, uint8_t *buf,
                           size_t len, size_t cap, size_t *out_len) {
	assert(len >= MESSAGE_HEADER_LEN && len <= cap);
	struct tsig_record t = record_of_key(key, buf, now_s);
	memset(s, 0, sizeof(*s));
	s->key = key;
	s->original_id = t.original_id;
	s->request_time_s = now_s;
	s->fudge_s = TSIG_FUDGE_S;
	s->first = true;
	s->mac_out_len = tsig_algorithm_row(key->algorithm)->mac_len;
	struct writer message = { .data = buf, .cap = cap, .len = len };
	return sign(s, tsig_hmac_new(key), &t, message, out_len);
}

static bool answer_has_no_mac(const struct tsig_state *s) {
	return s->error == RCODE_BADKEY || s->error == ERROR_BADSIG; /* section 5.3.2 */
}

static enum err append_without_mac(const struct tsig_state *s, uint64_t now_s, const struct writer *buf,
                                   size_t *out_len) {
	struct tsig_record t = {
		.key_name = s->key_name.wire,
		.algorithm_name = s->algorithm_name.wire,
		.time_s = now_s & TSIG_TIME_MAX,
		.fudge_s = TSIG_FUDGE_S,
		.original_id = load_u16(buf->data),
		.error = s->error,
	};
	return record_append(&t, buf->data, buf->len, buf->cap, out_len);
}

enum err tsig_sign_answer(struct tsig_state *s, uint64_t now_s, uint8_t *buf, size_t len, size_t cap,
                          size_t *out_len) {
	assert(len >= MESSAGE_HEADER_LEN && len <= cap);
	struct writer message = { .data = buf, .cap = cap, .len = len };
	uint8_t server_time[TSIG_OTHER_LEN];
	if (answer_has_no_mac(s)) return append_without_mac(s, now_s, &message, out_len);
	if (!s->key) {
		*out_len = len;
		return OK;
	}
	struct tsig_record t = record_of_key(s->key, buf, now_s);
	t.error = s->error;
	if (s->error == RCODE_BADTIME) {
		/* The client's own time and fudge, so that it can verify; ours beside them (section 5.2.3). */
		struct writer w = writer_init(server_time, sizeof(server_time));
		write_u48(&w, now_s & TSIG_TIME_MAX);
		t.time_s = s->request_time_s;
		t.fudge_s = s->fudge_s;
		t.other = server_time;
		t.other_len = TSIG_OTHER_LEN;
	}
	void *hmac = tsig_hmac_new(s->key);
	digest_prior_mac(hmac, s);
	enum err e = sign(s, hmac, &t, message, out_len);
	if (e == OK) s->first = false;
	return e;
}

size_t tsig_answer_len(const struct tsig_state *s) {
	struct tsig_record t = { .key_name = s->key_name.wire, .algorithm_name = s->algorithm_name.wire };
	if (answer_has_no_mac(s)) return record_len(&t);
	if (!s->key) return 0;
	t.key_name = s->key->name.wire;
	t.algorithm_name = (const uint8_t *)tsig_algorithm_row(s->key->algorithm)->wire;
	t.mac_len = s->mac_out_len;
	t.other_len = s->error == RCODE_BADTIME ? TSIG_OTHER_LEN : 0;
	return record_len(&t);
}

size_t tsig_request_len(const struct tsig_key *key) {
	struct tsig_state s = { .key = key, .mac_out_len = tsig_algorithm_row(key->algorithm)->mac_len };
	return tsig_answer_len(&s);
}

void tsig_done(struct tsig_state *s) {
	tsig_hmac_free(s->digest);
	s->digest = NULL;
}
