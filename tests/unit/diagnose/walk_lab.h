/* A small Internet for walks: servers by address, zones on them as rows of text, odd servers.  A row is
 * "SERVER ZONE OWNER TYPE DATA"; a server answers as RFC 1034 section 4.3.2 says from the rows that it has. */
#ifndef TESTS_UNIT_DIAGNOSE_WALK_LAB_H
#define TESTS_UNIT_DIAGNOSE_WALK_LAB_H

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diagnose/walk.h"
#include "dns/message.h"
#include "dns/rdata.h"

struct lab_row {
	const char *server, *zone, *owner, *type, *data;
};

enum lab_oddity {
	LAB_SANE,
	LAB_SILENT,
	LAB_TRUNCATES, /* TC by UDP */
	LAB_LOWERS,    /* the question comes back in lower case */
	LAB_OLD,       /* FORMERR to OPT */
	LAB_GUESSED,   /* three answers with wrong IDs, before the right one */
	LAB_MALFORMED,
	LAB_UPWARD,       /* refers to the root */
	LAB_RESOLVER,     /* not authoritative, RA */
	LAB_SELF_REFERRAL /* refers to its own zone again */
};
struct lab_odd {
	const char *server;
	enum lab_oddity oddity;
};

struct lab {
	const struct lab_row *rows;
	size_t row_count;
	const struct lab_odd *odd;
	size_t odd_count;
	unsigned stream_questions, plain_questions, questions, to_unknown;
	char asked[4096]; /* "TYPE name@server," for each */
};

static inline struct name lab_name(const char *text) {
	struct name n;
	enum err e = name_parse(text, &n);
	assert(e == OK);
	(void)e;
	return n;
}

static inline bool lab_is(const char *text, const uint8_t *name) {
	struct name n = lab_name(text);
	return name_equal(n.wire, name);
}

static inline bool lab_within(const uint8_t *name, const char *text) {
	struct name n = lab_name(text);
	return name_is_within(name, n.wire);
}

static inline uint16_t lab_rdata(const struct lab_row *row, uint8_t *out, size_t cap, uint16_t *out_type) {
	struct writer w = writer_init(out, cap);
	enum err e = rrtype_parse(row->type, out_type);
	assert(e == OK);
	if (*out_type == RR_NS || *out_type == RR_CNAME) {
		struct name n = lab_name(row->data);
		write_bytes(&w, n.wire, n.len);
	} else if (*out_type == RR_A || *out_type == RR_AAAA) {
		struct addr a;
		e = addr_parse(row->data, 0, &a);
		assert(e == OK);
		write_bytes(&w, a.ip, *out_type == RR_A ? 4 : 16);
	} else { /* TXT: "|" begins another string */
		for (const char *at = row->data;; at++) {
			const char *stop = strchrnul(at, '|');
			write_u8(&w, (uint8_t)(stop - at));
			write_bytes(&w, at, (size_t)(stop - at));
			at = stop;
			if (!*stop) break;
		}
	}
	assert(!w.failed);
	(void)e;
	return (uint16_t)w.len;
}

static inline void lab_put(struct encoder *e, enum section section, const struct lab_row *row) {
	static uint8_t data[70000];
	uint16_t type, len = lab_rdata(row, data, sizeof(data), &type);
	struct name owner = lab_name(row->owner);
	const struct rr rr = { type, CLASS_IN, 300, data, len };
	enum err err = message_record(e, section, owner.wire, &rr);
	(void)err; /* what does not fit is left out */
}

static inline void lab_put_soa(struct encoder *e, const char *zone) {
	uint8_t data[22] = { 0, 0, 0, 0, 0, 1, 0, 0, 14, 16, 0, 0, 2, 88, 0, 1, 81, 128, 0, 0, 1, 44 };
	struct name owner = lab_name(zone);
	const struct rr rr = { RR_SOA, CLASS_IN, 300, data, sizeof(data) };
	enum err err = message_record(e, SECTION_AUTHORITY, owner.wire, &rr);
	assert(err == OK);
	(void)err;
}

/* Addresses that this server has in this zone for the names of those records. */
static inline void lab_put_glue(struct lab *l, struct encoder *e, const struct lab_row *ns) {
	for (size_t i = 0; i < l->row_count; i++) {
		const struct lab_row *r = &l->rows[i];
		if (strcmp(r->server, ns->server) != 0 || strcmp(r->zone, ns->zone) != 0) continue;
		if ((strcmp(r->type, "A") == 0 || strcmp(r->type, "AAAA") == 0) &&
		    strcasecmp(r->owner, ns->data) == 0)
			lab_put(e, SECTION_ADDITIONAL, r);
	}
}

static inline const char *lab_zone_of(const struct lab *l, const char *server, const uint8_t *name) {
	const char *best = NULL;
	for (size_t i = 0; i < l->row_count; i++) {
		const struct lab_row *r = &l->rows[i];
		if (strcmp(r->server, server) != 0 || !lab_within(name, r->zone)) continue;
		if (!best || strlen(r->zone) > strlen(best)) best = r->zone;
	}
	return best;
}

#define LAB_EACH(l, server_, zone_, r)                                                                       \
	for (const struct lab_row *r = (l)->rows; r < (l)->rows + (l)->row_count; r++)                       \
		if (strcmp(r->server, server_) == 0 && strcmp(r->zone, zone_) == 0)

/* The owner of the cut on the way to name, NULL: none. */
static inline const char *lab_cut(struct lab *l, const char *server, const char *zone, const uint8_t *name) {
	LAB_EACH(l, server, zone, r)
	if (strcmp(r->type, "NS") == 0 && strcmp(r->owner, zone) != 0 && lab_within(name, r->owner))
		return r->owner;
	return NULL;
}

