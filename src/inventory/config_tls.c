/* primaries[].tls: on what terms a primary is asked over TLS (RFC 9103). */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "inventory/config_reader.h"

#define PATH_LEN_MAX 3000

static char *path_or_null(struct config_reader *r, const struct values *v, enum option option) {
	return v->nodes[option] ? path_value(r, v, option, PATH_LEN_MAX) : NULL;
}

/* As certificates have them, or an address. */
static bool is_host(const char *text) {
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
	struct addr a;
	struct name name;
	if (addr_parse(text, 0, &a) == OK) return a.port == 0;
	return strspn(text, letters) == strlen(text) && domain_parse(text, &name) == OK;
}

static void host_read(struct config_reader *r, const struct values *v, struct tls_terms *t) {
	const char *text = value_text(r, v, OPT_PRIMARY_TLS_NAME);
	if (!text) return;
	if (!is_host(text)) value_fault(r, v, OPT_PRIMARY_TLS_NAME, v->nodes[OPT_PRIMARY_TLS_NAME]);
	t->name = xstrdup(text);
}

static void ca_read(struct config_reader *r, const struct values *v, struct tls_terms *t) {
	const char *text = value_text(r, v, OPT_PRIMARY_TLS_CA);
	bool is_system = text ? strcmp(text, TLS_SYSTEM_CA) == 0
	                      : t->mode == TLS_MODE_STRICT && !v->given[OPT_PRIMARY_TLS_PIN];
	if (text && !is_system && r->is_foreign) {
		fault_add(r, value_line(r, v, OPT_PRIMARY_TLS_CA),
		          "%s: expected \"system\"; files may be named in the configuration only",
		          option_row(OPT_PRIMARY_TLS_CA)->path);
		return;
	}
	t->ca = is_system ? xstrdup(TLS_SYSTEM_CA) : path_or_null(r, v, OPT_PRIMARY_TLS_CA);
}

static void pins_read(struct config_reader *r, const struct values *v, struct tls_terms *t) {
	size_t count = value_count(r, v, OPT_PRIMARY_TLS_PIN);
	if (v->nodes[OPT_PRIMARY_TLS_PIN] && (count == 0 || count > TLS_PINS_MAX)) {
		fault_add(r, value_line(r, v, OPT_PRIMARY_TLS_PIN), "%s: expected 1 to %d pins, found %zu",
		          option_row(OPT_PRIMARY_TLS_PIN)->path, TLS_PINS_MAX, count);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		int item = value_item(r, v, OPT_PRIMARY_TLS_PIN, i);
		if (item == 0) continue;
		if (pin_parse(tree_text(r->tree, item), &t->pins[t->pin_count]) == OK)
			t->pin_count++;
		else
			value_fault(r, v, OPT_PRIMARY_TLS_PIN, item);
	}
}

/* A certificate is of no use without its key. */
static void own_read(struct config_reader *r, const struct values *v, struct tls_terms *t) {
	t->certificate = path_or_null(r, v, OPT_PRIMARY_TLS_CERTIFICATE);
	t->key = path_or_null(r, v, OPT_PRIMARY_TLS_KEY);
	if (t->certificate && !t->key) value_missing(r, v, OPT_PRIMARY_TLS_KEY);
	if (t->key && !t->certificate) value_missing(r, v, OPT_PRIMARY_TLS_CERTIFICATE);
}

static void only_with(struct config_reader *r, const struct values *v, enum option option, const char *mode,
                      const char *why) {
	if (!v->given[option]) return;
	fault_add(r, value_line(r, v, option), "%s: expected with \"mode: %s\" only, %s",
	          option_row(option)->path, mode, why);
}

/* Whoever writes down what a certificate must have expects it to be looked at. */
static void check(struct config_reader *r, const struct values *v, const struct tls_terms *t) {
	static const char unseen[] = "no other looks at the primary's certificate";
	if (t->mode == TLS_MODE_OPPORTUNISTIC) {
		only_with(r, v, OPT_PRIMARY_TLS_CA, "strict", unseen);
		only_with(r, v, OPT_PRIMARY_TLS_PIN, "strict", unseen);
		return;
	}
	only_with(r, v, OPT_PRIMARY_TLS_PLAIN_PORT, "opportunistic", "no other ever asks in clear");
	if (t->ca && !t->name) value_missing(r, v, OPT_PRIMARY_TLS_NAME);
}

struct tls_terms *primary_tls_read(struct config_reader *r, int node) {
	static const char *const modes[] = { "strict", "opportunistic", NULL }; /* enum tls_mode */
	struct values v;
	if (node == 0 || !values_read(r, &section_primary_tls, node, &v)) return NULL;
	struct tls_terms t = { .mode = (enum tls_mode)value_word(r, &v, OPT_PRIMARY_TLS_MODE, modes) };
	host_read(r, &v, &t);
	pins_read(r, &v, &t);
	ca_read(r, &v, &t);
	own_read(r, &v, &t);
	t.plain_port = (uint16_t)value_number(r, &v, OPT_PRIMARY_TLS_PLAIN_PORT, 1, 65535);
	check(r, &v, &t);
	return xmemdup(&t, sizeof(t));
}
