/* The frames of one zone within a transaction: add, find, drop.  The place tells where they are and is kept by the
 * caller in the zone's state, in the same transaction.  name: lower case. */
#ifndef UNDERSTUDY_STORE_JOURNAL_H
#define UNDERSTUDY_STORE_JOURNAL_H

#include "store/database.h"
#include "store/frame.h"
#include "store/saved_state.h"

/* What may stand behind an image: beyond the first a whole image is wanted, beyond the second no step is taken. */
#define JOURNAL_BEHIND_BYTES 65536 /* or a quarter of the image, if that is more */
#define JOURNAL_BEHIND_COUNT 5000
#define JOURNAL_BEHIND_TIMES 4 /* the second is so many times the first */

bool journal_wants_image(const struct journal_place *place, uint64_t image_size);
/* So many further steps of so many octets may stand behind the image. */
bool journal_has_room(const struct journal_place *place, uint64_t image_size, uint32_t count, uint64_t bytes);

/* Passes the fault point "journal-put".  Results as database_put; ERR_NOMEM. */
MUST_CHECK enum err journal_append(struct database_txn *txn, const uint8_t *name, struct journal_place *place,
                                   const struct change *c);
/* Drop the oldest steps as far as bounds tell, none behind the image.  now_s: that age is counted from.  tight: the
 * journal of all zones has outgrown its share; half of the steps go. */
MUST_CHECK enum err journal_trim(struct database_txn *txn, const uint8_t *name, struct journal_place *place,
                                 const struct history_bounds *bounds, int64_t now_s, bool tight);
/* All of them, whatever place says. */
MUST_CHECK enum err journal_drop_all(struct database_txn *txn, const uint8_t *name,
                                     struct journal_place *place);

/* The i-th step, 0 the oldest.  ERR_CORRUPT, ERR_VERSION: the frame is not valid or not there; ERR_NOMEM, ERR_IO. */
MUST_CHECK enum err journal_read(struct database_txn *txn, const uint8_t *name,
                                 const struct journal_place *place, uint32_t i, struct change **out_change);
/* Its header alone. */
MUST_CHECK enum err journal_facts(struct database_txn *txn, const uint8_t *name,
                                  const struct journal_place *place, uint32_t i,
                                  struct frame_facts *out_facts);
static inline uint64_t journal_frame_len(const struct frame_facts *f) {
	return (uint64_t)FRAME_HEADER_LEN + f->len[0] + f->len[1] + FRAME_TRAILER_LEN;
}

#endif
