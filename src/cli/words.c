#include "cli/words.h"

#include <string.h>

#include "base/near.h"

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

bool words_near(const char *meant, const char *typed) {
	unsigned allowed = strlen(meant) > 5 ? 2 : 1;
	return near_distance(meant, typed) <= allowed;
}
