/* Texts that are words parted by blanks, and words that are nearly the same. */
#ifndef UNDERSTUDY_CLI_WORDS_H
#define UNDERSTUDY_CLI_WORDS_H

#include <stdbool.h>
#include <stddef.h>

bool words_have(const char *words, const char *word);
/* The next word at *at, which moves behind it; returns its length, 0 at the end. */
size_t words_next(const char **at, const char **out_word);

/* So near that one was probably meant to be the other. */
bool words_near(const char *meant, const char *typed);

#endif
