/* The request zone.records: a page of the records served.  The version is a value: it is looked through on the desk, in
 * turns, since a search may read all of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "control/handlers.h"
#include "control/protocol.h"

#define LIMIT_DEFAULT 100
#define LIMIT_MAX 1000
#define IN_NSEC3 "nsec3 "
#define PAGE_OCTETS (1U << 20) /* of text in one page, at most, and one record */

/* A page begins at the owner of the first record that had no room on the one before, which is searched for: "2 www.example.com."
 * passes over the first two of its records, "0 nsec3 <owner>" is one of the chain in use. */
struct record_search {
	const char *text, *type;   /* NULL: any.  Borrowed from the request. */
	char owner[NAME_TEXT_MAX]; /* of the record seen last */
	uint64_t of_owner;         /* its place among those of this owner, from 0 */
	bool has_owner;
	bool in_nsec3;          /* of the chain in use, also the next two */
	const char *skip_owner; /* of the cursor, borrowed likewise; NULL: none */
	bool skip_in_nsec3;
	uint64_t skip; /* records of it to pass over */
	size_t limit, octets;
	json_t *rows;
	bool more;
};

/* "owner TTL IN TYPE data", parted by tabs; its end is cut off. */
static bool line_split(char *line, char *parts[static 5]) {
	for (int i = 0; i < 5; i++) {
		parts[i] = line;
		char *tab = i < 4 ? strchr(line, '\t') : NULL;
		if (i < 4 && !tab) return false;
		if (tab) *tab = '\0';
		line = tab ? tab + 1 : line;
	}
	return true;
}

/* Which of its owner's records this is. */
static void line_place(struct record_search *s, const char *line) {
	size_t len = strcspn(line, "\t");
	if (s->has_owner && strncmp(s->owner, line, len) == 0 && s->owner[len] == '\0') {
		s->of_owner++;
		return;
	}
	s->has_owner = len < sizeof(s->owner);
	s->of_owner = 0;
	if (!s->has_owner) return; /* never: it is the text of a name */
	memcpy(s->owner, line, len);
	s->owner[len] = '\0';
}

static bool is_skipped(const struct record_search *s) {
	return s->skip_owner && s->of_owner < s->skip && s->in_nsec3 == s->skip_in_nsec3 &&
	       strcasecmp(s->owner, s->skip_owner) == 0;
}

/* false: the page is full. */
static bool line_take(struct record_search *s, char *line) {
	char *parts[5];
	if (*line == ';') return true;
	line_place(s, line);
	if (is_skipped(s)) return true;
	size_t len = strlen(line);
	bool found = !s->text || strcasestr(line, s->text);
	if (!found || !line_split(line, parts)) return true;
	if (s->type && strcasecmp(s->type, parts[3]) != 0) return true;
	if (json_array_size(s->rows) == s->limit || s->octets > PAGE_OCTETS) {
		s->more = true;
		return false;
	}
	s->octets += len;
	size_t owner = strlen(parts[0]);
	if (owner > 1 && parts[0][owner - 1] == '.') parts[0][owner - 1] = '\0';
	json_t *row = json_pack("{s:s, s:I, s:s, s:s}", "name", parts[0], "ttl",
	                        (json_int_t)strtoll(parts[1], NULL, 10), "type", parts[3], "data", parts[4]);
	(void)json_array_append_new(s->rows, row); /* out of memory: one less */
	return true;
}

static bool lines_take(struct record_search *s, char *text, size_t len) {
	bool room = true;
	for (char *line = text, *end; room && line < text + len; line = end + 1) {
		end = memchr(line, '\n', (size_t)(text + len - line));
		if (!end) break; /* never: lines are whole */
		*end = '\0';
		room = line_take(s, line);
	}
	return room;
}

