/* The record that the database keeps for a zone: its state and where its image is.  docs/formats/store.md. */
#ifndef UNDERSTUDY_STORE_SAVED_STATE_H
#define UNDERSTUDY_STORE_SAVED_STATE_H

#include "store/store.h"

#define SAVED_STATE_FORMAT 2 /* written; 1, which knows no journal, is read too */
#define SAVED_STATE_MAX 640  /* octets of the longest record */

/* Where a zone's frames are in the journal: sequence numbers next - count ... next - 1, without a gap.
 * behind <= count <= next, count <= JOURNAL_COUNT_MAX. */
#define JOURNAL_COUNT_MAX 100000
struct journal_place {
	uint64_t next;         /* sequence number of the next frame */
	uint32_t count;        /* frames that are there */
	uint32_t behind;       /* the newest so many of them lead on from the saved image */
	uint64_t bytes;        /* of all frames */
	uint64_t behind_bytes; /* of those behind the image */
};

struct saved_state {
	struct zone_state state;
	struct journal_place journal;
	/* With state.has_version: */
	bool in_file;            /* the image is the file file_id, else a record of the database */
	uint64_t file_id;        /* valid if in_file */
	uint64_t image_size;     /* octets */
	uint64_t image_checksum; /* as in the image's header */
	uint32_t image_serial;   /* state.serial is that of the newest frame behind it */
};

/* name: lower case; key of the record.  Returns the octets written to buf. */
size_t saved_state_encode(const struct saved_state *saved, const uint8_t *name,
                          uint8_t buf[static SAVED_STATE_MAX]);
/* ERR_CORRUPT, ERR_VERSION (a format that this program does not know). */
MUST_CHECK enum err saved_state_decode(const uint8_t *data, size_t len, const uint8_t *name,
                                       struct saved_state *out_saved);

#endif
