/* A serve with zones in a box: ask it a question given as text, get the answer as text.
 *
 *   question: "name TYPE [tcp] [tls] [edns=SIZE] [do] [nsid] [opt=CODE:HEX]… [rd] [cd] [ad] [class=N] [version=N]"
 *   answer  : first line RCODE, flags and options, then a line a record: AN, AU or AD and
 *             "owner ttl TYPE rdata"; RRSIG shows what it covers, NSEC its next name, NSEC3 whose hash it is
 *             owned by. */
#ifndef TESTS_SERVE_LAB_H
#define TESTS_SERVE_LAB_H

#include <stdarg.h>

#include "serve/serve.h"
#include "zone/lookup.h"
#include "zone_sign.h"

#define LAB_ZONES_MAX 8
#define LAB_TEXT_MAX 262144

struct lab {
	struct epoch *epoch;
	struct zone_table *table;
	struct serve_settings settings; /* lab_configure after a change */
	struct serve *serve;
	struct serve_worker *worker;
	struct zone_policy policy;
	struct keyset keyset;
	struct tsig_key key;
	const struct tsig_key *keys[1];
	struct primary primary;
	struct acl_item allow_transfer[2];
	struct zone_version *versions[LAB_ZONES_MAX];
	unsigned version_count;
	struct addr peer;
	unsigned tcp_idle_ms; /* of the connection that asks */
	int64_t later_s;      /* than lab_now */
	size_t cap;
	bool expects; /* requests are looked at ahead */
	/* The last exchange. */
	uint8_t request[4096];
	size_t request_len;
	uint8_t answer[65535];
	size_t answer_len;
	struct serve_stream *stream;
	char text[LAB_TEXT_MAX];
	size_t text_len;
	/* What the sink heard. */
	unsigned notified;
	bool notified_has_serial;
	uint32_t notified_serial;
	unsigned refused; /* NOTIFYs */
	bool refused_has_key;
	uint16_t refused_tsig_error;
};

static inline void lab_notified(void *ctx, struct zone_entry *entry, const struct addr *peer, bool has_serial,
                                uint32_t serial) {
	struct lab *lab = ctx;
	(void)entry, (void)peer;
	lab->notified++;
	lab->notified_has_serial = has_serial;
	lab->notified_serial = serial;
}

static inline void lab_refused(void *ctx, const struct zone_entry *entry, const struct addr *peer,
                               const uint8_t *key, uint16_t tsig_error) {
	struct lab *lab = ctx;
	(void)entry, (void)peer;
	lab->refused++;
	lab->refused_has_key = key != NULL;
	lab->refused_tsig_error = tsig_error;
}

static inline void lab_policy(struct lab *lab) {
	if (addr_parse("192.0.2.1@53", 53, &lab->primary.addr) != OK) abort();
	if (addr_prefix_parse("127.0.0.0/8", &lab->allow_transfer[0].prefix) != OK) abort();
	lab->allow_transfer[0].has_prefix = true;
	lab->allow_transfer[1].key = &lab->key;
	if (name_parse("k1.", &lab->key.name) != OK) abort();
	lab->key.algorithm = TSIG_HMAC_SHA256;
	if (tsig_secret_parse("c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0", &lab->key) != OK) abort();
	lab->keys[0] = &lab->key;
	lab->keyset.ring = (struct tsig_keyring){ lab->keys, 1 };
	atomic_store(&lab->keyset.references, 1000);
	lab->policy.keyset = &lab->keyset;
	lab->policy.primaries = &lab->primary;
	lab->policy.primary_count = 1;
	lab->policy.allow_transfer = (struct acl){ lab->allow_transfer, 2 };
	atomic_store(&lab->policy.references, 1000); /* never freed by a count */
}

static inline struct lab *lab_new_with(const char *nsid, uint16_t udp_size) {
	struct lab *lab = calloc(1, sizeof(*lab));
	struct serve_notify_sink sink = { .ctx = lab, .notified = lab_notified, .refused = lab_refused };
	lab_policy(lab);
	lab->epoch = epoch_new();
	lab->table = table_new(lab->epoch);
	lab->settings = (struct serve_settings){ .nsid = nsid, .udp_size = udp_size, .transfers_out_max = 2 };
	lab->serve = serve_new(&lab->settings, lab->table, lab->epoch, NULL, &sink);
	lab->worker = serve_worker_new(lab->serve, 0);
	lab->cap = sizeof(lab->answer);
	if (addr_parse("127.0.0.1@4000", 0, &lab->peer) != OK) abort();
	return lab;
}
static inline struct lab *lab_new(void) {
	return lab_new_with(NULL, 1232);
}

