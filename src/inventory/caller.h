/* Who makes a request, as an API key tells: its account, how far it reaches, what it is bound to.
 * Immutable and counted: found on the desk, used on the loop. */
#ifndef UNDERSTUDY_INVENTORY_CALLER_H
#define UNDERSTUDY_INVENTORY_CALLER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "inventory/secrets.h"

#define CALLER_NAME_MAX 65 /* octets of the name of a key or an account, NUL included */

/* Each reaches as far as those before it, and further. */
enum scope { SCOPE_READ, SCOPE_WRITE, SCOPE_ADMIN };
const char *scope_text(enum scope scope);
/* ERR_NOTFOUND: no such word. */
MUST_CHECK enum err scope_parse(const char *text, enum scope *out_scope);

struct caller {
	_Atomic unsigned references;
	int64_t token, account; /* rows */
	char token_id[SECRET_ID_LEN + 1], account_id[SECRET_ID_LEN + 1];
	char name[CALLER_NAME_MAX]; /* of the key */
	char prefix[16];            /* of the key */
	enum scope scope;
	bool has_primary; /* only zones with this one as their only primary */
	struct addr primary;
	int64_t expires_s;            /* 0: never */
	uint32_t requests_per_minute; /* of the account; 0: no limit of its own */
	char *zones;                  /* names, each with its NUL; NULL: all of the account */
	size_t zones_len;
};
void caller_ref(const struct caller *c);
void caller_unref(const struct caller *c);
/* The key is bound to some zones, and zone (lower case, no final dot) is none of them. */
bool caller_is_kept_from(const struct caller *c, const char *zone);
/* The key is bound to no primary, or to this one; without a port in the binding any is meant. */
bool caller_reaches_primary(const struct caller *c, const struct addr *primary);

#endif
