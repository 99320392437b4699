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

static bool write_all(int fd, const uint8_t *data, size_t len, off_t place) {
	for (size_t at = 0; at < len;) {
		ssize_t n = pwrite(fd, data + at, len - at, place + (off_t)at);
		if (n < 0 && errno == EINTR) continue;
		if (n <= 0) return false;
		at += (size_t)n;
	}
	return true;
}

/* Octets that are there need no entry in the file system's journal when they are written again.  Those of a shorter file
 * stay: there may be a record. */
static bool fill(int directory_fd, int fd) {
	struct stat st;
	if (fstat(fd, &st) != 0) return false;
	if (st.st_size >= AHEAD_FILE_BYTES) return true;
	uint8_t *zeros = xcalloc(1, AHEAD_FILE_BYTES);
	bool done = write_all(fd, zeros, AHEAD_FILE_BYTES - (size_t)st.st_size, st.st_size);
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

/* What the second of two would find depends on how much history the first has left, and so on the settings of a start. */
static bool is_second(const struct store_batch *b, size_t i) {
	for (size_t k = 0; k < i; k++)
		if (name_equal(b->operations[k].name.wire, b->operations[i].name.wire)) return true;
	return false;
}

bool ahead_takes(const struct store_batch *b) {
	bool has_step = false;
	if (b->count > AHEAD_OPERATIONS) return false;
	for (size_t i = 0; i < b->count; i++) {
		enum operation_kind kind = b->operations[i].kind;
		if ((kind != OPERATION_STEP && kind != OPERATION_STATE) || is_second(b, i)) return false;
		has_step |= kind == OPERATION_STEP;
	}
	return has_step;
}

static off_t place_of(unsigned slot) {
	return (off_t)slot * AHEAD_BYTES;
}

void ahead_turn(struct store *s) {
	s->ahead_current = (s->ahead_current + 1) % AHEAD_SLOTS;
}

enum err ahead_write(const struct store_batch *b, uint64_t transaction) {
	const struct store *s = b->store;
	unsigned slot = (s->ahead_current + 1) % AHEAD_SLOTS;
	if (s->ahead_fd < 0 || fault_fires("ahead-write")) return ERR_IO;
	uint8_t *buf = try_malloc(AHEAD_BYTES);
	if (!buf) return ERR_NOMEM;
	size_t len = ahead_encode(b, transaction, buf);
	size_t whole = (len + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES;
	if (len) memset(buf + len, 0, whole - len);
	enum err e = len == 0 ? ERR_LIMIT : write_all(s->ahead_fd, buf, whole, place_of(slot)) ? OK : ERR_IO;
	free(buf);
	return e;
}

/* -- a start -- */

/* What a slot has. */
struct found {
	unsigned slot;
	struct store_batch *batch; /* as far as it was read */
	uint64_t transaction;      /* 0: there is no whole record */
	enum err error;
};

static struct found read_slot(struct store *s, unsigned slot) {
	struct found f = { .slot = slot, .batch = store_batch_new(s) };
	uint8_t *buf = xcalloc(1, AHEAD_BYTES);
	ssize_t n = pread(s->ahead_fd, buf, AHEAD_BYTES, place_of(slot));
	f.error = n == AHEAD_BYTES ? ahead_decode(buf, f.batch, &f.transaction) : ERR_IO;
	if (f.error != OK) f.transaction = 0;
	free(buf);
	return f;
}

static void tell(const struct store *s, const char *result, const char *evidence) {
	log_event(s->log, EVENT_STORE_AHEAD, LOG_STR("result", result), LOG_STR("evidence", evidence));
}

/* ERR_EXISTS: the database has it. */
static enum err commit_record(const struct found *f, struct why *why) {
	if (f->error != OK) return f->error;
	uint64_t last = database_last_transaction(f->batch->store->db);
	if (f->transaction <= last) return ERR_EXISTS;
	return f->transaction == last + 1 ? batch_write(f->batch, why) : ERR_MISMATCH;
}

/* Whether it is the one that was told. */
static bool replay(struct store *s, struct found *f) {
	struct why why = { .reason = REASON_NONE };
	s->ahead_current = f->slot;
	f->batch->is_safe = true;
	enum err e = commit_record(f, &why);
	bool is_owed = f->error == OK && e != OK && e != ERR_EXISTS && e != ERR_MISMATCH;
	const char *evidence = why.reason != REASON_NONE ? why.evidence : err_text(e);
	if (e == OK)
		tell(s, "done", "a commit that was cut off");
	else if (e != ERR_NOTFOUND && e != ERR_EXISTS)
		tell(s, is_owed ? "later" : "ignored", evidence);
	if (is_owed)
		s->owed = f->batch; /* the next commit makes it first */
	else
		store_batch_abort(f->batch);
	return e == OK || is_owed;
}

void ahead_replay(struct store *s) {
	struct found a = read_slot(s, 0), b = read_slot(s, 1);
	bool in_turn = a.transaction <= b.transaction;
	struct found *first = in_turn ? &a : &b, *second = in_turn ? &b : &a;
	if (replay(s, first))
		store_batch_abort(second->batch); /* of a transaction that never came */
	else
		(void)replay(s, second); /* what there was to tell it has told */
}
