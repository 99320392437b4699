/* LOC in presentation form, RFC 1876 section 3. */
#include <stdio.h>

#include "dns/rdata_text_field.h"
#include "dns/rdata_text_put.h"

#define LOC_MIDDLE 0x80000000U /* equator and prime meridian */
#define LOC_DEGREE_MS 3600000U /* thousandths of a second of arc */
#define LOC_GROUND_CM 10000000 /* altitude zero stands 100 km below the ground */

/* "42 21 54.000 N " */
static enum err angle_text(struct writer *out, uint32_t value, unsigned max_degrees, char plus, char minus) {
	uint32_t ms = value >= LOC_MIDDLE ? value - LOC_MIDDLE : LOC_MIDDLE - value;
	if (ms > max_degrees * LOC_DEGREE_MS) return ERR_RDATA;
	char text[32];
	snprintf(text, sizeof(text), "%u %u %u.%03u %c ", ms / LOC_DEGREE_MS, ms / 60000 % 60, ms / 1000 % 60,
	         ms % 1000, value >= LOC_MIDDLE ? plus : minus);
	put_text(out, text);
	return OK;
}

static void metres_text(struct writer *out, int64_t cm) {
	char text[32];
	int64_t size = cm < 0 ? -cm : cm;
	snprintf(text, sizeof(text), "%s%lld.%02lldm", cm < 0 ? "-" : "", (long long)(size / 100),
	         (long long)(size % 100));
	put_text(out, text);
}

/* Mantissa and power of ten, in centimetres (RFC 1876 section 2). */
static enum err precision_text(struct writer *out, uint8_t value) {
	unsigned mantissa = value >> 4, power = value & 15;
	if (mantissa > 9 || power > 9 || (mantissa == 0 && power != 0)) return ERR_RDATA;
	int64_t cm = mantissa;
	while (power-- > 0)
		cm *= 10;
	put_text(out, " ");
	metres_text(out, cm);
	return OK;
}

enum err loc_text(struct shown *s) {
	const uint8_t *p = read_bytes(&s->in, 16);
	if (!p || p[0] != 0) return ERR_RDATA;
	enum err e = angle_text(&s->out, load_u32(p + 4), 90, 'N', 'S');
	if (e == OK) e = angle_text(&s->out, load_u32(p + 8), 180, 'E', 'W');
	if (e == OK) metres_text(&s->out, (int64_t)load_u32(p + 12) - LOC_GROUND_CM);
	for (unsigned i = 1; e == OK && i <= 3; i++)
		e = precision_text(&s->out, p[i]);
	return e;
}
