/* Any octets as rdata: two octets of type, one that says where in the message the rdata begins, then (names that
 * pointers may lead to and) the rdata.  What is read passes the check, has a text that fits, and comes through
 * the encoder as it was. */
#include <stdlib.h>
#include <string.h>

#include "dns/message.h"
#include "dns/rdata.h"
#include "dns/text.h"

#define DECOMPRESSED_MAX 131072

static void check(bool ok) {
	if (!ok) abort();
}

static int sign(int n) {
	return (n > 0) - (n < 0);
}

struct data {
	uint16_t type;
	uint8_t *octets; /* a block of exactly len octets */
	uint16_t len;
};

static void check_printable(const struct writer *w) {
	for (size_t i = 0; i < w->len; i++)
		check(w->data[i] >= ' ' && w->data[i] <= '~');
}

static void check_text(const struct data *d) {
	size_t cap = RDATA_TEXT_CAP(d->len);
	uint8_t *text = malloc(cap), *line = malloc(TEXT_RECORD_CAP(d->len));
	struct writer w = writer_init(text, cap);
	check(rdata_text(d->type, d->octets, d->len, &w) == OK && w.len > 0);
	check_printable(&w);
	struct writer l = writer_init(line, TEXT_RECORD_CAP(d->len));
	check(text_record((const uint8_t *)"\1a", d->type, 1, d->octets, d->len, &l) == OK);
	check(l.len > w.len && memcmp(line + l.len - 1 - w.len, text, w.len) == 0 && line[l.len - 1] == '\n');
	uint8_t *exact = malloc(w.len); /* just enough room, and one less */
	struct writer fits = writer_init(exact, w.len), short_of = writer_init(exact, w.len - 1);
	check(rdata_text(d->type, d->octets, d->len, &fits) == OK && memcmp(exact, text, w.len) == 0);
	enum err e = rdata_text(d->type, d->octets, d->len, &short_of);
	check(e == ERR_SPACE ||
	      (e == OK && short_of.len < w.len)); /* the generic form may be the shorter one */
	w = writer_init(text, cap);
	check(rdata_text_generic(d->octets, d->len, &w) == OK);
	check_printable(&w);
	free(exact);
	free(line);
	free(text);
}

static void check_parts(const struct data *d) {
	struct rdata_part parts[RDATA_PARTS_MAX];
	unsigned count = rdata_split(d->type, d->octets, d->len, parts);
	const uint8_t *at = d->octets;
	check(count <= RDATA_PARTS_MAX);
	for (unsigned i = 0; i < count; i++) {
		check(parts[i].data == at && parts[i].len > 0);
		if (parts[i].is_compressible_name) check(name_check(at, parts[i].len) == parts[i].len);
		at += parts[i].len;
	}
	check(at == d->octets + d->len);
	const uint8_t *name = rdata_additional_name(d->type, d->octets, d->len);
	if (name) check(name_check(name, d->len - (size_t)(name - d->octets)) > 0);
	struct soa soa;
	if (d->type == RR_SOA) check(soa_parse(d->octets, d->len, &soa) == OK);
}

/* Against itself, and against itself with one octet changed. */
static void check_order(const struct data *d) {
	uint8_t *other = malloc(d->len ? d->len : 1);
	check(rdata_compare(d->type, d->octets, d->len, d->octets, d->len) == 0);
	memcpy(other, d->octets, d->len);
	for (unsigned i = 0; i < 4 && d->len; i++) {
		size_t at = i == 0 ? d->len - 1U : d->len * (i - 1U) / 3;
		other[at] ^= i % 2 ? 0x20 : 0x01;
		if (rdata_check(d->type, other, d->len) != OK) continue;
		int order = rdata_compare(d->type, d->octets, d->len, other, d->len);
		check(sign(order) == -sign(rdata_compare(d->type, other, d->len, d->octets, d->len)));
	}
	free(other);
}

static void check_encoder(const struct data *d) {
	static struct encoder e;
	static uint8_t buf[MESSAGE_MAX_LEN], back[DECOMPRESSED_MAX];
	const struct rr rr = { d->type, CLASS_IN, 300, d->octets, d->len };
	message_begin(&e, buf, sizeof(buf), sizeof(buf));
	if (message_record(&e, SECTION_ANSWER, (const uint8_t *)"\1a\7example", &rr) != OK) return;
	size_t len = message_end(&e);
	uint8_t *exact = malloc(len);
	memcpy(exact, buf, len);
	struct reader r = reader_init(exact, len);
	struct record record;
	struct writer w = writer_init(back, sizeof(back));
	r.pos = MESSAGE_HEADER_LEN;
	check(record_read(&r, &record) == OK && r.pos == r.len);
	r.pos = record.rdata_pos;
	check(rdata_read(&r, d->type, record.rdlength, &w) == OK && w.len == d->len);
	check(rdata_compare(d->type, back, w.len, d->octets, d->len) == 0);
	free(exact);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
	static uint8_t out[DECOMPRESSED_MAX];
	if (len < MESSAGE_HEADER_LEN || len > 65535) return 0;
	size_t start = MESSAGE_HEADER_LEN + data[2] % (len - MESSAGE_HEADER_LEN + 1);
	struct reader r = { .data = data, .len = len, .pos = start };
	struct writer w = writer_init(out, sizeof(out));
	struct data d = { .type = load_u16(data) };
	bool plain = rdata_check(d.type, data + start, len - start) == OK;
	enum err e = rdata_read(&r, d.type, (uint16_t)(len - start), &w);
	check(e == OK || !plain);
	if (e != OK) {
		check(w.len == 0 && (r.pos == start || r.failed));
		struct writer t = writer_init(out, sizeof(out));
		if (!plain)
			check(rdata_text(d.type, data + start, len - start, &t) == ERR_RDATA && t.len == 0);
		return 0;
	}
	check(r.pos == len && !r.failed);
	if (w.len > RDATA_MAX_LEN) return 0;
	d.len = (uint16_t)w.len;
	d.octets = malloc(d.len ? d.len : 1);
	memcpy(d.octets, out, d.len);
	check(rdata_check(d.type, d.octets, d.len) == OK);
	check_text(&d);
	check_parts(&d);
	check_order(&d);
	check_encoder(&d);
	free(d.octets);
	return 0;
}
