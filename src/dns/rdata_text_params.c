/* Parameters of SVCB and HTTPS in presentation form, RFC 9460 section 2.1 and appendix A. */
#include "dns/rdata_text_field.h"
#include "dns/rdata_text_put.h"

/* NSD reads ALPN identifiers of less than 255 octets, escapes included. */
#define ALPN_TEXT_MAX 127

enum svc_key {
	SVC_MANDATORY = 0,
	SVC_ALPN = 1,
	SVC_NO_DEFAULT_ALPN = 2,
	SVC_PORT = 3,
	SVC_IPV4HINT = 4,
	SVC_ECH = 5,
	SVC_IPV6HINT = 6,
	SVC_OHTTP = 8
};

/* Newer keys are not known by name to all readers (dohpath to Knot 3.2, ohttp to NSD 4.6); by number any is. */
static void put_key(struct writer *out, unsigned key) {
	static const char *const names[] = { "mandatory", "alpn", "no-default-alpn", "port",
		                             "ipv4hint",  "ech",  "ipv6hint" };
	if (key < sizeof(names) / sizeof(names[0])) {
		put_text(out, names[key]);
		return;
	}
	put_text(out, "key");
	put_number(out, key);
}

/* RFC 9460 section 8: keys ascend, else readers would sort them. */
static enum err mandatory_text(struct writer *out, struct reader value) {
	int former = -1;
	while (reader_left(&value)) {
		unsigned key = read_u16(&value);
		if (value.failed || (int)key <= former) return ERR_RDATA;
		put_text(out, former < 0 ? "=" : ",");
		put_key(out, key);
		former = (int)key;
	}
	return former < 0 ? ERR_RDATA : OK;
}

/* An item of a comma-separated list.  Commas and backslashes would be escaped twice (RFC 9460 appendix A.1), which
 * readers undo in different ways. */
static enum err put_list_item(struct writer *out, const uint8_t *item, size_t len) {
	for (size_t i = 0; i < len; i++) {
		if (item[i] == ',' || item[i] == '\\') return ERR_RDATA;
		put_quoted_octet(out, item[i]);
	}
	return OK;
}

static enum err alpn_text(struct writer *out, struct reader value) {
	if (!reader_left(&value)) return ERR_RDATA;
	put_text(out, "=\"");
	for (bool is_first = true; reader_left(&value); is_first = false) {
		size_t len = read_u8(&value);
		const uint8_t *p = read_bytes(&value, len);
		if (!p || len == 0 || len > ALPN_TEXT_MAX) return ERR_RDATA;
		if (!is_first) put_text(out, ",");
		enum err e = put_list_item(out, p, len);
		if (e != OK) return e;
	}
	put_text(out, "\"");
	return OK;
}

static enum err hint_text(struct writer *out, struct reader value, size_t address_len) {
	if (!reader_left(&value)) return ERR_RDATA;
	for (bool is_first = true; reader_left(&value); is_first = false) {
		const uint8_t *p = read_bytes(&value, address_len);
		if (!p) return ERR_RDATA;
		put_text(out, is_first ? "=" : ",");
		put_address(out, p, address_len);
	}
	return OK;
}

static enum err port_text(struct writer *out, struct reader value) {
	if (reader_left(&value) != 2) return ERR_RDATA;
	put_text(out, "=");
	put_number(out, read_u16(&value));
	return OK;
}

static enum err ech_text(struct writer *out, struct reader value) {
	if (!reader_left(&value)) return ERR_RDATA;
	put_text(out, "=\"");
	put_base64(out, value.data, value.len);
	put_text(out, "\"");
	return OK;
}

static enum err value_text(struct writer *out, unsigned key, struct reader value) {
	switch (key) {
	case SVC_MANDATORY: return mandatory_text(out, value);
	case SVC_ALPN: return alpn_text(out, value);
	case SVC_NO_DEFAULT_ALPN:
	case SVC_OHTTP: return value.len ? ERR_RDATA : OK;
	case SVC_PORT: return port_text(out, value);
	case SVC_IPV4HINT: return hint_text(out, value, 4);
	case SVC_ECH: return ech_text(out, value);
	case SVC_IPV6HINT: return hint_text(out, value, 16);
	default:
		if (value.len == 0) return OK;
		put_text(out, "=");
		put_quoted(out, value.data, value.len);
		return OK;
	}
}

enum err params_text(struct shown *s) {
	for (bool is_first = true; reader_left(&s->in); is_first = false) {
		unsigned key = read_u16(&s->in);
		size_t len = read_u16(&s->in);
		const uint8_t *p = read_bytes(&s->in, len);
		if (!p) return ERR_RDATA;
		if (!is_first) put_text(&s->out, " ");
		put_key(&s->out, key);
		enum err e = value_text(&s->out, key, reader_init(p, len));
		if (e != OK) return e;
	}
	return OK;
}
