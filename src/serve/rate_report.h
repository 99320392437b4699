/* Which networks are being limited, for the log: workers count in a few slots, one thread reads and logs them. */
#ifndef UNDERSTUDY_SERVE_RATE_REPORT_H
#define UNDERSTUDY_SERVE_RATE_REPORT_H

#include "serve/rate_limit.h"

struct rate_reports;

struct rate_reports *rate_reports_new(void);
void rate_reports_free(struct rate_reports *r);

/* An answer that was held back; all borrowed. */
struct rate_held {
	uint64_t account; /* a hash of network and class, not 0 */
	const struct addr *peer;
	unsigned prefix_len;   /* bits of peer that are the network */
	enum rate_class class; /* whose limit it was */
	const struct rate_answer *answer;
	bool slipped;
};

/* Count it; nothing happens if its slot is another account's.  Thread: any, without locks. */
void rate_reports_count(struct rate_reports *r, const struct rate_held *held);

/* Thread: one at a time. */
void rate_reports_log(struct rate_reports *r, struct log *log, struct moment now);

#endif