static inline void lab_configure(struct lab *lab) {
	serve_configure(lab->serve, &lab->settings);
}

static inline struct zone_entry *lab_entry(struct lab *lab, const char *apex) {
	struct name name;
	struct zone_entry *entry;
	if (name_parse(apex, &name) != OK) abort();
	name_to_lower(&name);
	if (table_add(lab->table, name.wire, &lab->policy, &entry) != OK) abort();
	return entry;
}

static inline struct zone_version *lab_zone(struct lab *lab, const char *apex, const char *text,
                                            enum signing signing) {
	struct zone_version *v = zone_from_text(apex, text, signing);
	table_publish(lab->table, lab_entry(lab, apex), v, ZONE_SERVED);
	lab->versions[lab->version_count++] = v;
	return v;
}

static inline void lab_free(struct lab *lab) {
	serve_stream_free(lab->stream);
	serve_worker_free(lab->worker);
	serve_free(lab->serve);
	for (unsigned i = 0; i < lab->version_count; i++)
		version_unref(lab->versions[i]);
	table_free(lab->table);
	epoch_free(lab->epoch);
	free(lab);
}

/* -- asking --------------------------------------------------------------------------------------------------- */

struct lab_question {
	char name[1100];
	uint16_t type, class, flags, udp_size;
	bool edns, dnssec_ok, tcp, tls;
	uint8_t version;
	uint8_t options[2048];
	uint16_t options_len;
};

/* "CODE:HEX" */
static inline void lab_parse_option(struct lab_question *q, const char *text) {
	struct writer w = writer_init(q->options + q->options_len, sizeof(q->options) - q->options_len);
	const char *hex = strchr(text, ':');
	unsigned octet;
	if (!hex) abort();
	write_u16(&w, (uint16_t)strtoul(text, NULL, 10));
	write_u16(&w, (uint16_t)(strlen(hex + 1) / 2));
	for (hex++; sscanf(hex, "%2x", &octet) == 1; hex += 2)
		write_u8(&w, (uint8_t)octet);
	if (w.failed) abort();
	q->options_len = (uint16_t)(q->options_len + w.len);
	q->edns = true;
}

static inline struct lab_question lab_parse(const char *text) {
	struct lab_question q = { .class = CLASS_IN, .udp_size = 1232 };
	char type[32] = "", word[2048];
	int at = 0, step = 0;
	if (sscanf(text, "%1099s %31s%n", q.name, type, &at) < 2) abort();
	if (rrtype_parse(type, &q.type) != OK) abort();
	while (sscanf(text + at, "%2047s%n", word, &step) == 1) {
		at += step;
		unsigned number = strchr(word, '=') ? (unsigned)strtoul(strchr(word, '=') + 1, NULL, 10) : 0;
		if (strcmp(word, "tcp") == 0)
			q.tcp = true;
		else if (strcmp(word, "tls") == 0)
			q.tls = true;
		else if (strcmp(word, "do") == 0)
			q.edns = q.dnssec_ok = true;
		else if (strcmp(word, "nsid") == 0)
			lab_parse_option(&q, "3:");
		else if (strncmp(word, "opt=", 4) == 0)
			lab_parse_option(&q, word + 4);
		else if (strcmp(word, "rd") == 0)
			q.flags |= FLAG_RD;
		else if (strcmp(word, "cd") == 0)
			q.flags |= FLAG_CD;
		else if (strcmp(word, "ad") == 0)
			q.flags |= FLAG_AD;
		else if (strncmp(word, "edns=", 5) == 0)
			q.edns = true, q.udp_size = (uint16_t)number;
		else if (strncmp(word, "class=", 6) == 0)
			q.class = (uint16_t)number;
		else if (strncmp(word, "version=", 8) == 0)
			q.edns = true, q.version = (uint8_t)number;
		else
			abort();
	}
	return q;
}

