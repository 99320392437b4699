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
		has_step |= kind == OPERATION_STEP;
	}
	return has_step;
}

bool ahead_has_room(const struct store *s, const struct store_batch *told) {
	return s->ahead.counts.bytes + AHEAD_BYTES <= AHEAD_SLOT_BYTES &&
	       told->count + AHEAD_OPERATIONS <= AHEAD_TOLD_MAX;
}

static off_t place_of(unsigned slot, const struct ahead_chain *chain) {
	return (off_t)slot * AHEAD_SLOT_BYTES + (off_t)chain->bytes;
}

void ahead_turn(struct store *s) {
	s->ahead.current = (s->ahead.current + 1) % AHEAD_SLOTS;
	s->ahead.counts = s->ahead.next;
}

static enum err write_part(const struct store *s, unsigned slot, const struct ahead_chain *before,
                           uint8_t *buf, size_t len) {
	size_t whole = ahead_whole_blocks(len);
	memset(buf + len, 0, whole - len);
	return write_all(s->ahead.fd, buf, whole, place_of(slot, before)) ? OK : ERR_IO;
}

/* What was told already and is written anew is one part, however many it was. */
static size_t cap_of(const struct store_batch *b) {
	return b->is_safe ? AHEAD_SLOT_BYTES : AHEAD_BYTES;
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

static void read_parts(struct found *f, const uint8_t *buf, size_t len) {
	while (f->error == OK) {
		size_t at = f->chain.bytes;
		f->error = at < len ? ahead_decode(buf + at, len - at, &f->chain, f->batch) : ERR_NOTFOUND;
	}
}

static struct found read_slot(struct store *s, unsigned slot, size_t slot_bytes) {
	struct found f = { .slot = slot, .batch = store_batch_new(s) };
	uint8_t *buf = xcalloc(1, slot_bytes);
	ssize_t n = pread(s->ahead.fd, buf, slot_bytes, (off_t)(slot * slot_bytes));
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

/* ERR_EXISTS: the database has it. */
static enum err commit_parts(const struct found *f, struct why *why) {
	if (f->chain.parts == 0) return f->error;
	uint64_t last = database_last_transaction(f->batch->store->db);
	if (f->chain.transaction <= last) return ERR_EXISTS;
	return f->chain.transaction == last + 1 ? batch_write(f->batch, why) : ERR_MISMATCH;
}

/* Whether it is what was told. */
static bool replay(struct store *s, struct found *f) {
	struct why why = { .reason = REASON_NONE };
	s->ahead.current = f->slot;
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

static void replay_slots(struct store *s, size_t slot_bytes) {
	struct found a = read_slot(s, 0, slot_bytes), b = read_slot(s, 1, slot_bytes);
	bool in_turn = a.chain.transaction <= b.chain.transaction;
	struct found *first = in_turn ? &a : &b, *second = in_turn ? &b : &a;
	if (replay(s, first))
		store_batch_abort(second->batch); /* of a transaction that never came */
	else
		(void)replay(s, second); /* what there was to tell it has told */
}

/* A file of the former size is made longer when nothing that stands in it is needed any more: until then every commit is
 * made without. */
static bool open_small(struct store *s, size_t size) {
	replay_slots(s, SMALL_SLOT_BYTES);
	s->ahead.current = 0; /* both of its slots lie in our first one */
	return !s->owed && fill(s->directory_fd, s->ahead.fd, size);
}

void ahead_open(struct store *s) {
	struct stat st;
	bool is_usable = false;
	s->ahead.fd = openat(s->directory_fd, FILE_NAME, O_RDWR | O_CREAT | O_DSYNC | O_CLOEXEC, 0640);
	if (s->ahead.fd < 0) return;
	if (fstat(s->ahead.fd, &st) == 0) {
		bool is_small = st.st_size > 0 && st.st_size <= SMALL_FILE_BYTES;
		is_usable = is_small ? open_small(s, (size_t)st.st_size)
		                     : fill(s->directory_fd, s->ahead.fd, (size_t)st.st_size);
		if (is_usable && !is_small) replay_slots(s, AHEAD_SLOT_BYTES);
	}
	if (!is_usable) ahead_close(s);
}
