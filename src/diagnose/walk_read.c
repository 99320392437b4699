/* RFC 1034 section 4.3.2 seen from the other side, RFC 2181 section 5.4.1 (who may say what), RFC 2308 (denials). */
#include "diagnose/walk_read.h"

#include <stdio.h>
#include <string.h>

#include "dns/rdata.h"

/* What is asked of whom. */
struct place {
	const struct message *m;
	const uint8_t *cut, *name;
	uint16_t type;
};

/* What a look over the answer has found. */
struct glance {
	bool has_answer, has_alias, has_soa, has_referral;
	struct name alias, referral;
};

typedef void visitor(void *ctx, const struct place *p, const struct record *record);

/* Records of one section, of class IN and within the zone of the server: the others are not its business. */
static void each_record(const struct place *p, enum section section, visitor *visit, void *ctx) {
	const struct header *h = &p->m->header;
	struct reader r = { .data = p->m->data, .len = p->m->len, .pos = p->m->answer_pos };
	unsigned counts[] = { h->ancount, h->nscount, h->arcount };
	struct record record;
	for (unsigned s = 0; s <= (unsigned)section; s++)
		for (unsigned i = 0; i < counts[s]; i++) {
			if (record_read(&r, &record) != OK) return; /* message_parse has walked it */
			if (s != (unsigned)section || record.class != CLASS_IN) continue;
			if (name_is_within(record.owner.wire, p->cut)) visit(ctx, p, &record);
		}
}

static bool read_target(const struct place *p, const struct record *record, struct name *out_name) {
	struct reader r = { .data = p->m->data, .len = p->m->len, .pos = record->rdata_pos };
	return name_read(&r, out_name) == OK && r.pos == record->rdata_pos + record->rdlength;
}

static void see_answer(void *ctx, const struct place *p, const struct record *record) {
	struct glance *g = ctx;
	if (!name_equal(record->owner.wire, p->name)) return;
	if (record->type == p->type) g->has_answer = true;
	if (record->type == RR_CNAME && !g->has_alias) g->has_alias = read_target(p, record, &g->alias);
}

/* On the way from the server's zone down to the name, and not the server's zone itself. */
static bool leads_down(const struct place *p, const uint8_t *owner) {
	return name_is_within(p->name, owner) && !name_equal(owner, p->cut);
}

static void see_authority(void *ctx, const struct place *p, const struct record *record) {
	struct glance *g = ctx;
	if (record->type == RR_SOA && name_is_within(p->name, record->owner.wire)) g->has_soa = true;
	if (record->type != RR_NS || g->has_referral || !leads_down(p, record->owner.wire)) return;
	g->referral = record->owner;
	g->has_referral = true;
}

/* -- what the kinds bring -- */

static bool has_server(const struct reading *reading, const uint8_t *name) {
	for (unsigned i = 0; i < reading->server_count; i++)
		if (name_equal(reading->servers[i].name.wire, name)) return true;
	return false;
}

static void take_server(void *ctx, const struct place *p, const struct record *record) {
	struct reading *reading = ctx;
	struct name name;
	if (record->type != RR_NS || !name_equal(record->owner.wire, reading->owner.wire)) return;
	if (!read_target(p, record, &name) || has_server(reading, name.wire)) return;
	if (reading->server_count == FINDINGS_SERVERS_MAX) {
		reading->servers_left_out = true;
		return;
	}
	name_to_lower(&name);
	reading->servers[reading->server_count++] = (struct findings_server){ .name = name };
}

static bool read_address(const struct place *p, const struct record *record, struct addr *out_addr) {
	bool four = record->type == RR_A && record->rdlength == 4;
	if (!four && !(record->type == RR_AAAA && record->rdlength == 16)) return false;
	*out_addr = (struct addr){ .family = four ? AF_INET : AF_INET6 };
	memcpy(out_addr->ip, p->m->data + record->rdata_pos, record->rdlength);
	return true;
}

static void add_address(struct addr *addresses, unsigned *count, const struct addr *a) {
	for (unsigned i = 0; i < *count; i++)
		if (addr_same_ip(&addresses[i], a)) return;
	if (*count < FINDINGS_ADDRESSES_MAX) addresses[(*count)++] = *a;
}

static void take_glue(void *ctx, const struct place *p, const struct record *record) {
	struct reading *reading = ctx;
	struct addr a;
	if (!read_address(p, record, &a)) return;
	for (unsigned i = 0; i < reading->server_count; i++) {
		struct findings_server *server = &reading->servers[i];
		if (!name_equal(server->name.wire, record->owner.wire)) continue;
		add_address(server->addresses, &server->address_count, &a);
		return;
	}
}

static void take_servers(const struct place *p, enum section section, const uint8_t *owner,
                         struct reading *reading) {
	name_copy(&reading->owner, owner);
	each_record(p, section, take_server, reading);
	each_record(p, SECTION_ADDITIONAL, take_glue, reading);
}

