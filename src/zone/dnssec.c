/* RRSIG (RFC 4034 section 3.1):  u16 type | u8 algorithm | u8 labels | u32 TTL | u32 end | u32 begin | u16 key tag |
 * signer's name | signature */
#include "zone/dnssec.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/gnutls_library.h"
#include "zone/check.h"
#include "zone/dnssec_key.h"
#include "zone/lookup.h"
#include "zone/nsec3.h"

#define SIG_FIXED 18
#define RECORD_FIXED (NAME_MAX_LEN + 10)

struct job {
	const struct zone_version *v;
	enum dnssec_depth depth;
	uint32_t now; /* low 32 bits of the time, as signatures have it */
	struct dnssec_keys keys;
	struct why *why;
	/* the earliest end of a signature */
	bool has_end;
	uint32_t end;
	struct name end_owner;
	uint16_t end_type;
	/* the walk */
	struct name cover; /* names below it are not of this zone's data: a cut or a DNAME; len 0: none */
	unsigned looked_at;
	uint64_t stride, place;
	/* the chain of NSEC records */
	struct name nsec_next; /* what the last one leads to; len 0: none yet */
	/* the chain of NSEC3 records in use, by their labels */
	bool has_nsec3;
	uint8_t nsec3_first[NSEC3_LABEL_LEN], nsec3_next[NSEC3_LABEL_LEN];
};

/* -- one RRset -- */

struct signature {
	const uint8_t *rdata, *value;
	size_t value_len, signer_end;
	uint32_t end, begin;
	uint16_t tag;
	uint8_t algorithm, labels;
};

static bool signature_read(const uint8_t *rdata, uint16_t len, struct signature *out) {
	size_t signer = len > SIG_FIXED ? name_check(rdata + SIG_FIXED, len - SIG_FIXED) : 0;
	if (signer == 0) return false;
	*out = (struct signature){ .rdata = rdata,
		                   .value = rdata + SIG_FIXED + signer,
		                   .value_len = len - SIG_FIXED - signer,
		                   .signer_end = SIG_FIXED + signer,
		                   .end = load_u32(rdata + 8),
		                   .begin = load_u32(rdata + 12),
		                   .tag = load_u16(rdata + 16),
		                   .algorithm = rdata[2],
		                   .labels = rdata[3] };
	return true;
}

/* RFC 4034 section 3.1.8.1.  The set's records are in canonical order already.  NULL: no memory. */
static uint8_t *signed_octets(const struct signature *s, const struct name *owner, const struct rrset *set,
                              size_t *out_len) {
	const uint8_t *p = set->rdatas;
	size_t cap = s->signer_end + (size_t)set->count * RECORD_FIXED;
	uint16_t len;
	for (unsigned i = 0; i < set->count; i++, cap += len)
		(void)rrset_next(&p, &len); /* for its length */
	uint8_t *octets = try_malloc(cap);
	if (!octets) return NULL;
	struct writer w = writer_init(octets, cap);
	write_bytes(&w, s->rdata, SIG_FIXED);
	name_lower_to(octets + SIG_FIXED, s->rdata + SIG_FIXED, s->signer_end - SIG_FIXED);
	w.len = s->signer_end;
	p = set->rdatas;
	for (unsigned i = 0; i < set->count; i++) {
		const uint8_t *rdata = rrset_next(&p, &len);
		write_bytes(&w, owner->wire, owner->len);
		write_u16(&w, set->type);
		write_u16(&w, CLASS_IN);
		write_bytes(&w, s->rdata + 4, 4); /* the original TTL */
		write_u16(&w, len);
		rdata_canonical(set->type, rdata, len, w.data + w.len);
		w.len += len;
	}
	*out_len = w.len;
	return octets;
}

/* What of a signature can be judged without its key (RFC 4035 section 5.3.1); NULL: all is right. */
static const char *signature_fault(const struct job *j, const struct signature *s, const struct name *owner) {
	unsigned labels = name_labels(owner->wire);
	if (owner->wire[0] == 1 && owner->wire[1] == '*') labels--;
	if (!name_equal(s->rdata + SIG_FIXED, version_apex(j->v))) return "its signer is another zone";
	if (s->labels != labels) return "its signature is for another name";
	return NULL;
}

static bool in_time(const struct job *j, const struct signature *s) {
	return (int32_t)(s->end - j->now) >= 0 && (int32_t)(j->now - s->begin) >= 0;
}

