#include "store/ahead.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fault.h"

#define FILE_NAME "store.ahead"
#define BLOCK_BYTES 4096 /* whole ones are written: nothing has to be read for it */

/* -- the file -- */

static bool write_all(int fd, const uint8_t *data, size_t len) {
	for (size_t at = 0; at < len;) {
		ssize_t n = pwrite(fd, data + at, len - at, (off_t)at);
		if (n < 0 && errno == EINTR) continue;
		if (n <= 0) return false;
		at += (size_t)n;
	}
	return true;
}

/* Octets that are there need no entry in the file system's journal when they are written again. */
static bool fill(int directory_fd, int fd) {
	struct stat st;
	if (fstat(fd, &st) != 0) return false;
	if (st.st_size == AHEAD_BYTES) return true;
	uint8_t *zeros = xcalloc(1, AHEAD_BYTES);
	bool done = ftruncate(fd, 0) == 0 && write_all(fd, zeros, AHEAD_BYTES);
	free(zeros);
	return done && fsync(fd) == 0 && fsync(directory_fd) == 0;
}

void ahead_open(int directory_fd, int *out_fd) {
	*out_fd = openat(directory_fd, FILE_NAME, O_RDWR | O_CREAT | O_DSYNC | O_CLOEXEC, 0640);
	if (*out_fd < 0 || fill(directory_fd, *out_fd)) return;
	close(*out_fd);
	*out_fd = -1;
}

/* -- a commit -- */

bool ahead_takes(const struct store_batch *b) {
	bool has_step = false;
	if (b->count > AHEAD_OPERATIONS) return false;
	for (size_t i = 0; i < b->count; i++) {
		enum operation_kind kind = b->operations[i].kind;
		if (kind != OPERATION_STEP && kind != OPERATION_STATE) return false;
		has_step |= kind == OPERATION_STEP;
	}
	return has_step;
}

enum err ahead_write(int fd, const struct store_batch *b, uint64_t transaction) {
	if (fd < 0 || fault_fires("ahead-write")) return ERR_IO;
	uint8_t *buf = try_malloc(AHEAD_BYTES);
	if (!buf) return ERR_NOMEM;
	size_t len = ahead_encode(b, transaction, buf);
	size_t whole = (len + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES;
	if (len) memset(buf + len, 0, whole - len);
	enum err e = len == 0 ? ERR_LIMIT : write_all(fd, buf, whole) ? OK : ERR_IO;
	free(buf);
	return e;
}

/* -- a start -- */

static enum err read_record(int fd, struct store_batch *b, uint64_t *out_transaction) {
	uint8_t *buf = xcalloc(1, AHEAD_BYTES);
	ssize_t n = pread(fd, buf, AHEAD_BYTES, 0);
	enum err e = n == AHEAD_BYTES ? ahead_decode(buf, b, out_transaction) : ERR_IO;
	free(buf);
	return e;
}

static void tell(const struct store *s, const char *result, const char *evidence) {
	log_event(s->log, EVENT_STORE_AHEAD, LOG_STR("result", result), LOG_STR("evidence", evidence));
}

/* ERR_EXISTS: the database has it. */
static enum err commit_record(struct store_batch *b, uint64_t transaction, struct why *why) {
	uint64_t last = database_last_transaction(b->store->db);
	if (transaction <= last) return ERR_EXISTS;
	return transaction == last + 1 ? batch_write(b, why) : ERR_MISMATCH;
}

void ahead_replay(struct store *s) {
	struct store_batch *b = store_batch_new(s);
	struct why why = { .reason = REASON_NONE };
	uint64_t transaction;
	enum err e = read_record(s->ahead_fd, b, &transaction);
	bool is_read = e == OK;
	if (is_read) e = commit_record(b, transaction, &why);
	bool is_owed = is_read && e != OK && e != ERR_EXISTS && e != ERR_MISMATCH;
	if (e == OK)
		tell(s, "done", "a commit that was cut off");
	else if (e != ERR_NOTFOUND && e != ERR_EXISTS)
		tell(s, is_owed ? "later" : "ignored",
		     why.reason != REASON_NONE ? why.evidence : err_text(e));
	if (is_owed)
		s->owed = b; /* the next commit makes it first */
	else
		store_batch_abort(b);
}
