#include "base/clock.h"

#include <time.h>

struct moment clock_now(void) {
	struct timespec wall, mono;
	/* Neither clock can fail on Linux with these arguments. */
	(void)clock_gettime(CLOCK_REALTIME, &wall);
	(void)clock_gettime(CLOCK_MONOTONIC, &mono);
	return (struct moment){
		.wall_s = wall.tv_sec,
		.mono_ms = (int64_t)mono.tv_sec * 1000 + mono.tv_nsec / 1000000,
	};
}

void clock_pause(unsigned us) {
	struct timespec pause = { .tv_nsec = (long)us * 1000 };
	(void)clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
}
