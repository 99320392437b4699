#include "inventory/suggest.h"

#include <string.h>

#include "base/bytes.h"

static unsigned least(unsigned a, unsigned b) {
	return a < b ? a : b;
}

/* Changes that turn a into b: one octet added, removed or replaced (Levenshtein's distance). */
static unsigned distance(const char *a, size_t a_len, const char *b, size_t b_len) {
	unsigned row[SUGGEST_WORD_MAX + 1];
	for (unsigned j = 0; j <= b_len; j++)
		row[j] = j;
	for (unsigned i = 1; i <= a_len; i++) {
		unsigned diagonal = row[0];
		row[0] = i;
		for (unsigned j = 1; j <= b_len; j++) {
			unsigned replaced = diagonal + (a[i - 1] != b[j - 1]);
			diagonal = row[j];
			row[j] = least(replaced, least(row[j], row[j - 1]) + 1);
		}
	}
	return row[b_len];
}

struct suggestion suggest_start(const char *wanted) {
	size_t len = strlen(wanted);
	return (struct suggestion){ .wanted = wanted, .distance = len < 4 ? 2 : (unsigned)(len / 3 + 2) };
}

void suggest_offer(struct suggestion *s, const char *word) {
	size_t a = strlen(s->wanted), b = strlen(word);
	if (a > SUGGEST_WORD_MAX || b > SUGGEST_WORD_MAX) return;
	unsigned d = distance(s->wanted, a, word, b);
	if (d >= s->distance) return;
	s->distance = d;
	s->text = word;
}
