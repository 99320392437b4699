#include "daemon/systemd.h"

#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "base/systemd_library.h"

/* Results are not looked at: without a manager there is nobody to tell, and serving goes on in any case. */

void systemd_ready(size_t zones) {
	char words[80];
	(void)snprintf(words, sizeof(words), "READY=1\nSTATUS=answering for %zu zones", zones); /* it fits */
	(void)systemd_library_notify(words);
}

/* Type=notify-reload asks for the time at which the reload began (systemd.service(5)). */
void systemd_reloading(void) {
	struct timespec now = { 0 };
	char words[80];
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	uint64_t us = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
	(void)snprintf(words, sizeof(words), "RELOADING=1\nMONOTONIC_USEC=%llu",
	               (unsigned long long)us); /* as above */
	(void)systemd_library_notify(words);
}

void systemd_stopping(void) {
	(void)systemd_library_notify("STOPPING=1");
}
