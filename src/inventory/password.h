/* Passwords of people, kept as argon2id hashes (RFC 9106); only password.c knows libargon2.
 *
 * Cost of making or trying one: PASSWORD_MEMORY_KIB of memory for the time being and PASSWORD_PASSES passes over it in
 * one lane, on the thread that calls.  Who calls limits the tries (tries.h).  The parameters stand in each hash
 * ("$argon2id$v=19$m=19456,t=2,p=1$..."), so they can be raised later; a hash that asks for more than PASSWORD_COST_MAX
 * is not computed.
 * Thread: any. */
#ifndef UNDERSTUDY_INVENTORY_PASSWORD_H
#define UNDERSTUDY_INVENTORY_PASSWORD_H

#include <stdbool.h>

#include "base/err.h"
#include "base/random.h"

#define PASSWORD_LEN_MIN 10 /* octets */
#define PASSWORD_LEN_MAX 1024
#define PASSWORD_MEMORY_KIB (19U << 10)
#define PASSWORD_PASSES 2U
#define PASSWORD_COST_MAX (1U << 18) /* KiB times passes */
#define PASSWORD_HASH_MAX 160        /* octets of the text of a hash, NUL included */

/* random must be secure: the salt is drawn from it.  ERR_LIMIT: too short or too long; ERR_NOMEM. */
MUST_CHECK enum err password_hash(const char *password, struct random *random,
                                  char out_hash[static PASSWORD_HASH_MAX]);
/* hash NULL: there is no such user, which costs the same time.  ERR_MISMATCH: another password, or none at all;
 * ERR_CORRUPT: no hash of ours; ERR_NOMEM. */
MUST_CHECK enum err password_verify(const char *password, const char *hash);
/* Made with lesser parameters than those above: to be made again when its password is at hand. */
bool password_hash_is_old(const char *hash);

#endif
