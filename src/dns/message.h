/* DNS messages (RFC 1035 section 4): header, question, records; parsing of requests and of primaries'
 * answers, and encoding with compression.  Pure functions over byte buffers. */
#ifndef UNDERSTUDY_DNS_MESSAGE_H
#define UNDERSTUDY_DNS_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "dns/compress.h"
#include "dns/name.h"
#include "dns/rrtype.h"

#define MESSAGE_HEADER_LEN 12
#define MESSAGE_MAX_LEN 65535

enum opcode { OPCODE_QUERY = 0, OPCODE_IQUERY = 1, OPCODE_STATUS = 2, OPCODE_NOTIFY = 4, OPCODE_UPDATE = 5 };

enum rcode {
	RCODE_NOERROR = 0,
	RCODE_FORMERR = 1,
	RCODE_SERVFAIL = 2,
	RCODE_NXDOMAIN = 3,
	RCODE_NOTIMP = 4,
	RCODE_REFUSED = 5,
	RCODE_YXDOMAIN = 6,
	RCODE_NOTAUTH = 9,
	RCODE_BADVERS = 16, /* BADSIG in TSIG */
	RCODE_BADKEY = 17,
	RCODE_BADTIME = 18,
	RCODE_BADTRUNC = 22,
	RCODE_BADCOOKIE = 23
};

enum header_flag {
	FLAG_QR = 0x8000,
	FLAG_AA = 0x0400,
	FLAG_TC = 0x0200,
	FLAG_RD = 0x0100,
	FLAG_RA = 0x0080,
	FLAG_AD = 0x0020,
	FLAG_CD = 0x0010
};

struct header {
	uint16_t id;
	uint16_t flags; /* as on the wire: QR, opcode, AA … RCODE */
	uint16_t qdcount, ancount, nscount, arcount;
};
static inline unsigned header_opcode(const struct header *h) {
	return (h->flags >> 11) & 15U;
}
static inline unsigned header_rcode(const struct header *h) {
	return h->flags & 15U;
}

struct question {
	struct name name; /* case as asked */
	uint16_t type;
	uint16_t class;
};

/* One record as it stands in a message; rdata is still compressed: read it by rdata_read. */
struct record {
	struct name owner;
	uint16_t type, class;
	uint32_t ttl_s; /* > 2^31-1 read as 0 (RFC 2181 section 8) */
	uint16_t rdlength;
	size_t rdata_pos; /* offset in the message */
};

MUST_CHECK enum err header_read(struct reader *r, struct header *out_header);
void header_write(struct writer *w, const struct header *h);
MUST_CHECK enum err question_read(struct reader *r, struct question *out_question);
/* Reads the fixed part and steps over the rdata (checked to be inside the message). */
MUST_CHECK enum err record_read(struct reader *r, struct record *out_record);

/* EDNS(0), RFC 6891. */
struct edns {
	bool present;
	bool faulty; /* a second one, an owner that is not the root, options that are no TLVs */
	uint8_t version;
	uint8_t rcode_high; /* upper eight bits of the extended RCODE */
	bool dnssec_ok;
	uint16_t udp_size;      /* as sent; values below 512 mean 512 */
	const uint8_t *options; /* borrowed from the message; checked to be well-formed TLVs */
	uint16_t options_len;
};
enum edns_option {
	EDNS_NSID = 3,
	EDNS_EXPIRE = 9,
	EDNS_COOKIE = 10,
	EDNS_KEEPALIVE = 11,
	EDNS_PADDING = 12,
	EDNS_EDE = 15,
	EDNS_ZONEVERSION = 19
};
/* Next option; *pos starts at 0.  False at the end. */
bool edns_option_next(const struct edns *e, unsigned *pos, uint16_t *out_code, const uint8_t **out_data,
                      uint16_t *out_len);

