#include "serve/ede.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define DAY_S 86400
#define ERA_DAYS 146097       /* of 400 years */
#define DAYS_TO_1970 719468   /* from 0000-03-01 */
#define TIME_MAX 253402300799 /* end of the year 9999 */

static const struct {
	uint16_t code;
	const char *text;
} rows[EDE_COUNT] = {
#define EDE(name, code, text) [EDE_##name] = { code, text },
#include "serve/ede.def"
#undef EDE
};

uint16_t ede_code(enum ede ede) {
	assert(ede > EDE_NONE && ede < EDE_COUNT);
	return rows[ede].code;
}

/* " at 2026-11-26T11:40:56Z".  The C library's way takes a lock.  Years begin in March here, so that the leap day is
 * their last. */
static void append_time(char *text, int64_t at_s) {
	unsigned day = (unsigned)(at_s / DAY_S) + DAYS_TO_1970, second = (unsigned)(at_s % DAY_S);
	unsigned of_era = day % ERA_DAYS;
	unsigned year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	unsigned of_year = of_era - (365 * year + year / 4 - year / 100);
	unsigned month = (5 * of_year + 2) / 153;
	size_t len = strlen(text);
	snprintf(text + len, EDE_TEXT_MAX - len, " at %04u-%02u-%02uT%02u:%02u:%02uZ",
	         day / ERA_DAYS * 400 + year + (month >= 10), month < 10 ? month + 3 : month - 9,
	         of_year - (153 * month + 2) / 5 + 1, second / 3600, second / 60 % 60, second % 60);
}

size_t ede_text(enum ede ede, int64_t at_s, char out[static EDE_TEXT_MAX]) {
	assert(ede > EDE_NONE && ede < EDE_COUNT);
	snprintf(out, EDE_TEXT_MAX, "%s", rows[ede].text);
	if (out[0] && at_s > 0 && at_s <= TIME_MAX) append_time(out, at_s);
	return strlen(out);
}
