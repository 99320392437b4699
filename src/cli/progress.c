#include "cli/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

#define SHOW_MS 100
#define BAR 24 /* characters */

void progress_begin(struct progress *p, const char *what, uint64_t total) {
	*p = (struct progress){ .what = what, .total = total, .begun_ms = clock_now().mono_ms };
	p->on = isatty(STDERR_FILENO) == 1;
}

static void bar_fill(char bar[static BAR + 1], uint64_t done, uint64_t total) {
	uint64_t filled = total ? done * BAR / total : 0;
	for (unsigned i = 0; i < BAR; i++)
		bar[i] = i < filled ? '#' : '.';
	bar[BAR] = '\0';
}

const char *progress_text(const struct progress *p, uint64_t done, int64_t now_ms,
                          char buf[static PROGRESS_TEXT_MAX]) {
	char bar[BAR + 1];
	int64_t ms = now_ms - p->begun_ms;
	uint64_t rate = ms > 0 ? done * 1000 / (uint64_t)ms : 0;
	bar_fill(bar, done, p->total);
	if (p->total == 0) {
		snprintf(buf, PROGRESS_TEXT_MAX, "%" PRIu64 " %s, %" PRIu64 "/s", done, p->what, rate);
		return buf;
	}
	int len = snprintf(buf, PROGRESS_TEXT_MAX, "[%s] %3" PRIu64 " %%  %" PRIu64 " of %" PRIu64 " %s", bar,
	                   done * 100 / p->total, done, p->total, p->what);
	if (rate > 0 && len > 0 && len < PROGRESS_TEXT_MAX) {
		snprintf(buf + len, PROGRESS_TEXT_MAX - (size_t)len, ", %" PRIu64 "/s, %" PRIu64 " s to go",
		         rate, (p->total - done) / rate);
	}
	return buf;
}

void progress_show(struct progress *p, uint64_t done) {
	char text[PROGRESS_TEXT_MAX];
	int64_t now_ms = clock_now().mono_ms;
	if (!p->on || (now_ms - p->shown_ms < SHOW_MS && done < p->total)) return;
	p->shown_ms = now_ms;
	fprintf(stderr, "\r%s\033[K", progress_text(p, done, now_ms, text));
	(void)fflush(stderr); /* it is only shown */
}

void progress_end(struct progress *p) {
	if (p->on && p->shown_ms) fputs("\r\033[K", stderr);
}
