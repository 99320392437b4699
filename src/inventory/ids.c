#include "inventory/ids.h"

void id_new(struct random *r, char out_id[static ID_LEN + 1]) {
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyz234567"; /* RFC 4648 section 6, in lower case */
	for (int i = 0; i < ID_LEN; i++)
		out_id[i] = letters[random_u64(r) & 31];
	out_id[ID_LEN] = '\0';
}
