#include "daemon/systemd.h"

#include <stdint.h>
#include <systemd/sd-daemon.h>
#include <time.h>

/* Results are not looked at: without a manager there is nobody to tell, and serving goes on in any case. */

void systemd_ready(size_t zones) {
	(void)sd_notifyf(0, "READY=1\nSTATUS=answering for %zu zones", zones);
}

/* Type=notify-reload asks for the time at which the reload began (systemd.service(5)). */
void systemd_reloading(void) {
	struct timespec now = { 0 };
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	uint64_t us = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
	(void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu", (unsigned long long)us);
}

void systemd_stopping(void) {
	(void)sd_notify(0, "STOPPING=1");
}
