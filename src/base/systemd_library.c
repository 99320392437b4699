#define SD_JOURNAL_SUPPRESS_LOCATION
#include "base/systemd_library.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

static struct {
	pthread_once_t once;
	__typeof__(sd_notify) *notify; /* NULL: there is no library */
	__typeof__(sd_journal_sendv) *journal_sendv;
} library = { .once = PTHREAD_ONCE_INIT };

/* It stays until the process ends. */
static void load(void) {
	void *handle = dlopen("libsystemd.so.0", RTLD_NOW | RTLD_LOCAL);
	if (!handle) return;
	*(void **)&library.notify = dlsym(handle, "sd_notify");
	*(void **)&library.journal_sendv = dlsym(handle, "sd_journal_sendv");
}

static void want(void) {
	if (pthread_once(&library.once, load) != 0) abort(); /* never fails */
}

bool systemd_library_notify(const char *words) {
	if (!getenv("NOTIFY_SOCKET")) return false;
	want();
	return library.notify && library.notify(0, words) > 0;
}

/* Where nobody listens there, sd_journal_sendv(3) says that all is well. */
static bool has_journal(void) {
	return access("/run/systemd/journal/socket", F_OK) == 0;
}

bool systemd_library_journal(const struct iovec *fields, int count) {
	if (!has_journal()) return false;
	want();
	return library.journal_sendv && library.journal_sendv(fields, count) >= 0;
}