static void take_address(void *ctx, const struct place *p, const struct record *record) {
	struct reading *reading = ctx;
	struct addr a;
	if (record->type != p->type || !name_equal(record->owner.wire, p->name)) return;
	if (read_address(p, record, &a)) add_address(reading->addresses, &reading->address_count, &a);
}

/* RFC 1035 section 3.3.14: several strings are one text.  0: not well-formed, or too long for a proof. */
static size_t join_strings(const struct place *p, const struct record *record, char *out, size_t cap) {
	struct reader r = reader_init(p->m->data + record->rdata_pos, record->rdlength);
	struct writer w = writer_init(out, cap);
	while (reader_left(&r) > 0) {
		uint8_t len = read_u8(&r);
		const uint8_t *data = read_bytes(&r, len);
		if (data) write_bytes(&w, data, len);
	}
	return r.failed || w.failed ? 0 : w.len;
}

static bool is_plain_text(const char *text, size_t len) {
	for (size_t i = 0; i < len; i++)
		if (text[i] < 0x21 || text[i] > 0x7e) return false;
	return true;
}

static void take_text(void *ctx, const struct place *p, const struct record *record) {
	struct findings_texts *texts = &((struct reading *)ctx)->texts;
	char text[sizeof(FINDINGS_PREFIX) - 1 + FINDINGS_TEXT_MAX - 1];
	const size_t prefix = sizeof(FINDINGS_PREFIX) - 1;
	if (record->type != RR_TXT || !name_equal(record->owner.wire, p->name)) return;
	size_t len = join_strings(p, record, text, sizeof(text));
	if (len <= prefix || memcmp(text, FINDINGS_PREFIX, prefix) != 0) return;
	if (!is_plain_text(text, len) || texts->count == FINDINGS_TEXTS_MAX) return;
	char *item = texts->items[texts->count++];
	memcpy(item, text + prefix, len - prefix);
	item[len - prefix] = '\0';
}

static void take_answer(const struct place *p, struct reading *reading) {
	reading->kind = READING_ANSWER;
	if (p->type == RR_NS) take_servers(p, SECTION_ANSWER, p->name, reading);
	if (p->type == RR_A || p->type == RR_AAAA) each_record(p, SECTION_ANSWER, take_address, reading);
	if (p->type == RR_TXT) {
		reading->texts.found = FINDING_YES;
		each_record(p, SECTION_ANSWER, take_text, reading);
	}
}

/* -- which kind it is -- */

static void useless(struct reading *reading, const char *format, const char *what) {
	reading->kind = READING_USELESS;
	if (snprintf(reading->trouble, sizeof(reading->trouble), format, what) < 0)
		reading->trouble[0] = '\0';
}

static unsigned whole_rcode(const struct message *m) {
	return header_rcode(&m->header) | (m->edns.present ? (unsigned)m->edns.rcode_high << 4 : 0);
}

static void take_kind(const struct place *p, const struct glance *g, struct reading *reading) {
	bool authoritative = (p->m->header.flags & FLAG_AA) != 0;
	unsigned rcode = whole_rcode(p->m);
	char text[RRTYPE_TEXT_MAX];
	if (rcode != RCODE_NOERROR && rcode != RCODE_NXDOMAIN) {
		useless(reading, "answered %s", rcode_text(rcode, text));
	} else if (authoritative && g->has_alias && p->type != RR_CNAME) {
		reading->kind = READING_ALIAS;
		reading->owner = g->alias;
	} else if (authoritative && rcode == RCODE_NXDOMAIN) {
		reading->kind = READING_NO_NAME;
	} else if (authoritative && g->has_answer) {
		take_answer(p, reading);
	} else if (authoritative && g->has_soa) {
		reading->kind = READING_NO_DATA;
	} else if (g->has_referral && rcode == RCODE_NOERROR) {
		reading->kind = READING_REFERRAL;
		take_servers(p, SECTION_AUTHORITY, g->referral.wire, reading);
		if (reading->server_count == 0) useless(reading, "%s", "referred to no server");
	} else if (authoritative && p->m->header.ancount == 0) {
		reading->kind = READING_NO_DATA;
	} else {
		useless(reading, "%s", "is not authoritative and refers to nobody below");
	}
}

void reading_of(const struct message *m, const uint8_t *cut, const uint8_t *name, uint16_t type,
                struct reading *out_reading) {
	const struct place p = { m, cut, name, type };
	struct glance g = { 0 };
	memset(out_reading, 0, sizeof(*out_reading));
	each_record(&p, SECTION_ANSWER, see_answer, &g);
	each_record(&p, SECTION_AUTHORITY, see_authority, &g);
	take_kind(&p, &g, out_reading);
}
