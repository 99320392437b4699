/* The target of an HTTP request (RFC 9112 section 3.2.1) taken apart: segments of the path and parameters of the
 * query, decoded once (RFC 3986 section 2.1).  What is decoded is UTF-8 without control characters, so that it can
 * stand in JSON, in a log line and in a message.
 * Thread: any. */
#ifndef UNDERSTUDY_WEB_TARGET_H
#define UNDERSTUDY_WEB_TARGET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define TARGET_MAX 8192 /* octets of a target */
#define TARGET_SEGMENTS_MAX 12
#define TARGET_QUERY_MAX 32

struct query_param {
	const char *name, *value; /* borrow from text; value "" where none is given */
};

struct target {
	char *text; /* own: the decoded octets */
	const char *segments[TARGET_SEGMENTS_MAX];
	unsigned segment_count;
	struct query_param query[TARGET_QUERY_MAX];
	unsigned query_count;
};

/* Take uri ("/a/b%2Fc?x=1&y=%20") apart.  ERR_LIMIT: longer or more parts than above.  ERR_MALFORMED: no path, a
 * percent sign without two digits, an octet that may not stand there, the same parameter twice. */
MUST_CHECK enum err target_parse(const char *uri, struct target *out_target);
void target_done(struct target *t);

/* Value of the parameter, or NULL. */
const char *target_query(const struct target *t, const char *name);

/* Is text UTF-8 (RFC 3629) without control characters? */
bool target_text_clean(const char *text, size_t len);

#endif
