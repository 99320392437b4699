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
#define PAGE_OCTETS (1U << 20) /* of text in one page, at most, and one record */

struct record_search {
	const char *text, *type; /* NULL: any.  Borrowed from the request. */
	uint64_t at, after;      /* records seen; those to pass over */
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

/* false: the page is full. */
static bool line_take(struct record_search *s, char *line) {
	char *parts[5];
	if (*line == ';' || s->at++ < s->after) return true;
	size_t len = strlen(line);
	bool found = !s->text || strcasestr(line, s->text);
	if (!found || !line_split(line, parts)) return true;
	if (s->type && strcasecmp(s->type, parts[3]) != 0) return true;
	if (json_array_size(s->rows) == s->limit || s->octets > PAGE_OCTETS) {
		s->at--;
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

static struct record_search *search_new(const struct request *r) {
	int64_t limit = asked_number(r, "limit", LIMIT_DEFAULT);
	const char *after = asked_text(r, "after");
	struct record_search *s = xcalloc(1, sizeof(*s));
	s->text = asked_text(r, "text");
	s->type = asked_text(r, "type");
	s->after = after ? strtoull(after, NULL, 10) : 0;
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
	char next[32];
	snprintf(next, sizeof(next), "%llu", (unsigned long long)s->at);
	return reply_result(json_pack("{s:O, s:o?, s:I}", "records", s->rows, "next",
	                              s->more ? json_string(next) : NULL, "serial",
	                              (json_int_t)version_serial(r->version)),
	                    false);
}

/* A turn: as many records as have room in one piece of text. */
static json_t *search(struct request *r) {
	char *text = try_malloc(REQUEST_EXPORT_SLICE);
	if (!text) return reply_refusal(CONTROL_CODE_FAILED, "out of memory");
	struct writer out = writer_init(text, REQUEST_EXPORT_SLICE);
	bool more = export_next(r->version, &r->export, &out);
	r->again = lines_take(r->search, text, out.len) && more;
	free(text);
	return r->again ? NULL : found(r);
}

json_t *request_zone_records(struct request *r) {
	const char *error = NULL;
	r->version = r->backend->zone_version(r->backend->ctx, r->zone.wire);
	if (r->version) {
		r->search = search_new(r);
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
