#include "web/target.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

static int digit(char c) {
	if (c >= '0' && c <= '9') return c - '0';
	if (c >= 'a' && c <= 'f') return c - 'a' + 10;
	if (c >= 'A' && c <= 'F') return c - 'A' + 10;
	return -1;
}

/* Octets of the character that begins at p, which has left octets; 0: it is none that we take. */
static size_t character_length(const unsigned char *p, size_t left) {
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	if (p[0] < 0x80) return p[0] >= 0x20 && p[0] != 0x7f;
	size_t len = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	if (p[0] < 0xc2 || p[0] > 0xf4 || len > left) return 0;
	uint32_t code = p[0] & (0x7fU >> len);
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80) return 0;
		code = code << 6 | (p[i] & 0x3fU);
	}
	bool surrogate = code >= 0xd800 && code <= 0xdfff;
	bool c1_control = code >= 0x80 && code < 0xa0;
	return code < least[len] || code > 0x10ffff || surrogate || c1_control ? 0 : len;
}

bool target_text_clean(const char *text, size_t len) {
	const unsigned char *p = (const unsigned char *)text;
	for (size_t i = 0; i < len;) {
		size_t n = character_length(p + i, len - i);
		if (n == 0) return false;
		i += n;
	}
	return true;
}

/* Decodes [begin, end) in place and ends it with a NUL at or before end. */
static enum err decode(char *begin, char *end, bool plus_is_space) {
	char *to = begin;
	for (char *from = begin; from < end; from++) {
		char c = *from;
		if (c == '%') {
			int high = end - from > 2 ? digit(from[1]) : -1;
			int low = end - from > 2 ? digit(from[2]) : -1;
			if (high < 0 || low < 0) return ERR_MALFORMED;
			c = (char)(high << 4 | low);
			from += 2;
		} else if (c == '+' && plus_is_space) {
			c = ' ';
		}
		*to++ = c;
	}
	*to = '\0';
	return target_text_clean(begin, (size_t)(to - begin)) ? OK : ERR_MALFORMED;
}

static enum err add_segment(struct target *t, char *begin, char *end) {
	if (t->segment_count == TARGET_SEGMENTS_MAX) return ERR_LIMIT;
	t->segments[t->segment_count++] = begin;
	return decode(begin, end, false);
}

static enum err add_param(struct target *t, char *begin, char *end) {
	if (begin == end) return OK;
	if (t->query_count == TARGET_QUERY_MAX) return ERR_LIMIT;
	char *equals = memchr(begin, '=', (size_t)(end - begin));
	char *name_end = equals ? equals : end;
	char *value = equals ? equals + 1 : end;
	enum err e = decode(value, end, true);
	if (e == OK) e = decode(begin, name_end, true);
	if (e != OK) return e;
	if (target_query(t, begin)) return ERR_MALFORMED;
	t->query[t->query_count++] = (struct query_param){ begin, equals ? value : "" };
	return OK;
}

/* Each part of [begin, end) between marks. */
static enum err split(struct target *t, char *begin, char *end, char mark,
                      enum err (*add)(struct target *, char *, char *)) {
	for (;;) {
		char *stop = memchr(begin, mark, (size_t)(end - begin));
		enum err e = add(t, begin, stop ? stop : end);
		if (e != OK || !stop) return e;
		begin = stop + 1;
	}
}

enum err target_parse(const char *uri, struct target *out_target) {
	size_t len = strlen(uri);
	if (len > TARGET_MAX) return ERR_LIMIT;
	if (uri[0] != '/') return ERR_MALFORMED;
	struct target t = { .text = xmemdup(uri, len + 1) };
	char *end = t.text + len;
	char *fragment = memchr(t.text, '#', len);
	char *mark = memchr(t.text, '?', len);
	enum err e = fragment ? ERR_MALFORMED : OK;
	if (e == OK && mark) e = split(&t, mark + 1, end, '&', add_param);
	if (e == OK) e = split(&t, t.text + 1, mark ? mark : end, '/', add_segment);
	if (e == OK)
		*out_target = t;
	else
		free(t.text);
	return e;
}

void target_done(struct target *t) {
	free(t->text);
	*t = (struct target){ 0 };
}

const char *target_query(const struct target *t, const char *name) {
	for (unsigned i = 0; i < t->query_count; i++) {
		if (strcmp(t->query[i].name, name) == 0) return t->query[i].value;
	}
	return NULL;
}
