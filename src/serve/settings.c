#include "serve/settings.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "serve/worker.h"

static void copy_told(struct told *out, const char *text) {
	size_t len = text ? strlen(text) : 0;
	out->len = (uint8_t)(len < TOLD_MAX ? len : TOLD_MAX);
	if (len > 0) memcpy(out->text, text, out->len);
}

/* RFC 7828 section 3.1: in units of 100 milliseconds. */
static uint16_t units_of_100ms(unsigned ms) {
	unsigned units = ms / 100;
	return (uint16_t)(units < UINT16_MAX ? units : UINT16_MAX);
}

struct settings *settings_new(const struct serve_settings *from,
                              const uint8_t own_secret[static COOKIE_SECRET_LEN]) {
	struct settings *s = xcalloc(1, sizeof(*s));
	s->udp_size = from->udp_size > UDP_PLAIN_MAX ? from->udp_size : UDP_PLAIN_MAX;
	s->transfers_out_max = from->transfers_out_max;
	s->transfers_out_per_client = from->transfers_out_per_client;
	s->transfer_out_timeout_s = from->transfer_out_timeout_s;
	s->tcp_idle_100ms = units_of_100ms(from->tcp_idle_ms);
	s->cookies = from->cookies;
	s->secrets = from->cookie_secrets;
	if (s->secrets.count > COOKIE_SECRETS_MAX) s->secrets.count = COOKIE_SECRETS_MAX;
	if (s->secrets.count == 0) {
		s->secrets.count = 1;
		memcpy(s->secrets.items[0], own_secret, COOKIE_SECRET_LEN);
	}
	s->refused = prefix_set_new(from->refuse, from->refuse_count);
	copy_told(&s->nsid, from->nsid);
	copy_told(&s->version, from->version);
	return s;
}

void settings_free(void *settings) {
	struct settings *s = settings;
	if (!s) return;
	prefix_set_free(s->refused);
	free(s);
}
