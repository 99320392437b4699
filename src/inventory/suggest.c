#include "inventory/suggest.h"

#include <string.h>

#include "base/near.h"

struct suggestion suggest_start(const char *wanted) {
	size_t len = strlen(wanted);
	return (struct suggestion){ .wanted = wanted, .distance = len < 4 ? 2 : (unsigned)(len / 3 + 2) };
}

void suggest_offer(struct suggestion *s, const char *word) {
	unsigned d = near_distance(s->wanted, word);
	if (d >= s->distance) return;
	s->distance = d;
	s->text = word;
}
