/* Zone file text (RFC 1035 section 5.1) of a version, slice by slice: nothing is kept between two calls
 * but the cursor.  Every name is absolute and every record one line, so that any server loads it. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "dns/text.h"
#include "store/store.h"
#include "zone/lookup.h"

static bool write_header(const struct zone_version *v, struct writer *out) {
	const struct image_header *h = v->image.header;
	char apex[NAME_TEXT_MAX], line[NAME_TEXT_MAX + 80];
	int len = snprintf(line, sizeof(line), "; zone %s serial %" PRIu32 " records %" PRIu64 "\n",
	                   name_text(version_apex(v), apex), h->soa.serial, h->record_count);
	assert(len > 0 && (size_t)len < sizeof(line));
	if ((size_t)len > out->cap - out->len) return false;
	write_bytes(out, line, (size_t)len);
	return true;
}

/* The i-th RRset in the order of the file: at the apex the SOA comes first. */
static void rrset_in_order(struct node node, uint32_t i, struct rrset *out_rrset) {
	node_rrset_at(node, i, out_rrset);
	if (!(node_flags(node) & NODE_APEX)) return;
	struct rrset set;
	uint32_t soa = 0;
	for (uint32_t at = 0; at < node_rrset_count(node); at++) {
		node_rrset_at(node, at, &set);
		if (set.type == RR_SOA) soa = at;
	}
	if (i <= soa) node_rrset_at(node, i == 0 ? soa : i - 1, out_rrset);
}

/* One record, whole or not at all. */
static bool write_record(const struct name *owner, uint16_t type, uint32_t ttl_s, const uint8_t *rdata,
                         uint16_t len, struct writer *out) {
	size_t before = out->len;
	if (text_record(owner->wire, type, ttl_s, rdata, len, out) == OK) return true;
	out->len = before;
	out->failed = false;
	return false;
}

/* Records of one RRset from cursor->rdata on; its signatures follow as records of their own. */
static bool write_rrset(const struct name *owner, const struct rrset *set, struct export_cursor *cursor,
                        struct writer *out) {
	uint32_t at = 0;
	const uint8_t *p = set->rdatas, *q = set->sigs;
	for (uint32_t total = (uint32_t)set->count + set->sig_count; at < total; at++) {
		uint16_t len;
		bool is_sig = at >= set->count;
		const uint8_t *rdata = rrset_next(is_sig ? &q : &p, &len);
		if (at < cursor->rdata) continue; /* written by an earlier slice */
		uint16_t type = is_sig ? RR_RRSIG : set->type;
		if (!write_record(owner, type, is_sig ? set->sig_ttl_s : set->ttl_s, rdata, len, out))
			return false;
		cursor->rdata = at + 1;
	}
	cursor->rdata = 0;
	return true;
}

static bool write_node(struct node node, struct export_cursor *cursor, struct writer *out) {
	struct name owner;
	node_owner(node, &owner);
	for (; cursor->rrset < node_rrset_count(node); cursor->rrset++) {
		struct rrset set;
		rrset_in_order(node, cursor->rrset, &set);
		if (!write_rrset(&owner, &set, cursor, out)) return false;
	}
	cursor->rrset = 0;
	return true;
}

bool export_next(const struct zone_version *v, struct export_cursor *cursor, struct writer *out) {
	size_t before = out->len;
	bool room = cursor->header_done || write_header(v, out);
	cursor->header_done |= room;
	while (room) {
		struct node node;
		struct zone_walk walk = cursor->walk;
		if (!zone_walk_next(v, &walk, &node)) return false;
		if (walk.in_nsec3 != cursor->walk.in_nsec3 && out->len > before) return true;
		room = write_node(node, cursor, out);
		if (room) cursor->walk = walk;
	}
	/* A slice that took nothing would take nothing for ever. */
	out->failed = out->len == before;
	return !out->failed;
}
