/* Result codes of every fallible call.
 *
 * One table, 0 is OK.  Folders that compute return a code; the folder that decides logs it once.
 * On failure outputs (`out_`) are untouched. */
#ifndef UNDERSTUDY_BASE_ERR_H
#define UNDERSTUDY_BASE_ERR_H

#define MUST_CHECK __attribute__((warn_unused_result))

/* ERR(NAME, text) */
#define ERR_LIST(X)                                                                                          \
	X(OK, "ok")                                                                                          \
	X(ERR_NOMEM, "out of memory")                                                                        \
	X(ERR_LIMIT, "a limit is reached")                                                                   \
	X(ERR_SHORT, "input ends too early")                                                                 \
	X(ERR_SPACE, "output buffer is full")                                                                \
	X(ERR_MALFORMED, "malformed input")                                                                  \
	X(ERR_NAME, "malformed domain name")                                                                 \
	X(ERR_POINTER, "bad compression pointer")                                                            \
	X(ERR_RDATA, "malformed record data")                                                                \
	X(ERR_NOTFOUND, "not found")                                                                         \
	X(ERR_EXISTS, "exists already")                                                                      \
	X(ERR_OUTZONE, "record is out of the zone")                                                          \
	X(ERR_BADZONE, "zone has no SOA or no NS at its apex")                                               \
	X(ERR_STALE, "serial is not newer")                                                                  \
	X(ERR_MISMATCH, "does not match")                                                                    \
	X(ERR_TSIG_BADKEY, "TSIG key is not known")                                                          \
	X(ERR_TSIG_BADSIG, "TSIG signature is wrong")                                                        \
	X(ERR_TSIG_BADTIME, "TSIG time is outside the window")                                               \
	X(ERR_TSIG_BADTRUNC, "TSIG MAC is too short")                                                        \
	X(ERR_TSIG_MISSING, "TSIG is missing")                                                               \
	X(ERR_IO, "input or output failed")                                                                  \
	X(ERR_CORRUPT, "stored data is damaged")                                                             \
	X(ERR_VERSION, "stored data is of another format version")                                           \
	X(ERR_CONFIG, "configuration is wrong")                                                              \
	X(ERR_TIMEOUT, "timed out")                                                                          \
	X(ERR_CLOSED, "connection closed")                                                                   \
	X(ERR_REFUSED, "refused")                                                                            \
	X(ERR_AGAIN, "would block")                                                                          \
	X(ERR_UNSUPPORTED, "not supported")                                                                  \
	X(ERR_FAULT, "injected fault")

enum err {
#define ERR_ENUM(name, text) name,
	ERR_LIST(ERR_ENUM)
#undef ERR_ENUM
};

/* Leave a result unlooked at, on purpose: the reason stands beside the call. */
static inline void err_ignore(enum err e) {
	(void)e;
}

/* English text of e, for logs; never NULL. */
const char *err_text(enum err e);

/* Symbol of e, e.g. "ERR_RDATA"; never NULL. */
const char *err_name(enum err e);

#endif
