/* One datagram to a socket of the file system: words to the service manager, entries of the journal.  Any thread. */
#ifndef UNDERSTUDY_BASE_UNIX_SEND_H
#define UNDERSTUDY_BASE_UNIX_SEND_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

/* path: absolute, or "@" and a name of the abstract kind (unix(7)).  False: nobody is there, or it does not take so much. */
bool unix_send(const char *path, struct iovec *parts, size_t count);

#endif
