#include "inventory/primary_config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./"
#define BASE64_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/="
#define DNS_PORT 53

/* One part being written. */
struct part {
	struct primary_config *config;
	FILE *lines; /* NULL: memory is short */
	char *where, *text;
	size_t len;
};

__attribute__((format(printf, 2, 3))) static struct part part_begin(struct primary_config *config,
                                                                    const char *where, ...) {
	struct part p = { .config = config };
	va_list args;
	va_start(args, where);
	if (vasprintf(&p.where, where, args) < 0) p.where = NULL;
	va_end(args);
	return p;
}

/* The stream points into the part, which stays where it is until part_end. */
static FILE *part_open(struct part *p) {
	p->lines = open_memstream(&p->text, &p->len);
	return p->lines;
}

static enum err part_end(struct part *p) {
	bool whole = p->lines && fclose(p->lines) == 0 && p->where;
	if (whole) {
		p->config->parts[p->config->count++] = (struct primary_config_part){ .where = p->where,
			                                                             .lines = p->text };
		return OK;
	}
	free(p->where);
	free(p->text);
	return ERR_NOMEM;
}

static const char *secret_of(const struct primary_config_ask *ask) {
	return ask->key_secret ? ask->key_secret : PRIMARY_CONFIG_SECRET;
}

/* Address i without its port. */
static const char *ip_text(const struct primary_config_ask *ask, size_t i, char buf[static ADDR_TEXT_MAX]) {
	struct addr a = ask->addresses[i];
	a.port = 0;
	return addr_text(&a, buf);
}

/* The same address on another port is one client. */
static bool ip_is_first(const struct primary_config_ask *ask, size_t i) {
	for (size_t n = 0; n < i; n++) {
		if (addr_same_ip(&ask->addresses[n], &ask->addresses[i])) return false;
	}
	return true;
}

/* Each address without port, with before and after it. */
static void put_ips(const struct primary_config_ask *ask, FILE *out, const char *before, const char *after) {
	char text[ADDR_TEXT_MAX];
	for (size_t i = 0; i < ask->address_count; i++) {
		if (ip_is_first(ask, i)) fprintf(out, "%s%s%s", before, ip_text(ask, i, text), after);
	}
}

/* -- BIND --------------------------------------------------------------------------------------------------- */

static enum err write_bind_key(const struct primary_config_ask *ask, struct primary_config *config) {
	if (!ask->key_name) return OK;
	struct part p = part_begin(config, "In named.conf, outside of all braces");
	if (part_open(&p)) {
		fprintf(p.lines, "key \"%s\" {\n\talgorithm %s;\n\tsecret \"%s\";\n};\n", ask->key_name,
		        ask->key_algorithm, secret_of(ask));
	}
	return part_end(&p);
}

/* Both statements stand in a zone as well as in "options". */
static void put_bind_lines(const struct primary_config_ask *ask, FILE *out, const char *indent) {
	char text[ADDR_TEXT_MAX];
	fprintf(out, "%sallow-transfer {", indent);
	if (ask->key_name)
		fprintf(out, " key \"%s\";", ask->key_name);
	else
		put_ips(ask, out, " ", ";");
	fprintf(out, " };\n%salso-notify {", indent);
	for (size_t i = 0; i < ask->address_count; i++) {
		fprintf(out, " %s", ip_text(ask, i, text));
		if (ask->addresses[i].port != DNS_PORT) fprintf(out, " port %u", ask->addresses[i].port);
		if (ask->key_name) fprintf(out, " key \"%s\"", ask->key_name);
		fprintf(out, ";");
	}
	fprintf(out, " };\n");
}

static enum err write_bind_statements(const struct primary_config_ask *ask, struct primary_config *config,
                                      const char *where) {
	struct part p = part_begin(config, "%s", where);
	if (part_open(&p)) put_bind_lines(ask, p.lines, "\t");
	return part_end(&p);
}

static enum err write_commands(struct primary_config *config, const char *where, const char *lines) {
	struct part p = part_begin(config, "%s", where);
	if (part_open(&p)) fputs(lines, p.lines);
	return part_end(&p);
}

static enum err write_bind(const struct primary_config_ask *ask, struct primary_config *config) {
	enum err e = write_bind_key(ask, config);
	if (e != OK) return e;
	struct part p = part_begin(config,
	                           "In named.conf, inside zone \"%s\" { ... }; lines of these names that are "
	                           "there are replaced",
	                           ask->zone);
	if (part_open(&p)) put_bind_lines(ask, p.lines, "\t");
	e = part_end(&p);
	return e == OK ? write_commands(config, "Then, in a shell", "named-checkconf && rndc reconfig\n") : e;
}

static enum err write_cpanel(const struct primary_config_ask *ask, struct primary_config *config) {
	enum err e = write_bind_key(ask, config);
	if (e == OK) {
		e = write_bind_statements(
			ask, config,
			"In WHM, Service Configuration, DNS Server, additional configuration of "
			"zones (named.conf itself is overwritten)");
	}
	return e == OK ? write_commands(config, "Then, in a shell", "rndc reconfig\n") : e;
}