/* False: it is not what a page has said. */
static bool begin_after(struct request *r, const char *after) {
	struct name owner;
	char *end;
	struct record_search *s = r->search;
	if (*after < '0' || *after > '9') return false;
	s->skip = strtoull(after, &end, 10);
	if (*end != ' ') return false;
	s->skip_in_nsec3 = s->in_nsec3 = strncmp(end + 1, IN_NSEC3, strlen(IN_NSEC3)) == 0;
	s->skip_owner = end + 1 + (s->in_nsec3 ? strlen(IN_NSEC3) : 0);
	if (name_parse(s->skip_owner, &owner) != OK) return false;
	if (!name_is_within(owner.wire, version_apex(r->version))) return false;
	zone_walk_from(r->version, owner.wire, s->in_nsec3, &r->export.walk);
	r->export.header_done = true;
	return true;
}

static struct record_search *search_new(const struct request *r) {
	int64_t limit = asked_number(r, "limit", LIMIT_DEFAULT);
	struct record_search *s = xcalloc(1, sizeof(*s));
	s->text = asked_text(r, "text");
	s->type = asked_text(r, "type");
	s->limit = limit < 1 ? 1 : limit > LIMIT_MAX ? LIMIT_MAX : (size_t)limit;
	s->rows = json_array();
	return s;
}

void record_search_free(struct record_search *s) {
	if (!s) return;
	json_decref(s->rows);
	free(s);
}

static json_t *found(struct request *r) {
	const struct record_search *s = r->search;
	char next[NAME_TEXT_MAX + 32];
	(void)snprintf(next, sizeof(next), "%llu %s%s", (unsigned long long)s->of_owner,
	               s->in_nsec3 ? IN_NSEC3 : "", s->owner); /* it fits */
	return reply_result(json_pack("{s:O, s:o?, s:I}", "records", s->rows, "next",
	                              s->more ? json_string(next) : NULL, "serial",
	                              (json_int_t)version_serial(r->version)),
	                    false);
}

/* Which list the next slice is of: it is of one alone. */
static void note_list(struct request *r) {
	struct zone_walk walk = r->export.walk;
	struct node next;
	if (!zone_walk_next(r->version, &walk, &next)) return;
	if (walk.in_nsec3 != r->search->in_nsec3) r->search->has_owner = false;
	r->search->in_nsec3 = walk.in_nsec3;
}

/* A turn: as many records as have room in one piece of text. */
static json_t *search(struct request *r) {
	char *text = try_malloc(REQUEST_EXPORT_SLICE);
	if (!text) return reply_refusal(CONTROL_CODE_FAILED, "out of memory");
	struct writer out = writer_init(text, REQUEST_EXPORT_SLICE);
	note_list(r);
	bool more = export_next(r->version, &r->export, &out);
	r->again = lines_take(r->search, text, out.len) && more;
	free(text);
	return r->again ? NULL : found(r);
}

json_t *request_zone_records(struct request *r) {
	const char *error = NULL;
	r->version = r->backend->zone_version(r->backend->ctx, r->zone.wire);
	if (r->version) {
		const char *after = asked_text(r, "after");
		r->search = search_new(r);
		if (after && *after && !begin_after(r, after))
			return reply_refusal(CONTROL_CODE_REQUEST, "\"after\" is not the \"next\" of a page");
		r->work = search;
		r->stage = STAGE_WORK;
		return NULL;
	}
	json_t *zone = r->backend->zone_status(r->backend->ctx, r->zone.wire, &error);
	if (!zone) return reply_no_zone(r);
	json_decref(zone);
	return reply_refusal(CONTROL_CODE_NOT_FOUND, "the zone has no version yet");
}

json_t *request_zone_attempts(struct request *r) {
	const char *error = NULL;
	json_t *zone = r->backend->zone_status(r->backend->ctx, r->zone.wire, &error);
	if (!zone) return reply_no_zone(r);
	json_t *attempts = json_incref(json_object_get(zone, "attempts"));
	json_decref(zone);
	return reply_result(json_pack("{s:o?}", "attempts", attempts), false);
}
