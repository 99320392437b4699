/* Lines "owner type hex" on standard input become zone file lines on standard output: the C half of
 * check_text.py. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns/name.h"
#include "dns/rdata.h"
#include "dns/text.h"

static size_t from_hex(const char *hex, uint8_t *out) {
	size_t n = 0;
	for (; hex[0] && hex[1]; hex += 2) {
		char pair[] = { hex[0], hex[1], '\0' };
		out[n++] = (uint8_t)strtoul(pair, NULL, 16);
	}
	return n;
}

static int show(const char *owner, uint16_t type, const char *hex) {
	uint8_t *rdata = malloc(strlen(hex) / 2 + 1);
	size_t len = from_hex(hex, rdata), cap = TEXT_RECORD_CAP(len);
	char *text = malloc(cap);
	struct writer w = writer_init(text, cap);
	struct name name;
	int bad = 0;
	if (name_parse(owner, &name) != OK || rdata_check(type, rdata, len) != OK) {
		fprintf(stderr, "rdata of %s is refused\n", owner);
		bad = 1;
	} else if (text_record(name.wire, type, 300, rdata, (uint16_t)len, &w) != OK) {
		fprintf(stderr, "text of %s failed\n", owner);
		bad = 1;
	}
	fwrite(text, 1, w.len, stdout);
	free(text);
	free(rdata);
	return bad;
}

int main(void) {
	char *line = NULL;
	size_t cap = 0;
	int bad = 0;
	while (getline(&line, &cap, stdin) > 0) {
		line[strcspn(line, "\n")] = '\0';
		char *type = strchr(line, ' '), *hex = type ? strchr(type + 1, ' ') : NULL;
		if (!hex) continue;
		*type = *hex = '\0';
		bad |= show(line, (uint16_t)strtoul(type + 1, NULL, 10), hex + 1);
	}
	free(line);
	return bad;
}