static enum err write_plesk(const struct primary_config_ask *ask, struct primary_config *config) {
	static const char where[] =
		"In Plesk, Tools & Settings, DNS Settings, Server-wide Settings, Additional DNS "
		"settings (named.conf itself is overwritten)";
	struct part p = part_begin(config, "%s", where);
	if (part_open(&p)) {
		if (ask->key_name) {
			fprintf(p.lines, "key \"%s\" { algorithm %s; secret \"%s\"; };\n", ask->key_name,
			        ask->key_algorithm, secret_of(ask));
		}
		put_bind_lines(ask, p.lines, "");
	}
	return part_end(&p);
}

static enum err write_directadmin(const struct primary_config_ask *ask, struct primary_config *config) {
	enum err e = write_bind_key(ask, config);
	if (e == OK) {
		e = write_bind_statements(
			ask, config,
			"In named.conf (/etc/named.conf, on Debian /etc/bind/named.conf.options), "
			"inside options { ... }, for all zones");
	}
	return e == OK ? write_commands(config, "Then, in a shell", "named-checkconf && rndc reconfig\n") : e;
}

/* -- PowerDNS ----------------------------------------------------------------------------------------------- */

static void put_powerdns_notify(const struct primary_config_ask *ask, FILE *out, const char *between) {
	char text[ADDR_TEXT_MAX];
	for (size_t i = 0; i < ask->address_count; i++) {
		const struct addr *a = &ask->addresses[i];
		const char *form = a->port == DNS_PORT     ? "%s%s"
		                   : a->family == AF_INET6 ? "%s[%s]:%u"
		                                           : "%s%s:%u";
		fprintf(out, form, i > 0 ? between : "", ip_text(ask, i, text), a->port);
	}
}

/* What holds for all zones.  allow-axfr-ips has a default, which a line of its own replaces. */
static void put_powerdns_settings(const struct primary_config_ask *ask, FILE *out) {
	fprintf(out, "%s=yes\n", ask->previous ? "master" : "primary");
	if (!ask->key_name) {
		fprintf(out, "allow-axfr-ips=127.0.0.0/8,::1");
		put_ips(ask, out, ",", "");
		fprintf(out, "\n");
	}
}

/* In a shell: names of zones and keys have been looked at, and need no quotes. */
static void put_powerdns_commands(const struct primary_config_ask *ask, FILE *out) {
	const char *kind = ask->previous ? "master" : "primary";
	fprintf(out, "pdnsutil set-kind %s %s\npdnsutil set-meta %s ALSO-NOTIFY ", ask->zone, kind,
	        ask->zone);
	put_powerdns_notify(ask, out, " ");
	fprintf(out, "\n");
	if (!ask->key_name) return;
	fprintf(out, "pdnsutil import-tsig-key %s %s '%s'\npdnsutil activate-tsig-key %s %s %s\n",
	        ask->key_name, ask->key_algorithm, secret_of(ask), ask->zone, ask->key_name, kind);
}

static enum err write_powerdns_settings(const struct primary_config_ask *ask, struct primary_config *config,
                                        const char *file) {
	struct part p = part_begin(config, "In %s; lines of these names that are there are replaced", file);
	if (part_open(&p)) put_powerdns_settings(ask, p.lines);
	return part_end(&p);
}

static enum err write_powerdns_commands(const struct primary_config_ask *ask, struct primary_config *config) {
	struct part p = part_begin(config, "Then, in a shell, with the server started anew");
	if (part_open(&p)) put_powerdns_commands(ask, p.lines);
	return part_end(&p);
}

static enum err write_powerdns(const struct primary_config_ask *ask, struct primary_config *config) {
	enum err e = write_powerdns_settings(ask, config, "pdns.conf");
	return e == OK ? write_powerdns_commands(ask, config) : e;
}

/* Its zones are native, and their serials stay as they are when records are edited. */
static enum err write_cyberpanel(const struct primary_config_ask *ask, struct primary_config *config) {
	struct part p = part_begin(config,
	                           "In /etc/pdns/pdns.conf (on Debian /etc/powerdns/pdns.conf); lines of "
	                           "these names that are there are replaced");
	if (part_open(&p)) {
		put_powerdns_settings(ask, p.lines);
		fprintf(p.lines, "default-soa-edit=INCEPTION-INCREMENT\n");
	}
	enum err e = part_end(&p);
	return e == OK ? write_powerdns_commands(ask, config) : e;
}

/* -- Knot DNS ----------------------------------------------------------------------------------------------- */

static void put_knot_addresses(const struct primary_config_ask *ask, FILE *out, bool with_port) {
	char text[ADDR_TEXT_MAX];
	const char *comma = "";
	fprintf(out, "    address: [ ");
	for (size_t i = 0; i < ask->address_count; i++) {
		if (!with_port && !ip_is_first(ask, i)) continue;
		fprintf(out, "%s%s", comma, ip_text(ask, i, text));
		if (with_port && ask->addresses[i].port != DNS_PORT)
			fprintf(out, "@%u", ask->addresses[i].port);
		comma = ", ";
	}
	fprintf(out, " ]\n");
	if (ask->key_name) fprintf(out, "    key: %s\n", ask->key_name);
}

