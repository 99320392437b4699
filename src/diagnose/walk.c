/*  goals:    delegation ──► addresses ──► challenge ──► apex ──► above ──► end
 *
 *  A goal is a question that goes down from the deepest delegation known.  Where none of the servers has an address, the
 *  question waits on the stack for that of the address of one of them:
 *
 *    stack   [ TXT of _understudy-challenge.example.net ] [ A of ns.hoster.org ] [ A of ns.dns.example ]  ◄── asked now
 */
#include "diagnose/walk.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "diagnose/special.h"
#include "diagnose/walk_book.h"

#define STACK_MAX 7   /* the goal and six that it waits for */
#define ALIASES_MAX 4 /* from _understudy-challenge.ZONE */
#define STRANGE_MAX                                                                                          \
	3 /* answers that do not fit, until TCP is used (RFC 5452 section 9.2 asks to notice them) */
#define UDP_SIZE 1232

enum goal { GOAL_DELEGATION, GOAL_ADDRESSES, GOAL_CHALLENGE, GOAL_APEX, GOAL_ABOVE, GOAL_END };

/* A question on its way down. */
struct frame {
	struct name name;
	uint16_t type;
	uint8_t cut;                        /* number of the delegation whose servers are asked */
	uint8_t used[FINDINGS_SERVERS_MAX]; /* a bit for each address of each of them that had its turn */
	uint8_t aliases;
	bool for_host; /* else for the goal */
	uint8_t host;
};

/* The question that was given out last. */
struct asked {
	bool waits;
	bool repeat; /* the next is to the same server, as the two below say */
	bool stream, plain;
	uint16_t id;
	struct name name; /* with the case as sent */
	uint8_t host, address;
	uint8_t strange;
};

struct walk {
	struct walk_settings settings; /* roots is not kept */
	struct findings findings;
	struct book book;
	struct frame stack[STACK_MAX];
	unsigned depth;
	enum goal goal;
	unsigned delegation; /* number of the cut of the zone; valid with findings.delegation YES */
	bool four_dead, six_dead;
	struct asked asked;
	struct reading reading;
};

static struct frame *top(struct walk *w) {
	return &w->stack[w->depth - 1];
}

/* -- trouble, in words -- */

static void note(struct walk *w, const char *what) {
	char name[NAME_TEXT_MAX], type[RRTYPE_TEXT_MAX], address[ADDR_TEXT_MAX];
	const struct frame *f = top(w);
	const struct host *h = &w->book.hosts[w->asked.host];
	if (snprintf(w->findings.trouble, sizeof(w->findings.trouble), "%s of %.60s at %s: %.70s",
	             rrtype_text(f->type, type), name_text_short(f->name.wire, name),
	             addr_text(&h->addresses[w->asked.address], address), what) < 0)
		w->findings.trouble[0] = '\0';
}

static void note_nobody(struct walk *w, const struct frame *f) {
	char name[NAME_TEXT_MAX];
	if (w->findings.trouble[0] != '\0') return;
	if (snprintf(w->findings.trouble, sizeof(w->findings.trouble),
	             "no name server of %.100s has an address",
	             name_text_short(w->book.cuts[f->cut].name.wire, name)) < 0)
		w->findings.trouble[0] = '\0';
}

/* -- the stack -- */

static void frame_go_on(struct walk *w, struct frame *f) {
	f->cut = (uint8_t)book_cut_for(&w->book, f->name.wire);
	memset(f->used, 0, sizeof(f->used));
}

static struct frame *push(struct walk *w, const struct name *name, uint16_t type) {
	struct frame *f = &w->stack[w->depth++];
	*f = (struct frame){ .name = *name, .type = type };
	frame_go_on(w, f);
	return f;
}

static void push_host(struct walk *w, unsigned number) {
	struct host *h = &w->book.hosts[number];
	struct frame *f = push(w, &h->name, RR_A);
	h->looking = true;
	f->for_host = true;
	f->host = (uint8_t)number;
}

static void finish_host(struct walk *w, struct frame *f, enum finding found) {
	struct host *h = &w->book.hosts[f->host];
	if (f->type == RR_A && (found == FINDING_YES || found == FINDING_NO)) {
		f->type = RR_AAAA;
		frame_go_on(w, f);
		return;
	}
	h->looking = false;
	h->looked_up = true;
	w->depth--;
}

static void finish_goal(struct walk *w, enum finding found) {
	struct findings *out = &w->findings;
	const struct frame *f = top(w);
	w->depth--;
	switch (w->goal) {
	case GOAL_DELEGATION:
		out->delegation = found;
		out->parent = w->book.cuts[f->cut].name;
		break;
	case GOAL_CHALLENGE: out->challenge.found = found; break;
	case GOAL_APEX: out->apex.found = found; break;
	case GOAL_ABOVE: out->above.found = found; break;
	default: break;
	}
}

