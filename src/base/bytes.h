/* Bounded reader and writer over a byte buffer, network byte order.  Every byte of a peer is read through
 * here.  Both are sticky: after the first overrun `failed` is set, further reads give 0 and further writes do
 * nothing, so a caller may read a whole structure and check once. */
#ifndef UNDERSTUDY_BASE_BYTES_H
#define UNDERSTUDY_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct reader {
	const uint8_t *data; /* borrowed */
	size_t len;
	size_t pos; /* <= len always */
	bool failed;
};

struct writer {
	uint8_t *data; /* borrowed */
	size_t cap;
	size_t len; /* <= cap always */
	bool failed;
};

static inline struct reader reader_init(const void *data, size_t len) {
	return (struct reader){ .data = data, .len = len };
}

static inline size_t reader_left(const struct reader *r) {
	return r->failed ? 0 : r->len - r->pos;
}

/* Borrow the next n bytes and step over them; NULL on overrun. */
static inline const uint8_t *read_bytes(struct reader *r, size_t n) {
	if (r->failed || n > r->len - r->pos) {
		r->failed = true;
		return NULL;
	}
	const uint8_t *p = r->data + r->pos;
	r->pos += n;
	return p;
}

static inline uint8_t read_u8(struct reader *r) {
	const uint8_t *p = read_bytes(r, 1);
	return p ? p[0] : 0;
}

static inline uint16_t load_u16(const uint8_t *p) {
	return (uint16_t)(((unsigned)p[0] << 8) | p[1]);
}

static inline uint32_t load_u32(const uint8_t *p) {
	return ((uint32_t)p[0] << 24) | ((uint32_t)p[1] << 16) | ((uint32_t)p[2] << 8) | p[3];
}

static inline uint16_t read_u16(struct reader *r) {
	const uint8_t *p = read_bytes(r, 2);
	return p ? load_u16(p) : 0;
}

static inline uint32_t read_u32(struct reader *r) {
	const uint8_t *p = read_bytes(r, 4);
	return p ? load_u32(p) : 0;
}

static inline uint64_t read_u48(struct reader *r) {
	uint64_t hi = read_u16(r);
	return (hi << 32) | read_u32(r);
}

static inline struct writer writer_init(void *data, size_t cap) {
	return (struct writer){ .data = data, .cap = cap };
}

/* Room for n bytes, counted as written; NULL on overrun. */
static inline uint8_t *write_reserve(struct writer *w, size_t n) {
	if (w->failed || n > w->cap - w->len) {
		w->failed = true;
		return NULL;
	}
	uint8_t *p = w->data + w->len;
	w->len += n;
	return p;
}

static inline void write_bytes(struct writer *w, const void *src, size_t n) {
	uint8_t *p = write_reserve(w, n);
	if (p && n) memcpy(p, src, n);
}

static inline void write_u8(struct writer *w, uint8_t v) {
	uint8_t *p = write_reserve(w, 1);
	if (p) p[0] = v;
}

static inline void store_u16(uint8_t *p, uint16_t v) {
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void store_u32(uint8_t *p, uint32_t v) {
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

static inline void write_u16(struct writer *w, uint16_t v) {
	uint8_t *p = write_reserve(w, 2);
	if (p) store_u16(p, v);
}

static inline void write_u32(struct writer *w, uint32_t v) {
	uint8_t *p = write_reserve(w, 4);
	if (p) store_u32(p, v);
}

static inline void write_u48(struct writer *w, uint64_t v) {
	write_u16(w, (uint16_t)(v >> 32));
	write_u32(w, (uint32_t)v);
}

/* Decimal digits of number, at least so many (of 20 at most).  By hand, as it stands in every line of the log: thousands of
 * zones have one each at a start. */
static inline void write_decimal(struct writer *w, uint64_t number, unsigned least) {
	char digits[20]; /* 2^64 has as many */
	size_t at = sizeof(digits);
	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	while (sizeof(digits) - at < least)
		digits[--at] = '0';
	write_bytes(w, digits + at, sizeof(digits) - at);
}

#endif
