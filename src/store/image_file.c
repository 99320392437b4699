#include "store/image_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fault.h"

#define WRITE_PIECE ((size_t)8 << 20) /* of whole huge pages, so that the page cache may use them */
#define FILE_NAME_CAP 24              /* "0123456789abcdef.img" and NUL */
#define ID_DIGITS 16

enum err image_folder_open(int directory_fd, struct image_folder *out_folder, struct why *why) {
	int fd = -1;
	if (mkdirat(directory_fd, "images", 0750) == 0 || errno == EEXIST)
		fd = openat(directory_fd, "images", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		why_set(why, REASON_STORE_FAILED, "images: %s", strerror(errno));
		return ERR_IO;
	}
	out_folder->fd = fd;
	return OK;
}

void image_folder_close(struct image_folder *folder) {
	close(folder->fd);
}

static void file_name(uint64_t id, const char *end, char name[static FILE_NAME_CAP]) {
	snprintf(name, FILE_NAME_CAP, "%016" PRIx64 ".%s", id, end);
}

/* False for a name that is not ours. */
static bool parse_name(const char *name, uint64_t *out_id, bool *out_whole) {
	if (strspn(name, "0123456789abcdef") != ID_DIGITS) return false;
	const char *end = name + ID_DIGITS;
	if (strcmp(end, ".img") != 0 && strcmp(end, ".tmp") != 0) return false;
	*out_id = strtoull(name, NULL, 16);
	*out_whole = strcmp(end, ".img") == 0;
	return true;
}

