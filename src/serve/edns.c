#include "serve/edns.h"

#include <string.h>

#define OPTION_HEADER_LEN 4

/* An option as we know it: what a request says by it, what the answer tells. */
struct option {
	uint16_t code;
	/* Take in what the request has.  False: malformed.  NULL: nothing but that it is there. */
	bool (*read)(struct request *r, const uint8_t *data, uint16_t len);
	/* Octets of data in the answer; NOTHING: there is nothing to tell. */
	int (*len)(const struct request *r);
	void (*write)(const struct request *r, struct writer *w);
};
#define NOTHING (-1)

/* -- COOKIE, RFC 7873 section 5.2 ------------------------------------------------------------------------------ */

static bool cookie_read(struct request *r, const uint8_t *data, uint16_t len) {
	if (!r->settings->cookies) return true;
	r->cookie = cookie_judge(&r->settings->secrets, r->peer, (uint32_t)r->now.wall_s, data, len,
	                         r->answer_cookie);
	switch (r->cookie) {
	case COOKIE_MALFORMED: return false;
	case COOKIE_NEW: count(r->worker, COUNTER_cookies_new); break;
	case COOKIE_BAD: count(r->worker, COUNTER_cookies_bad); break;
	case COOKIE_VALID: count(r->worker, COUNTER_cookies_valid); break;
	}
	r->has_cookie = true;
	return true;
}

static int cookie_len(const struct request *r) {
	return r->has_cookie ? COOKIE_LEN : NOTHING;
}

static void cookie_write(const struct request *r, struct writer *w) {
	write_bytes(w, r->answer_cookie, COOKIE_LEN);
}

/* -- edns-tcp-keepalive, RFC 7828 section 3 -------------------------------------------------------------------- */

/* Over UDP it is to be ignored (section 3.3.1).  A client has no value to give: one that is there is not looked at. */
static int keepalive_len(const struct request *r) {
	return r->transport != SERVE_UDP && r->settings->tcp_idle_100ms > 0 ? 2 : NOTHING;
}

static void keepalive_write(const struct request *r, struct writer *w) {
	unsigned now = r->tcp_idle_ms / 100, plenty = r->settings->tcp_idle_100ms;
	write_u16(w, (uint16_t)(r->tcp_idle_ms > 0 && now < plenty ? now : plenty));
}

/* -- EXPIRE, RFC 7314 ------------------------------------------------------------------------------------------- */

/* Told with the SOA of a zone, or with the zone: to those who hold it too. */
static int expire_len(const struct request *r) {
	const struct question *q = &r->message.question;
	bool asks_soa = q->type == RR_SOA || q->type == RR_AXFR || q->type == RR_IXFR;
	if (!r->version || !asks_soa || r->zone->name_len != q->name.len) return NOTHING;
	return atomic_load_explicit(&r->zone->expires_at_s, memory_order_relaxed) > 0 ? 4 : NOTHING;
}

static void expire_write(const struct request *r, struct writer *w) {
	int64_t left_s = atomic_load_explicit(&r->zone->expires_at_s, memory_order_relaxed) - r->now.wall_s;
	write_u32(w, left_s <= 0 ? 0 : left_s < UINT32_MAX ? (uint32_t)left_s : UINT32_MAX);
}

/* -- ZONEVERSION, RFC 9660 section 2 ------------------------------------------------------------------------------ */

#define ZONEVERSION_SOA_SERIAL 0

static bool zoneversion_read(struct request *r, const uint8_t *data, uint16_t len) {
	(void)r, (void)data;
	return len == 0; /* only answers have a version */
}

static int zoneversion_len(const struct request *r) {
	return r->version ? 6 : NOTHING;
}

static void zoneversion_write(const struct request *r, struct writer *w) {
	write_u8(w, r->zone->labels);
	write_u8(w, ZONEVERSION_SOA_SERIAL);
	write_u32(w, version_serial(r->version));
}

/* -- NSID, RFC 5001 ----------------------------------------------------------------------------------------------- */

static int nsid_len(const struct request *r) {
	return r->settings->nsid.len > 0 ? r->settings->nsid.len : NOTHING;
}

static void nsid_write(const struct request *r, struct writer *w) {
	write_bytes(w, r->settings->nsid.text, r->settings->nsid.len);
}

/* -- all of them: the order is that of need --------------------------------------------------------------------------- */

enum { OPTION_COOKIE, OPTION_KEEPALIVE, OPTION_EXPIRE, OPTION_ZONEVERSION, OPTION_NSID, OPTION_PADDING };

