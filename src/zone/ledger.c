#include "zone/ledger.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/random.h"
#include "zone/digest.h"
#include "zone/nsec3.h"

#define TABLE_FIRST_CAP 64
#define PLACES_MAX (UINT32_MAX / 2)
#define RECORD_FIXED 8 /* as zone/collect.h lays it out */

/* -- tables --------------------------------------------------------------------------------------------------- */

static uint32_t fold(uint64_t hash) {
	return (uint32_t)(hash ^ hash >> 32);
}

static void table_put(struct ledger_table *t, uint32_t hash, uint32_t place) {
	size_t at = hash & (t->cap - 1);
	while (t->slots[at].place)
		at = (at + 1) & (t->cap - 1);
	t->slots[at] = (struct ledger_slot){ hash, place };
}

/* Room for one more than `used`. */
static enum err table_room(struct ledger_table *t, size_t used) {
	if (used < t->cap / 4 * 3) return OK;
	if (used >= PLACES_MAX) return ERR_LIMIT;
	struct ledger_table grown = { .cap = t->cap ? t->cap * 2 : TABLE_FIRST_CAP };
	grown.slots = try_malloc(grown.cap * sizeof(*grown.slots));
	if (!grown.slots) return ERR_NOMEM;
	memset(grown.slots, 0, grown.cap * sizeof(*grown.slots));
	for (size_t i = 0; i < t->cap; i++)
		if (t->slots[i].place) table_put(&grown, t->slots[i].hash, t->slots[i].place);
	free(t->slots);
	*t = grown;
	return OK;
}

/* Room for one more element of an array. */
static enum err array_room(void **array, size_t count, size_t *cap, size_t size) {
	if (count < *cap) return OK;
	size_t wanted = *cap ? *cap * 2 : TABLE_FIRST_CAP;
	void *grown = try_realloc(*array, wanted * size);
	if (!grown) return ERR_NOMEM;
	*array = grown;
	*cap = wanted;
	return OK;
}

/* -- records -------------------------------------------------------------------------------------------------- */

static uint64_t record_hash(const struct ledger *l, uint32_t owner, const struct collected *r) {
	uint8_t stack[512], *canonical = stack;
	if (r->rdlength > sizeof(stack)) canonical = xmalloc(r->rdlength); /* at most 64 KiB */
	rdata_canonical(r->type, r->rdata, r->rdlength, canonical);
	uint64_t hash = digest_bytes(canonical, r->rdlength, l->seed ^ ((uint64_t)owner << 16 | r->type));
	if (canonical != stack) free(canonical);
	return hash;
}

static struct ledger_record *record_find(const struct ledger *l, uint32_t owner, const struct collected *r,
                                         uint64_t hash) {
	const struct ledger_table *t = &l->by_record;
	if (!t->cap) return NULL;
	for (size_t at = fold(hash) & (t->cap - 1); t->slots[at].place; at = (at + 1) & (t->cap - 1)) {
		if (t->slots[at].hash != fold(hash)) continue;
		struct ledger_record *known = &l->records[t->slots[at].place - 1];
		if (known->hash == hash && known->owner == owner && known->data.type == r->type &&
		    rdata_compare(r->type, known->data.rdata, known->data.rdlength, r->rdata, r->rdlength) ==
		            0)
			return known;
	}
	return NULL;
}

static enum err record_add(struct ledger *l, uint32_t owner, const struct collected *r, uint64_t hash) {
	enum err e = table_room(&l->by_record, l->record_count);
	if (e == OK)
		e = array_room((void **)&l->records, l->record_count, &l->record_cap, sizeof(*l->records));
	if (e != OK) return e;
	struct ledger_owner *o = &l->owners[owner];
	l->records[l->record_count] = (struct ledger_record){
		.data = *r, .hash = hash, .owner = owner, .next = o->first, .there = true
	};
	o->first = (uint32_t)l->record_count++;
	table_put(&l->by_record, fold(hash), (uint32_t)l->record_count);
	return OK;
}

static enum err load_data(struct ledger *l, uint32_t owner, struct collected r, const uint8_t *data,
                          unsigned count) {
	enum err e = OK;
	while (count-- > 0 && e == OK) {
		r.rdata = rrset_next(&data, &r.rdlength);
		e = record_add(l, owner, &r, record_hash(l, owner, &r));
	}
	return e;
}

