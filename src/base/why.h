/* What an operator reads when something is not as it should be: a reason code and the evidence.
 * Reasons come from one table, reasons.def: REASON(NAME, "slug", "text", "advice").  The slug is stable and
 * appears in logs, status, metrics and docs/formats/reasons.md. */
#ifndef UNDERSTUDY_BASE_WHY_H
#define UNDERSTUDY_BASE_WHY_H

#define WHY_TEXT_MAX 240

enum reason {
#define REASON(name, slug, text, advice) REASON_##name,
#include "base/reasons.def"
#undef REASON
	REASON_COUNT
};

struct why {
	enum reason reason;          /* REASON_NONE: nothing wrong */
	char evidence[WHY_TEXT_MAX]; /* what was asked, what came; NUL-terminated, printable, no secrets */
};

/* Fill w; evidence by printf rules, cut at the end of the buffer.  Control bytes become '?'. */
void why_set(struct why *w, enum reason reason, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

const char *reason_slug(enum reason reason);
const char *reason_text(enum reason reason);   /* one sentence for people */
const char *reason_advice(enum reason reason); /* what to do about it; may be "" */

#endif
