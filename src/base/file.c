#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fault.h"
#include "base/heap.h"

/* An injected failure looks like one of the disk. */
static bool fails_at(const char *point) {
	if (!fault_fires(point)) return false;
	errno = EIO;
	return true;
}

static enum err write_all(int fd, const void *data, size_t len) {
	const char *p = data;
	if (fails_at("file-write")) return ERR_IO;
	while (len > 0) {
		ssize_t n = write(fd, p, len);
		if (n < 0 && errno == EINTR) continue;
		if (n < 0) return ERR_IO;
		p += n;
		len -= (size_t)n;
	}
	return OK;
}

static enum err sync_file(int fd) {
	return !fails_at("file-sync") && fsync(fd) == 0 ? OK : ERR_IO;
}

static enum err rename_over(const char *from, const char *to) {
	return !fails_at("file-rename") && rename(from, to) == 0 ? OK : ERR_IO;
}

/* The rename itself lives in the folder: without this a power cut may bring the former file back. */
static enum err sync_folder_of(const char *path) {
	const char *slash = strrchr(path, '/');
	char *folder = xstrdup(slash ? path : ".");
	if (slash) folder[slash == path ? 1 : slash - path] = '\0';
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(folder);
	if (fd < 0) return ERR_IO;
	enum err e = !fails_at("dir-sync") && fsync(fd) == 0 ? OK : ERR_IO;
	int saved = errno;
	close(fd);
	errno = saved;
	return e;
}

static enum err fill(int fd, const void *data, size_t len, mode_t mode) {
	enum err e = fchmod(fd, mode) == 0 ? OK : ERR_IO;
	if (e == OK) e = write_all(fd, data, len);
	if (e == OK) e = sync_file(fd);
	return e;
}

enum err file_replace(const char *path, const void *data, size_t len, mode_t mode) {
	size_t size = strlen(path) + sizeof(".tmp.XXXXXX");
	char *tmp = xmalloc(size);
	snprintf(tmp, size, "%s.tmp.XXXXXX", path);
	int fd = mkostemp(tmp, O_CLOEXEC);
	if (fd < 0) {
		free(tmp);
		return ERR_IO;
	}
	enum err e = fill(fd, data, len, mode);
	int saved = errno;
	if (close(fd) != 0 && e == OK) {
		e = ERR_IO;
		saved = errno;
	}
	if (e == OK) {
		e = rename_over(tmp, path);
		saved = errno;
	}
	if (e != OK) unlink(tmp);
	free(tmp);
	errno = saved;
	return e == OK ? sync_folder_of(path) : e;
}

/* Read up to max octets; one more tells that the file is larger. */
static enum err read_all(int fd, size_t max, size_t hint, char **out_data, size_t *out_len) {
	size_t cap = (hint < max ? hint : max) + 1, len = 0;
	char *data = try_malloc(cap + 1);
	if (!data) return ERR_NOMEM;
	heap_have(data, cap);
	for (;;) {
		ssize_t n = read(fd, data + len, cap - len);
		if (n < 0 && errno == EINTR) continue;
		if (n < 0) goto failed;
		if (n == 0) break;
		len += (size_t)n;
		if (len > max) {
			free(data);
			return ERR_LIMIT;
		}
		if (len == cap) {
			cap = cap * 2 < max + 1 ? cap * 2 : max + 1;
			char *more = try_realloc(data, cap + 1);
			if (!more) {
				free(data);
				return ERR_NOMEM;
			}
			data = more;
		}
	}
	data[len] = '\0';
	*out_data = data;
	*out_len = len;
	return OK;
failed:
	free(data);
	return ERR_IO;
}

enum err file_read(const char *path, size_t max, char **out_data, size_t *out_len) {
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) return errno == ENOENT ? ERR_NOTFOUND : ERR_IO;
	struct stat st;
	enum err e = fstat(fd, &st) == 0 ? OK : ERR_IO;
	if (e == OK && st.st_size > 0 && (uint64_t)st.st_size > max) e = ERR_LIMIT;
	if (e == OK) e = read_all(fd, max, st.st_size > 0 ? (size_t)st.st_size : 0, out_data, out_len);
	int saved = errno;
	close(fd);
	errno = saved;
	return e;
}
