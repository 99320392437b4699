/* One well-formed rdata, uncompressed, for each type that has structure. */
#ifndef UNDERSTUDY_TESTS_RDATA_SAMPLES_H
#define UNDERSTUDY_TESTS_RDATA_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

#include "dns/rrtype.h"

struct rdata_sample {
	uint16_t type;
	const char *octets;
	size_t len;
	const char *text; /* what rdata_text writes */
	size_t shortest; /* octets of the longest proper prefix that is well-formed too, SIZE_MAX: there is none */
};

#define NONE SIZE_MAX
#define ROW(type, octets, text, shortest)                                                                    \
	{ RR_##type, octets, sizeof(octets) - 1, text, shortest }

static const struct rdata_sample rdata_samples[] = {
	ROW(A, "\300\0\2\1", "192.0.2.1", NONE),
	ROW(AAAA, "\40\1\15\270\0\0\0\0\0\0\0\0\0\0\0\1", "2001:db8::1", NONE),
	ROW(NS, "\2ns\1A\0", "ns.A.", NONE),
	ROW(CNAME, "\0", ".", NONE),
	ROW(PTR, "\1a\0", "a.", NONE),
	ROW(DNAME, "\1a\0", "a.", NONE),
	ROW(SOA, "\1a\0\1b\0\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0\5", "a. b. 1 2 3 4 5", NONE),
	ROW(MX, "\0\12\2mx\0", "10 mx.", NONE),
	ROW(MINFO, "\1a\0\1b\0", "a. b.", NONE),
	ROW(RP, "\1a\0\1b\0", "a. b.", NONE),
	ROW(AFSDB, "\0\1\1a\0", "1 a.", NONE),
	ROW(KX, "\0\1\1a\0", "1 a.", NONE),
	ROW(LP, "\0\1\1a\0", "1 a.", NONE),
	ROW(SRV, "\0\1\0\2\0\65\1a\0", "1 2 53 a.", NONE),
	ROW(NAPTR, "\0\1\0\2\1u\1s\1r\1a\0", "1 2 \"u\" \"s\" \"r\" a.", NONE),
	ROW(HINFO, "\1x\2yz", "\"x\" \"yz\"", NONE),
	ROW(TXT, "\1\"\2\\\377\0", "\"\\\"\" \"\\\\\\255\" \"\"", 5),
	ROW(SPF, "\1a", "\"a\"", NONE),
	ROW(DS, "\0\1\10\2\253\315", "1 8 2 abcd", 5),
	ROW(CDS, "\0\0\0\0\0", "0 0 0 00", 4),
	ROW(DNSKEY, "\1\1\3\10\1\2\3\4", "257 3 8 AQIDBA==", 7),
	ROW(CDNSKEY, "\0\0\3\0\0", "0 3 0 AA==", 4),
	ROW(KEY, "\1\1\3\10\1\2\3", "257 3 8 AQID", 6),
	ROW(CERT, "\0\1\0\2\10\1\2", "1 2 8 AQI=", 6),
	ROW(SSHFP, "\1\2\253", "1 2 ab", 2),
	ROW(TLSA, "\3\1\1\253", "3 1 1 ab", 3),
	ROW(SMIMEA, "\3\1\1\253", "3 1 1 ab", 3),
	ROW(DHCID, "\1\2\3", "AQID", 2),
	ROW(OPENPGPKEY, "\1\2\3", "AQID", 2),
	ROW(RRSIG, "\0\1\15\2\0\0\16\20\0\0\0\0\377\377\377\377\0\7\1a\0\1\2\3",
	    "A 13 2 3600 19700101000000 21060207062815 7 a. AQID", 23),
	ROW(NSEC, "\1a\0\0\1\100\1\1\200", "a. A URI", 6),
	ROW(NSEC3, "\1\0\0\12\2\253\315\5\0\0\0\0\0\0\1\100", "1 0 10 abcd 00000000 A", 13),
	ROW(NSEC3PARAM, "\1\0\0\0\0", "1 0 0 -", NONE),
	ROW(CSYNC, "\0\0\0\1\0\3\0\1\100", "1 3 A", 6),
	ROW(ZONEMD, "\0\0\0\1\1\1\253", "1 1 1 ab", 6),
	ROW(LOC, "\0\22\26\23\200\0\3\350\177\377\374\30\0\230\226\200",
	    "0 0 1.000 N 0 0 1.000 W 0.00m 1.00m 10000.00m 10.00m", NONE),
	ROW(APL, "\0\1\10\1\12\0\2\0\200", "1:10.0.0.0/8 !2:::/0", 5),
	ROW(IPSECKEY, "\12\1\2\300\0\2\1\1\2\3", "10 1 2 192.0.2.1 AQID", 9),
	ROW(SVCB, "\0\1\1a\0\0\1\0\3\2h2\0\3\0\2\0\65", "1 a. alpn=\"h2\" port=53", 12),
	ROW(HTTPS, "\0\0\1a\0", "0 a.", NONE),
	ROW(NID, "\0\12\0\24\117\377\377\40\356\144", "10 0014:4fff:ff20:ee64", NONE),
	ROW(L64, "\0\12\40\1\15\270\21\100\20\0", "10 2001:0db8:1140:1000", NONE),
	ROW(L32, "\0\12\12\1\2\0", "10 10.1.2.0", NONE),
	ROW(EUI48, "\0\0\136\0\123\52", "00-00-5e-00-53-2a", NONE),
	ROW(EUI64, "\0\0\136\357\20\0\0\52", "00-00-5e-ef-10-00-00-2a", NONE),
	ROW(URI, "\0\12\0\1x:", "10 1 \"x:\"", 5),
	ROW(CAA, "\200\5issuea", "128 issue \"a\"", 7),
	/* written in the form of RFC 3597 */
	ROW(WKS, "\300\0\2\1\6\100", "\\# 6 c00002010640", 5),
	ROW(X25, "\1x", "\\# 2 0178", NONE),
	ROW(ISDN, "\1x\1y", "\\# 4 01780179", 2),
	ROW(GPOS,
	    "\1"
	    "1\1"
	    "2\1"
	    "3",
	    "\\# 6 013101320133", NONE),
	ROW(HIP, "\1\2\0\1ab\1a\0",
	    "\\# 9 0102000161620161"
	    "00",
	    6),
	ROW(A6, "\170\1\1a\0", "\\# 5 7801016100", NONE),
	ROW(AMTRELAY, "\12\203\1a\0", "\\# 5 0a83016100", NONE),
	ROW(SIG, "\0\1\15\2\0\0\16\20\0\0\0\0\377\377\377\377\0\7\1a\0\1",
	    "\\# 22 00010d0200000e1000000000ffffffff000701610001", 21),
	ROW(NULL, "ab", "\\# 2 6162", 1),
};

#define RDATA_SAMPLES (sizeof(rdata_samples) / sizeof(rdata_samples[0]))

#endif
