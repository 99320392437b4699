#include "inventory/config_source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/crypto.h"

#define PIECE 65536

void source_digest(const void *data, size_t len, uint8_t out_digest[static SOURCE_DIGEST_LEN]) {
	digest_of(DIGEST_SHA256, data, len, out_digest);
}

/* Secrets of keys may be among it. */
static bool pieces_hash(int fd, struct digest *state) {
	uint8_t piece[PIECE];
	ssize_t n;
	do {
		n = read(fd, piece, sizeof(piece));
		if (n > 0) digest_add(state, piece, (size_t)n);
	} while (n > 0 || (n < 0 && errno == EINTR));
	explicit_bzero(piece, sizeof(piece));
	return n == 0;
}

static bool file_has(const char *path, const uint8_t digest[static SOURCE_DIGEST_LEN]) {
	uint8_t found[SOURCE_DIGEST_LEN];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct digest *state = fd >= 0 ? digest_begin(DIGEST_SHA256) : NULL;
	bool good = state && pieces_hash(fd, state);
	if (state) digest_end(state, found);
	if (fd >= 0) (void)close(fd); /* only read */
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
