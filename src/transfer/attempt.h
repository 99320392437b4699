/* One question to a primary and what came of it: the same record for the log, the status and the counters. */
#ifndef UNDERSTUDY_TRANSFER_ATTEMPT_H
#define UNDERSTUDY_TRANSFER_ATTEMPT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/why.h"
#include "dns/name.h"

/* What came, which is not always what was asked for. */
enum attempt_got {
	ATTEMPT_NOTHING, /* no answer that could be used */
	ATTEMPT_SOA, /* asked for by itself, or all that an IXFR brought (RFC 1995 section 2: ask by TCP) */
	ATTEMPT_CURRENT, /* to an IXFR: the serial that we have */
	ATTEMPT_IXFR,
	ATTEMPT_AXFR,
	ATTEMPT_AXFR_FOR_IXFR /* the whole zone though an IXFR was asked for (RFC 1995 section 4) */
};

struct attempt {
	int64_t time_s;      /* when it ended */
	struct addr primary; /* with port */
	uint8_t transport;   /* enum transport of answer.h */
	uint16_t asked;      /* RR_SOA, RR_IXFR, RR_AXFR */
	enum attempt_got
		got; /* of a failed one: what was under way when it failed, ATTEMPT_NOTHING if not known */
	bool ok;     /* false: why tells */
	bool has_before;   /* there was a version */
	uint32_t before;   /* serial of the version held when it began */
	bool has_serial;   /* one came */
	uint32_t serial;   /* that came: after a transfer that went well, of the version served since */
	uint32_t messages; /* of the answer */
	uint64_t records;  /* in them; of an IXFR those removed and those added together */
	uint64_t bytes;    /* of the messages */
	uint32_t ms;       /* from the question to the end of the answer */
	bool tsig;         /* signed, by `key` if it is not the root's name */
	struct name key;   /* name of the TSIG key; valid with tsig */
	struct why why;    /* when ok: REASON_NONE, or what should be known of it all the same */
};

/* "ixfr", "axfr-for-ixfr" …; "nothing". */
const char *attempt_got_text(enum attempt_got got);
/* "SOA", "IXFR", "AXFR". */
const char *attempt_asked_text(uint16_t type);
/* "udp", "tcp", "tls". */
const char *attempt_transport_text(uint8_t transport);
/* The key that the attempt is signed with (NULL: not signed). */
struct tsig_key;
void attempt_set_key(struct attempt *a, const struct tsig_key *key);

#endif