static inline void lab_build(struct lab *lab, const struct lab_question *q) {
	struct writer w = writer_init(lab->request, sizeof(lab->request));
	struct name name;
	if (name_parse(q->name, &name) != OK) abort();
	write_u16(&w, 0x1234);
	write_u16(&w, q->flags);
	write_u16(&w, 1);
	write_u32(&w, 0);
	write_u16(&w, q->edns);
	write_bytes(&w, name.wire, name.len);
	write_u16(&w, q->type);
	write_u16(&w, q->class);
	if (q->edns) {
		write_u8(&w, 0);
		write_u16(&w, RR_OPT);
		write_u16(&w, q->udp_size);
		write_u32(&w, ((uint32_t)q->version << 16) | (q->dnssec_ok ? 0x8000U : 0));
		write_u16(&w, q->options_len);
		write_bytes(&w, q->options, q->options_len);
	}
	lab->request_len = w.len;
}

static inline struct moment lab_now(void) {
	return (struct moment){ .wall_s = 1700000000, .mono_ms = 1000 };
}

/* Send lab->request as it stands. */
static inline size_t lab_send(struct lab *lab, enum serve_transport transport) {
	serve_stream_free(lab->stream);
	lab->stream = NULL;
	struct serve_request r = { .data = lab->request,
		                   .len = lab->request_len,
		                   .peer = &lab->peer,
		                   .now = lab_now(),
		                   .transport = transport,
		                   .tcp_idle_ms = lab->tcp_idle_ms };
	r.now.wall_s += lab->later_s;
	r.now.mono_ms += lab->later_s * 1000;
	if (lab->expects) serve_expect(lab->worker, &r, 1);
	lab->answer_len = serve_packet(lab->worker, &r, lab->answer, lab->cap,
	                               transport == SERVE_UDP ? NULL : &lab->stream);
	return lab->answer_len;
}

/* -- showing ------------------------------------------------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static inline void lab_print(struct lab *lab, const char *format, ...) {
	va_list args;
	va_start(args, format);
	int n = vsnprintf(lab->text + lab->text_len, sizeof(lab->text) - lab->text_len, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= sizeof(lab->text) - lab->text_len) abort();
	lab->text_len += (size_t)n;
}

/* Whose hash is in this owner's first label?  "?" if of no name in the zones. */
static inline void lab_print_nsec3(struct lab *lab, const uint8_t *owner) {
	for (unsigned i = 0; i < lab->version_count; i++) {
		struct zone_walk walk = { 0 };
		struct node node;
		if (!(lab->versions[i]->image.header->flags & IMAGE_HAS_NSEC3)) continue;
		while (zone_walk_next(lab->versions[i], &walk, &node)) {
			uint8_t hash[NSEC3_HASH_LEN], label[NSEC3_LABEL_LEN];
			char text[NAME_TEXT_MAX];
			struct name name;
			node_owner(node, &name);
			zone_nsec3_hash(lab->versions[i], name.wire, hash);
			nsec3_label(hash, label);
			if (owner[0] != NSEC3_LABEL_LEN || memcmp(owner + 1, label, NSEC3_LABEL_LEN) != 0)
				continue;
			lab_print(lab, "%s NSEC3\n", name_text(name.wire, text));
			return;
		}
	}
	lab_print(lab, "? NSEC3\n");
}

static inline void lab_print_record(struct lab *lab, const char *section, const struct record *r) {
	uint8_t rdata[65535];
	char text[65535], owner[NAME_TEXT_MAX], type[RRTYPE_TEXT_MAX];
	struct reader in = reader_init(lab->answer, lab->answer_len);
	struct writer w = writer_init(rdata, sizeof(rdata)), t = writer_init(text, sizeof(text) - 1);
	in.pos = r->rdata_pos;
	if (rdata_read(&in, r->type, r->rdlength, &w) != OK) abort();
	lab_print(lab, "%s ", section);
	if (r->type == RR_NSEC3) {
		lab_print_nsec3(lab, r->owner.wire);
		return;
	}
	lab_print(lab, "%s ", name_text(r->owner.wire, owner));
	if (r->type == RR_RRSIG) {
		lab_print(lab, "RRSIG %s\n", rrtype_text(load_u16(rdata), type));
	} else if (r->type == RR_NSEC) {
		lab_print(lab, "NSEC %s\n", name_text(rdata, owner));
	} else {
		if (rdata_text(r->type, rdata, w.len, &t) != OK) abort();
		lab_print(lab, "%u %s %.*s\n", r->ttl_s, rrtype_text(r->type, type), (int)t.len, text);
	}
}

