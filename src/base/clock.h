/* Time comes in as an argument: nothing but the daemon reads the machine's clocks.
 * Wall time (unix seconds) is what survives a restart: timers, TSIG.  Monotonic time (milliseconds) is for
 * intervals inside one run. */
#ifndef UNDERSTUDY_BASE_CLOCK_H
#define UNDERSTUDY_BASE_CLOCK_H

#include <stdint.h>

struct moment {
	int64_t wall_s;  /* seconds since 1970-01-01 UTC */
	int64_t mono_ms; /* milliseconds since an arbitrary start, never steps */
};

/* The real clocks, read now. */
struct moment clock_now(void);

/* Let the calling thread sleep for so many microseconds, below a second.  A signal may end it early. */
void clock_pause(unsigned us);

#endif
