#include "base/gnutls_library.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>

#define FILE_NAME "libgnutls.so.30"

static struct gnutls_library functions;
const struct gnutls_library *const gnutls = &functions;

static struct {
	pthread_once_t once;
	gnutls_free_function *release;
	const char *why; /* it can't be had; NULL: it is there */
} library = { .once = PTHREAD_ONCE_INIT };

static const struct symbol {
	const char *name;
	void **place;
} symbols[] = {
#define GNUTLS_FUNCTION(name) { "gnutls_" #name, (void **)&functions.name },
#include "base/gnutls_library.def"
#undef GNUTLS_FUNCTION
};

static void load(void) {
	void *handle = dlopen(FILE_NAME, RTLD_NOW | RTLD_LOCAL);
	if (handle) library.release = dlsym(handle, "gnutls_free");
	if (!library.release) library.why = FILE_NAME " cannot be loaded";
	for (size_t i = 0; !library.why && i < sizeof(symbols) / sizeof(symbols[0]); i++) {
		*symbols[i].place = dlsym(handle, symbols[i].name);
		if (!*symbols[i].place) library.why = FILE_NAME " is too old";
	}
}

enum err gnutls_want(const char **out_why) {
	if (pthread_once(&library.once, load) != 0) abort(); /* never fails */
	if (out_why) *out_why = library.why;
	return library.why ? ERR_UNSUPPORTED : OK;
}

void gnutls_release(void *p) {
	if (p) (*library.release)(p);
}