static const struct option options[] = {
	[OPTION_COOKIE] = { EDNS_COOKIE, cookie_read, cookie_len, cookie_write },
	[OPTION_KEEPALIVE] = { EDNS_KEEPALIVE, NULL, keepalive_len, keepalive_write },
	[OPTION_EXPIRE] = { EDNS_EXPIRE, NULL, expire_len, expire_write },
	[OPTION_ZONEVERSION] = { EDNS_ZONEVERSION, zoneversion_read, zoneversion_len, zoneversion_write },
	[OPTION_NSID] = { EDNS_NSID, NULL, nsid_len, nsid_write },
	[OPTION_PADDING] = { EDNS_PADDING, NULL, NULL, NULL }, /* the last one, and of no length of its own */
};
#define OPTION_COUNT (sizeof(options) / sizeof(options[0]))

/* -- reading ------------------------------------------------------------------------------------------------------- */

/* Of an option that comes twice the first one counts (RFC 7873 section 5.2 says so of cookies). */
static bool read_option(struct request *r, uint16_t code, const uint8_t *data, uint16_t len) {
	for (unsigned i = 0; i < OPTION_COUNT; i++) {
		if (options[i].code != code) continue;
		if (r->answer_options & (1U << i)) return true;
		r->answer_options |= (uint8_t)(1U << i);
		return !options[i].read || options[i].read(r, data, len);
	}
	return true;
}

bool edns_read(struct request *r) {
	const struct edns *edns = &r->message.edns;
	unsigned pos = 0;
	uint16_t code, len;
	const uint8_t *data;
	bool sound = true;
	if (edns->options_len == 0) return true;
	while (edns_option_next(edns, &pos, &code, &data, &len))
		sound &= read_option(r, code, data, len);
	return sound;
}

void edns_keep_cookie(struct request *r) {
	r->answer_options &= 1U << OPTION_COOKIE;
}

void edns_keep_identity(struct request *r) {
	r->answer_options &= (1U << OPTION_COOKIE) | (1U << OPTION_NSID);
}

/* -- writing ------------------------------------------------------------------------------------------------------- */

uint16_t edns_reserve(struct request *r, size_t room) {
	size_t sum = 0;
	for (unsigned i = 0; r->answer_options >> i; i++) {
		if (!(r->answer_options & (1U << i)) || !options[i].len) continue;
		int len = options[i].len(r);
		if (len == NOTHING || sum + OPTION_HEADER_LEN + (size_t)len > room)
			r->answer_options &= (uint8_t) ~(1U << i);
		else
			sum += OPTION_HEADER_LEN + (size_t)len;
	}
	return (uint16_t)sum;
}

static void write_reserved(const struct request *r, struct writer *w) {
	for (unsigned i = 0; r->answer_options >> i; i++) {
		if (!(r->answer_options & (1U << i)) || !options[i].len) continue;
		write_u16(w, options[i].code);
		size_t at = w->len;
		write_u16(w, 0);
		options[i].write(r, w);
		if (!w->failed) store_u16(w->data + at, (uint16_t)(w->len - at - 2));
	}
}

/* Never at the cost of anything else: without its text, or not at all, where room is short. */
static void write_error(const struct request *r, struct writer *w) {
	char text[EDE_TEXT_MAX];
	size_t room = w->cap - w->len;
	if (r->ede == EDE_NONE || room < OPTION_HEADER_LEN + 2) return;
	size_t len = ede_text(r->ede, r->ede == EDE_EXPIRED ? r->expired_s : 0, text);
	if (len > room - OPTION_HEADER_LEN - 2) len = 0;
	write_u16(w, EDNS_EDE);
	write_u16(w, (uint16_t)(2 + len));
	write_u16(w, ede_code(r->ede));
	write_bytes(w, text, len);
}

void edns_write(const struct request *r, struct writer *w) {
	if (r->answer_options) write_reserved(r, w);
	write_error(r, w);
}

bool edns_pads(const struct request *r) {
	return (r->answer_options & (1U << OPTION_PADDING)) && r->transport == SERVE_TLS;
}

void edns_write_padding(struct writer *w, size_t whole) {
	whole += OPTION_HEADER_LEN;
	size_t len = (EDNS_PADDING_BLOCK - whole % EDNS_PADDING_BLOCK) % EDNS_PADDING_BLOCK;
	size_t room = w->cap - w->len - OPTION_HEADER_LEN;
	if (len > room) len = room;
	write_u16(w, EDNS_PADDING);
	write_u16(w, (uint16_t)len);
	uint8_t *zeros = write_reserve(w, len);
	if (zeros) memset(zeros, 0, len);
}

/* What is signed afterwards counts too. */
void edns_pad(const struct request *r, struct writer *w, size_t written_after) {
	if (!edns_pads(r) || w->failed || w->cap - w->len < OPTION_HEADER_LEN) return;
	edns_write_padding(w, w->len + written_after);
}
