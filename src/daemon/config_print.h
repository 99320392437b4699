/* The configuration in force, defaults included, as JSON in the words of understudy.yaml(5); secrets are masked.  Pure. */
#ifndef UNDERSTUDY_DAEMON_CONFIG_PRINT_H
#define UNDERSTUDY_DAEMON_CONFIG_PRINT_H

#include <jansson.h>

#include "inventory/config.h"

/* A new reference.  Zones are left out: zone.page tells them. */
json_t *config_print(const struct config *config);

#endif
