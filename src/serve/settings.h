/* The settings that workers answer by: one immutable value, replaced whole (serve_configure).  Readers load the pointer
 * once a packet and hold it no longer than their epoch. */
#ifndef UNDERSTUDY_SERVE_SETTINGS_H
#define UNDERSTUDY_SERVE_SETTINGS_H

#include "base/prefix_set.h"
#include "serve/serve.h"

#define TOLD_MAX 255 /* octets of a TXT string, RFC 1035 section 3.3 */

/* A text that clients may ask for; len 0: it is not told. */
struct told {
	uint8_t len;
	char text[TOLD_MAX];
};

struct settings {
	uint16_t udp_size;
	unsigned transfers_out_max, transfers_out_per_client;
	unsigned transfer_out_timeout_s;
	uint16_t tcp_idle_100ms; /* 0: not told */
	bool cookies;
	struct cookie_secrets secrets; /* at least one */
	struct prefix_set *refused;
	struct told nsid, version;
	struct rate_limit *limit; /* borrowed, for as long as these settings are held; NULL: none */
};

/* own_secret: for cookies where none is given. */
struct settings *settings_new(const struct serve_settings *from,
                              const uint8_t own_secret[static COOKIE_SECRET_LEN]);
void settings_free(void *settings);

#endif
