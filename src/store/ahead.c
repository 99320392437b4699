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
#define SMALL_FILE_BYTES                                                                                     \
	131072 /* of programs that wrote one part a transaction: two slots of 64 KiB, or one */
#define SMALL_SLOT_BYTES 65536

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

/* Octets that are there need no entry in the file system's journal when they are written again. */
static bool fill(int directory_fd, int fd, size_t size) {
	if (size >= AHEAD_FILE_BYTES) return true;
	uint8_t *zeros = xcalloc(1, AHEAD_FILE_BYTES);
	bool done = write_all(fd, zeros, AHEAD_FILE_BYTES - size, (off_t)size);
	free(zeros);
	return done && fsync(fd) == 0 && fsync(directory_fd) == 0;
}

void ahead_close(struct store *s) {
	if (s->ahead.fd >= 0) close(s->ahead.fd);
	s->ahead.fd = -1;
}

/* -- a commit -- */

bool ahead_takes(const struct store_batch *b) {
	bool has_step = false;
	if (b->count > AHEAD_OPERATIONS) return false;
	for (size_t i = 0; i < b->count; i++) {
		enum operation_kind kind = b->operations[i].kind;
		if (kind != OPERATION_STEP && kind != OPERATION_STATE) return false;
		has_step |= kind == OPERATION_STEP && b->operations[i].result.error == OK;
	}
	return has_step;
}

bool ahead_has_room(const struct store *s, const struct store_batch *told) {
	return s->ahead.counts.bytes + AHEAD_BYTES <= s->ahead.slot_bytes &&
	       told->count + AHEAD_OPERATIONS <= AHEAD_TOLD_MAX;
}

static off_t place_of(const struct store *s, unsigned slot, const struct ahead_chain *chain) {
	return (off_t)(slot * s->ahead.slot_bytes + chain->bytes);
}

void ahead_turn(struct store *s) {
	s->ahead.current = (s->ahead.current + 1) % AHEAD_SLOTS;
	s->ahead.counts = s->ahead.next;
}

static enum err write_part(const struct store *s, unsigned slot, const struct ahead_chain *before,
                           uint8_t *buf, size_t len) {
	size_t whole = ahead_whole_blocks(len);
	memset(buf + len, 0, whole - len);
	return write_all(s->ahead.fd, buf, whole, place_of(s, slot, before)) ? OK : ERR_IO;
}

/* What was told already and is written anew is one part, however many it was. */
static size_t cap_of(const struct store_batch *b) {
	return b->is_safe ? b->store->ahead.slot_bytes : AHEAD_BYTES;
}

enum err ahead_write(const struct store_batch *told, const struct store_batch *b, uint64_t transaction) {
	struct store *s = b->store;
	struct ahead_chain chain = told ? s->ahead.counts : (struct ahead_chain){ 0 };
	unsigned slot = told ? s->ahead.current : (s->ahead.current + 1) % AHEAD_SLOTS;
	if (s->ahead.fd < 0 || fault_fires("ahead-write")) return ERR_IO;
	uint8_t *buf = try_malloc(cap_of(b));
	if (!buf) return ERR_NOMEM;
	size_t len = ahead_encode(told, b, transaction, &chain, buf, cap_of(b));
	enum err e = len ? write_part(s, slot, &chain, buf, len) : ERR_LIMIT;
	if (e == OK) {
		ahead_chain_add(&chain, buf);
		*(told ? &s->ahead.counts : &s->ahead.next) = chain;
	}
	free(buf);
	return e;
}

/* -- a start -- */

/* What a slot has. */
struct found {
	unsigned slot;
	struct store_batch *batch; /* of all whole parts */
	struct ahead_chain chain;  /* of them; no parts: there is nothing that could be used */
	enum err error;            /* why there are no more */
};

/* What can't be read now may be one of those that were told: nothing of the slot is used then. */
static void read_parts(struct found *f, const uint8_t *buf, size_t len) {
	while (f->error == OK) {
		size_t at = f->chain.bytes;
		f->error = at < len ? ahead_decode(buf + at, len - at, &f->chain, f->batch) : ERR_NOTFOUND;
	}
	if (f->error != ERR_NOTFOUND && f->error != ERR_CORRUPT) f->chain = (struct ahead_chain){ 0 };
}