static void finish(struct walk *w, enum finding found) {
	if (top(w)->for_host)
		finish_host(w, top(w), found);
	else
		finish_goal(w, found);
}

/* -- goals -- */

static void push_text(struct walk *w, const char *label, const struct name *zone) {
	struct name name = *zone;
	struct writer into = writer_init(name.wire, sizeof(name.wire));
	if (label) {
		write_u8(&into, (uint8_t)strlen(label));
		write_bytes(&into, label, strlen(label));
		write_bytes(&into, zone->wire, zone->len);
		if (into.failed) return; /* no such name can be: FINDING_NONE */
		name.len = (uint8_t)into.len;
	}
	push(w, &name, RR_TXT);
}

/* The next name server whose address is not known; false: no more. */
static bool push_unknown_host(struct walk *w) {
	const struct cut *cut = &w->book.cuts[w->delegation];
	if (w->findings.delegation != FINDING_YES) return false;
	for (unsigned i = 0; i < cut->host_count; i++) {
		const struct host *h = &w->book.hosts[cut->hosts[i]];
		if (h->looked_up || h->address_count > 0) continue;
		push_host(w, cut->hosts[i]);
		return true;
	}
	return false;
}

static void keep_servers(struct walk *w) {
	const struct cut *cut = &w->book.cuts[w->delegation];
	struct findings *out = &w->findings;
	if (out->delegation != FINDING_YES) return;
	out->servers_left_out = cut->left_out;
	for (unsigned i = 0; i < cut->host_count; i++) {
		const struct host *h = &w->book.hosts[cut->hosts[i]];
		struct findings_server *server = &out->servers[out->server_count++];
		server->name = h->name;
		server->address_count = h->address_count;
		memcpy(server->addresses, h->addresses, sizeof(h->addresses));
	}
}

static void fail_rest(enum finding *found) {
	if (*found == FINDING_NONE) *found = FINDING_FAILED;
}

static void end(struct walk *w) {
	w->goal = GOAL_END;
	w->depth = 0;
	w->asked.waits = w->asked.repeat = false;
	fail_rest(&w->findings.delegation);
	fail_rest(&w->findings.challenge.found);
	fail_rest(&w->findings.apex.found);
	fail_rest(&w->findings.above.found);
}

/* With an empty stack: begin what comes next. */
static void go_on(struct walk *w) {
	if (w->findings.delegation == FINDING_FAILED) { /* nor would the texts be found */
		end(w);
		return;
	}
	if (w->goal == GOAL_ADDRESSES && push_unknown_host(w)) return;
	if (w->goal == GOAL_ADDRESSES) keep_servers(w);
	w->goal++;
	if (w->goal == GOAL_CHALLENGE) push_text(w, FINDINGS_LABEL, &w->findings.zone);
	if (w->goal == GOAL_APEX) push_text(w, NULL, &w->findings.zone);
	/* Texts at the top of all names are nobody's proof. */
	if (w->goal == GOAL_ABOVE && w->findings.parent.len > 1)
		push_text(w, FINDINGS_LABEL, &w->findings.parent);
}

/* -- whom to ask -- */

static bool may_ask(const struct walk *w, const struct addr *a) {
	if (a->family == AF_INET ? w->four_dead : w->six_dead) return false;
	return w->settings.anywhere || !addr_is_special(a);
}

/* Any of those that had no turn yet, with equal chances. */
static bool choose_address(struct walk *w, struct frame *f) {
	const struct cut *cut = &w->book.cuts[f->cut];
	unsigned seen = 0, slot = 0;
	for (unsigned i = 0; i < cut->host_count; i++) {
		const struct host *h = &w->book.hosts[cut->hosts[i]];
		for (unsigned k = 0; k < h->address_count; k++) {
			if ((f->used[i] | h->dead) >> k & 1 || !may_ask(w, &h->addresses[k])) continue;
			if (random_below(w->settings.random, ++seen) != 0) continue;
			slot = i;
			w->asked.host = cut->hosts[i];
			w->asked.address = (uint8_t)k;
		}
	}
	if (seen > 0) f->used[slot] |= (uint8_t)(1U << w->asked.address);
	return seen > 0;
}

static bool push_helper(struct walk *w, const struct frame *f) {
	const struct cut *cut = &w->book.cuts[f->cut];
	if (w->depth == STACK_MAX) return false;
	for (unsigned i = 0; i < cut->host_count; i++) {
		const struct host *h = &w->book.hosts[cut->hosts[i]];
		if (h->looked_up || h->looking || h->address_count > 0) continue;
		push_host(w, cut->hosts[i]);
		return true;
	}
	return false;
}

