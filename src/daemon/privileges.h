/* Folders that the daemon writes to, and becoming the user it runs as.  Thread: main, before others start. */
#ifndef UNDERSTUDY_DAEMON_PRIVILEGES_H
#define UNDERSTUDY_DAEMON_PRIVILEGES_H

#include "base/err.h"

#define PRIVILEGES_TEXT_MAX 256

/* Make the state directory (mode 0750) and the folder of the control socket (0755) if they are missing; give the
 * state directory, and what was made, to user.  Then become user with its groups, for good.  user NULL: stay.
 * ERR_IO: out_text tells. */
MUST_CHECK enum err privileges_drop(const char *user, const char *state_directory, const char *control_socket,
                                    char out_text[static PRIVILEGES_TEXT_MAX]);
/* As many descriptors as this process may have. */
void privileges_raise_files(void);

#endif
