/* How much of all zones' steps (zone/change.h) may be in memory: lists are counted from history_memory_charge until they
 * are freed.  Steps that two lists of one zone share count twice while both are alive.  Any thread. */
#ifndef UNDERSTUDY_ZONE_HISTORY_MEMORY_H
#define UNDERSTUDY_ZONE_HISTORY_MEMORY_H

#include <stdint.h>

/* How much of a zone's past is kept: what passes one of them is dropped when the zone is saved next. */
struct history_bounds {
	uint32_t versions; /* steps, at most HISTORY_VERSIONS_MAX; 0: none */
	uint64_t bytes;    /* in the store; never more than the image or 64 KiB, whichever is larger */
	uint32_t age_s;    /* 0: of any age */
};
#define HISTORY_VERSIONS_MAX 50000

struct changes;
struct history_memory;

/* One reference, the caller's; lists that are counted hold others. */
struct history_memory *history_memory_new(uint64_t max_bytes);
void history_memory_unref(struct history_memory *m);
void history_memory_set_max(struct history_memory *m, uint64_t max_bytes);
/* Octets that may still be charged. */
uint64_t history_memory_left(const struct history_memory *m);
uint64_t history_memory_used(const struct history_memory *m);
/* Count c, which is new and not counted yet. */
void history_memory_charge(struct history_memory *m, struct changes *c);
/* Of a list that is freed; m: NULL if it was never counted. */
void history_memory_release(struct history_memory *m, uint64_t bytes);

#endif
