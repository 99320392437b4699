/* TSIG keys of accounts, beside those of the configuration file: rows whose secrets are sealed.  A name is unique within
 * its account; two accounts may have different keys of one name, since a zone's requests are verified with the keys of its
 * own account only.
 *
 * JSON of a key: id, account (public id), name, algorithm, created_at.
 * Thread: the database's. */
#ifndef UNDERSTUDY_INVENTORY_TSIG_KEYS_H
#define UNDERSTUDY_INVENTORY_TSIG_KEYS_H

#include "inventory/policy.h"
#include "inventory/rows.h"

#define TSIG_KEYS_MAX 1000       /* of one account */
#define TSIG_SECRET_TEXT_MAX 700 /* base 64 of TSIG_SECRET_MAX octets, NUL included */
#define TSIG_SECRET_MIN 8        /* octets of one that is imported */

struct tsig_wish {
	int64_t account;
	const char *name;
	const char *algorithm; /* word of the configuration; NULL: hmac-sha256 */
	const char *secret;    /* base 64; NULL: a random one is made, as long as the algorithm's MAC */
};
/* config: keys of the configuration file, whose names account 1 can't have again.  out_secret: base 64, to be shown
 * once.  out_after: JSON of the row, a new reference.  Errors: rows.h. */
MUST_CHECK enum err tsig_key_add(const struct row_work *w, const struct tsig_keyring *config,
                                 const struct tsig_wish *wish, char out_secret[static TSIG_SECRET_TEXT_MAX],
                                 json_t **out_after);
/* id: public.  account 0: of any.  ERR_EXISTS: settings of zones or primaries name it; why names some of them. */
MUST_CHECK enum err tsig_key_remove(const struct row_work *w, int64_t account, const char *id,
                                    json_t **out_before, int64_t *out_account);

MUST_CHECK enum err tsig_key_get(const struct row_work *w, int64_t account, const char *id, json_t **out_row);
MUST_CHECK enum err tsig_key_page(const struct row_work *w, const struct row_page *page, json_t **out_list);

/* All keys that zones of an account may name: its own, and for account 1 those of the configuration too.  What the
 * configuration's keyset holds else (terms of TLS) stays with the new one.  config may be NULL.
 * A secret that can't be unsealed (the key file is gone or is another one) is replaced by a random one: the zones that
 * name the key stay and are served, and nothing that it signs or verifies passes.
 * Cost: a read of all keys of the account.  The caller gets a reference. */
MUST_CHECK enum err tsig_keyset(const struct row_work *w, int64_t account, struct keyset *config,
                                struct keyset **out_keyset);

/* Is the key file the one that secrets of this database are sealed under?  The first time, that is written down (within
 * a transaction of its own).  ERR_CORRUPT: it is another one.  ERR_IO: w->sealer is NULL, though there are secrets. */
MUST_CHECK enum err tsig_keys_check(const struct row_work *w);
/* For tsig_keys.c and tsig_keyset.c only. */
#define TSIG_KEY_KIND "tsig-key" /* in the places of sealed secrets */
#define TSIG_SEALED_MAX (TSIG_SECRET_MAX + SEALED_EXTRA)
enum err tsig_keys_no_sealer(const struct row_work *w);

#endif