static enum err load_node(struct ledger *l, uint32_t owner, struct node n) {
	enum err e = OK;
	unsigned count = node_found(n) ? node_rrset_count(n) : 0;
	for (unsigned i = 0; i < count && e == OK; i++) {
		struct rrset set;
		node_rrset_at(n, i, &set);
		struct collected record = { .type = set.type, .ttl_s = set.ttl_s };
		struct collected sig = { .type = RR_RRSIG, .ttl_s = set.sig_ttl_s };
		e = load_data(l, owner, record, set.rdatas, set.count);
		if (e == OK) e = load_data(l, owner, sig, set.sigs, set.sig_count);
	}
	return e;
}

const struct collected *ledger_next(const struct ledger *l, uint32_t *at) {
	while (*at != LEDGER_NONE) {
		const struct ledger_record *r = &l->records[*at];
		*at = r->next;
		if (r->there) return &r->data;
	}
	return NULL;
}

/* -- owners --------------------------------------------------------------------------------------------------- */

static uint64_t name_hash(const struct ledger *l, const uint8_t *relative, struct name *out_lower) {
	out_lower->len = (uint8_t)name_len(relative);
	name_lower_to(out_lower->wire, relative, out_lower->len);
	return layers_hash(l->v->image.header->seed, out_lower->wire);
}

static uint32_t owner_find(const struct ledger *l, const uint8_t *relative, uint64_t hash) {
	const struct ledger_table *t = &l->by_name;
	if (!t->cap) return LEDGER_NONE;
	for (size_t at = fold(hash) & (t->cap - 1); t->slots[at].place; at = (at + 1) & (t->cap - 1)) {
		if (t->slots[at].hash != fold(hash)) continue;
		if (name_equal(l->owners[t->slots[at].place - 1].name, relative))
			return t->slots[at].place - 1;
	}
	return LEDGER_NONE;
}

uint32_t ledger_find(const struct ledger *l, const uint8_t *relative) {
	struct name lower;
	return owner_find(l, relative, name_hash(l, relative, &lower));
}

static struct node there_only(struct node n) {
	if (node_found(n) && node_is_gone(n)) n.at = NULL;
	return n;
}

static struct ledger_owner owner_of(const struct ledger *l, const uint8_t *relative, const struct name *lower,
                                    uint64_t hash) {
	struct ledger_owner o = { .name = relative, .hash = hash, .first = LEDGER_NONE };
	if (relative[0] == 0)
		o.node = zone_apex(l->v);
	else
		o.node = there_only(layers_probe(l->v, hash, lower->wire, lower->len - 1U));
	if ((l->v->image.header->flags & IMAGE_HAS_NSEC3) && nsec3_owner_is_sound(relative))
		o.apart = there_only(layers_nsec3(l->v, relative));
	/* What goes may be named in other case: what stays keeps its own (RFC 4343 section 4.1). */
	uint8_t len;
	if (node_found(o.node) || node_found(o.apart))
		o.name = node_relative(node_found(o.node) ? o.node : o.apart, &len);
	return o;
}

enum err ledger_name(struct ledger *l, const uint8_t *relative, uint32_t *out_owner) {
	struct name lower;
	uint64_t hash = name_hash(l, relative, &lower);
	uint32_t known = owner_find(l, relative, hash);
	if (known == LEDGER_NONE) {
		enum err e = table_room(&l->by_name, l->owner_count);
		if (e == OK)
			e = array_room((void **)&l->owners, l->owner_count, &l->owner_cap,
			               sizeof(*l->owners));
		if (e != OK) return e;
		known = (uint32_t)l->owner_count++;
		l->owners[known] = owner_of(l, relative, &lower, hash);
		table_put(&l->by_name, fold(hash), known + 1);
	}
	*out_owner = known;
	return OK;
}

static enum err open_owner(struct ledger *l, const uint8_t *relative, uint32_t *out_owner) {
	uint32_t owner;
	enum err e = ledger_name(l, relative, &owner);
	if (e == OK && !l->owners[owner].open) {
		struct node node = l->owners[owner].node, apart = l->owners[owner].apart;
		l->owners[owner].open = true;
		e = load_node(l, owner, node);
		if (e == OK) e = load_node(l, owner, apart);
	}
	if (e == OK) *out_owner = owner;
	return e;
}

/* -- steps ---------------------------------------------------------------------------------------------------- */

static enum err fail(const struct ledger *l, enum err e, enum reason reason, const struct change *step,
                     const struct change_record *r, const char *what) {
	char owner[NAME_TEXT_MAX], type[RRTYPE_TEXT_MAX];
	struct name name;
	if (name_join(r->owner, version_apex(l->v), &name) != OK) name_copy(&name, version_apex(l->v));
	why_set(l->why, reason, "from serial %u to %u: %.120s %s %s", step->from, step->to,
	        name_text_short(name.wire, owner), rrtype_text(r->type, type), what);
	return e;
}