/* Makes the next question ready on top of the stack; false: the walk is over. */
static bool find_question(struct walk *w) {
	while (w->goal != GOAL_END) {
		if (w->depth == 0) {
			go_on(w);
			continue;
		}
		struct frame *f = top(w);
		if (choose_address(w, f)) return true;
		if (push_helper(w, f)) continue;
		note_nobody(w, f);
		finish(w, FINDING_FAILED);
	}
	return false;
}

/* Case of letters by chance: so many more bits that a stranger has to guess. */
static void mix_case(struct walk *w, struct name *name) {
	uint64_t bits = 0;
	for (unsigned i = 0; i < name->len; i++) {
		if (i % 64 == 0) bits = random_u64(w->settings.random);
		uint8_t lower = name_lower(name->wire[i]);
		if (lower >= 'a' && lower <= 'z') name->wire[i] = (uint8_t)(lower - ((bits & 1) ? 32 : 0));
		bits >>= 1;
	}
}

static void write_question(struct walk *w, struct walk_question *out) {
	struct asked *a = &w->asked;
	const struct frame *f = top(w);
	struct question q = { .name = f->name, .type = f->type, .class = CLASS_IN };
	mix_case(w, &q.name);
	a->waits = true;
	a->repeat = false;
	a->strange = 0;
	a->name = q.name;
	a->id = (uint16_t)random_u64(w->settings.random);
	w->findings.questions++;
	*out = (struct walk_question){ .to = w->book.hosts[a->host].addresses[a->address],
		                       .stream = a->stream };
	out->len = message_query(out->data, sizeof(out->data), a->id, 0, &q, a->plain ? 0 : UDP_SIZE, false);
}

bool walk_next(struct walk *w, struct walk_question *out_question) {
	if (w->goal != GOAL_END && w->findings.questions >= w->settings.questions_max)
		walk_give_up(w, "too many questions were needed");
	if (!w->asked.repeat) {
		w->asked.stream = w->asked.plain = false;
		if (!find_question(w)) return false;
	}
	write_question(w, out_question);
	return true;
}

/* -- what came -- */

static void repeat_by_stream(struct walk *w) {
	w->asked.repeat = true;
	w->asked.stream = true;
}

static void take_referral(struct walk *w, struct frame *f) {
	const struct reading *reading = &w->reading;
	bool is_delegation = !f->for_host && w->goal == GOAL_DELEGATION &&
	                     name_equal(reading->owner.wire, w->findings.zone.wire);
	unsigned cut;
	if (!f->for_host && w->goal == GOAL_ABOVE) { /* somebody else's name, whatever stands there */
		finish(w, FINDING_NO);
	} else if (book_learn(&w->book, reading, w->settings.port, &cut) != OK) {
		note(w, "one delegation too many on the way");
		finish(w, FINDING_FAILED);
	} else if (is_delegation) {
		w->delegation = cut;
		finish(w, FINDING_YES);
	} else {
		f->cut = (uint8_t)cut;
		memset(f->used, 0, sizeof(f->used));
	}
}

/* The servers above hold the zone itself as well. */
static void take_childs_servers(struct walk *w) {
	if (book_learn(&w->book, &w->reading, w->settings.port, &w->delegation) != OK) {
		finish(w, FINDING_FAILED);
		return;
	}
	w->findings.by_child = true;
	finish(w, FINDING_YES);
}

static void take_texts(struct walk *w) {
	struct findings_texts *to = w->goal == GOAL_CHALLENGE ? &w->findings.challenge
	                            : w->goal == GOAL_APEX    ? &w->findings.apex
	                                                      : &w->findings.above;
	*to = w->reading.texts;
	finish(w, FINDING_YES);
}

static void take_answer(struct walk *w, struct frame *f) {
	if (f->for_host) {
		for (unsigned i = 0; i < w->reading.address_count; i++)
			book_add_address(&w->book.hosts[f->host], &w->reading.addresses[i], w->settings.port);
		finish(w, FINDING_YES);
	} else if (w->goal == GOAL_DELEGATION) {
		take_childs_servers(w);
	} else {
		take_texts(w);
	}
}

/* Only the owner of a zone can put an alias at a name that exists for proofs.  Names of servers have none (RFC 2181
 * section 10.3), nor has the top of a zone, nor do we follow those of a zone above. */
static void take_alias(struct walk *w, struct frame *f) {
	if (f->for_host || w->goal != GOAL_CHALLENGE || f->aliases == ALIASES_MAX) {
		finish(w, FINDING_NO);
		return;
	}
	f->aliases++;
	f->name = w->reading.owner;
	frame_go_on(w, f);
}

