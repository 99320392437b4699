/* What both ends of the control socket know: docs/formats/control.md. */
#ifndef UNDERSTUDY_CONTROL_PROTOCOL_H
#define UNDERSTUDY_CONTROL_PROTOCOL_H

#define CONTROL_SOCKET_DEFAULT "/run/understudy/control.sock"
#define CONTROL_REQUEST_MAX (8U << 20) /* octets of a request, newline included */
#define CONTROL_REPLY_MAX (4U << 20)   /* octets of a reply, newline included */

/* "code" of a reply that is not "ok". */
#define CONTROL_CODE_REQUEST "bad-request"       /* not understood: JSON, fields, size */
#define CONTROL_CODE_NOT_FOUND "not-found"       /* no such zone, or nothing to export */
#define CONTROL_CODE_FAILED "failed"             /* understood, and could not be done */
#define CONTROL_CODE_BUSY "busy"                 /* too many clients */
#define CONTROL_CODE_TOO_BIG "too-big"           /* a request that is too long */
#define CONTROL_CODE_UNAUTHORIZED "unauthorized" /* no API key, or one that is not known or has ended */
#define CONTROL_CODE_FORBIDDEN "forbidden"       /* the key's scope does not reach so far */
#define CONTROL_CODE_CONFLICT "conflict"         /* a name is taken, or something is in use */
#define CONTROL_CODE_INVALID "invalid"           /* "faults": [{"field", "text"}] tells */
#define CONTROL_CODE_REFUSED "refused"           /* a guard: "force" would do it all the same */
#define CONTROL_CODE_STALE "stale"               /* changed since: another version than "if_version" */
#define CONTROL_CODE_QUOTA "quota"               /* more than the account may have */
#define CONTROL_CODE_TRIES "limit"               /* too many tries; wait */
#define CONTROL_CODE_UNAVAILABLE "unavailable"   /* the database cannot be had now */

#endif