/* What a zone may not hold, whoever sends it; the rdata was checked when the step was made. */
static enum err check_addition(const struct ledger *l, const struct change *step,
                               const struct change_record *r) {
	struct name whole;
	if (name_join(r->owner, version_apex(l->v), &whole) != OK)
		return fail(l, ERR_OUTZONE, REASON_OUT_OF_ZONE, step, r, "has a name that is too long");
	if (rrtype_has(rrtype_info(r->type), RRF_META) || r->type == 0)
		return fail(l, ERR_RDATA, REASON_BAD_RECORD, step, r, "is of a type that is not zone data");
	if (r->type == RR_SOA && r->owner[0] != 0)
		return fail(l, ERR_BADZONE, REASON_BAD_ZONE, step, r, "stands below the apex");
	return OK;
}

static int64_t octets_of(const struct change_record *r) {
	return RECORD_FIXED + (int64_t)((r->rdlength + 3U) & ~3U);
}

static enum err remove_record(struct ledger *l, const struct change *step, const struct change_record *r,
                              struct ledger_record *known) {
	if (!known || !known->there)
		return fail(l, ERR_MISMATCH, REASON_IXFR_MISMATCH, step, r,
		            "is to be removed and is not there");
	known->there = false;
	l->added_records--;
	l->added_octets -= octets_of(r);
	return OK;
}

static enum err add_record(struct ledger *l, const struct change *step, const struct change_record *r,
                           uint32_t owner, struct ledger_record *known, uint64_t hash) {
	struct collected data = {
		.type = r->type, .rdlength = r->rdlength, .ttl_s = r->ttl_s, .rdata = r->rdata
	};
	if (known && known->there)
		return fail(l, ERR_MISMATCH, REASON_IXFR_MISMATCH, step, r, "is to be added and is there");
	enum err e = check_addition(l, step, r);
	if (e != OK) return e;
	if (known) {
		known->data = data;
		known->there = true;
	} else {
		e = record_add(l, owner, &data, hash);
	}
	l->owners[owner].name = r->owner;
	l->added_records++;
	l->added_octets += octets_of(r);
	return e;
}

static enum err play_side(struct ledger *l, const struct change *step, enum change_side side, bool remove) {
	struct change_walk walk = { 0 };
	struct change_record r;
	uint32_t owner = 0;
	enum err e = OK;
	while (e == OK && change_next(step, side, &walk, &r)) {
		struct collected data = { .type = r.type, .rdlength = r.rdlength, .rdata = r.rdata };
		if (!name_equal(r.owner, l->owners[owner].name)) e = open_owner(l, r.owner, &owner);
		if (e != OK) break;
		uint64_t hash = record_hash(l, owner, &data);
		struct ledger_record *known = record_find(l, owner, &data, hash);
		e = remove ? remove_record(l, step, &r, known) : add_record(l, step, &r, owner, known, hash);
	}
	return e;
}

static enum err play_step(struct ledger *l, const struct change *step, bool back) {
	uint32_t before = back ? step->to : step->from;
	if (before != l->serial) {
		why_set(l->why, REASON_IXFR_MISMATCH, "a step from serial %u to %u does not fit serial %u",
		        step->from, step->to, l->serial);
		return ERR_MISMATCH;
	}
	enum err e = play_side(l, step, back ? CHANGE_ADDED : CHANGE_REMOVED, true);
	if (e == OK) e = play_side(l, step, back ? CHANGE_REMOVED : CHANGE_ADDED, false);
	if (e == OK) l->serial = back ? step->from : step->to;
	return e;
}

enum err ledger_apply(struct ledger *l, struct change *const *steps, unsigned count,
                      enum apply_direction direction) {
	bool back = direction == APPLY_BACKWARD;
	enum err e = OK;
	for (unsigned i = 0; i < count && e == OK; i++)
		e = play_step(l, steps[back ? count - 1 - i : i], back);
	return e;
}

enum err ledger_init(struct ledger *l, const struct zone_version *v, struct why *why) {
	static const uint8_t apex[] = { 0 };
	uint32_t owner;
	*l = (struct ledger){ .v = v, .why = why, .seed = random_seed(), .serial = version_serial(v) };
	enum err e = open_owner(l, apex, &owner);
	if (e != OK) ledger_done(l);
	return e;
}

void ledger_done(struct ledger *l) {
	free(l->owners);
	free(l->records);
	free(l->by_name.slots);
	free(l->by_record.slots);
	*l = (struct ledger){ 0 };
}