struct outcome {
	bool good, out_of_time;
	const char *fault;
	unsigned tries;
};

static enum err try_keys(const struct job *j, const struct signature *s, const struct name *owner,
                         const struct rrset *set, struct outcome *o) {
	for (unsigned i = 0; i < j->keys.count && !o->good && o->tries < DNSSEC_TRIES_MAX; i++) {
		const struct dnssec_key *k = &j->keys.items[i];
		size_t len;
		if (k->tag != s->tag || k->algorithm != s->algorithm) continue;
		uint8_t *octets = signed_octets(s, owner, set, &len);
		if (!octets) return ERR_NOMEM;
		o->tries++;
		o->good = dnssec_key_verify(k, octets, len, s->value, s->value_len);
		free(octets);
	}
	return OK;
}

static void note_end(struct job *j, const struct signature *s, const struct name *owner, uint16_t type) {
	if (j->has_end && (int32_t)(s->end - j->end) >= 0) return;
	j->has_end = true;
	j->end = s->end;
	j->end_owner = *owner;
	j->end_type = type;
}

static enum err try_signatures(struct job *j, const struct name *owner, const struct rrset *set,
                               struct outcome *o) {
	const uint8_t *p = set->sigs;
	enum err e = OK;
	for (unsigned i = 0; e == OK && i < set->sig_count && !o->good; i++) {
		uint16_t len;
		struct signature s;
		const uint8_t *rdata = rrset_next(&p, &len);
		const char *fault = signature_read(rdata, len, &s) ? signature_fault(j, &s, owner)
		                                                   : "its signature is malformed";
		if (fault) o->fault = fault;
		if (fault) continue;
		if (!in_time(j, &s)) {
			o->out_of_time = true;
			continue;
		}
		e = try_keys(j, &s, owner, set, o);
	}
	return e;
}

static enum err verify(struct job *j, const struct name *owner, const struct rrset *set) {
	struct outcome o = { 0 };
	if (set->sig_count == 0) {
		check_blame(j->why, REASON_DNSSEC_BOGUS, owner->wire, set->type, "has no signature");
		return ERR_REFUSED;
	}
	enum err e = try_signatures(j, owner, set, &o);
	if (e != OK || o.good) return e;
	if (o.out_of_time && !o.tries)
		check_blame(j->why, REASON_DNSSEC_EXPIRED, owner->wire, set->type,
		            "the time of its signature is over or has not begun");
	else
		check_blame(j->why, REASON_DNSSEC_BOGUS, owner->wire, set->type, "%s",
		            o.fault   ? o.fault
		            : o.tries ? "its signature does not verify"
		                      : "no key of the zone made its signature");
	return ERR_REFUSED;
}

/* When its signatures end; of several by the same algorithm and key the one that lasts longest is not looked for. */
static void note_ends(struct job *j, const struct name *owner, const struct rrset *set) {
	const uint8_t *p = set->sigs;
	for (unsigned i = 0; i < set->sig_count; i++) {
		uint16_t len;
		struct signature s;
		const uint8_t *rdata = rrset_next(&p, &len);
		if (signature_read(rdata, len, &s)) note_end(j, &s, owner, set->type);
	}
}

/* -- the zone -- */

static bool is_signed_here(struct node n, uint16_t type) {
	return !(node_flags(n) & NODE_CUT) || type == RR_DS || type == RR_NSEC;
}

static bool is_chosen(const struct job *j) {
	if (j->depth == DNSSEC_FULL) return true;
	return j->looked_at < DNSSEC_SAMPLE_SETS && j->place % j->stride == 0;
}

static enum err check_sets(struct job *j, struct node n, const struct name *owner) {
	enum err e = OK;
	for (unsigned i = 0; e == OK && i < node_rrset_count(n); i++) {
		struct rrset set;
		node_rrset_at(n, i, &set);
		if (!set.count || !is_signed_here(n, set.type)) continue;
		note_ends(j, owner, &set);
		if (!is_chosen(j)) continue;
		j->looked_at++;
		e = verify(j, owner, &set);
	}
	return e;
}

/* RFC 4034 section 4.1.2: is the type in the bitmap, and how many are. */
static bool bitmap_has(const uint8_t *bitmap, size_t len, uint16_t type, unsigned *out_count) {
	bool found = false;
	*out_count = 0;
	for (size_t at = 0; at + 2 < len; at += 2 + (size_t)bitmap[at + 1]) {
		for (unsigned i = 0; i < bitmap[at + 1]; i++) {
			uint8_t bits = bitmap[at + 2 + i];
			*out_count += (unsigned)__builtin_popcount(bits);
			if (bitmap[at] == type >> 8 && i == (type & 255) / 8)
				found = bits & (0x80 >> (type & 7));
		}
	}
	return found;
}

