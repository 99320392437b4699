/* What both ends of the control socket know: docs/formats/control.md. */
#ifndef UNDERSTUDY_CONTROL_PROTOCOL_H
#define UNDERSTUDY_CONTROL_PROTOCOL_H

#define CONTROL_SOCKET_DEFAULT "/run/understudy/control.sock"
#define CONTROL_REQUEST_MAX 65536    /* octets of a request, newline included */
#define CONTROL_REPLY_MAX (4U << 20) /* octets of a reply, newline included */

/* "code" of a reply that is not "ok". */
#define CONTROL_CODE_REQUEST "bad-request" /* not understood: JSON, fields, size */
#define CONTROL_CODE_NOT_FOUND "not-found" /* no such zone, or nothing to export */
#define CONTROL_CODE_FAILED "failed"       /* understood, and could not be done */
#define CONTROL_CODE_BUSY "busy"           /* too many clients */

#endif
