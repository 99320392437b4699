/* Texts that are words parted by blanks, and words that are nearly the same. */
#ifndef UNDERSTUDY_CLI_WORDS_H
#define UNDERSTUDY_CLI_WORDS_H

#include <stdbool.h>
#include <stddef.h>

bool words_have(const char *words, const char *word);
/* The next word at *at, which moves behind it; returns its length, 0 at the end. */
size_t words_next(const char **at, const char **out_word);

/* Insertions, removals, exchanges and swaps of neighbours that lead from one to the other; texts beyond 40 octets are
 * never near. */
unsigned words_distance(const char *a, const char *b);
/* So near that one was probably meant to be the other. */
bool words_near(const char *meant, const char *typed);

#endif
