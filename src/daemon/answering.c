#include "daemon/answering.h"

#include <string.h>

#define TRANSFERS_OUT_MAX 128 /* at once, over all workers */
#define UDP_ANSWER_SIZE 1232  /* largest UDP answer: DNS flag day 2020, RFC 9715 */

_Static_assert(CONFIG_COOKIE_SECRET_LEN == COOKIE_SECRET_LEN, "one length of secrets");
_Static_assert(CONFIG_COOKIE_SECRETS_MAX == COOKIE_SECRETS_MAX, "one number of secrets");

struct serve_settings answering_settings(const struct config_server *start,
                                         const struct config_server *server) {
	struct serve_settings settings = {
		.nsid = server->nsid,
		.version = server->version,
		.cookies = server->cookies.on,
		.cookie_secrets.count = server->cookies.secret_count,
		.udp_size = UDP_ANSWER_SIZE,
		.transfers_out_max = TRANSFERS_OUT_MAX,
		.tcp_idle_ms = start->tcp_idle_s * 1000,
		.refuse = server->refuse.items,
		.refuse_count = server->refuse.count,
	};
	memcpy(settings.cookie_secrets.items, server->cookies.secrets, sizeof(settings.cookie_secrets.items));
	return settings;
}
