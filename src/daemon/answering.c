#include "daemon/answering.h"

#include <string.h>

#define UDP_ANSWER_SIZE 1232 /* largest UDP answer: DNS flag day 2020, RFC 9715 */

_Static_assert(CONFIG_COOKIE_SECRET_LEN == COOKIE_SECRET_LEN, "one length of secrets");
_Static_assert(CONFIG_COOKIE_SECRETS_MAX == COOKIE_SECRETS_MAX, "one number of secrets");

/* No limit of one kind means none of any. */
static struct rate_settings rate_settings(const struct config_rate_limit *l) {
	struct rate_settings s = { .slip = l->slip,
		                   .ipv4_prefix = l->ipv4_prefix,
		                   .ipv6_prefix = l->ipv6_prefix,
		                   .exempt = l->exempt.items,
		                   .exempt_count = l->exempt.count };
	if (l->responses_per_s == 0) return s;
	s.per_s[RATE_POSITIVE] = s.per_s[RATE_WILDCARD] = l->responses_per_s;
	s.per_s[RATE_NODATA] = l->nodata_per_s;
	s.per_s[RATE_NXDOMAIN] = l->nxdomains_per_s;
	s.per_s[RATE_REFERRAL] = l->referrals_per_s;
	s.per_s[RATE_ERROR] = l->errors_per_s;
	s.per_s[RATE_ALL] = l->all_per_s;
	return s;
}

struct serve_settings answering_settings(const struct config_server *start,
                                         const struct config_server *server) {
	struct serve_settings settings = {
		.nsid = server->nsid,
		.version = server->version,
		.cookies = server->cookies.on,
		.cookie_secrets.count = server->cookies.secret_count,
		.udp_size = UDP_ANSWER_SIZE,
		.transfers_out_max = server->transfers_out_max,
		.transfers_out_per_client = server->transfers_out_per_client,
		.transfer_out_timeout_s = server->transfer_out_timeout_s,
		.tcp_idle_ms = start->tcp_idle_s * 1000,
		.refuse = server->refuse.items,
		.refuse_count = server->refuse.count,
		.rate_limit = rate_settings(&server->rate_limit),
	};
	memcpy(settings.cookie_secrets.items, server->cookies.secrets, sizeof(settings.cookie_secrets.items));
	return settings;
}