/* The types of the bitmap are those that are there; at a cut the zone's own and NS. */
static enum err check_bitmap(const struct job *j, struct node n, const struct name *owner,
                             const uint8_t *bitmap, size_t len) {
	unsigned total = 0, here = 1; /* RRSIG, which the NSEC itself has */
	bool has = bitmap_has(bitmap, len, RR_RRSIG, &total);
	for (unsigned i = 0; has && i < node_rrset_count(n); i++) {
		struct rrset set;
		node_rrset_at(n, i, &set);
		if (!set.count || (!is_signed_here(n, set.type) && set.type != RR_NS)) continue;
		has = bitmap_has(bitmap, len, set.type, &total);
		here++;
	}
	if (has && here == total) return OK;
	check_blame(j->why, REASON_DNSSEC_CHAIN, owner->wire, RR_NSEC, "lists other types than there are");
	return ERR_REFUSED;
}

/* RFC 4035 section 2.3: every name with data of the zone's own has an NSEC, which leads to the next such name. */
static enum err check_nsec(struct job *j, struct node n, const struct name *owner) {
	struct rrset set;
	uint32_t flags = j->v->image.header->flags;
	if (j->depth != DNSSEC_FULL || !(flags & IMAGE_HAS_NSEC) || (flags & IMAGE_HAS_NSEC3)) return OK;
	if (node_rrset_count(n) == 0) return OK; /* an empty non-terminal */
	if (!node_rrset(n, RR_NSEC, &set)) {
		check_blame(j->why, REASON_DNSSEC_CHAIN, owner->wire, RR_NSEC, "is missing");
		return ERR_REFUSED;
	}
	if (j->nsec_next.len && !name_equal(j->nsec_next.wire, owner->wire)) {
		check_blame(j->why, REASON_DNSSEC_CHAIN, owner->wire, RR_NSEC,
		            "is not where the one before leads to");
		return ERR_REFUSED;
	}
	const uint8_t *p = set.rdatas;
	uint16_t len;
	const uint8_t *rdata = rrset_next(&p, &len);
	name_copy(&j->nsec_next, rdata);
	return check_bitmap(j, n, owner, rdata + j->nsec_next.len, len - (size_t)j->nsec_next.len);
}

/* RFC 5155 section 7.1: each NSEC3 leads to the next in the order of hashes.  Whether each name has one is not looked
 * at. */
static enum err check_nsec3(struct job *j, struct node n, const struct name *owner) {
	struct rrset set;
	uint16_t len;
	const uint8_t *label = owner->wire + 1;
	if (!node_rrset(n, RR_NSEC3, &set)) return OK; /* only those that have it are in the chain */
	const uint8_t *p = set.rdatas, *hash = rrset_next(&p, &len);
	hash += 5 + hash[4];
	bool fits = hash[0] == NSEC3_HASH_LEN;
	if (fits && j->has_nsec3) fits = memcmp(j->nsec3_next, label, NSEC3_LABEL_LEN) == 0;
	if (!fits) {
		check_blame(j->why, REASON_DNSSEC_CHAIN, owner->wire, RR_NSEC3,
		            "is not where the one before leads to");
		return ERR_REFUSED;
	}
	if (!j->has_nsec3) memcpy(j->nsec3_first, label, NSEC3_LABEL_LEN);
	j->has_nsec3 = true;
	nsec3_label(hash + 1, j->nsec3_next);
	return OK;
}

static bool is_covered(struct job *j, struct node n, const struct name *owner) {
	if (j->cover.len && owner->len > j->cover.len && name_is_within(owner->wire, j->cover.wire))
		return true;
	j->cover.len = 0;
	if (node_flags(n) & (NODE_CUT | NODE_DNAME) && !(node_flags(n) & NODE_APEX)) j->cover = *owner;
	return false;
}

