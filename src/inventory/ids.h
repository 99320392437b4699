/* What the outside calls a row: 20 random characters of base32 (100 bits), in lower case, which tell nothing and are
 * never given again.  Plain values. */
#ifndef UNDERSTUDY_INVENTORY_IDS_H
#define UNDERSTUDY_INVENTORY_IDS_H

#include "base/random.h"

#define ID_LEN 20

void id_new(struct random *r, char out_id[static ID_LEN + 1]);

#endif