static inline void lab_print_option(struct lab *lab, uint16_t code, const uint8_t *data, uint16_t len) {
	switch (code) {
	case EDNS_EDE: lab_print(lab, " ede=%u", load_u16(data)); break;
	case EDNS_NSID: lab_print(lab, " nsid=%.*s", len, data); break;
	case EDNS_COOKIE: lab_print(lab, " cookie=%u", len); break;
	case EDNS_EXPIRE: lab_print(lab, " expire=%u", load_u32(data)); break;
	case EDNS_KEEPALIVE: lab_print(lab, " keepalive=%u", load_u16(data)); break;
	case EDNS_PADDING: lab_print(lab, " padding=%u", len); break;
	case EDNS_ZONEVERSION:
		lab_print(lab, " version=%u/%u/%u", data[0], data[1], load_u32(data + 2));
		break;
	default: lab_print(lab, " option=%u/%u", code, len);
	}
}

static inline void lab_print_flags(struct lab *lab, const struct message *m) {
	static const struct {
		uint16_t flag;
		const char *name;
	} flags[] = { { FLAG_AA, "aa" }, { FLAG_TC, "tc" }, { FLAG_RD, "rd" },
		      { FLAG_RA, "ra" }, { FLAG_AD, "ad" }, { FLAG_CD, "cd" } };
	char buf[RRTYPE_TEXT_MAX];
	unsigned rcode = header_rcode(&m->header) | ((unsigned)m->edns.rcode_high << 4), pos = 0;
	lab_print(lab, "%s", rcode_text(rcode, buf));
	for (unsigned i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (m->header.flags & flags[i].flag) lab_print(lab, " %s", flags[i].name);
	if (m->edns.present) lab_print(lab, m->edns.dnssec_ok ? " do" : " edns");
	uint16_t code, len;
	const uint8_t *data;
	while (edns_option_next(&m->edns, &pos, &code, &data, &len))
		lab_print_option(lab, code, data, len);
	lab_print(lab, "\n");
}

/* Show the message in lab->answer. */
static inline const char *lab_show(struct lab *lab) {
	struct message m;
	static const char *const names[] = { "AN", "AU", "AD" };
	lab->text_len = 0;
	lab->text[0] = 0;
	if (lab->answer_len == 0) return "nothing\n";
	if (message_parse(lab->answer, lab->answer_len, &m) != OK) return "malformed\n";
	lab_print_flags(lab, &m);
	struct reader r = reader_init(lab->answer, lab->answer_len);
	r.pos = m.answer_pos;
	const uint16_t counts[] = { m.header.ancount, m.header.nscount, m.header.arcount };
	for (unsigned section = 0; section < 3; section++) {
		for (unsigned i = 0; i < counts[section]; i++) {
			struct record record;
			if (record_read(&r, &record) != OK) abort();
			if (record.type != RR_OPT && record.type != RR_TSIG)
				lab_print_record(lab, names[section], &record);
		}
	}
	return lab->text;
}

static inline const char *lab_ask(struct lab *lab, const char *question) {
	struct lab_question q = lab_parse(question);
	lab_build(lab, &q);
	lab_send(lab, q.tls ? SERVE_TLS : q.tcp ? SERVE_TCP : SERVE_UDP);
	return lab_show(lab);
}

/* The first option of this code in the last answer; NULL: there is none. */
static inline const uint8_t *lab_option(const struct lab *lab, uint16_t code, uint16_t *out_len) {
	struct message m;
	unsigned pos = 0;
	uint16_t found;
	const uint8_t *data;
	if (message_parse(lab->answer, lab->answer_len, &m) != OK) return NULL;
	while (edns_option_next(&m.edns, &pos, &found, &data, out_len))
		if (found == code) return data;
	return NULL;
}

/* "AN " lines etc. that contain `part`: how many. */
static inline unsigned lab_lines(const char *text, const char *part) {
	unsigned count = 0;
	for (const char *p = text; (p = strstr(p, part)); p += strlen(part))
		count++;
	return count;
}

#endif
