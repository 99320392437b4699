/* RFC 8976 section 2.2:  u32 serial | u8 scheme | u8 hash algorithm | digest */
#include "zone/zonemd.h"

#include <inttypes.h>
#include <string.h>

#include "base/crypto.h"
#include "zone/canonical.h"
#include "zone/check.h"

#define SCHEME_SIMPLE 1
#define RDATA_FIXED 6

/* -- the digest -- */

static void hash_take(void *ctx, const uint8_t *octets, size_t len) {
	digest_add(ctx, octets, len);
}

enum err zonemd_digest(const struct zone_version *v, enum zonemd_hash hash,
                       uint8_t out_digest[static ZONEMD_DIGEST_MAX], size_t *out_len) {
	enum digest_kind kind = hash == ZONEMD_SHA384 ? DIGEST_SHA384 : DIGEST_SHA512;
	struct digest *state = digest_begin(kind);
	if (!state) return ERR_NOMEM;
	enum err e = canonical_walk(v, hash_take, state);
	digest_end(state, e == OK ? out_digest : NULL);
	if (e == OK) *out_len = digest_len(kind);
	return e;
}

/* -- the records -- */

struct found {
	unsigned total, stale, unknown, doubled, wrong;
	unsigned known[ZONEMD_SHA512 + 1]; /* by algorithm */
	uint32_t stale_serial;
	bool fits;
};

static bool is_known(const uint8_t *rdata) {
	return rdata[4] == SCHEME_SIMPLE && (rdata[5] == ZONEMD_SHA384 || rdata[5] == ZONEMD_SHA512);
}

/* How many there are of each algorithm: of several with the same scheme and algorithm none may be used (RFC 8976 section
 * 2.2.3). */
static void count_known(const struct rrset *set, struct found *f) {
	const uint8_t *p = set->rdatas;
	for (unsigned i = 0; i < set->count; i++) {
		uint16_t len;
		const uint8_t *rdata = rrset_next(&p, &len);
		if (len >= RDATA_FIXED && is_known(rdata)) f->known[rdata[5]]++;
	}
}

static enum err digest_fits(const struct zone_version *v, const uint8_t *rdata, uint16_t len,
                            bool *out_fits) {
	uint8_t digest[ZONEMD_DIGEST_MAX];
	size_t digest_len = rdata[5] == ZONEMD_SHA384 ? 48 : 64;
	*out_fits = false;
	if (len != RDATA_FIXED + digest_len) return OK;
	enum err e = zonemd_digest(v, (enum zonemd_hash)rdata[5], digest, &digest_len);
	if (e == OK) *out_fits = memcmp(digest, rdata + RDATA_FIXED, digest_len) == 0;
	return e;
}

/* At most one record of each of the two algorithms is digested for, whatever number there are. */
static enum err look_at(const struct zone_version *v, const uint8_t *rdata, uint16_t len, struct found *f) {
	f->total++;
	if (len < RDATA_FIXED || !is_known(rdata)) {
		f->unknown++;
		return OK;
	}
	if (load_u32(rdata) != version_serial(v)) {
		f->stale++;
		f->stale_serial = load_u32(rdata);
		return OK;
	}
	if (f->known[rdata[5]] > 1) {
		f->doubled++;
		return OK;
	}
	bool fits = false;
	enum err e = digest_fits(v, rdata, len, &fits);
	f->fits |= fits;
	f->wrong += !fits;
	return e;
}

static enum err look_at_all(const struct zone_version *v, struct found *f) {
	struct rrset set;
	if (!node_rrset(zone_apex(v), RR_ZONEMD, &set)) return OK;
	const uint8_t *p = set.rdatas;
	enum err e = OK;
	count_known(&set, f);
	for (unsigned i = 0; e == OK && !f->fits && i < set.count; i++) {
		uint16_t len;
		const uint8_t *rdata = rrset_next(&p, &len);
		e = look_at(v, rdata, len, f);
	}
	return e;
}

/* -- the verdict -- */

static enum err refuse(const struct zone_version *v, struct why *why, enum reason reason, const char *text) {
	check_blame(why, reason, version_apex(v), RR_ZONEMD, "%s", text);
	return ERR_REFUSED;
}

static enum err judge(const struct zone_version *v, enum zonemd_rule rule, const struct found *f,
                      struct why *why) {
	if (f->fits) return OK;
	if (f->wrong)
		return refuse(v, why, REASON_ZONEMD_MISMATCH,
		              "the digest of the records that came is another");
	if (f->stale) {
		check_blame(why, REASON_ZONEMD_MISMATCH, version_apex(v), RR_ZONEMD,
		            "it is for serial %" PRIu32 ", the SOA has %" PRIu32, f->stale_serial,
		            version_serial(v));
		return ERR_REFUSED;
	}
	if (f->doubled) return refuse(v, why, REASON_ZONEMD_MISMATCH, "several of one scheme and algorithm");
	if (rule == ZONEMD_IF_PRESENT) return OK;
	return refuse(v, why, REASON_ZONEMD_MISSING,
	              f->total ? "none of a scheme and algorithm that is known" : "there is none");
}

enum err zonemd_check(const struct zone_version *v, enum zonemd_rule rule, struct why *why) {
	struct found f = { 0 };
	if (rule == ZONEMD_OFF) return OK;
	enum err e = look_at_all(v, &f);
	if (e != OK) {
		why_set(why, REASON_INTERNAL, "%s while the zone was digested", err_text(e));
		return e;
	}
	return judge(v, rule, &f, why);
}
