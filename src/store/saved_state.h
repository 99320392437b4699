/* The record that the database keeps for a zone: its state and where its image is.  docs/formats/store.md. */
#ifndef UNDERSTUDY_STORE_SAVED_STATE_H
#define UNDERSTUDY_STORE_SAVED_STATE_H

#include "store/store.h"

#define SAVED_STATE_FORMAT 1
#define SAVED_STATE_MAX 640 /* octets of the longest record */

struct saved_state {
	struct zone_state state;
	/* With state.has_version: */
	bool in_file;            /* the image is the file file_id, else a record of the database */
	uint64_t file_id;        /* valid if in_file */
	uint64_t image_size;     /* octets */
	uint64_t image_checksum; /* as in the image's header */
};

/* name: lower case; key of the record.  Returns the octets written to buf. */
size_t saved_state_encode(const struct saved_state *saved, const uint8_t *name,
                          uint8_t buf[static SAVED_STATE_MAX]);
/* ERR_CORRUPT, ERR_VERSION (a format that this program does not know). */
MUST_CHECK enum err saved_state_decode(const uint8_t *data, size_t len, const uint8_t *name,
                                       struct saved_state *out_saved);

#endif
