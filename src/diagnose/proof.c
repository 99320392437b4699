#include "diagnose/proof.h"

#include <stdio.h>
#include <string.h>

#include "diagnose/special.h"
#include "inventory/claims.h"

#define PORT_TLS 853 /* RFC 7858 section 3.1 */

struct fault_row {
	const char *slug, *text, *advice;
};
static const struct fault_row fault_rows[] = {
#define PROOF_FAULT(name, slug, text, advice) { slug, text, advice },
#include "diagnose/proof.def"
#undef PROOF_FAULT
};

static const char *const kind_texts[] = { CLAIM_PENDING, CLAIM_PRIMARIES, CLAIM_TXT, CLAIM_NAME_SERVERS };

/* -- what is in the findings -- */

static bool is_one_of(const uint8_t *name, const struct name *names, unsigned count) {
	for (unsigned i = 0; i < count; i++)
		if (name_equal(name, names[i].wire)) return true;
	return false;
}

static bool is_account_server(const struct proof_claim *c, const struct findings_server *server) {
	return is_one_of(server->name.wire, c->account_servers, c->account_server_count);
}

static bool is_our_server(const struct proof_claim *c, const struct findings_server *server) {
	return is_account_server(c, server) ||
	       is_one_of(server->name.wire, c->our_servers, c->our_server_count);
}

static bool is_our_address(const struct proof_claim *c, const struct addr *a) {
	for (unsigned i = 0; i < c->our_address_count; i++)
		if (addr_same_ip(&c->our_addresses[i], a)) return true;
	return false;
}

static bool names_account(const struct proof_claim *c, const struct findings *found) {
	for (unsigned i = 0; i < found->server_count; i++)
		if (is_account_server(c, &found->servers[i])) return true;
	return false;
}

static bool names_us(const struct proof_claim *c, const struct findings *found) {
	for (unsigned i = 0; i < found->server_count; i++)
		if (is_our_server(c, &found->servers[i])) return true;
	return false;
}

/* One of the delegated servers that are not ours has this address. */
static bool is_delegated_address(const struct proof_claim *c, const struct findings *found,
                                 const struct addr *a) {
	if (is_our_address(c, a) || (!c->anywhere && addr_is_special(a))) return false;
	for (unsigned i = 0; i < found->server_count; i++) {
		const struct findings_server *server = &found->servers[i];
		if (is_our_server(c, server)) continue;
		for (unsigned k = 0; k < server->address_count; k++)
			if (addr_same_ip(&server->addresses[k], a)) return true;
	}
	return false;
}

/* Another port of the same address may be another customer's of the same machine. */
static bool is_public_port(const struct proof_claim *c, unsigned i) {
	uint16_t port = c->primaries[i].port;
	return port == c->port || (port == PORT_TLS && c->primary_tls && c->primary_tls[i]);
}

static bool has_token(const struct proof_claim *c, const struct findings_texts *texts) {
	for (unsigned i = 0; i < texts->count; i++)
		if (strcmp(texts->items[i], c->token) == 0) return true;
	return false;
}

static bool proves_by_text(const struct proof_claim *c, const struct findings *found) {
	if (c->token[0] == '\0') return false;
	if (has_token(c, &found->challenge) || has_token(c, &found->apex)) return true;
	return !c->parent_is_public && has_token(c, &found->above);
}

/* PROOF_FAULT_NONE: proven. */
static enum proof_fault judge_primaries(const struct proof_claim *c, const struct findings *found) {
	if (c->primary_count == 0) return PROOF_FAULT_NO_PROOF;
	unsigned delegated = 0, public_ports = 0;
	for (unsigned i = 0; i < c->primary_count; i++) {
		if (!is_delegated_address(c, found, &c->primaries[i])) continue;
		delegated++;
		public_ports += is_public_port(c, i);
	}
	bool us = names_us(c, found);
	if (delegated == 0) return us ? PROOF_FAULT_PRIMARY_NOT_DELEGATED : PROOF_FAULT_NO_PROOF;
	if (!us) return PROOF_FAULT_NOT_OURS;
	if (delegated < c->primary_count) return PROOF_FAULT_PRIMARY_NOT_DELEGATED;
	return public_ports < c->primary_count ? PROOF_FAULT_PRIMARY_PORT : PROOF_FAULT_NONE;
}

/* Only what the zone above says itself is delegated; a server that holds both zones shows the lower. */
static bool is_visibly_delegated(const struct findings *found) {
	return found->delegation == FINDING_YES && !found->by_child;
}

static bool has_other_token(const struct findings *found) {
	return found->challenge.count > 0 || found->apex.count > 0;
}

static enum proof_fault fault_without_delegation(const struct findings *found) {
	if (found->delegation == FINDING_FAILED || found->delegation == FINDING_NONE)
		return PROOF_FAULT_UNREACHABLE;
	return has_other_token(found) ? PROOF_FAULT_OTHER_TOKEN : PROOF_FAULT_NOT_DELEGATED;
}

