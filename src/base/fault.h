/* Named places where a test may make the next call fail, or the process die, to see what is left behind.
 * UNDERSTUDY_FAULT="file-sync:3" fails the third pass of that point; "file-sync:3:kill" ends the process there
 * with SIGKILL.  Read once at start; without the variable a pass costs one branch. */
#ifndef UNDERSTUDY_BASE_FAULT_H
#define UNDERSTUDY_BASE_FAULT_H

#include <stdbool.h>

/* True when the caller must behave as if the operation failed. */
bool fault_fires(const char *point);
/* For tests in process: arm or disarm (point NULL). */
void fault_arm(const char *point, unsigned nth);

#endif
