/* People who log in: rows with a name, unique on the whole server, and the argon2id hash of a password.
 *
 * JSON of a user: id, account (public id), name, has_password, created_at.
 * Thread: the database's. */
#ifndef UNDERSTUDY_INVENTORY_USERS_H
#define UNDERSTUDY_INVENTORY_USERS_H

#include "inventory/rows.h"
#include "inventory/tries.h"

#define USERS_MAX 1000 /* of one account */

/* password NULL: nobody can log in until one is set.  out_after: JSON of the row, a new reference.  Errors: rows.h.
 * Cost: that of password.h. */
MUST_CHECK enum err user_add(const struct row_work *w, int64_t account, const char *name,
                             const char *password, json_t **out_after);
/* id: public.  account 0: of any.  The audit learns that it was set, nothing else. */
MUST_CHECK enum err user_set_password(const struct row_work *w, int64_t account, const char *id,
                                      const char *password, json_t **out_after);
MUST_CHECK enum err user_remove(const struct row_work *w, int64_t account, const char *id,
                                json_t **out_before);
MUST_CHECK enum err user_page(const struct row_work *w, const struct row_page *page, json_t **out_list);

/* Who logs in.  tries: of this thread.  ERR_MISMATCH: there is no such user, or the password is another; both take the
 * same time.  ERR_AGAIN: too many failures of the source or for the name; out_wait_s is filled, and nothing was tried. */
struct user_login {
	const char *name, *password;
	const struct addr *source; /* NULL: not known */
	int64_t mono_ms;
};
struct user_found {
	int64_t account;
	char id[SECRET_ID_LEN + 1];
};
MUST_CHECK enum err user_verify(const struct row_work *w, struct tries *tries, const struct user_login *login,
                                struct user_found *out_user, uint32_t *out_wait_s);

#endif
