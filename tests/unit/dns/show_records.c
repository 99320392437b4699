/* Tool of test_text_readers.py.  Lines "owner type-number hex-of-rdata" come in ("-": no octets), records in
 * presentation form go out; "refused" where rdata_check says so. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns/name.h"
#include "dns/rdata.h"
#include "dns/text.h"

static size_t octets_of_hex(const char *hex, uint8_t *out) {
	size_t len = 0;
	unsigned octet;
	if (*hex == '-') return 0;
	for (; sscanf(hex + 2 * len, "%2x", &octet) == 1; len++)
		out[len] = (uint8_t)octet;
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

int main(void) {
	static char owner[1100], hex[2 * RDATA_MAX_LEN + 1];
	static uint8_t rdata[RDATA_MAX_LEN + 1];
	unsigned type;
	while (scanf("%1099s %u %131070s", owner, &type, hex) == 3) {
		size_t len = octets_of_hex(hex, rdata);
		uint8_t *exact = malloc(len ? len : 1); /* an overrun is seen by the sanitizer */
		if (!exact) return 1;
		memcpy(exact, rdata, len);
		show(owner, (uint16_t)type, exact, (uint16_t)len);
		free(exact);
	}
	return 0;
}
