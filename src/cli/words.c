#include "cli/words.h"

#include <string.h>

#define NEAR_MAX 40 /* octets of texts that are compared */

size_t words_next(const char **at, const char **out_word) {
	*at += strspn(*at, " ");
	*out_word = *at;
	size_t len = strcspn(*at, " ");
	*at += len;
	return len;
}

bool words_have(const char *words, const char *word) {
	const char *found;
	size_t want = strlen(word), len;
	while ((len = words_next(&words, &found)) > 0) {
		if (len == want && memcmp(found, word, len) == 0) return true;
	}
	return false;
}

static unsigned least(unsigned a, unsigned b, unsigned c) {
	unsigned ab = a < b ? a : b;
	return ab < c ? ab : c;
}

unsigned words_distance(const char *a, const char *b) {
	unsigned rows[3][NEAR_MAX + 1];
	size_t la = strlen(a), lb = strlen(b);
	if (la > NEAR_MAX || lb > NEAR_MAX) return NEAR_MAX;
	for (unsigned j = 0; j <= lb; j++)
		rows[0][j] = j;
	for (unsigned i = 1; i <= la; i++) {
		unsigned *now = rows[i % 3], *before = rows[(i + 2) % 3], *second = rows[(i + 1) % 3];
		now[0] = i;
		for (unsigned j = 1; j <= lb; j++) {
			now[j] = least(before[j] + 1, now[j - 1] + 1, before[j - 1] + (a[i - 1] != b[j - 1]));
			bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
			if (swapped && second[j - 2] + 1 < now[j]) now[j] = second[j - 2] + 1;
		}
	}
	return rows[la % 3][lb];
}

bool words_near(const char *meant, const char *typed) {
	unsigned allowed = strlen(meant) > 5 ? 2 : 1;
	return words_distance(meant, typed) <= allowed;
}
