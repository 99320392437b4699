/* What the parts of the configuration's reading share; for src/inventory only.
 *
 *   config.c         the file as a whole: sections control, log
 *   config_server.c  the section server
 *   config_web.c     the sections inventory and web
 *   config_keys.c    keys and primaries, to which the rest refers by name
 *   config_access.c  access lists
 *   config_tls.c     how primaries are asked over TLS
 *   config_policy.c  what templates and zones have in common
 *   config_checks.c  the guards among it
 *   config_base.c    what is kept of it all for settings.h
 *   config_texts.c   zones' settings as texts, for the same
 *   config_zones.c   templates and zones
 *   config_doubles.c names given twice among them
 *   zones_file.c     the zones file
 *   config_values.c  one value at a time */
#ifndef UNDERSTUDY_INVENTORY_CONFIG_READER_H
#define UNDERSTUDY_INVENTORY_CONFIG_READER_H

#include "inventory/config.h"
#include "inventory/options.h"
#include "inventory/policy_pool.h"
#include "inventory/settings.h"
#include "inventory/symbols.h"
#include "inventory/tree.h"

/* A primary of the file: one item for each of its addresses. */
struct primary_definition {
	struct primary *items; /* owned */
	unsigned count;        /* 0: it has faults */
	unsigned line;
};

struct template_definition {
	const struct zone_policy *policy; /* a reference; NULL for a template that has no name */
	unsigned line;
	bool primaries_faulty; /* do not complain again in each zone */
};

#define CONFIG_COMMAND_MAX 4096 /* octets of a command and its arguments */

/* Arrays of the policy at hand, used again for each zone. */
struct policy_scratch {
	struct primary primaries[CONFIG_PRIMARIES_MAX], notify[CONFIG_PRIMARIES_MAX];
	struct acl_item allow_transfer[CONFIG_ACCESS_MAX], allow_notify[CONFIG_ACCESS_MAX],
		allow_query[CONFIG_ACCESS_MAX];
	char check_command[CONFIG_COMMAND_MAX];
};

struct config_reader {
	const struct config_input *input;
	struct config *config; /* what is being made */
	struct config_faults *faults;
	const char *file; /* which faults name */
	bool is_foreign;  /* it comes by the API: nothing of this machine may be named */
	struct tree *tree;
	struct symbols keys, primaries, templates; /* name -> place in the arrays below */
	struct symbols key_texts;                  /* keys as they are written, for suggestions */
	struct tsig_key **key_items;               /* owned by config->keyset */
	unsigned *key_lines;
	unsigned key_count;
	struct primary_definition *primary_items;
	unsigned primary_count;
	struct template_definition *template_items;
	unsigned template_count;
	unsigned *zone_lines; /* by place in config->zones */
	size_t zone_lines_capacity;
	struct symbols text_index; /* settings of zones as texts -> place in texts */
	char **texts;              /* owned */
	size_t text_count;
	size_t zones_inline;  /* zones of the configuration itself come first */
	size_t zones_checked; /* so many have been looked at by doubles_check */
	struct policy_pool pool;
	struct policy_scratch *scratch;
};

