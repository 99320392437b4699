/* How far one word is from another: for "did you mean". */
#ifndef UNDERSTUDY_BASE_NEAR_H
#define UNDERSTUDY_BASE_NEAR_H

#define NEAR_WORD_MAX 64 /* octets of words that are compared */

/* Octets added, removed or replaced, and neighbours swapped, that lead from one to the other (no octet is changed twice:
 * the restricted distance of Damerau and Levenshtein).  UINT_MAX: one of them is longer than NEAR_WORD_MAX. */
unsigned near_distance(const char *a, const char *b);

#endif
