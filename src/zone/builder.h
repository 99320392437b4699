/* Builds an image from a stream of records in one pass.  A stream that comes in canonical order (Knot, NSD, BIND send it
 * so) is written to the image piece by piece while it comes, and is never sorted; others are collected whole, sorted and
 * then written.
 *
 * Life: builder_new → builder_add… → builder_finish → builder_free.  One thread at a time; append and finish
 * may run on different threads one after the other. */
#ifndef UNDERSTUDY_ZONE_BUILDER_H
#define UNDERSTUDY_ZONE_BUILDER_H

#include "base/err.h"
#include "base/why.h"
#include "dns/message.h"
#include "zone/version.h"

struct builder;

struct builder_limits {
	uint64_t max_bytes;   /* of records as collect.h lays them out; 0: no limit */
	uint64_t max_records; /* 0: no limit */
};

struct builder *builder_new(const uint8_t *apex, const struct builder_limits *limits);

/* Add record r of the message (class IN; rdata is read, checked and decompressed here).
 * ERR_OUTZONE, ERR_RDATA and other codes of rdata_read, ERR_LIMIT, ERR_NOMEM, ERR_BADZONE; why is filled on failure, after
 * which builder_free alone may follow. */
MUST_CHECK enum err builder_add_record(struct builder *b, const uint8_t *message, size_t message_len,
                                       const struct record *r, struct why *why);
/* The same for uncompressed, checked rdata. */
MUST_CHECK enum err builder_add(struct builder *b, const uint8_t *owner, uint16_t type, uint32_t ttl_s,
                                const uint8_t *rdata, uint16_t rdlength, struct why *why);

uint64_t builder_records(const struct builder *b);
/* Octets of the records that came, as max_bytes counts them. */
uint64_t builder_bytes(const struct builder *b);
/* Octets of memory that they take now. */
uint64_t builder_memory(const struct builder *b);

/* Group, drop duplicates, lower TTLs of an RRset to the smallest, add empty non-terminals, write the image.
 * ERR_BADZONE: no SOA, more than one SOA, no NS at the apex; ERR_NOMEM; ERR_LIMIT.  The version has one reference, the caller's. */
MUST_CHECK enum err builder_finish(struct builder *b, struct zone_version **out_version, struct why *why);
void builder_free(struct builder *b);

#endif
