/* What TLS with primaries needs from files (authorities, certificates, keys), read once for each set of terms and again at
 * a reload.  Files that can't be used leave the former ones in force; where there are none, whoever asks is told which
 * file and why.
 *
 * Memory: an entry for each set of terms that was ever asked for, until trust_book_free.
 * Thread: one; before the loop runs, whoever makes it. */
#ifndef UNDERSTUDY_TRANSFER_TRUST_BOOK_H
#define UNDERSTUDY_TRANSFER_TRUST_BOOK_H

#include "base/log.h"
#include "net/tls_trust.h"

struct trust_book;
struct trusted; /* an entry */

/* log is borrowed. */
struct trust_book *trust_book_new(struct log *log);
/* NULL is allowed. */
void trust_book_free(struct trust_book *b);
/* The entry of these terms, read now if it is new.  Never NULL; valid until trust_book_free.  terms are copied. */
struct trusted *trust_book_find(struct trust_book *b, const struct tls_terms *terms);
/* Read all files again. */
void trust_book_read_again(struct trust_book *b);

const struct tls_terms *trusted_terms(const struct trusted *e);
/* Borrowed until the files are read again; NULL: they could not be used yet. */
struct tls_trust *trusted_trust(const struct trusted *e);
/* What is wrong with the files, as a sentence; "": nothing. */
const char *trusted_fault(const struct trusted *e);

#endif