static enum err check_names(struct job *j) {
	struct zone_walk walk = { 0 };
	struct node n;
	enum err e = OK;
	j->stride = version_nodes(j->v) / DNSSEC_SAMPLE_SETS + 1;
	j->place = version_serial(j->v) % j->stride; /* other names with each version */
	while (e == OK && zone_walk_next(j->v, &walk, &n)) {
		struct name owner;
		node_owner(n, &owner);
		name_to_lower(&owner);
		j->place++;
		if (is_covered(j, n, &owner)) continue;
		e = check_sets(j, n, &owner);
		if (e == OK) e = check_nsec(j, n, &owner);
		if (e == OK && walk.in_nsec3 && j->depth == DNSSEC_FULL) e = check_nsec3(j, n, &owner);
	}
	return e;
}

static enum err check_chain_end(const struct job *j) {
	if (j->has_nsec3 && memcmp(j->nsec3_next, j->nsec3_first, NSEC3_LABEL_LEN) != 0) {
		check_blame(j->why, REASON_DNSSEC_CHAIN, version_apex(j->v), RR_NSEC3,
		            "the last of the chain does not lead to the first");
		return ERR_REFUSED;
	}
	if (!j->nsec_next.len || name_equal(j->nsec_next.wire, version_apex(j->v))) return OK;
	check_blame(j->why, REASON_DNSSEC_CHAIN, j->nsec_next.wire, RR_NSEC,
	            "the last NSEC leads here and not to the apex");
	return ERR_REFUSED;
}

/* Without either nothing proves that a name is not there. */
static enum err check_chain_begin(const struct job *j) {
	struct node apex = zone_apex(j->v);
	if (j->depth != DNSSEC_FULL || node_has(apex, RR_NSEC) || node_has(apex, RR_NSEC3PARAM)) return OK;
	check_blame(j->why, REASON_DNSSEC_CHAIN, version_apex(j->v), RR_NSEC,
	            "neither this nor NSEC3PARAM is here");
	return ERR_REFUSED;
}

static enum err check_apex(struct job *j, const struct name *apex) {
	static const uint16_t types[] = { RR_DNSKEY, RR_SOA, RR_NS };
	enum err e = OK;
	for (unsigned i = 0; e == OK && i < sizeof(types) / sizeof(types[0]); i++) {
		struct rrset set;
		if (!node_rrset(zone_apex(j->v), types[i], &set)) continue;
		note_ends(j, apex, &set);
		e = verify(j, apex, &set);
	}
	return e;
}

static enum err check_all(struct job *j) {
	struct name apex;
	name_copy(&apex, version_apex(j->v));
	name_to_lower(&apex);
	if (j->keys.count == 0) {
		check_blame(j->why, REASON_DNSSEC_BOGUS, apex.wire, RR_DNSKEY,
		            "no key of an algorithm and size that is known here");
		return ERR_REFUSED;
	}
	enum err e = check_apex(j, &apex);
	if (e == OK) e = check_chain_begin(j);
	if (e == OK && j->depth != DNSSEC_APEX) e = check_names(j);
	return e == OK ? check_chain_end(j) : e;
}

/* If no primary is reached from now on, the zone outlives its signatures. */
static void warn(const struct job *j, struct why *out_warning) {
	int32_t left_s = (int32_t)(j->end - j->now);
	if (!j->has_end || left_s < 0 || (uint32_t)left_s >= version_soa(j->v)->expire_s) return;
	check_blame(out_warning, REASON_DNSSEC_EXPIRES_EARLY, j->end_owner.wire, j->end_type,
	            "its signature ends in %d s, the SOA's expire time is %u s", left_s,
	            version_soa(j->v)->expire_s);
}

enum err dnssec_check(const struct zone_version *v, enum dnssec_rule rule, enum dnssec_depth depth,
                      int64_t now_s, struct why *out_objection, struct why *out_warning) {
	struct rrset dnskeys;
	const char *missing;
	if (rule == DNSSEC_OFF) return OK;
	if (!node_rrset(zone_apex(v), RR_DNSKEY, &dnskeys)) {
		if (rule == DNSSEC_WARN) return OK;
		check_blame(out_objection, REASON_DNSSEC_MISSING, version_apex(v), RR_DNSKEY, "is missing");
		return ERR_REFUSED;
	}
	if (gnutls_want(&missing) != OK) {
		why_set(out_objection, REASON_INTERNAL, "signatures can't be checked: %s", missing);
		return ERR_UNSUPPORTED;
	}
	struct job j = { .v = v, .depth = depth, .now = (uint32_t)now_s, .why = out_objection };
	dnssec_keys_read(&dnskeys, &j.keys);
	enum err e = check_all(&j);
	if (e == OK) warn(&j, out_warning);
	dnssec_keys_done(&j.keys);
	return e;
}