static inline void lab_fill(struct lab *l, struct encoder *e, const char *server, const char *zone,
                            const struct question *q) {
	char type[RRTYPE_TEXT_MAX];
	bool name_is_there = false, answered = false;
	const char *cut = lab_cut(l, server, zone, q->name.wire);
	if (cut) {
		LAB_EACH(l, server, zone, r)
		if (strcmp(r->owner, cut) == 0 && strcmp(r->type, "NS") == 0)
			lab_put(e, SECTION_AUTHORITY, r);
		LAB_EACH(l, server, zone, r)
		if (strcmp(r->owner, cut) == 0 && strcmp(r->type, "NS") == 0) lab_put_glue(l, e, r);
		return;
	}
	e->header.flags |= FLAG_AA;
	const char *wanted = rrtype_text(q->type, type);
	LAB_EACH(l, server, zone, r) {
		struct name owner = lab_name(r->owner);
		if (name_is_within(owner.wire, q->name.wire)) name_is_there = true;
		if (!name_equal(owner.wire, q->name.wire)) continue;
		if (strcmp(r->type, wanted) != 0 && strcmp(r->type, "CNAME") != 0) continue;
		lab_put(e, SECTION_ANSWER, r);
		if (strcmp(r->type, "NS") == 0) lab_put_glue(l, e, r);
		answered = true;
	}
	if (!answered) lab_put_soa(e, zone);
	if (!name_is_there) e->header.flags |= RCODE_NXDOMAIN;
}

static inline enum lab_oddity lab_oddity(const struct lab *l, const char *server) {
	for (size_t i = 0; i < l->odd_count; i++)
		if (strcmp(l->odd[i].server, server) == 0) return l->odd[i].oddity;
	return LAB_SANE;
}

struct lab_reply {
	size_t len; /* 0: none */
	uint8_t data[65535];
};

static inline void lab_put_ns(struct encoder *e, const char *owner, const char *target) {
	const struct lab_row row = { "", "", owner, "NS", target };
	lab_put(e, SECTION_AUTHORITY, &row);
}

static inline void lab_answer(struct lab *l, const char *server, const struct message *m, bool stream,
                              struct lab_reply *out) {
	struct encoder *e = calloc(1, sizeof(*e));
	struct question q = m->question;
	enum lab_oddity oddity = lab_oddity(l, server);
	const char *zone = lab_zone_of(l, server, q.name.wire);
	if (oddity == LAB_LOWERS) name_to_lower(&q.name);
	message_begin(e, out->data, sizeof(out->data), stream ? 65535 : 1232);
	e->header.id = m->header.id;
	e->header.flags = FLAG_QR;
	message_question(e, &q);
	if (oddity == LAB_TRUNCATES && !stream) {
		e->header.flags |= FLAG_TC;
	} else if (oddity == LAB_OLD && m->edns.present) {
		e->header.flags |= RCODE_FORMERR;
	} else if (oddity == LAB_UPWARD) {
		lab_put_ns(e, ".", "a.root-servers.net");
	} else if (oddity == LAB_SELF_REFERRAL && zone) {
		lab_put_ns(e, zone, "ns.evil.net");
	} else if (!zone) {
		e->header.flags |= RCODE_REFUSED;
	} else {
		lab_fill(l, e, server, zone, &q);
	}
	if (oddity == LAB_RESOLVER) e->header.flags = (uint16_t)((e->header.flags & ~FLAG_AA) | FLAG_RA);
	out->len = message_end(e);
	if (oddity == LAB_MALFORMED) out->len -= 3;
	if (oddity == LAB_SILENT) out->len = 0;
	free(e);
}

/* One question of the walk through the world. */
static inline void lab_step(struct lab *l, struct walk *w, const struct walk_question *q) {
	static struct lab_reply reply;
	char server[ADDR_TEXT_MAX], name[NAME_TEXT_MAX], type[RRTYPE_TEXT_MAX], line[1400];
	struct addr to = q->to;
	struct message m = { 0 };
	enum err e = message_parse(q->data, q->len, &m);
	assert(e == OK && to.port == 53);
	(void)e;
	to.port = 0;
	addr_text(&to, server);
	l->questions++;
	l->stream_questions += q->stream;
	l->plain_questions += !m.edns.present;
	name_to_lower(&m.question.name);
	snprintf(line, sizeof(line), "%s %s@%s,", rrtype_text(m.question.type, type),
	         name_text_short(m.question.name.wire, name), server);
	size_t asked = strlen(l->asked);
	if (asked + strlen(line) < sizeof(l->asked))
		snprintf(l->asked + asked, sizeof(l->asked) - asked, "%s", line);
	e = message_parse(q->data, q->len, &m);
	lab_answer(l, server, &m, q->stream, &reply);
	if (reply.len == 0) {
		walk_silent(w, "no answer", false);
		return;
	}
	if (lab_oddity(l, server) == LAB_GUESSED && !q->stream) {
		static struct lab_reply wrong;
		for (unsigned i = 0; i < 3; i++) {
			wrong = reply;
			wrong.data[0] ^= (uint8_t)(i + 1);
			if (walk_answer(w, wrong.data, wrong.len) == WALK_TAKEN) return;
		}
	}
	enum walk_taken taken = walk_answer(w, reply.data, reply.len);
	assert(taken == WALK_TAKEN);
	(void)taken;
}

#endif
