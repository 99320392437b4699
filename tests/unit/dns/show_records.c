/* Tool of test_text_readers.py.  Lines "owner type-number hex-of-rdata" come in ("-": no octets), records in
 * presentation form go out; "refused" where rdata_check says so. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns/name.h"
#include "dns/rdata.h"
#include "dns/text.h"

static size_t octets_of_hex(const char *hex, uint8_t *out) {
	size_t len = 0;
	for (; hex[0] && hex[1]; hex += 2) {
		char pair[] = { hex[0], hex[1], '\0' };
		out[len++] = (uint8_t)strtoul(pair, NULL, 16);
	}
	return len;
}

static void show(const char *owner, uint16_t type, const uint8_t *rdata, uint16_t len) {
	struct name n;
	static char text[TEXT_RECORD_CAP(RDATA_MAX_LEN)];
	struct writer w = writer_init(text, TEXT_RECORD_CAP(len));
	if (rdata_check(type, rdata, len) != OK)
		printf("refused\n");
	else if (name_parse(owner, &n) != OK || text_record(n.wire, type, 3600, rdata, len, &w) != OK)
		printf("failed\n");
	else
		printf("%.*s", (int)w.len, text);
}

/* "owner type hex"; false when the line is something else. */
static bool show_line(char *line) {
	char *rest = line, *owner = strsep(&rest, " \n"), *type = strsep(&rest, " \n"),
	     *hex = strsep(&rest, " \n");
	if (!hex) return false;
	uint8_t *rdata = malloc(strlen(hex) / 2 + 1);
	size_t len = rdata ? octets_of_hex(hex, rdata) : 0;
	uint8_t *exact = malloc(len ? len : 1); /* an overrun is seen by the sanitizer */
	if (!rdata || !exact) abort();
	memcpy(exact, rdata, len);
	show(owner, (uint16_t)strtoul(type, NULL, 10), exact, (uint16_t)len);
	free(exact);
	free(rdata);
	return true;
}

int main(void) {
	char *line = NULL;
	size_t cap = 0;
	bool good = true;
	while (good && getline(&line, &cap, stdin) > 0)
		good = show_line(line);
	free(line);
	return good ? 0 : 1;
}
