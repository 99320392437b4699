/* "Did you mean ...": the nearest of the words offered (base/near.h).  Plain values. */
#ifndef UNDERSTUDY_INVENTORY_SUGGEST_H
#define UNDERSTUDY_INVENTORY_SUGGEST_H

struct suggestion {
	const char *wanted; /* borrowed */
	const char *text;   /* the nearest so far, borrowed; NULL: none is near enough */
	unsigned distance;  /* only nearer ones count */
};

struct suggestion suggest_start(const char *wanted);
void suggest_offer(struct suggestion *s, const char *word);

#endif