/* A request or answer taken apart as far as both sides need it: header, first question, OPT, TSIG. */
struct message {
	const uint8_t *data; /* borrowed */
	size_t len;
	struct header header;
	struct question question; /* valid when header.qdcount == 1 */
	size_t answer_pos;        /* offset of the answer section */
	struct edns edns;
	size_t tsig_pos; /* offset of the TSIG record, 0: none.  It is the last record (RFC 8945 section 5.1) */
	uint16_t tsig_arcount; /* ARCOUNT without the TSIG record */
};
/* Takes the whole message apart and walks every record (not their rdata).  ERR_MALFORMED: second OPT, OPT with
 * owner other than root, TSIG not last, trailing bytes, counts beyond the data; out_message->header is valid
 * whenever at least 12 octets came, so that a FORMERR can be sent (then the result is ERR_MALFORMED or the
 * reader's code, and this one output is filled as far as parsing got: with edns.faulty
 * the question is valid, and the fault is that of an OPT record, whose options are left out). */
MUST_CHECK enum err message_parse(const uint8_t *data, size_t len, struct message *out_message);

/* Are the records of a message that was parsed, OPT and TSIG apart, what they say to be: owners and record data can be
 * read, no type is one that stands in questions only, and there are at most 32?  Cost: nothing where there are none. */
bool message_extras_sound(const struct message *m);

/* Encoder.  Names of owner and of 'n' layout fields are compressed against all names written so far
 * (case-insensitive match of whole labels; matching keeps the earlier case).
 *
 * Use: message_begin, message_question, records section by section, message_end.  A record or RRset that does
 * not fit is undone whole and ERR_SPACE returned; the message stays valid. */
struct encoder {
	struct writer w;      /* w.data[0] is the first header octet */
	struct header header; /* counts grow as records are added; written by message_end */
	uint16_t limit;       /* the message may not grow beyond this; room for OPT and TSIG is kept off it by
	                        * the caller with encoder_reserve */
	uint16_t reserved;
	struct compressor names;
};

enum section { SECTION_ANSWER, SECTION_AUTHORITY, SECTION_ADDITIONAL };

/* buf must stay valid; limit <= cap.  An encoder may be reused; it must be zeroed once before its first use. */
void message_begin(struct encoder *e, uint8_t *buf, size_t cap, size_t limit);
void encoder_reserve(struct encoder *e, uint16_t octets);
void encoder_unreserve(struct encoder *e, uint16_t octets);
/* The question goes in as it came, case kept. */
void message_question(struct encoder *e, const struct question *q);
/* What a record has besides its owner; rdata uncompressed and checked. */
struct rr {
	uint16_t type, class;
	uint32_t ttl_s;
	const uint8_t *rdata;
	uint16_t rdlength;
};
MUST_CHECK enum err message_record(struct encoder *e, enum section section, const uint8_t *owner,
                                   const struct rr *rr);
/* Owner given as an offset in this message that is known to hold the name (e.g. 12 for the question's);
 * 0xC000 is added here. */
MUST_CHECK enum err message_record_at(struct encoder *e, enum section section, uint16_t owner_offset,
                                      const struct rr *rr);
/* A place to come back to when an RRset does not fit. */
struct encoder_mark {
	size_t len;
	uint16_t ancount, nscount, arcount;
	struct compress_mark names;
};
struct encoder_mark encoder_mark(const struct encoder *e);
void encoder_rewind(struct encoder *e, struct encoder_mark mark);

/* OPT record: edns->options are copied; extended rcode's upper bits from edns->rcode_high.  The caller has
 * reserved 11 + options_len octets. */
MUST_CHECK enum err message_opt(struct encoder *e, const struct edns *edns);
/* Write the header; returns the message's length. */
size_t message_end(struct encoder *e);

/* A plain query in one call (id, flags, question, optional OPT when udp_size != 0, DO bit).  For SOA, AXFR,
 * IXFR and NOTIFY out.  Returns length; buf holds at least 512. */
size_t message_query(uint8_t *buf, size_t cap, uint16_t id, uint16_t flags, const struct question *q,
                     uint16_t udp_size, bool dnssec_ok);

#endif