static void put_knot_sections(const struct primary_config_ask *ask, FILE *out) {
	if (ask->key_name) {
		fprintf(out, "key:\n  - id: %s\n    algorithm: %s\n    secret: %s\n", ask->key_name,
		        ask->key_algorithm, secret_of(ask));
	}
	fprintf(out, "remote:\n  - id: understudy\n");
	put_knot_addresses(ask, out, true);
	fprintf(out, "acl:\n  - id: understudy-transfer\n");
	put_knot_addresses(ask, out, false);
	fprintf(out, "    action: transfer\n");
}

static enum err write_knot(const struct primary_config_ask *ask, struct primary_config *config) {
	struct part p = part_begin(config, "In knot.conf, before the section zone");
	if (part_open(&p)) put_knot_sections(ask, p.lines);
	enum err e = part_end(&p);
	if (e != OK) return e;
	p = part_begin(config,
	               "In knot.conf, below domain: %s; what notify and acl list already is kept beside it",
	               ask->zone);
	if (part_open(&p)) fprintf(p.lines, "    notify: [ understudy ]\n    acl: [ understudy-transfer ]\n");
	e = part_end(&p);
	return e == OK ? write_commands(config, "Then, in a shell", "knotc conf-check && knotc reload\n") : e;
}

/* -- NSD ---------------------------------------------------------------------------------------------------- */

static void put_nsd_lines(const struct primary_config_ask *ask, FILE *out) {
	char text[ADDR_TEXT_MAX];
	const char *key = ask->key_name ? ask->key_name : "NOKEY";
	for (size_t i = 0; i < ask->address_count; i++) {
		if (ip_is_first(ask, i)) fprintf(out, "\tprovide-xfr: %s %s\n", ip_text(ask, i, text), key);
	}
	for (size_t i = 0; i < ask->address_count; i++) {
		fprintf(out, "\tnotify: %s", ip_text(ask, i, text));
		if (ask->addresses[i].port != DNS_PORT) fprintf(out, "@%u", ask->addresses[i].port);
		fprintf(out, " %s\n", key);
	}
}

static enum err write_nsd(const struct primary_config_ask *ask, struct primary_config *config) {
	enum err e = OK;
	if (ask->key_name) {
		struct part k = part_begin(config, "In nsd.conf, a section of its own");
		if (part_open(&k)) {
			fprintf(k.lines, "key:\n\tname: \"%s\"\n\talgorithm: %s\n\tsecret: \"%s\"\n",
			        ask->key_name, ask->key_algorithm, secret_of(ask));
		}
		e = part_end(&k);
	}
	if (e != OK) return e;
	struct part p = part_begin(config, "In nsd.conf, in the section zone: of %s", ask->zone);
	if (part_open(&p)) put_nsd_lines(ask, p.lines);
	e = part_end(&p);
	return e == OK ? write_commands(config, "Then, in a shell",
	                                "nsd-checkconf /etc/nsd/nsd.conf && nsd-control reconfig\n")
	               : e;
}

/* -- the table ---------------------------------------------------------------------------------------------- */

static const struct software {
	const char *name;
	enum err (*write)(const struct primary_config_ask *ask, struct primary_config *config);
	const char *title, *title_previous;
} rows[] = {
#define SOFTWARE(name, function, title, previous) { name, function, title, previous },
#include "inventory/primary_config.def"
#undef SOFTWARE
};
#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

const char *primary_config_next(size_t *at) {
	return *at < ROW_COUNT ? rows[(*at)++].name : NULL;
}

static bool is_plain(const char *name) {
	return *name != '\0' && name[strspn(name, NAME_CHARACTERS)] == '\0' && name[0] != '-';
}

static bool is_base64(const char *secret) {
	return *secret != '\0' && secret[strspn(secret, BASE64_CHARACTERS)] == '\0';
}

static const struct software *software_find(const char *name) {
	for (size_t i = 0; i < ROW_COUNT; i++) {
		if (strcmp(rows[i].name, name) == 0) return &rows[i];
	}
	return NULL;
}

enum err primary_config_make(const struct primary_config_ask *ask, struct primary_config *out_config) {
	const struct software *row = software_find(ask->software);
	if (!row) return ERR_NOTFOUND;
	if (!is_plain(ask->zone) || (ask->key_name && !is_plain(ask->key_name))) return ERR_UNSUPPORTED;
	if (ask->key_secret && !is_base64(ask->key_secret)) return ERR_UNSUPPORTED;
	struct primary_config config = { .title = ask->previous ? row->title_previous : row->title };
	enum err e = row->write(ask, &config);
	if (e == OK)
		*out_config = config;
	else
		primary_config_done(&config);
	return e;
}

void primary_config_done(struct primary_config *config) {
	for (unsigned i = 0; i < config->count; i++) {
		free(config->parts[i].where);
		free(config->parts[i].lines);
	}
	config->count = 0;
}
