/* For functional tests: walk to a zone below roots of one's own and judge a claim.  Arguments are word and value:
 *   root ADDRESS@PORT   zone NAME   token TEXT   primary ADDRESS@PORT   our-server NAME   our-address ADDRESS
 *   account ID (its names are made of every our-server, which come first)   vanity NAME
 *   above consents|delegates|nothing   below consents|nothing   only-root ADDRESS@PORT (in place of all before)
 * Prints words and values, a line each. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diagnose/proof.h"
#include "diagnose/walker.h"
#include "inventory/names.h"

#define MANY 16

struct probe {
	struct addr roots[MANY], primaries[MANY], our_addresses[MANY];
	struct name our_servers[MANY], account_servers[MANY], zone;
	struct proof_neighbour neighbours[MANY];
	unsigned root_count;
	struct proof_claim claim;
	struct walker *walker;
	struct findings found;
	uv_loop_t loop;
};

static void need(bool ok, const char *what) {
	if (ok) return;
	fprintf(stderr, "wrong: %s\n", what);
	exit(2);
}

static void add_addr(struct addr *list, unsigned *count, const char *text) {
	need(*count < MANY && addr_parse(text, 53, &list[*count]) == OK, text);
	++*count;
}

static void add_name(struct name *list, unsigned *count, const char *text) {
	need(*count < MANY && name_parse(text, &list[*count]) == OK, text);
	++*count;
}

static void add_account(struct probe *p, const char *id) {
	struct proof_claim *c = &p->claim;
	for (unsigned i = 0; i < c->our_server_count; i++) {
		struct name *to = &p->account_servers[c->account_server_count++];
		need(proof_account_server(id, &p->our_servers[i], to) == OK, id);
	}
}

static void add_neighbour(struct probe *p, bool above, const char *how) {
	p->neighbours[p->claim.neighbour_count++] = (struct proof_neighbour){
		.above = above, .consents = !strcmp(how, "consents"), .delegates = !strcmp(how, "delegates")
	};
}

static void take(struct probe *p, const char *word, const char *value) {
	struct proof_claim *c = &p->claim;
	if (!strcmp(word, "only-root")) p->root_count = 0;
	if (!strcmp(word, "root") || !strcmp(word, "only-root"))
		add_addr(p->roots, &p->root_count, value);
	else if (!strcmp(word, "zone"))
		need(name_parse(value, &p->zone) == OK, value);
	else if (!strcmp(word, "token"))
		c->token = value;
	else if (!strcmp(word, "primary"))
		add_addr(p->primaries, &c->primary_count, value);
	else if (!strcmp(word, "our-server"))
		add_name(p->our_servers, &c->our_server_count, value);
	else if (!strcmp(word, "our-address"))
		add_addr(p->our_addresses, &c->our_address_count, value);
	else if (!strcmp(word, "account"))
		add_account(p, value);
	else if (!strcmp(word, "vanity"))
		add_name(p->account_servers, &c->account_server_count, value);
	else if (!strcmp(word, "above") || !strcmp(word, "below"))
		add_neighbour(p, word[0] == 'a', value);
	else
		need(false, word);
}

static void on_stopped(void *ctx) {
	(void)ctx;
}

static void on_found(void *ctx, const struct findings *found) {
	struct probe *p = ctx;
	p->found = *found;
	walker_stop(p->walker, on_stopped, p);
}

static void walk(struct probe *p) {
	struct random random = random_secure();
	struct walker_settings settings = { p->roots, p->root_count };
	need(uv_loop_init(&p->loop) == 0, "loop");
	p->walker = walker_new(&p->loop, &settings, &random);
	need(walker_start(p->walker, p->zone.wire, on_found, p) != NULL, "start");
	uv_run(&p->loop, UV_RUN_DEFAULT);
	p->claim.port = walker_port(p->walker);
	p->claim.anywhere = walker_anywhere(p->walker);
	walker_free(p->walker);
	need(uv_loop_close(&p->loop) == 0, "something is left open");
}

static void judge(struct probe *p, struct proof_verdict *out) {
	struct name_rules *rules;
	struct proof_claim *c = &p->claim;
	need(name_rules_open(&rules) == OK, "list of public suffixes");
	c->zone = p->zone.wire;
	c->primaries = p->primaries;
	c->our_servers = p->our_servers;
	c->our_addresses = p->our_addresses;
	c->account_servers = p->account_servers;
	c->neighbours = p->neighbours;
	if (!c->token) c->token = "";
	c->parent_is_public = p->found.parent.len == 0 ||
	                      name_rules_public_suffix(rules, p->found.parent.wire);
	proof_judge(c, &p->found, out);
	name_rules_close(rules);
}

static void print(const struct probe *p, const struct proof_verdict *v) {
	static const char *const words[] = { "none", "failed", "no", "no-name", "yes" };
	char text[NAME_TEXT_MAX], address[ADDR_TEXT_MAX];
	const struct findings *f = &p->found;
	printf("delegation %s\nby-child %d\nparent %s\n", words[f->delegation], f->by_child,
	       f->parent.len ? name_text_short(f->parent.wire, text) : "-");
	for (unsigned i = 0; i < f->server_count; i++) {
		printf("server %s", name_text_short(f->servers[i].name.wire, text));
		for (unsigned k = 0; k < f->servers[i].address_count; k++)
			printf(" %s", addr_text(&f->servers[i].addresses[k], address));
		printf("\n");
	}
	printf("challenge %s\napex %s\nabove %s\n", words[f->challenge.found], words[f->apex.found],
	       words[f->above.found]);
	printf("questions %u\ntrouble %s\n", f->questions, f->trouble);
	printf("proof %s\nfault %s\ntext %s\n", proof_kind_text(v->kind), proof_fault_slug(v->fault),
	       v->text);
}

int main(int argc, char **argv) {
	static struct probe p;
	struct proof_verdict verdict;
	for (int i = 1; i + 1 < argc; i += 2)
		take(&p, argv[i], argv[i + 1]);
	walk(&p);
	judge(&p, &verdict);
	print(&p, &verdict);
	return 0;
}
