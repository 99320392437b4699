/* The health of zones in a few words, as those who only want to know whether all is well ask for it; and how many zones
 * of each account are how well.  Thread: the loop's. */
#ifndef UNDERSTUDY_DAEMON_HEALTH_H
#define UNDERSTUDY_DAEMON_HEALTH_H

#include <jansson.h>

#include "transfer/transfer.h"

enum health {
	HEALTH_PENDING,     /* no version yet, and no failure that lasts */
	HEALTH_SYNCED,      /* as the primary has it, or held by an operator */
	HEALTH_STALE,       /* served, but the primary has or may have a newer version */
	HEALTH_UNREACHABLE, /* no primary answers */
	HEALTH_ERROR,       /* somebody has to do something; expired ones too */
	HEALTH_COUNT
};
enum health health_of(enum truth_state state, enum reason reason);
/* Both in two octets, as the union of wishes keeps them (wanted_note); 0 is a zone that is new. */
static inline uint16_t health_note(enum truth_state state, enum reason reason) {
	return (uint16_t)((unsigned)state << 8 | (unsigned)reason);
}
const char *health_text(enum health health); /* "synced", "master_unreachable" ... */

/* Counted by account, without ever looking through the zones. */
struct health_counts;
struct health_counts *health_new(void);
void health_free(struct health_counts *h);
void health_come(struct health_counts *h, int64_t account, enum health health);
void health_move(struct health_counts *h, int64_t account, enum health former, enum health now);
void health_go(struct health_counts *h, int64_t account, enum health health);
/* account -1: of all.  {"total", "synced", "stale", "masterUnreachable", "pending", "error"}; a new reference. */
json_t *health_summary(const struct health_counts *h, int64_t account);

#endif
