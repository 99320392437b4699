/* The handlers that routes.def names.  Each answers its exchange once, now or later. */
#ifndef UNDERSTUDY_WEB_HANDLERS_H
#define UNDERSTUDY_WEB_HANDLERS_H

#include "web/exchange.h"

/* ops.c, metrics.c: of the process itself */
void ops_healthz(struct exchange *x);
void ops_readyz(struct exchange *x);
void ops_openapi(struct exchange *x);
void metrics(struct exchange *x);

/* zones.c */
void zones_list(struct exchange *x);
void zones_add(struct exchange *x);
void zones_batch(struct exchange *x);
void zone_get(struct exchange *x);
void zone_put(struct exchange *x);
void zone_patch(struct exchange *x);
void zone_delete(struct exchange *x);
void zone_action(struct exchange *x);

/* zone_content.c */
void zone_records(struct exchange *x);
void zone_versions(struct exchange *x);
void zone_diff(struct exchange *x);
void zone_transfers(struct exchange *x);
void zone_export(struct exchange *x);
void zone_primary_config(struct exchange *x);

/* health.c, events.c */
void health_zones(struct exchange *x);
void health_zone(struct exchange *x);
void events(struct exchange *x);

/* service.c, primaries.c */
void server_info(struct exchange *x);
void keys_add(struct exchange *x);
void primary_get(struct exchange *x);
void primary_put(struct exchange *x);
void primary_list(struct exchange *x);

/* pass.c: one request of the daemon, as it is */
void pass_get(struct exchange *x);
void pass_add(struct exchange *x);
void pass_remove(struct exchange *x);
void pass_list(struct exchange *x);
void audit_page(struct exchange *x);

/* powerdns.c, powerdns_server.c */
void powerdns_zones(struct exchange *x);
void powerdns_zone(struct exchange *x);
void powerdns_zone_add(struct exchange *x);
void powerdns_zone_put(struct exchange *x);
void powerdns_zone_patch(struct exchange *x);
void powerdns_zone_delete(struct exchange *x);
void powerdns_retrieve(struct exchange *x);
void powerdns_notify(struct exchange *x);
void powerdns_export(struct exchange *x);
void powerdns_zone_nothing(struct exchange *x);
void powerdns_servers(struct exchange *x);
void powerdns_server(struct exchange *x);
void powerdns_config(struct exchange *x);
void powerdns_statistics(struct exchange *x);
void powerdns_nothing(struct exchange *x);
void powerdns_flush(struct exchange *x);
void powerdns_keys(struct exchange *x);
void powerdns_key(struct exchange *x);
void powerdns_key_add(struct exchange *x);
void powerdns_key_delete(struct exchange *x);

#endif
