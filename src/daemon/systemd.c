#include "daemon/systemd.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/unix_send.h"

/* Where the manager listens stands in the environment (sd_notify(3)).  Results are not looked at: without a manager there is
 * nobody to tell, and serving goes on in any case. */
static void say(const char *words, int len) {
	const char *path = getenv("NOTIFY_SOCKET");
	if (!path || len < 0) return;
	struct iovec part = { .iov_base = (void *)(uintptr_t)words, .iov_len = (size_t)len };
	(void)unix_send(path, &part, 1);
}

void systemd_ready(size_t zones) {
	char words[80];
	say(words, snprintf(words, sizeof(words), "READY=1\nSTATUS=answering for %zu zones", zones));
}

/* Type=notify-reload asks for the time at which the reload began (systemd.service(5)). */
void systemd_reloading(void) {
	struct timespec now = { 0 };
	char words[64];
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	uint64_t us = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
	say(words,
	    snprintf(words, sizeof(words), "RELOADING=1\nMONOTONIC_USEC=%llu", (unsigned long long)us));
}

void systemd_stopping(void) {
	say("STOPPING=1", sizeof("STOPPING=1") - 1);
}