static int compare_ids(const void *a, const void *b) {
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

static DIR *folder_read(const struct image_folder *folder) {
	int fd = openat(folder->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir && fd >= 0) close(fd);
	return dir;
}

enum err image_folder_list(const struct image_folder *folder, uint64_t **out_ids, size_t *out_count) {
	uint64_t *ids = NULL;
	size_t count = 0;
	DIR *dir = folder_read(folder);
	if (!dir) return ERR_IO;
	for (const struct dirent *d; (d = readdir(dir));) {
		uint64_t id;
		bool whole;
		if (!parse_name(d->d_name, &id, &whole) || !whole) continue;
		if ((count & (count - 1)) == 0) ids = xrealloc(ids, (count ? 2 * count : 1) * sizeof(*ids));
		ids[count++] = id;
	}
	closedir(dir);
	*out_ids = ids;
	*out_count = count;
	return OK;
}

enum err image_file_apex(const struct image_folder *folder, uint64_t id, struct name *out_apex) {
	uint64_t begin[IMAGE_WIDE_HEADER_LEN / sizeof(uint64_t)] = { 0 };
	const struct image_header *h = (const struct image_header *)(const void *)begin;
	char name[FILE_NAME_CAP];
	file_name(id, "img", name);
	int fd = openat(folder->fd, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0) return ERR_IO;
	ssize_t n = pread(fd, begin, sizeof(begin), 0);
	close(fd);
	if (n < (ssize_t)sizeof(*h) || memcmp(h->magic, "UNDSTUDY", sizeof(h->magic)) != 0)
		return ERR_CORRUPT;
	if (h->apex_len == 0 || name_check(image_apex(h), h->apex_len) != h->apex_len) return ERR_CORRUPT;
	name_copy(out_apex, image_apex(h));
	return OK;
}

size_t image_folder_clean(const struct image_folder *folder, const uint64_t *ids, size_t count) {
	size_t removed = 0;
	DIR *dir = folder_read(folder);
	if (!dir) return 0;
	for (const struct dirent *d; (d = readdir(dir));) {
		uint64_t id;
		bool whole;
		if (!parse_name(d->d_name, &id, &whole)) continue;
		if (whole && count && bsearch(&id, ids, count, sizeof(*ids), compare_ids)) continue;
		if (unlinkat(folder->fd, d->d_name, 0) == 0) removed++;
	}
	closedir(dir);
	return removed;
}

/* An injected failure looks like one of the disk. */
static bool fails_at(const char *point) {
	if (!fault_fires(point)) return false;
	errno = EIO;
	return true;
}

static enum err write_pieces(int fd, const uint8_t *data, size_t size) {
	while (size > 0) {
		size_t piece = size < WRITE_PIECE ? size : WRITE_PIECE;
		if (fails_at("file-write")) return ERR_IO;
		ssize_t n = write(fd, data, piece);
		if (n < 0 && errno == EINTR) continue;
		if (n < 0) return ERR_IO;
		data += n;
		size -= (size_t)n;
	}
	return OK;
}

static enum err fill(const struct image_folder *folder, const char *name, const void *data, size_t size) {
	int fd = openat(folder->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	if (fd < 0) return ERR_IO;
	enum err e = write_pieces(fd, data, size);
	if (e == OK && (fails_at("file-sync") || fsync(fd) != 0)) e = ERR_IO;
	int saved = errno;
	if (close(fd) != 0 && e == OK) {
		e = ERR_IO;
		saved = errno;
	}
	errno = saved;
	return e;
}

enum err image_file_write(const struct image_folder *folder, uint64_t id, const void *data, size_t size) {
	char tmp[FILE_NAME_CAP], name[FILE_NAME_CAP];
	file_name(id, "tmp", tmp);
	file_name(id, "img", name);
	enum err e = fill(folder, tmp, data, size);
	if (e == OK && (fails_at("file-rename") || renameat(folder->fd, tmp, folder->fd, name) != 0))
		e = ERR_IO;
	if (e == OK && (fails_at("dir-sync") || fsync(folder->fd) != 0)) e = ERR_IO;
	if (e == OK) return OK;
	int saved = errno;
	(void)unlinkat(folder->fd, tmp, 0);  /* one of the two does not exist */
	(void)unlinkat(folder->fd, name, 0); /* and what stays is removed at the next start */
	errno = saved;
	return e;
}

void image_file_remove(const struct image_folder *folder, uint64_t id) {
	char name[FILE_NAME_CAP];
	file_name(id, "img", name);
	if (fault_fires("file-remove")) return;
	(void)unlinkat(folder->fd, name, 0); /* what stays is removed at the next start */
}

bool image_matches(const struct image *image, const struct image_facts *facts, struct why *why) {
	const struct image_header *h = image->header;
	if (!name_equal(image_apex(h), facts->apex)) {
		char apex[NAME_TEXT_MAX];
		why_set(why, REASON_STORE_DAMAGED, "the saved image is one of zone %s",
		        name_text_short(image_apex(h), apex));
	} else if (h->soa.serial != facts->serial) {
		why_set(why, REASON_STORE_DAMAGED,
		        "the saved image has serial %" PRIu32 ", expected %" PRIu32, h->soa.serial,
		        facts->serial);
	} else if (h->checksum != facts->checksum) {
		why_set(why, REASON_STORE_DAMAGED,
		        "the saved image is another one: checksum %016" PRIx64 ", expected %016" PRIx64,
		        h->checksum, facts->checksum);
	} else {
		return true;
	}
	return false;
}

/* One version over the whole open file. */
static enum err map_file(int fd, size_t size, struct zone_version **out_version) {
	struct image image;
	void *block = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	if (block == MAP_FAILED) return errno == ENOMEM ? ERR_NOMEM : ERR_IO;
	enum err e = image_open_verified(block, size, &image);
	if (e == OK)
		*out_version = version_new(VERSION_MAPPED, &image);
	else
		munmap(block, size);
	return e;
}

enum err image_file_map(const struct image_folder *folder, uint64_t id, uint64_t size,
                        struct zone_version **out_version) {
	char name[FILE_NAME_CAP];
	file_name(id, "img", name);
	int fd = openat(folder->fd, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0) return ERR_IO;
	enum err e = map_file(fd, (size_t)size, out_version);
	int saved = errno;
	close(fd);
	errno = saved;
	return e;
}

/* Up to len octets at position at; fewer at the end of the file.  -1: errno. */
static ssize_t read_piece(int fd, uint8_t *buffer, size_t len, off_t at) {
	size_t have = 0;
	while (have < len) {
		ssize_t n = pread(fd, buffer + have, len - have, at + (off_t)have);
		if (n < 0 && errno == EINTR) continue;
		if (n < 0) return -1;
		if (n == 0) break;
		have += (size_t)n;
	}
	return (ssize_t)have;
}

/* The checksum of size octets; ERR_IO, also if there are fewer. */
static enum err sum_up(int fd, uint64_t size, uint8_t *buffer, struct checksum *scratch, uint64_t *out_sum) {
	checksum_reset(scratch);
	for (uint64_t at = 0; at < size;) {
		uint64_t left = size - at;
		size_t len = left < IMAGE_FILE_PIECE ? (size_t)left : IMAGE_FILE_PIECE;
		ssize_t n = read_piece(fd, buffer, len, (off_t)at);
		if (n >= 0 && (size_t)n < len) errno = EIO; /* it became shorter meanwhile */
		if (n < 0 || (size_t)n < len) return ERR_IO;
		checksum_add(scratch, buffer, len);
		at += len;
	}
	*out_sum = checksum_get(scratch);
	return OK;
}

static enum err sum_open_file(int fd, uint8_t *buffer, struct checksum *scratch, struct image_sum *out) {
	struct stat st;
	if (fstat(fd, &st) != 0) return ERR_IO;
	out->size = (uint64_t)st.st_size;
	if (out->size < sizeof(struct image_header)) return OK;
	return sum_up(fd, out->size, buffer, scratch, &out->checksum);
}

void image_file_sum(const struct image_folder *folder, uint64_t id, uint8_t *buffer, struct checksum *scratch,
                    struct image_sum *out_sum) {
	char name[FILE_NAME_CAP];
	struct image_sum sum = { .error = ERR_IO };
	file_name(id, "img", name);
	int fd = openat(folder->fd, name, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) sum.error = sum_open_file(fd, buffer, scratch, &sum);
	if (sum.error != OK) sum.system_errno = errno;
	if (fd < 0 && sum.system_errno == ENOENT) sum.error = ERR_NOTFOUND;
	if (fd >= 0) close(fd);
	*out_sum = sum;
}

uint64_t image_file_size(const struct image_folder *folder, uint64_t id) {
	char name[FILE_NAME_CAP];
	struct stat st;
	file_name(id, "img", name);
	return fstatat(folder->fd, name, &st, 0) == 0 ? (uint64_t)st.st_size : 0;
}

static enum err judge(const struct image_sum *sum, const struct image_facts *facts, struct why *why) {
	if (sum->error != OK) {
		why_set(why, REASON_STORE_DAMAGED, "%s", strerror(sum->system_errno));
		return sum->error;
	}
	if (sum->size != facts->size || facts->size < sizeof(struct image_header)) {
		why_set(why, REASON_STORE_DAMAGED,
		        "the saved image has %" PRIu64 " octets, expected %" PRIu64, sum->size, facts->size);
		return ERR_CORRUPT;
	}
	if (sum->checksum == facts->checksum) return OK;
	why_set(why, REASON_STORE_DAMAGED, "the checksum of the saved image does not match");
	return ERR_CORRUPT;
}

static enum err take(const struct image_folder *folder, uint64_t id, const struct image_sum *sum,
                     const struct image_facts *facts, struct zone_version **out_version, struct why *why) {
	struct zone_version *version;
	enum err e = judge(sum, facts, why);
	if (e != OK) return e;
	e = image_file_map(folder, id, facts->size, &version);
	if (e != OK)
		why_set(why, REASON_STORE_DAMAGED, "%s",
		        e == ERR_CORRUPT || e == ERR_VERSION ? err_text(e) : strerror(errno));
	if (e != OK) return e;
	if (!image_matches(&version->image, facts, why)) {
		version_unref(version);
		return ERR_CORRUPT;
	}
	*out_version = version;
	return OK;
}

enum err image_file_take(const struct image_folder *folder, uint64_t id, const struct image_sum *sum,
                         const struct image_facts *facts, struct zone_version **out_version,
                         struct why *why) {
	struct why inner = { .reason = REASON_NONE };
	char name[FILE_NAME_CAP];
	enum err e = take(folder, id, sum, facts, out_version, &inner);
	file_name(id, "img", name);
	if (e != OK)
		why_set(why, REASON_STORE_DAMAGED, "images/%s: %.*s", name, WHY_TEXT_MAX - 40,
		        inner.evidence);
	return e;
}

enum err image_file_load(const struct image_folder *folder, uint64_t id, const struct image_facts *facts,
                         struct zone_version **out_version, struct why *why) {
	struct image_sum sum;
	uint8_t *buffer = xmalloc(IMAGE_FILE_PIECE);
	struct checksum *scratch = checksum_new();
	image_file_sum(folder, id, buffer, scratch, &sum);
	checksum_free(scratch);
	free(buffer);
	return image_file_take(folder, id, &sum, facts, out_version, why);
}
