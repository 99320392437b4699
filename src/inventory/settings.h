/* Settings of a zone as a JSON object in the words of the configuration's `zones[]` and `templates[]`, and what they
 * mean: read by the same table of options and the same reader as the file, so one check holds for both and faults have
 * the same words.  They are kept in one form (keys sorted, no blanks, nothing that is null), so equal ones are equal texts.
 *
 * What comes by the API may not name files and commands of this machine (option_is_of_machine).
 * Thread: any, one at a time. */
#ifndef UNDERSTUDY_INVENTORY_SETTINGS_H
#define UNDERSTUDY_INVENTORY_SETTINGS_H

#include <stdarg.h>

#include "inventory/policy.h"

#define SETTINGS_FIELD_MAX 160

/* What settings may refer to of the configuration.  Immutable, counted. */
struct settings_base {
	_Atomic unsigned references;
	struct keyset *keyset;
	struct settings_primary {
		char *name;
		struct primary *items;
		unsigned count;
	} * primaries;
	unsigned primary_count;
	struct settings_template {
		char *name;
		const struct zone_policy *policy; /* a reference */
	} * templates;
	unsigned template_count;
	char **texts; /* settings of the configuration's zones; zone_intent.settings says which */
	size_t text_count;
};
/* NULL is fine. */
void settings_base_ref(struct settings_base *b);
void settings_base_unref(struct settings_base *b);
/* Do settings mean the same with both?  Texts of the configuration's zones do not count.  NULL is equal to itself. */
bool settings_base_equal(const struct settings_base *a, const struct settings_base *b);

/* Where a fault is told: field is a path such as "primaries[0].key", "" for the whole. */
struct settings_faults {
	void *ctx;
	void (*add)(void *ctx, const char *field, const char *text);
};

/* The one form of data.  The caller frees out_text.  ERR_CONFIG: no JSON object, or too large; faults tell. */
MUST_CHECK enum err settings_normalise(const char *data, size_t len, const struct settings_faults *faults,
                                       char **out_text);
/* The one form of old (which is in it) with the members of data in place of its own; null takes one away. */
MUST_CHECK enum err settings_merge(const char *old, const char *data, size_t len,
                                   const struct settings_faults *faults, char **out_text);

/* What settings refer to: kind is "primary", "key" or "template", name as it is kept (a key's in lower case without a
 * final dot).  text in its one form; the same may be told twice. */
typedef enum err settings_use_fn(void *ctx, const char *kind, const char *name);
MUST_CHECK enum err settings_uses(const char *text, settings_use_fn *each, void *ctx);
/* The same of the settings of a primary. */
MUST_CHECK enum err settings_primary_uses(const char *text, settings_use_fn *each, void *ctx);

/* What the settings of an account are read with. */
struct settings_view {
	const struct settings_base *base;
	bool is_main;        /* it is the account of the configuration: it may refer to all of base */
	struct keyset *keys; /* all keys of the account, over base's keyset */
	uint64_t max_zone_bytes, max_zone_records; /* no zone of the account may have more; 0: no bound */
	/* Settings of the account's own primary, in their one form.  The caller frees.  ERR_NOTFOUND. */
	enum err (*primary)(void *ctx, const char *name, char **out_text);
	void *ctx;
};
/* text in its one form.  ERR_CONFIG: faults tell.  Others: of view->primary.  The caller has a reference to the policy,
 * whose keyset has those keys only that the settings use: another key of the account leaves it as it is. */
MUST_CHECK enum err settings_policy(const struct settings_view *view, const char *text,
                                    const struct settings_faults *faults,
                                    const struct zone_policy **out_policy);
/* Does the text hold as settings of a primary? */
MUST_CHECK enum err settings_primary_check(const struct settings_view *view, const char *text,
                                           const struct settings_faults *faults);

/* For settings.c: text as YAML with one value a line, and which line is which field. */
struct settings_lines {
	char *yaml; /* owned */
	size_t len;
	char **paths; /* owned; of line i + 1 */
	unsigned count;
};
MUST_CHECK enum err settings_lines_make(const char *text, struct settings_lines *out_lines);
void settings_lines_done(struct settings_lines *lines);

#endif
