/* Named places where a test may make the next call fail, or the process die, to see what is left behind.
 * UNDERSTUDY_FAULT="file-sync:3" fails the third pass of that point; "file-sync:3:kill" ends the process there
 * with SIGKILL; "store-full:1,file-sync:3:kill" is both, FAULTS_MAX at most.  Read once at start; without the variable a pass
 * costs one branch. */
#ifndef UNDERSTUDY_BASE_FAULT_H
#define UNDERSTUDY_BASE_FAULT_H

#include <stdbool.h>

#define FAULTS_MAX 4

/* True when the caller must behave as if the operation failed. */
bool fault_fires(const char *point);
/* For tests in process: arm or disarm (point NULL). */
void fault_arm(const char *point, unsigned nth);
/* Beside those that are armed, FAULTS_MAX in all. */
void fault_arm_more(const char *point, unsigned nth);

#endif
