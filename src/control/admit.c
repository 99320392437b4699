/* Who may make a request: the operator, who may open control.socket, everything; others what an API key allows.
 *
 *   no key:  over control.socket the operator; over the web socket OPEN requests only
 *   key:     gate (remembered keys, too many tries) --ASK--> database --> gate
 *
 * Whoever's the key is sees its account; a scope of admin, and the operator, see all. */
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "control/admit.h"
#include "control/protocol.h"
#include "inventory/accounts.h"
#include "inventory/gate.h"
#include "inventory/tokens.h"

static bool sees_all(const struct request *r) {
	return !r->caller || r->caller->scope == SCOPE_ADMIN;
}

static json_t *unauthorized(void) {
	return reply_refusal(CONTROL_CODE_UNAUTHORIZED, "there is no such API key, or its time is over");
}

static json_t *wait_reply(const struct gate_answer *answer) {
	json_t *reply = reply_refusal(CONTROL_CODE_TRIES,
	                              answer->tries ? "too many tries with keys that are none; wait"
	                                            : "too many requests of this account; wait");
	if (reply)
		(void)json_object_set_new(reply, "wait",
		                          json_integer(answer->wait_s)); /* out of memory: without it */
	return reply;
}

static enum request_who reach_of(enum scope scope) {
	return scope == SCOPE_ADMIN ? REQUEST_ADMIN : scope == SCOPE_WRITE ? REQUEST_WRITE : REQUEST_READ;
}

static json_t *scope_fault(const struct request *r) {
	char text[160];
	if (reach_of(r->caller->scope) >= r->row->who) return NULL;
	if (r->row->who == REQUEST_OPERATOR)
		return reply_refusal(CONTROL_CODE_FORBIDDEN,
		                     "only the operator may do this, at control.socket");
	snprintf(text, sizeof(text), "the key has the scope %s; this needs %s", scope_text(r->caller->scope),
	         r->row->who == REQUEST_ADMIN ? "admin" : "write");
	return reply_refusal(CONTROL_CODE_FORBIDDEN, text);
}

/* A key that is bound to zones or to a primary leaves alone what is the whole account's: names of primaries, TSIG keys
 * and API keys reach other zones too, and the log of changes tells of them. */
static json_t *bound_fault(const struct request *r) {
	const struct caller *c = r->caller;
	bool of_zones = strncmp(r->row->name, "zone", 4) == 0;
	bool whole = (r->row->who == REQUEST_WRITE && !of_zones) || strcmp(r->row->name, "token.list") == 0 ||
	             strcmp(r->row->name, "audit.page") == 0;
	if (!whole || (!c->zones && !c->has_primary)) return NULL;
	return reply_refusal(
		CONTROL_CODE_FORBIDDEN,
		"the key is bound to zones or to a primary, and this is about the whole account");
}

/* NULL: go on, with the caller, or to the desk (r->stage). */
static json_t *judge(struct request *r, const struct gate_answer *answer) {
	json_t *fault;
	switch (answer->verdict) {
	case GATE_KNOWN:
		caller_ref(answer->caller);
		r->caller = answer->caller;
		r->account = sees_all(r) ? 0 : r->caller->account;
		fault = scope_fault(r);
		return fault ? fault : bound_fault(r);
	case GATE_ASK: r->stage = STAGE_VERIFY; return NULL;
	case GATE_WAIT: return wait_reply(answer);
	case GATE_UNKNOWN: break;
	}
	return unauthorized();
}

static const struct addr *source_of(const struct request *r, struct addr *source) {
	const char *text = asked_text(r, "from");
	return text && addr_parse(text, 0, source) == OK ? source : NULL;
}

json_t *admit(struct request *r) {
	struct addr source;
	const char *key = asked_text(r, "key");
	r->admitted = true;
	if (!key && (r->row->who == REQUEST_OPEN || r->from->is_operator)) return NULL;
	if (!key) return reply_refusal(CONTROL_CODE_UNAUTHORIZED, "an API key is needed");
	if (!r->backend->gate) return unauthorized();
	struct gate_answer answer = gate_look(r->backend->gate, key, source_of(r, &source), clock_now());
	return judge(r, &answer);
}

/* -- what only the database can tell --------------------------------------------------------------------------------- */

