/* Any octets as what a proxy sends first. */
#include <stdlib.h>
#include <string.h>

#include "net/proxy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(bool ok) {
	if (!ok) abort();
}

/* From a block of exactly its length. */
static enum err parse(const uint8_t *data, size_t len, struct proxy_header *out) {
	uint8_t *copy = malloc(len ? len : 1);
	check(copy != NULL);
	if (len > 0) memcpy(copy, data, len);
	enum err e = proxy_parse(copy, len, out);
	free(copy);
	return e;
}

static void check_header(const struct proxy_header *h, size_t len) {
	check(h->len >= PROXY_FIXED_LEN && h->len <= PROXY_HEADER_MAX && h->len <= len);
	check(h->source.family == AF_UNSPEC || h->source.family == AF_INET || h->source.family == AF_INET6);
}

/* A reader that asks for what is wanted and no more comes to the same end. */
static void read_as_wanted(const uint8_t *data, size_t len, enum err whole,
                           const struct proxy_header *expected) {
	struct proxy_header h = { 0 };
	size_t have = 0;
	enum err e;
	while ((e = parse(data, have, &h)) == ERR_AGAIN && have < len) {
		check(h.len > have && h.len <= PROXY_HEADER_MAX);
		have = h.len < len ? h.len : len;
	}
	check(e == whole);
	if (e != OK) return;
	check(h.len == have && h.len == expected->len);
	check(addr_equal(&h.source, &expected->source));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
	struct proxy_header h = { 0 };
	enum err e = parse(data, len, &h);
	check(e == OK || e == ERR_AGAIN || e == ERR_NOTFOUND || e == ERR_MALFORMED);
	if (e == OK) check_header(&h, len);
	if (e == ERR_AGAIN) check(h.len > len && h.len <= PROXY_HEADER_MAX);
	read_as_wanted(data, len, e, &h);
	return 0;
}
