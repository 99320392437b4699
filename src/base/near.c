#include "base/near.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>

static unsigned least(unsigned a, unsigned b, unsigned c) {
	unsigned ab = a < b ? a : b;
	return ab < c ? ab : c;
}

unsigned near_distance(const char *a, const char *b) {
	unsigned rows[3][NEAR_WORD_MAX + 1];
	size_t la = strlen(a), lb = strlen(b);
	if (la > NEAR_WORD_MAX || lb > NEAR_WORD_MAX) return UINT_MAX;
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
