/* Domain names as people write them, as the daemon has them: U-labels (RFC 5890) become A-labels, letters lower case,
 * no final dot.  The only file that knows libidn2 is names.c.
 * Thread: any. */
#ifndef UNDERSTUDY_WEB_NAMES_H
#define UNDERSTUDY_WEB_NAMES_H

#include "base/err.h"

#define NAMES_TEXT_MAX 1024 /* longest text, NUL included: 255 octets, each escaped */
#define NAMES_FAULT_MAX 160

/* "Bücher.Example." is "xn--bcher-kva.example"; "." stays.  Names in ASCII are not judged further: that is the
 * daemon's.  ERR_NAME: out_fault tells. */
MUST_CHECK enum err names_canonical(const char *text, char out[static NAMES_TEXT_MAX],
                                    char out_fault[static NAMES_FAULT_MAX]);

#endif