static void take(struct walk *w) {
	struct frame *f = top(w);
	switch (w->reading.kind) {
	case READING_USELESS: note(w, w->reading.trouble); break; /* the next server */
	case READING_REFERRAL: take_referral(w, f); break;
	case READING_ANSWER: take_answer(w, f); break;
	case READING_ALIAS: take_alias(w, f); break;
	case READING_NO_DATA: finish(w, FINDING_NO); break;
	case READING_NO_NAME: finish(w, FINDING_NO_NAME); break;
	}
}

/* RFC 6891 section 7: who does not know OPT says FORMERR or NOTIMP. */
static bool blames_edns(const struct walk *w, const struct message *m) {
	unsigned rcode = header_rcode(&m->header);
	return !w->asked.plain && !m->edns.present && (rcode == RCODE_FORMERR || rcode == RCODE_NOTIMP);
}

/* Once the ID fits. */
static void judge(struct walk *w, const struct message *m) {
	struct asked *a = &w->asked;
	const struct frame *f = top(w);
	if (blames_edns(w, m)) {
		a->repeat = a->plain = true;
		return;
	}
	if (m->header.qdcount == 1 && memcmp(m->question.name.wire, a->name.wire, a->name.len) != 0 &&
	    !a->stream) {
		repeat_by_stream(w); /* a server that does not keep the case, or a stranger's */
		return;
	}
	if ((m->header.flags & FLAG_TC) && !a->stream) {
		repeat_by_stream(w);
		return;
	}
	reading_of(m, w->book.cuts[f->cut].name.wire, f->name.wire, f->type, &w->reading);
	take(w);
}

static bool is_answer(const struct asked *a, uint16_t type, const struct message *m) {
	if (!(m->header.flags & FLAG_QR) || header_opcode(&m->header) != OPCODE_QUERY) return false;
	if (m->header.qdcount == 0) return header_rcode(&m->header) != RCODE_NOERROR;
	return m->header.qdcount == 1 && m->question.type == type && m->question.class == CLASS_IN &&
	       name_equal(m->question.name.wire, a->name.wire);
}

static enum walk_taken is_strange(struct walk *w) {
	if (w->asked.stream || ++w->asked.strange < STRANGE_MAX) return WALK_STRANGE;
	w->asked.waits = false;
	repeat_by_stream(w);
	return WALK_TAKEN;
}

enum walk_taken walk_answer(struct walk *w, const uint8_t *data, size_t len) {
	struct message m = { 0 };
	if (!w->asked.waits || w->depth == 0) return WALK_STRANGE;
	if (len < MESSAGE_HEADER_LEN || load_u16(data) != w->asked.id) return is_strange(w);
	if (message_parse(data, len, &m) != OK) {
		w->asked.waits = false;
		note(w, "the answer is malformed");
		return WALK_TAKEN;
	}
	if (!is_answer(&w->asked, top(w)->type, &m)) return is_strange(w);
	w->asked.waits = false;
	judge(w, &m);
	return WALK_TAKEN;
}

void walk_silent(struct walk *w, const char *trouble, bool family_dead) {
	if (!w->asked.waits || w->depth == 0) return;
	struct host *h = &w->book.hosts[w->asked.host];
	w->asked.waits = false;
	h->dead |= (uint8_t)(1U << w->asked.address);
	if (family_dead && h->addresses[w->asked.address].family == AF_INET) w->four_dead = true;
	if (family_dead && h->addresses[w->asked.address].family == AF_INET6) w->six_dead = true;
	note(w, trouble);
}

void walk_give_up(struct walk *w, const char *trouble) {
	if (w->goal == GOAL_END) return;
	if (w->goal == GOAL_ADDRESSES) keep_servers(w);
	end(w);
	if (snprintf(w->findings.trouble, sizeof(w->findings.trouble), "%s", trouble) < 0)
		w->findings.trouble[0] = '\0';
}

/* -- beginning and end -- */

struct walk *walk_new(const struct walk_settings *settings, const uint8_t *zone) {
	struct walk *w = xcalloc(1, sizeof(*w));
	w->settings = *settings;
	w->settings.roots = NULL;
	name_copy(&w->findings.zone, zone);
	name_to_lower(&w->findings.zone);
	book_begin(&w->book, settings->roots, settings->root_count);
	push(w, &w->findings.zone, RR_NS);
	return w;
}

void walk_free(struct walk *w) {
	free(w);
}

const struct findings *walk_findings(const struct walk *w) {
	return &w->findings;
}
