/* Requests about what to do elsewhere: the configuration of primaries. */
#include <stdio.h>

#include "control/handlers.h"
#include "control/protocol.h"
#include "inventory/primary_config.h"

static json_t *parts_json(const struct primary_config *config) {
	json_t *parts = json_array();
	for (unsigned i = 0; i < config->count; i++) {
		const struct primary_config_part *p = &config->parts[i];
		(void)json_array_append_new(parts, json_pack("{s:s, s:s}", "where", p->where, "lines",
		                                             p->lines)); /* out of memory: a part less */
	}
	return parts;
}

static json_t *no_software(void) {
	char text[200] = "the software is one of";
	size_t at = 0, len = strlen(text);
	for (const char *name; (name = primary_config_next(&at));)
		len += (size_t)snprintf(text + len, sizeof(text) - len, " %s", name);
	return reply_refusal(CONTROL_CODE_REQUEST, text);
}

json_t *request_primary_config(struct request *r) {
	struct zone_contact contact;
	struct primary_config config;
	char zone[NAME_TEXT_MAX];
	enum err e = r->backend->zone_contact(r->backend->ctx, r->zone.wire, &contact);
	if (e != OK) return reply_outcome(r, e);
	if (contact.address_count == 0) {
		return reply_refusal(
			CONTROL_CODE_FAILED,
			"no address of this server is known: server.public-addresses can name them");
	}
	struct primary_config_ask ask = {
		.software = asked_text(r, "software"),
		.previous = asked_flag(r, "previous"),
		.zone = name_text_short(r->zone.wire, zone),
		.addresses = contact.addresses,
		.address_count = contact.address_count,
		.key_name = contact.key_name[0] ? contact.key_name : NULL,
		.key_algorithm = contact.key_algorithm,
		.key_secret = asked_text(r, "secret"),
	};
	e = primary_config_make(&ask, &config);
	if (e == ERR_NOTFOUND) return no_software();
	if (e == ERR_UNSUPPORTED) {
		return reply_refusal(
			CONTROL_CODE_FAILED,
			"the name of the zone or of its key would have to be quoted in configurations, or the "
			"secret is no base64; no lines are made of that");
	}
	if (e != OK) return reply_refusal(CONTROL_CODE_FAILED, err_text(e));
	json_t *result = json_pack("{s:s, s:o}", "title", config.title, "parts", parts_json(&config));
	primary_config_done(&config);
	return reply_result(result, false);
}