/* -- config_faults.c */
void fault_add(struct config_reader *r, unsigned line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void faults_sort(struct config_faults *f);

/* -- config_values.c: a mapping's values, and each as what it means.  What is wrong becomes a fault; what is
 * wrong or not given yields NULL or the default of the table. */
struct values {
	const struct option_section *section;
	unsigned line;
	int nodes[OPTION_COUNT]; /* 0: not given, or faulty */
	bool given[OPTION_COUNT];
};
/* node 0: nothing given. false: not a mapping (a fault tells). */
bool values_read(struct config_reader *r, const struct option_section *section, int node,
                 struct values *out_values);
unsigned value_line(const struct config_reader *r, const struct values *v, enum option option);
/* "SECTION.KEY: expected ..., found ..." */
void value_fault(struct config_reader *r, const struct values *v, enum option option, int node);
/* A fault when an option that must be there is not. */
void value_missing(struct config_reader *r, const struct values *v, enum option option);
const char *value_text(const struct config_reader *r, const struct values *v, enum option option);
uint64_t value_number(struct config_reader *r, const struct values *v, enum option option, uint64_t min,
                      uint64_t max);
/* Place in words (NULL-terminated). */
unsigned value_word(struct config_reader *r, const struct values *v, enum option option,
                    const char *const *words);
/* Items of a list that are text; 0: the item has a fault. */
int value_item(struct config_reader *r, const struct values *v, enum option option, size_t i);
size_t value_count(const struct config_reader *r, const struct values *v, enum option option);
/* node is a list of mappings (what: its name).  false: there is none, or a fault tells. */
bool list_expect(struct config_reader *r, int node, const char *what, const char *example);
/* For "did you mean": the nearest name of a set of texts, or NULL. */
const char *name_suggest(const struct symbols *names, const char *wanted);
/* A domain name in lower case.  ERR_NAME also for octets that are no printable ASCII. */
MUST_CHECK enum err domain_parse(const char *text, struct name *out_name);

/* -- config.c */
/* Relative paths start at the folder of the configuration.  The caller frees it. */
char *path_value(struct config_reader *r, const struct values *v, enum option option, size_t max);

/* -- config_server.c */
void server_read(struct config_reader *r, int node);
void server_done(struct config_server *s);
/* Addresses of a list, port where none is given. */
void listen_value(struct config_reader *r, const struct values *v, enum option option, uint16_t port,
                  struct config_listen *out_listen);
char *user_value(struct config_reader *r, const struct values *v, enum option option);

/* -- config_web.c */
void web_read(struct config_reader *r, int node);
void web_done(struct config_web *w);

/* -- config_keys.c */
void keys_read(struct config_reader *r, int node);
void primaries_read(struct config_reader *r, int node);
/* A primary that stands where it is used, or (with name) the settings of one that is kept.  The caller frees
 * out_primary->items; faults tell, and leave no items. */
void primary_inline_read(struct config_reader *r, int node, const char *name,
                         struct primary_definition *out_primary);
/* It can be told from an address, and stands in a line of the zones file. */
bool primary_name_is_good(const char *text);
/* NULL: no such key. */
const struct tsig_key *key_find(const struct config_reader *r, const char *text);
/* "text" is no key: did you mean ... */
void key_unknown(struct config_reader *r, unsigned line, const char *option, const char *text);

/* -- config_tls.c */
/* node: of primaries[].tls; 0: there is none.  NULL: none, or no mapping.  The caller owns it. */
struct tls_terms *primary_tls_read(struct config_reader *r, int node);

/* -- config_access.c */
/* items: room for CONFIG_ACCESS_MAX.  Not given: out_acl stays as it is. */
void access_value(struct config_reader *r, const struct values *v, enum option option, struct acl_item *items,
                  struct acl *out_acl);

/* -- config_policy.c */
/* text is a primary's name or an address; its addresses are added to items (CONFIG_PRIMARIES_MAX).  ERR_NOTFOUND,
 * ERR_LIMIT, ERR_EXISTS. */
MUST_CHECK enum err primary_append(const struct config_reader *r, const char *text, struct primary *items,
                                   unsigned *count);
/* Why primary_append failed with e, as a fault. */
void primary_fault(struct config_reader *r, unsigned line, const char *option, const char *text, enum err e);
struct zone_policy policy_defaults(const struct config_reader *r);
/* Change draft as v says; arrays then stand in r->scratch. */
void policy_override(struct config_reader *r, const struct values *v, struct zone_policy *draft);

/* -- config_checks.c */
/* Fill in checks and check_timeout_s. */
void checks_defaults(struct config_reader *r, struct zone_policy *draft);
void checks_override(struct config_reader *r, const struct values *v, struct zone_policy *draft);

/* -- config_base.c: of a configuration without faults.  The caller has a reference. */
struct settings_base *config_base(struct config_reader *r);

/* -- config_texts.c: settings of a zone without faults, as their place in r->texts. */
uint32_t zone_text(struct config_reader *r, int node);
uint32_t zone_line_text(struct config_reader *r, const char *primary, const char *key); /* key may be NULL */
void texts_done(struct config_reader *r);

/* -- config_zones.c */
void templates_read(struct config_reader *r, int node);
void zones_read(struct config_reader *r, int node);
/* Never NULL for "default". */
const struct template_definition *template_find(const struct config_reader *r, const char *name);
/* What the options of a zone make of its template; arrays then stand in r->scratch. */
void zone_draft(struct config_reader *r, const struct values *v, struct zone_policy *out_draft);
/* Takes the reference.  settings: place in r->texts. */
void zone_add(struct config_reader *r, unsigned line, const struct name *name,
              const struct zone_policy *policy, uint32_t settings);

/* -- config_doubles.c */
/* Zones that were added since the last call and have a name that is there already become faults of the file at hand. */
void doubles_check(struct config_reader *r);

/* -- zones_file.c */
/* data is changed. */
void zones_file_read(struct config_reader *r, char *data, size_t len);

#endif