/* By public id or by name. */
static enum err find_account(const struct row_work *w, const char *text, int64_t *out_account) {
	struct row_page page = { .limit = ROWS_PAGE_MAX };
	json_t *list = NULL, *row;
	size_t i, count = ROWS_PAGE_MAX;
	enum err e = account_find(w, text, out_account);
	char id[SECRET_ID_LEN + 1] = "";
	while (e == ERR_NOTFOUND && count == ROWS_PAGE_MAX) {
		e = account_page(w, &page, &list);
		if (e != OK) return e;
		e = ERR_NOTFOUND;
		count = json_array_size(list);
		json_array_foreach(list, i, row) {
			const char *name = json_string_value(json_object_get(row, "name"));
			snprintf(id, sizeof(id), "%s", json_string_value(json_object_get(row, "id")));
			if (!name || strcmp(name, text) != 0) continue;
			e = account_find(w, id, out_account);
			break;
		}
		json_decref(list);
		page.after = id;
	}
	return e;
}

/* Who sees all may ask for one account's; others have theirs anyway.  A consent's account is the other one. */
bool admit_wants_account(const struct request *r) {
	return !r->has_account && asked_text(r, "account") != NULL &&
	       strncmp(r->row->name, "consent.", 8) != 0;
}

void admit_account(struct request *r) {
	struct row_work work;
	struct why why = { .reason = REASON_NONE };
	const char *id = asked_text(r, "account");
	r->has_account = true;
	if (!sees_all(r)) {
		if (strcmp(id, r->caller->account_id) !=
		    0) /* its name is nothing that is asked for with a key */
			r->reply = reply_refusal(CONTROL_CODE_NOT_FOUND, "there is no such account");
		return;
	}
	enum err e = request_rows(r, &work, &why);
	if (e == OK) e = find_account(&work, id, &r->account);
	if (e == ERR_NOTFOUND)
		r->reply = reply_refusal(CONTROL_CODE_NOT_FOUND, "there is no such account");
	else if (e != OK)
		r->reply = reply_refusal(CONTROL_CODE_UNAVAILABLE, "the database cannot be had");
}

void admit_verify(struct request *r) {
	struct row_work work;
	struct why why = { .reason = REASON_NONE };
	enum err e = request_rows(r, &work, &why);
	if (e == OK) e = token_verify(&work, asked_text(r, "key"), &r->caller);
	if (e == OK || e == ERR_NOTFOUND || e == ERR_TIMEOUT) return;
	r->reply = reply_refusal(CONTROL_CODE_UNAVAILABLE,
	                         why.evidence[0] ? why.evidence : "the database cannot be had");
}

json_t *admit_verified(struct request *r) {
	struct addr source;
	const struct caller *found = r->caller;
	r->caller = NULL;
	struct gate_answer answer = gate_learn(r->backend->gate, asked_text(r, "key"), source_of(r, &source),
	                                       found, clock_now());
	json_t *reply = judge(r, &answer);
	caller_unref(found);
	return reply;
}

/* -- what the request may see ------------------------------------------------------------------------------------------ */

bool request_may_see(const struct request *r, const uint8_t *zone) {
	char text[NAME_TEXT_MAX];
	const struct control_backend *b = r->backend;
	if (!r->caller) return true;
	if (!sees_all(r) && b->zone_account(b->ctx, zone) != r->caller->account) return false;
	if (r->caller->has_primary && !(b->zone_within && b->zone_within(b->ctx, zone, r->caller)))
		return false;
	return !caller_is_kept_from(r->caller, name_text_short(zone, text));
}

struct inventory_who request_who(const struct request *r, char text[static WHO_TEXT_MAX]) {
	struct inventory_who who = { .account = sees_all(r) ? 0 : r->caller->account,
		                     .is_admin = sees_all(r),
		                     .source = asked_text(r, "from"),
		                     .now_s = clock_now().wall_s,
		                     .name = text };
	if (r->caller)
		snprintf(text, WHO_TEXT_MAX, "token %s (%s)", r->caller->name, r->caller->prefix);
	else
		snprintf(text, WHO_TEXT_MAX, "%s", r->from->who);
	return who;
}

/* -- the other end of control.socket ------------------------------------------------------------------------------------ */

void admit_peer(unsigned uid, char out_who[static WHO_TEXT_MAX]) {
	struct passwd entry, *found = NULL;
	char buf[4096];
	if (getpwuid_r((uid_t)uid, &entry, buf, sizeof(buf), &found) == 0 && found)
		snprintf(out_who, WHO_TEXT_MAX, "uid %u (%.60s)", uid, found->pw_name);
	else
		snprintf(out_who, WHO_TEXT_MAX, "uid %u", uid);
}