static enum proof_kind find_proof(const struct proof_claim *c, const struct findings *found,
                                  enum proof_fault *out_fault) {
	*out_fault = PROOF_FAULT_NONE;
	if (found->delegation == FINDING_YES && names_account(c, found)) return PROOF_NAME_SERVERS;
	if (proves_by_text(c, found)) return PROOF_TXT;
	if (found->delegation != FINDING_YES) {
		*out_fault = fault_without_delegation(found);
		return PROOF_MISSING;
	}
	*out_fault = judge_primaries(c, found);
	if (*out_fault == PROOF_FAULT_NONE) return PROOF_PRIMARY_DELEGATED;
	if (has_other_token(found)) *out_fault = PROOF_FAULT_OTHER_TOKEN;
	return PROOF_MISSING;
}

/* -- other accounts' zones on the branch -- */

static enum proof_fault judge_neighbour(const struct proof_neighbour *n, enum proof_kind kind,
                                        const struct findings *found) {
	if (n->consents) return PROOF_FAULT_NONE;
	if (n->above)
		return n->delegates || is_visibly_delegated(found) ? PROOF_FAULT_NONE
		                                                   : PROOF_FAULT_ZONE_ABOVE;
	bool strong = kind == PROOF_TXT || kind == PROOF_NAME_SERVERS;
	return strong && is_visibly_delegated(found) ? PROOF_FAULT_NONE : PROOF_FAULT_ZONE_BELOW;
}

static enum proof_fault judge_neighbours(const struct proof_claim *c, enum proof_kind kind,
                                         const struct findings *found) {
	enum proof_fault fault = PROOF_FAULT_NONE;
	for (unsigned i = 0; i < c->neighbour_count && fault == PROOF_FAULT_NONE; i++)
		fault = judge_neighbour(&c->neighbours[i], kind, found);
	return fault;
}

/* -- the verdict in words -- */

static void write_text(const struct findings *found, struct proof_verdict *v) {
	const struct fault_row *row = &fault_rows[v->fault];
	const char *trouble = v->fault == PROOF_FAULT_UNREACHABLE ? found->trouble : "";
	int len = snprintf(v->text, sizeof(v->text), "%s%s%s%s %s", row->text, *trouble ? " (" : "", trouble,
	                   *trouble ? ")" : "", row->advice);
	if (len < 0) v->text[0] = '\0';
}

void proof_judge(const struct proof_claim *claim, const struct findings *found,
                 struct proof_verdict *out_verdict) {
	struct proof_verdict v = { 0 };
	v.kind = find_proof(claim, found, &v.fault);
	if (v.kind != PROOF_MISSING) v.fault = judge_neighbours(claim, v.kind, found);
	if (v.fault != PROOF_FAULT_NONE) {
		v.kind = PROOF_MISSING;
		write_text(found, &v);
	}
	*out_verdict = v;
}

const char *proof_kind_text(enum proof_kind kind) {
	return kind_texts[kind];
}

enum err proof_kind_parse(const char *text, enum proof_kind *out_kind) {
	for (unsigned i = 0; i < sizeof(kind_texts) / sizeof(kind_texts[0]); i++) {
		if (strcmp(text, kind_texts[i]) != 0) continue;
		*out_kind = (enum proof_kind)i;
		return OK;
	}
	return ERR_NOTFOUND;
}

const char *proof_fault_slug(enum proof_fault fault) {
	return fault_rows[fault].slug;
}

bool proof_needed_anew(enum proof_kind kind, bool account_changed, bool primaries_changed) {
	return claim_ends(kind_texts[kind], account_changed, primaries_changed);
}

bool proof_beats(enum proof_kind next, enum proof_kind held) {
	bool controls = next == PROOF_TXT || next == PROOF_NAME_SERVERS;
	return held == PROOF_MISSING ? next != PROOF_MISSING : controls && held == PROOF_PRIMARY_DELEGATED;
}

enum err proof_account_server(const char *account_public_id, const struct name *server,
                              struct name *out_name) {
	struct name name;
	size_t len = strlen(account_public_id);
	if (len == 0 || len > LABEL_MAX_LEN) return ERR_NAME;
	struct writer w = writer_init(name.wire, sizeof(name.wire));
	write_u8(&w, (uint8_t)len);
	write_bytes(&w, account_public_id, len);
	write_bytes(&w, server->wire, server->len);
	if (w.failed) return ERR_LIMIT;
	name.len = (uint8_t)w.len;
	name_to_lower(&name);
	*out_name = name;
	return OK;
}

void proof_advise(const struct proof_claim *claim, char *out, size_t size) {
	char zone[NAME_TEXT_MAX], server[NAME_TEXT_MAX];
	bool has_server = claim->account_server_count > 0;
	name_text_short(claim->zone, zone);
	if (has_server) name_text_short(claim->account_servers[0].wire, server);
	int len = snprintf(
		out, size,
		"To show that %s is yours, publish the TXT record %s.%s with the text %s%s%s%s; or have every"
		" primary and one of our name servers in its delegation.",
		zone, FINDINGS_LABEL, zone, FINDINGS_PREFIX, claim->token,
		has_server ? "; or delegate it to " : "", has_server ? server : "");
	if (len < 0 && size > 0) out[0] = '\0';
}
