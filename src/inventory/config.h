/* The configuration file (YAML) and the zones file.  Reading never changes anything but its outputs; all faults
 * are found in one pass and each names file, line and what is expected. */
#ifndef UNDERSTUDY_INVENTORY_CONFIG_H
#define UNDERSTUDY_INVENTORY_CONFIG_H

#include "base/log.h"
#include "inventory/config_source.h"
#include "inventory/intents.h"
#include "inventory/settings.h"

#define CONFIG_LISTEN_MAX 64
#define CONFIG_FAULTS_MAX 200 /* further ones are only counted */
#define CONFIG_FILE_MAX (64U << 20)
#define CONFIG_ZONES_FILE_MAX (256U << 20)
#define CONFIG_PRIMARIES_MAX 64 /* addresses of primaries of one zone */
#define CONFIG_ACCESS_MAX 1024  /* items of one access list */
#define CONFIG_WORKERS_MAX 128
#define CONFIG_TRANSFERS_OUT_MAX 1024

#define CONFIG_PREFIXES_MAX 1024 /* items of one list of prefixes */
#define CONFIG_COOKIE_SECRETS_MAX 8
#define CONFIG_COOKIE_SECRET_LEN 16 /* octets, RFC 9018 section 4.2 */

struct config_listen {
	struct addr items[CONFIG_LISTEN_MAX];
	unsigned count;
};

struct config_prefixes {
	struct addr_prefix *items; /* owned */
	unsigned count;
};

/* DNS over TLS; listen.count 0: none. */
struct config_tls {
	struct config_listen listen;
	char *certificate, *key;
	bool asks_clients; /* a list of a zone admits by a client's certificate */
};

/* Answers a second to one network; 0: no limit. */
struct config_rate_limit {
	uint32_t responses_per_s; /* 0: nothing is limited at all */
	uint32_t nxdomains_per_s, nodata_per_s, referrals_per_s, errors_per_s;
	uint32_t all_per_s; /* of all kinds together */
	unsigned slip;
	unsigned ipv4_prefix, ipv6_prefix; /* bits */
	struct config_prefixes exempt;
};

struct config_cookies {
	bool on;
	unsigned secret_count; /* 0: the daemon makes a random one */
	uint8_t secrets[CONFIG_COOKIE_SECRETS_MAX][CONFIG_COOKIE_SECRET_LEN];
};

enum config_mode { MODE_PRIVATE, MODE_PUBLIC };

#define CONFIG_NAME_SERVERS_MAX 16
struct config_names {
	struct name items[CONFIG_NAME_SERVERS_MAX];
	unsigned count;
};

struct config_server {
	struct addr listen[CONFIG_LISTEN_MAX];
	unsigned listen_count;
	unsigned workers; /* at least 1 */
	char *state_directory;
	char *user;               /* NULL: stay who we are */
	char *nsid;               /* NULL: none */
	unsigned tcp_clients_max; /* server.tcp-clients */
	unsigned transfers_max;   /* server.transfers: at once, overall */
	unsigned transfers_per_primary;
	char *version; /* NULL: not told */
	struct config_cookies cookies;
	struct config_prefixes refuse;
	struct config_prefixes inner_primaries; /* within our networks, and allowed to accounts */
	struct config_prefixes allow_proxy;
	unsigned tcp_clients_per_address; /* 0: a quarter of tcp_clients_max */
	unsigned tcp_idle_s;
	unsigned udp_coalesce_us;          /* 0: never */
	unsigned transfers_out_max;        /* at once */
	unsigned transfers_out_per_client; /* IPv4 address or IPv6 /64 */
	unsigned transfer_out_timeout_s;
	uint64_t history_memory_bytes; /* of all zones' steps */
	struct config_tls tls;
	struct config_rate_limit rate_limit;
	enum config_mode mode;
	struct config_listen public_addresses; /* told to users; of listen where none are given */
	struct config_names name_servers;
	struct config_listen root_servers; /* count 0: the real ones */
};

/* HTTP, by understudy-web; listen.count 0: none. */
struct config_web {
	struct config_listen listen;
	char *certificate, *key; /* NULL: without TLS */
	char *user;              /* NULL: the one of understudyd */
	char *program;           /* NULL: to be looked for */
	unsigned requests_per_minute, body_max;
	bool metrics_open;
};

struct config {
	struct config_server server;
	char *control_socket;
	char *web_socket; /* NULL: there is none */
	char *database;   /* of the inventory */
	struct config_web web;
	enum log_level log_level;
	enum log_format log_format;
	struct keyset *keyset;
	struct intent_list zones;
	struct settings_base *base; /* a reference: what settings of zones elsewhere may refer to */
	struct config_source source;
};

struct config_fault {
	char *file;
	unsigned line; /* from 1; 0: the file as a whole */
	char *text;    /* what is wrong and what is expected */
};
struct config_faults {
	struct config_fault *items; /* owned; in the order of files and lines */
	unsigned count;             /* stored */
	unsigned left_out;
};
void config_faults_done(struct config_faults *f);

/* ERR_CONFIG: faults tell; ERR_IO: the file can't be read (a fault tells too).  Success has no faults.  Relative
 * paths in the file start at its folder. */
MUST_CHECK enum err config_read(const char *path, struct config **out_config,
                                struct config_faults *out_faults);
void config_free(struct config *c);
/* Would reading path again make the same of it?  (Whether server.user exists is not asked again.) */
bool config_is_same(const struct config *c, const char *path);

/* What reading asks of the machine. */
struct config_input {
	const char *path; /* for faults, and for the folder that relative paths start at */
	/* As file_read of base/file.h. */
	enum err (*read)(const char *path, size_t max, char **out_data, size_t *out_len);
	bool (*user_exists)(const char *user);
	unsigned cores;
};
/* The same on text in memory. */
MUST_CHECK enum err config_parse(const struct config_input *input, const char *data, size_t len,
                                 struct config **out_config, struct config_faults *out_faults);

#endif
