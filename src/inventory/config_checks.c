/* The guards of a template or zone: what each new version must pass. */
#include <string.h>

#include "inventory/config_reader.h"

static const char *const zonemd_words[] = { "off", "if-present", "required", NULL };
static const char *const dnssec_words[] = { "off", "warn", "require", NULL };
static const char *const depth_words[] = { "apex", "sample", "full", NULL };

static void limit_value(struct config_reader *r, const struct values *v, enum option option,
                        uint32_t *limit) {
	if (v->nodes[option]) *limit = (uint32_t)value_number(r, v, option, 0, UINT32_MAX);
}

void checks_defaults(struct config_reader *r, struct zone_policy *draft) {
	struct values none = { .section = &section_templates };
	draft->check_timeout_s = (uint32_t)value_number(r, &none, OPT_CHECK_TIMEOUT, 1, 3600);
	draft->checks = (struct check_rules){
		.max_rrset_records = (uint32_t)value_number(r, &none, OPT_MAX_RRSET_RECORDS, 0, UINT32_MAX),
		.max_name_types = (uint32_t)value_number(r, &none, OPT_MAX_NAME_TYPES, 0, UINT32_MAX),
		.max_shrink = (uint32_t)value_number(r, &none, OPT_MAX_SHRINK, 0, 99),
		.zonemd = (enum zonemd_rule)value_word(r, &none, OPT_ZONEMD, zonemd_words),
		.dnssec = (enum dnssec_rule)value_word(r, &none, OPT_DNSSEC, dnssec_words),
		.dnssec_depth = (enum dnssec_depth)value_word(r, &none, OPT_DNSSEC_CHECK, depth_words),
	};
}

/* An empty list takes back what a template says. */
static void command_value(struct config_reader *r, const struct values *v, struct zone_policy *draft) {
	char *words = r->scratch->check_command;
	size_t len = 0, count = value_count(r, v, OPT_CHECK_COMMAND);
	for (size_t i = 0; i < count; i++) {
		int item = value_item(r, v, OPT_CHECK_COMMAND, i);
		if (!item) return;
		const char *word = tree_text(r->tree, item);
		size_t size = strlen(word) + 1;
		if ((i == 0 && *word != '/') || size > CONFIG_COMMAND_MAX - len) {
			value_fault(r, v, OPT_CHECK_COMMAND, item);
			return;
		}
		memcpy(words + len, word, size);
		len += size;
	}
	draft->check_command = len ? words : NULL;
	draft->check_command_len = len;
}

void checks_override(struct config_reader *r, const struct values *v, struct zone_policy *draft) {
	struct check_rules *c = &draft->checks;
	limit_value(r, v, OPT_MAX_RRSET_RECORDS, &c->max_rrset_records);
	limit_value(r, v, OPT_MAX_NAME_TYPES, &c->max_name_types);
	if (v->nodes[OPT_MAX_SHRINK]) c->max_shrink = (uint32_t)value_number(r, v, OPT_MAX_SHRINK, 0, 99);
	if (v->nodes[OPT_ZONEMD]) c->zonemd = (enum zonemd_rule)value_word(r, v, OPT_ZONEMD, zonemd_words);
	if (v->nodes[OPT_DNSSEC]) c->dnssec = (enum dnssec_rule)value_word(r, v, OPT_DNSSEC, dnssec_words);
	if (v->nodes[OPT_DNSSEC_CHECK])
		c->dnssec_depth = (enum dnssec_depth)value_word(r, v, OPT_DNSSEC_CHECK, depth_words);
	if (v->nodes[OPT_CHECK_COMMAND]) command_value(r, v, draft);
	if (v->nodes[OPT_CHECK_TIMEOUT])
		draft->check_timeout_s = (uint32_t)value_number(r, v, OPT_CHECK_TIMEOUT, 1, 3600);
}
