/* The control socket: a Unix stream socket, one JSON object a line in, one JSON object a line out; a reply with
 * "more": true is followed by another (long lists and exports come in slices, so that the loop is never held).
 * docs/formats/control.md lists the requests; the table of requests is requests.def.
 *
 * Runs on the transfer thread's loop.  Knows transfers and serving only through the callbacks below, which
 * daemon/wire.c connects. */
#ifndef UNDERSTUDY_CONTROL_CONTROL_H
#define UNDERSTUDY_CONTROL_CONTROL_H

#include <jansson.h>
#include <uv.h>

#include "base/addr.h"
#include "base/log.h"
#include "base/told.h"
#include "base/why.h"
#include "dns/name.h"
#include "zone/version.h"

struct caller;
struct control;
struct desk;
struct events;
struct gate;
struct inventory;
struct wanted_changes;

#define ZONE_CONTACT_ADDRESSES_MAX 64

/* What a primary of a zone has to know of us. */
struct zone_contact {
	struct addr addresses[ZONE_CONTACT_ADDRESSES_MAX]; /* ours, with ports */
	size_t address_count;                              /* 0: none is known */
	char key_name[NAME_TEXT_MAX];                      /* of the TSIG key it is asked with; "": none */
	const char *key_algorithm;                         /* static; NULL: no key */
};

/* Each returns a new reference (stolen by control) or NULL with out_error set to words for people.
 * zone_list gives one slice: cursor starts at 0, and is 0 again when the list is complete. */
/* What is known of a zone without looking far; words are constants. */
struct control_zone {
	const uint8_t *name; /* borrowed until the next call */
	int64_t account;
	const char *state, *health, *reason;
};

struct control_backend {
	void *ctx;
	json_t *(*status)(void *ctx);
	json_t *(*stats)(void *ctx);
	json_t *(*zone_list)(void *ctx, size_t *cursor, size_t max);
	json_t *(*zone_status)(void *ctx, const uint8_t *name, const char **out_error);
	enum err (*zone_contact)(void *ctx, const uint8_t *name, struct zone_contact *out_contact);
	enum err (*zone_refresh)(void *ctx, const uint8_t *name);
	enum err (*zone_retransfer)(void *ctx, const uint8_t *name);
	enum err (*zone_accept)(void *ctx, const uint8_t *name); /* ERR_MISMATCH: no version was refused */
	/* What is to outlive a crash is answered when it is saved: told is called after OK was returned, and only then.  It
	 * gets OK, ERR_NOTFOUND (the zone went meanwhile) or why it is not saved. */
	enum err (*zone_hold)(void *ctx, const uint8_t *name, struct told told);
	enum err (*zone_release)(void *ctx, const uint8_t *name,
	                         struct told told); /* ERR_MISMATCH: it is not held */
	/* Steps that are kept, oldest first, and the serial that is served: rows of docs/formats/control.md.  NULL: no such
	 * zone. */
	json_t *(*zone_history)(void *ctx, const uint8_t *name);
	/* ERR_NOTFOUND: no such zone; other errors: why tells.  out_change: one reference. */
	enum err (*zone_diff)(void *ctx, const uint8_t *name, uint32_t from, uint32_t to,
	                      struct change **out_change, struct why *why);
	enum err (*zone_rollback)(void *ctx, const uint8_t *name, uint32_t serial, struct why *why,
	                          struct told told);
	struct zone_version *(*zone_version)(void *ctx, const uint8_t *name); /* a reference */
	enum err (*reload)(void *ctx, json_t **out_faults);
	json_t *(*web_config)(void *ctx);
	json_t *(*ready)(void *ctx);
	/* Zones of an account (-1: of all) by health; docs/formats/control.md. */
	json_t *(*health_summary)(void *ctx, int64_t account);
	/* Whose zone it is, by the number of an account; 0: there is none. */
	int64_t (*zone_account)(void *ctx, const uint8_t *name);
	/* All primaries of the zone are those that the key is bound to; without this callback none are. */
	bool (*zone_within)(void *ctx, const uint8_t *name, const struct caller *caller);
	/* One zone after another, in any order; *cursor begins with 0.  false: there are no more. */
	bool (*zone_next)(void *ctx, size_t *cursor, struct control_zone *out_zone);
	/* A short status for lists; NULL: it is not under our care. */
	json_t *(*zone_brief)(void *ctx, const uint8_t *name);
	/* The inventory has changed; takes the content. */
	void (*changed)(void *ctx, struct wanted_changes *changes);
	/* Look for the proof that zone waits for (a name; NULL: of all that wait).  false: that was done just now.  NULL: zones
	 * need none. */
	bool (*zone_prove)(void *ctx, const char *zone);
	/* The account wants a zone that another has. */
	void (*zone_contest)(void *ctx, const char *zone, int64_t account);
	/* What the last look has found, in words; NULL: nothing yet. */
	const char *(*zone_proof_text)(void *ctx, const char *zone);
	/* {"addresses", "name_servers", "version", "mode"} */
	json_t *(*server_info)(void *ctx);
	json_t *(*config_print)(void *ctx);
	struct gate *gate;               /* NULL: no key opens anything */
	struct inventory *inventory;     /* the desk's; NULL: there is none */
	const struct tsig_keyring *keys; /* of the configuration; the desk's too */
	struct events *events;           /* what is told to those who watch; borrowed */
};

enum control_side { CONTROL_OPERATOR, CONTROL_WEB, CONTROL_SIDES };

struct control_settings {
	const char *paths[CONTROL_SIDES]; /* of the sockets; NULL: there is none for the web */
	struct desk *desk;                /* outlives the control; borrowed, as log */
	struct log *log;
};

/* ERR_IO with words in why: a path can't be bound (a stale socket file of a dead daemon is replaced, a live one is
 * not). */
MUST_CHECK enum err control_new(uv_loop_t *loop, const struct control_settings *settings,
                                const struct control_backend *backend, struct control **out_control,
                                struct why *why);
void control_stop(struct control *c); /* closes handles; freed when the loop has run them down */

#endif
