#include "inventory/options.h"

#include <string.h>

#include "inventory/suggest.h"

static const struct option_row rows[] = {
#define OPTION(path, kind, fallback, expected) { path, KIND_##kind, fallback, expected },
#include "inventory/options.def"
#undef OPTION
};
_Static_assert(sizeof(rows) / sizeof(rows[0]) == OPTION_COUNT, "options.h numbers every row of options.def");

const struct option_section section_server = { "server", { { OPT_LISTEN, OPT_RATE_LIMIT } }, 1 };
const struct option_section section_tls = { "server.tls", { { OPT_TLS_LISTEN, OPT_TLS_KEY } }, 1 };
const struct option_section section_rate_limit = { "server.rate-limit",
	                                           { { OPT_RATE_RESPONSES, OPT_RATE_EXEMPT } },
	                                           1 };
const struct option_section section_control = { "control",
	                                        { { OPT_CONTROL_SOCKET, OPT_CONTROL_WEB_SOCKET } },
	                                        1 };
const struct option_section section_log = { "log", { { OPT_LOG_LEVEL, OPT_LOG_FORMAT } }, 1 };
const struct option_section section_inventory = { "inventory",
	                                          { { OPT_INVENTORY_DATABASE, OPT_INVENTORY_DATABASE } },
	                                          1 };
const struct option_section section_web = { "web", { { OPT_WEB_LISTEN, OPT_WEB_METRICS } }, 1 };
const struct option_section section_web_tls = { "web.tls",
	                                        { { OPT_WEB_TLS_CERTIFICATE, OPT_WEB_TLS_KEY } },
	                                        1 };
const struct option_section section_keys = { "keys[]", { { OPT_KEY_NAME, OPT_KEY_SECRET } }, 1 };
const struct option_section section_primaries = { "primaries[]",
	                                          { { OPT_PRIMARY_NAME, OPT_PRIMARY_TLS } },
	                                          1 };
/* One that stands where it is used has no name. */
const struct option_section section_inline_primary = { "primaries[]",
	                                               { { OPT_PRIMARY_ADDRESSES, OPT_PRIMARY_TLS } },
	                                               1 };
const struct option_section section_primary_tls = { "primaries[].tls",
	                                            { { OPT_PRIMARY_TLS_MODE, OPT_PRIMARY_TLS_PLAIN_PORT } },
	                                            1 };
const struct option_section section_templates = { "templates[]",
	                                          { { OPT_TEMPLATE_NAME, OPT_CHECK_TIMEOUT } },
	                                          1 };
const struct option_section section_zones = {
	"zones[]", { { OPT_ZONE_NAME, OPT_ZONE_TEMPLATE }, { OPT_PRIMARIES, OPT_CHECK_TIMEOUT } }, 2
};

/* What a zone has that comes by the API. */
const struct option_section section_settings = {
	"settings", { { OPT_ZONE_TEMPLATE, OPT_ZONE_TEMPLATE }, { OPT_PRIMARIES, OPT_CHECK_TIMEOUT } }, 2
};

const char *option_key(enum option option) {
	const char *dot = strrchr(rows[option].path, '.');
	return dot ? dot + 1 : rows[option].path;
}

const struct option_row *option_row(enum option option) {
	return &rows[option];
}

bool option_is_list(enum option option) {
	enum option_kind kind = rows[option].kind;
	return kind == KIND_addresses || kind == KIND_access || kind == KIND_primaries ||
	       kind == KIND_prefixes || kind == KIND_command || kind == KIND_secrets || kind == KIND_pins ||
	       kind == KIND_names;
}

bool option_is_of_machine(enum option option) {
	return option == OPT_CHECK_COMMAND || option == OPT_PRIMARY_TLS_CERTIFICATE ||
	       option == OPT_PRIMARY_TLS_KEY;
}

bool option_is_section(enum option option) {
	return rows[option].kind == KIND_section;
}

bool option_is_secret(enum option option) {
	return rows[option].kind == KIND_secret || rows[option].kind == KIND_secrets;
}

enum option option_find(const struct option_section *section, const char *key) {
	for (unsigned r = 0; r < section->range_count; r++) {
		for (enum option o = section->ranges[r].first; o <= section->ranges[r].last; o++) {
			if (strcmp(option_key(o), key) == 0) return o;
		}
	}
	return OPTION_COUNT;
}

const char *option_suggest(const struct option_section *section, const char *key) {
	struct suggestion best = suggest_start(key);
	for (unsigned r = 0; r < section->range_count; r++) {
		for (enum option o = section->ranges[r].first; o <= section->ranges[r].last; o++)
			suggest_offer(&best, option_key(o));
	}
	return best.text;
}
