/* The guards of a template or zone: what each new version must pass. */
#include "inventory/config_reader.h"

static const char *const zonemd_words[] = { "off", "if-present", "required", NULL };

static void limit_value(struct config_reader *r, const struct values *v, enum option option,
                        uint32_t *limit) {
	if (v->nodes[option]) *limit = (uint32_t)value_number(r, v, option, 0, UINT32_MAX);
}

struct check_rules checks_defaults(struct config_reader *r) {
	struct values none = { .section = &section_templates };
	return (struct check_rules){
		.max_rrset_records = (uint32_t)value_number(r, &none, OPT_MAX_RRSET_RECORDS, 0, UINT32_MAX),
		.max_name_types = (uint32_t)value_number(r, &none, OPT_MAX_NAME_TYPES, 0, UINT32_MAX),
		.max_shrink = (uint32_t)value_number(r, &none, OPT_MAX_SHRINK, 0, 99),
		.zonemd = (enum zonemd_rule)value_word(r, &none, OPT_ZONEMD, zonemd_words),
	};
}

void checks_override(struct config_reader *r, const struct values *v, struct check_rules *draft) {
	limit_value(r, v, OPT_MAX_RRSET_RECORDS, &draft->max_rrset_records);
	limit_value(r, v, OPT_MAX_NAME_TYPES, &draft->max_name_types);
	if (v->nodes[OPT_MAX_SHRINK]) draft->max_shrink = (uint32_t)value_number(r, v, OPT_MAX_SHRINK, 0, 99);
	if (v->nodes[OPT_ZONEMD])
		draft->zonemd = (enum zonemd_rule)value_word(r, v, OPT_ZONEMD, zonemd_words);
}
