#include "base/gnutls_library.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#define FILE_NAME "libgnutls.so.30"

static struct gnutls_library functions;
const struct gnutls_library *const gnutls = &functions;

static struct {
	pthread_mutex_t lock;
	atomic_bool is_there;
	gnutls_free_function *release;
} library = { .lock = PTHREAD_MUTEX_INITIALIZER };

static const struct symbol {
	const char *name;
	void **place;
} symbols[] = {
#define GNUTLS_FUNCTION(name) { "gnutls_" #name, (void **)&functions.name },
#include "base/gnutls_library.def"
#undef GNUTLS_FUNCTION
};

/* NULL: it is there; else why not. */
static const char *load(void) {
	void *handle = dlopen(FILE_NAME, RTLD_NOW | RTLD_LOCAL);
	if (!handle) return FILE_NAME " cannot be loaded";
	library.release = dlsym(handle, "gnutls_free");
	bool has_all = library.release != NULL;
	for (size_t i = 0; has_all && i < sizeof(symbols) / sizeof(symbols[0]); i++) {
		*symbols[i].place = dlsym(handle, symbols[i].name);
		has_all = *symbols[i].place != NULL;
	}
	if (has_all) return NULL;
	(void)dlclose(handle); /* of no use */
	return FILE_NAME " is too old";
}

/* What failed is tried again by the next one: there may have been no descriptor for it. */
enum err gnutls_want(const char **out_why) {
	const char *why = NULL;
	if (!atomic_load_explicit(&library.is_there, memory_order_acquire)) {
		(void)pthread_mutex_lock(&library.lock); /* fails for no reason that could arise here */
		if (!atomic_load_explicit(&library.is_there, memory_order_relaxed)) why = load();
		if (!why) atomic_store_explicit(&library.is_there, true, memory_order_release);
		(void)pthread_mutex_unlock(&library.lock); /* as above */
	}
	if (out_why) *out_why = why;
	return why ? ERR_UNSUPPORTED : OK;
}

void gnutls_release(void *p) {
	if (p) (*library.release)(p);
}
