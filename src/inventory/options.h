/* The table of options: options.def with numbers for code to use. */
#ifndef UNDERSTUDY_INVENTORY_OPTIONS_H
#define UNDERSTUDY_INVENTORY_OPTIONS_H

#include <stdbool.h>

/* In the order of options.def. */
enum option {
	OPT_LISTEN,
	OPT_WORKERS,
	OPT_STATE_DIRECTORY,
	OPT_USER,
	OPT_NSID,
	OPT_TCP_CLIENTS,
	OPT_TRANSFERS,
	OPT_TRANSFERS_PER_PRIMARY,
	OPT_VERSION,
	OPT_COOKIES,
	OPT_COOKIE_SECRETS,
	OPT_REFUSE,
	OPT_ALLOW_PROXY,
	OPT_TCP_CLIENTS_PER_ADDRESS,
	OPT_TCP_IDLE_TIMEOUT,
	OPT_UDP_COALESCE,
	OPT_TRANSFERS_OUT,
	OPT_TRANSFERS_OUT_PER_CLIENT,
	OPT_TRANSFER_OUT_TIMEOUT,
	OPT_HISTORY_MEMORY,
	OPT_MODE,
	OPT_ALLOW_INNER_PRIMARIES,
	OPT_PUBLIC_ADDRESSES,
	OPT_NAME_SERVERS,
	OPT_ROOT_SERVERS,
	OPT_TLS,
	OPT_RATE_LIMIT,
	OPT_TLS_LISTEN,
	OPT_TLS_CERTIFICATE,
	OPT_TLS_KEY,
	OPT_RATE_RESPONSES,
	OPT_RATE_NXDOMAINS,
	OPT_RATE_NODATA,
	OPT_RATE_REFERRALS,
	OPT_RATE_ERRORS,
	OPT_RATE_ALL,
	OPT_RATE_SLIP,
	OPT_RATE_IPV4_PREFIX,
	OPT_RATE_IPV6_PREFIX,
	OPT_RATE_EXEMPT,
	OPT_CONTROL_SOCKET,
	OPT_CONTROL_WEB_SOCKET,
	OPT_LOG_LEVEL,
	OPT_LOG_FORMAT,
	OPT_KEY_NAME,
	OPT_KEY_ALGORITHM,
	OPT_KEY_SECRET,
	OPT_PRIMARY_NAME,
	OPT_PRIMARY_ADDRESSES,
	OPT_PRIMARY_ADDRESS,
	OPT_PRIMARY_KEY,
	OPT_PRIMARY_REQUEST_IXFR,
	OPT_PRIMARY_SOURCE,
	OPT_PRIMARY_TLS,
	OPT_PRIMARY_TLS_MODE,
	OPT_PRIMARY_TLS_NAME,
	OPT_PRIMARY_TLS_CA,
	OPT_PRIMARY_TLS_PIN,
	OPT_PRIMARY_TLS_CERTIFICATE,
	OPT_PRIMARY_TLS_KEY,
	OPT_PRIMARY_TLS_PLAIN_PORT,
	OPT_TEMPLATE_NAME,
	OPT_PRIMARIES,
	OPT_ALLOW_TRANSFER,
	OPT_ALLOW_NOTIFY,
	OPT_ALLOW_QUERY,
	OPT_NOTIFY,
	OPT_REFRESH_MIN,
	OPT_REFRESH_MAX,
	OPT_RETRY_MIN,
	OPT_RETRY_MAX,
	OPT_EXPIRE_MIN,
	OPT_EXPIRE_MAX,
	OPT_HISTORY_VERSIONS,
	OPT_HISTORY_BYTES,
	OPT_HISTORY_AGE,
	OPT_PRIMARY_CHOICE,
	OPT_SHARED_HISTORY,
	OPT_REQUEST_IXFR,
	OPT_FULL_CHECK_INTERVAL,
	OPT_MAX_ZONE_BYTES,
	OPT_MAX_ZONE_RECORDS,
	OPT_MAX_TRANSFER_TIME,
	OPT_MIN_TRANSFER_RATE,
	OPT_TRANSFER_RATE_WINDOW,
	OPT_MAX_RRSET_RECORDS,
	OPT_MAX_NAME_TYPES,
	OPT_MAX_SHRINK,
	OPT_ZONEMD,
	OPT_DNSSEC,
	OPT_DNSSEC_CHECK,
	OPT_CHECK_COMMAND,
	OPT_CHECK_TIMEOUT,
	OPT_ZONE_NAME,
	OPT_ZONE_TEMPLATE,
	OPT_ZONES_FILE,
	OPT_INVENTORY_DATABASE,
	OPT_WEB_LISTEN,
	OPT_WEB_TLS,
	OPT_WEB_USER,
	OPT_WEB_PROGRAM,
	OPT_WEB_REQUESTS_PER_MINUTE,
	OPT_WEB_BODY_MAX,
	OPT_WEB_METRICS,
	OPT_WEB_TLS_CERTIFICATE,
	OPT_WEB_TLS_KEY,
	OPTION_COUNT
};

enum option_kind {
	KIND_address,
	KIND_addresses,
	KIND_access,
	KIND_command,
	KIND_key,
	KIND_name,
	KIND_names,
	KIND_number,
	KIND_path,
	KIND_pins,
	KIND_prefixes,
	KIND_primaries,
	KIND_seconds,
	KIND_secret,
	KIND_secrets,
	KIND_section,
	KIND_template,
	KIND_text,
	KIND_user,
	KIND_word
};

struct option_row {
	const char *path; /* "server.listen", "keys[].name" */
	enum option_kind kind;
	const char *fallback; /* the default as it stands in the documents; "" for none */
	const char *expected;
};
const struct option_row *option_row(enum option option);
/* The part of the path after its last dot. */
const char *option_key(enum option option);
/* A list, not a scalar. */
bool option_is_list(enum option option);
/* It names a file or a command of this machine, which only the configuration may: what comes by the API does not. */
bool option_is_of_machine(enum option option);
/* A mapping with options of its own. */
bool option_is_section(enum option option);
/* Its values are never shown. */
bool option_is_secret(enum option option);

/* A mapping of the file: its name as paths begin ("server", "keys[]") and which options it may hold. */
struct option_range {
	enum option first, last;
};
struct option_section {
	const char *name;
	struct option_range ranges[2];
	unsigned range_count;
};
extern const struct option_section section_server, section_tls, section_rate_limit, section_control,
	section_log, section_inventory, section_web, section_web_tls, section_keys, section_primaries,
	section_inline_primary, section_primary_tls, section_templates, section_zones, section_settings;

/* OPTION_COUNT: the section has no such key. */
enum option option_find(const struct option_section *section, const char *key);
/* The key of the section that was probably meant, or NULL. */
const char *option_suggest(const struct option_section *section, const char *key);

#endif
