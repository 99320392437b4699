#include "inventory/config_source.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE 65536

enum err source_digest(const void *data, size_t len, uint8_t out_digest[static SOURCE_DIGEST_LEN]) {
	return gnutls_hash_fast(GNUTLS_DIG_SHA256, data, len, out_digest) == 0 ? OK : ERR_NOMEM;
}

/* Secrets of keys may be among it. */
static bool pieces_hash(int fd, gnutls_hash_hd_t state) {
	uint8_t piece[PIECE];
	ssize_t n;
	bool good = true;
	do {
		n = read(fd, piece, sizeof(piece));
		if (n > 0) good = gnutls_hash(state, piece, (size_t)n) == 0;
	} while (good && (n > 0 || (n < 0 && errno == EINTR)));
	explicit_bzero(piece, sizeof(piece));
	return good && n == 0;
}

static bool file_has(const char *path, const uint8_t digest[static SOURCE_DIGEST_LEN]) {
	uint8_t found[SOURCE_DIGEST_LEN];
	gnutls_hash_hd_t state;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) return false;
	bool good = gnutls_hash_init(&state, GNUTLS_DIG_SHA256) == 0;
	if (good) {
		good = pieces_hash(fd, state);
		gnutls_hash_deinit(state, found);
	}
	(void)close(fd); /* only read */
	return good && memcmp(found, digest, sizeof(found)) == 0;
}

bool source_is_same(const struct config_source *source, const char *path) {
	return file_has(path, source->configuration) &&
	       (!source->zones_path || file_has(source->zones_path, source->zones));
}

void source_done(struct config_source *source) {
	free(source->zones_path);
	*source = (struct config_source){ 0 };
}
