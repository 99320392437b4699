#include "transfer/trust_book.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

#define BUCKETS 1024

struct trusted {
	struct trusted *next; /* in the bucket */
	struct tls_terms *terms;
	struct tls_trust *trust; /* a reference; NULL: never usable so far */
	char fault[TLS_TEXT_MAX];
};

struct trust_book {
	struct log *log;
	struct trusted *buckets[BUCKETS];
};

static uint32_t hash_text(uint32_t h, const char *text) {
	for (; text && *text; text++)
		h = (h ^ (uint8_t)*text) * 16777619U;
	return h;
}

static struct trusted **bucket_of(struct trust_book *b, const struct tls_terms *terms) {
	uint32_t h = hash_text(hash_text(hash_text(2166136261U, terms->name), terms->ca), terms->certificate);
	if (terms->pin_count > 0) h ^= terms->pins[0].sha256[0] | (uint32_t)terms->pins[0].sha256[1] << 8;
	return &b->buckets[h % BUCKETS];
}

static void read_files(struct trust_book *b, struct trusted *e) {
	struct tls_trust *trust = NULL;
	char fault[TLS_TEXT_MAX] = "";
	if (tls_trust_load(e->terms, &trust, fault) != OK) {
		memcpy(e->fault, fault, sizeof(fault));
		log_event(b->log, EVENT_TLS_PRIMARY_FAILED, LOG_STR("reason", fault),
		          LOG_STR("instead", e->trust ? "the former ones" : "nothing"));
		return;
	}
	tls_trust_unref(e->trust); /* connections that use it have references of their own */
	e->trust = trust;
	e->fault[0] = '\0';
}

struct trusted *trust_book_find(struct trust_book *b, const struct tls_terms *terms) {
	struct trusted **bucket = bucket_of(b, terms);
	for (struct trusted *e = *bucket; e; e = e->next) {
		if (tls_terms_equal(e->terms, terms)) return e;
	}
	struct trusted *e = xcalloc(1, sizeof(*e));
	e->terms = tls_terms_copy(terms);
	e->next = *bucket;
	*bucket = e;
	read_files(b, e);
	return e;
}

void trust_book_read_again(struct trust_book *b) {
	for (unsigned i = 0; i < BUCKETS; i++) {
		for (struct trusted *e = b->buckets[i]; e; e = e->next)
			read_files(b, e);
	}
}

const struct tls_terms *trusted_terms(const struct trusted *e) {
	return e->terms;
}

struct tls_trust *trusted_trust(const struct trusted *e) {
	return e->trust;
}

const char *trusted_fault(const struct trusted *e) {
	return e->fault;
}

struct trust_book *trust_book_new(struct log *log) {
	struct trust_book *b = xcalloc(1, sizeof(*b));
	b->log = log;
	return b;
}

void trust_book_free(struct trust_book *b) {
	for (unsigned i = 0; b && i < BUCKETS; i++) {
		struct trusted *e;
		while ((e = b->buckets[i])) {
			b->buckets[i] = e->next;
			tls_trust_unref(e->trust);
			tls_terms_free(e->terms);
			free(e);
		}
	}
	free(b);
}
