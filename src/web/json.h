/* JSON from strangers, and the two spellings of names: the API's (masterIp) and those of control socket (master_ip)
 * and configuration (master-ip).
 * Thread: any. */
#ifndef UNDERSTUDY_WEB_JSON_H
#define UNDERSTUDY_WEB_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define JSON_DEPTH_MAX 12
#define JSON_FAULT_MAX 160
#define JSON_NAME_MAX 128
#define JSON_TIME_MAX 40

/* Strictly one object: no depth beyond JSON_DEPTH_MAX, no field twice, UTF-8, no NUL, nothing after it.
 * ERR_MALFORMED: out_fault tells. */
MUST_CHECK enum err json_strict(const char *text, size_t len, json_t **out_object,
                                char out_fault[static JSON_FAULT_MAX]);

/* "master_ip" and "master-ip" to "masterIp"; cut at the end of out. */
void json_camel_name(const char *name, char out[static JSON_NAME_MAX]);
/* "masterIp" to "master<mark>ip". */
void json_plain_name(const char *name, char mark, char out[static JSON_NAME_MAX]);

/* A copy with names as the API spells them; times (…_at, time, since: seconds) become texts as of RFC 3339, UTC.
 * A new reference. */
json_t *json_camel(json_t *value);

/* Seconds as "2026-04-16T13:00:00Z". */
const char *json_time_text(int64_t time_s, char out[static JSON_TIME_MAX]);
json_t *json_time(json_t *seconds); /* null for null; a new reference */
/* ERR_MALFORMED. */
MUST_CHECK enum err json_time_parse(const char *text, int64_t *out_time_s);

#endif
