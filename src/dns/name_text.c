/* Names in presentation form, RFC 1035 section 5.1. */
#include "dns/name.h"

#include <string.h>

/* Characters that every reader of zone files takes as they are; Knot takes no others. */
static bool is_plain(uint8_t c) {
	uint8_t l = name_lower(c);
	return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '*' ||
	       c == '/';
}

/* Those that habit escapes by a backslash; all others go by number: BIND takes "\[" for something else, and NSD
 * the dot after "\\" for an escaped one. */
static bool is_escaped(uint8_t c) {
	return c == '.' || c == '"' || c == '(' || c == ')' || c == ';' || c == '@' || c == '$';
}

static char *put_octet(char *to, uint8_t c) {
	if (!is_plain(c) && !is_escaped(c)) {
		*to++ = '\\';
		*to++ = (char)('0' + c / 100);
		*to++ = (char)('0' + c / 10 % 10);
		*to++ = (char)('0' + c % 10);
		return to;
	}
	if (is_escaped(c)) *to++ = '\\';
	*to++ = (char)c;
	return to;
}

const char *name_text(const uint8_t *name, char buf[static NAME_TEXT_MAX]) {
	char *to = buf;
	if (*name == 0) *to++ = '.';
	while (*name) {
		unsigned len = *name++;
		while (len-- > 0)
			to = put_octet(to, *name++);
		*to++ = '.';
	}
	*to = '\0';
	return buf;
}

const char *name_text_short(const uint8_t *name, char buf[static NAME_TEXT_MAX]) {
	name_text(name, buf);
	if (*name) buf[strlen(buf) - 1] = '\0';
	return buf;
}

static bool is_digit(char c) {
	return c >= '0' && c <= '9';
}

/* One octet, perhaps escaped; returns the text behind it, NULL when the escape is wrong. */
static const char *take_octet(const char *text, uint8_t *out_octet) {
	if (*text != '\\') {
		*out_octet = (uint8_t)*text;
		return text + 1;
	}
	text++;
	if (!is_digit(*text)) {
		*out_octet = (uint8_t)*text;
		return *text ? text + 1 : NULL;
	}
	if (!is_digit(text[1]) || !is_digit(text[2])) return NULL;
	int value = (text[0] - '0') * 100 + (text[1] - '0') * 10 + (text[2] - '0');
	*out_octet = (uint8_t)value;
	return value <= 255 ? text + 3 : NULL;
}

/* One label with its length octet; returns the text behind its dot, NULL when it is malformed. */
static const char *take_label(const char *text, struct name *n) {
	unsigned start = n->len, used = start + 1;
	while (*text && *text != '.') {
		/* One octet must stay free for the root label. */
		if (used - start > LABEL_MAX_LEN || used + 1 >= NAME_MAX_LEN) return NULL;
		text = take_octet(text, &n->wire[used++]);
		if (!text) return NULL;
	}
	if (used == start + 1) return NULL;
	n->wire[start] = (uint8_t)(used - start - 1);
	n->len = (uint8_t)used;
	return *text ? text + 1 : text;
}

enum err name_parse(const char *text, struct name *out_name) {
	struct name n = { .len = 0 };
	if (*text == '\0') return ERR_NAME;
	if (strcmp(text, ".") == 0) text++;
	while (*text) {
		text = take_label(text, &n);
		if (!text) return ERR_NAME;
	}
	n.wire[n.len++] = 0;
	*out_name = n;
	return OK;
}