static struct found read_slot(struct store *s, unsigned slot) {
	struct found f = { .slot = slot, .batch = store_batch_new(s) };
	uint8_t *buf = xcalloc(1, s->ahead.slot_bytes);
	ssize_t n = pread(s->ahead.fd, buf, s->ahead.slot_bytes, place_of(s, slot, &f.chain));
	if (n < 0)
		f.error = ERR_IO;
	else
		read_parts(&f, buf, (size_t)n);
	free(buf);
	return f;
}

static void tell(const struct store *s, const char *result, const char *evidence) {
	log_event(s->log, EVENT_STORE_AHEAD, LOG_STR("result", result), LOG_STR("evidence", evidence));
}

/* ERR_EXISTS: the database has it, or there is nothing in it: its number is free then. */
static enum err commit_parts(const struct found *f, struct why *why) {
	struct database *db = f->batch->store->db;
	if (f->chain.parts == 0) return f->error;
	uint64_t last = database_last_transaction(db);
	if (f->chain.transaction <= last) return ERR_EXISTS;
	if (f->chain.transaction != last + 1) return ERR_MISMATCH;
	enum err e = batch_write(f->batch, why);
	return e == OK && database_last_transaction(db) == last ? ERR_EXISTS : e;
}

/* Whether it is what was told. */
static bool replay(struct store *s, struct found *f) {
	struct why why = { .reason = REASON_NONE };
	s->ahead.current = f->slot;
	s->ahead.counts = f->chain;
	f->batch->is_safe = true;
	enum err e = commit_parts(f, &why);
	bool is_owed = f->chain.parts && e != OK && e != ERR_EXISTS && e != ERR_MISMATCH;
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

static enum err replay_slots(struct store *s) {
	struct found a = read_slot(s, 0), b = read_slot(s, 1);
	if (a.error == ERR_NOMEM || b.error == ERR_NOMEM) {
		store_batch_abort(a.batch);
		store_batch_abort(b.batch);
		return ERR_NOMEM;
	}
	bool in_turn = a.chain.transaction <= b.chain.transaction;
	struct found *first = in_turn ? &a : &b, *second = in_turn ? &b : &a;
	if (replay(s, first))
		store_batch_abort(second->batch); /* of a transaction that never came */
	else
		(void)replay(s, second); /* what there was to tell it has told */
	return OK;
}

/* A file of the former size, whose slots lie in our first one, is made longer when what stands in it is needed no more: the
 * database has it, and would have it after a power cut.  Until then it is used as it is. */
static bool lengthen(struct store *s, size_t size) {
	struct why ignored;
	if (s->owed) return true;
	if (database_sync(s->db, &ignored) != OK || !fill(s->directory_fd, s->ahead.fd, size)) return false;
	s->ahead.slot_bytes = AHEAD_SLOT_BYTES;
	s->ahead.current = 0;
	return true;
}

static enum err replay_file(struct store *s, size_t size, bool *out_usable) {
	bool is_small = size > 0 && size <= SMALL_FILE_BYTES;
	s->ahead.slot_bytes = is_small ? SMALL_SLOT_BYTES : AHEAD_SLOT_BYTES;
	if (!is_small && !fill(s->directory_fd, s->ahead.fd, size)) return OK;
	enum err e = replay_slots(s);
	*out_usable = e == OK && (!is_small || lengthen(s, size));
	return e;
}

enum err ahead_open(struct store *s) {
	struct stat st;
	bool is_usable = false;
	s->ahead.fd = openat(s->directory_fd, FILE_NAME, O_RDWR | O_CREAT | O_DSYNC | O_CLOEXEC, 0640);
	if (s->ahead.fd < 0) return OK;
	enum err e = fstat(s->ahead.fd, &st) == 0 ? replay_file(s, (size_t)st.st_size, &is_usable) : OK;
	if (!is_usable) ahead_close(s);
	return e;
}
