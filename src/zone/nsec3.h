/* NSEC3 owner names and hashes, RFC 5155. */
#ifndef UNDERSTUDY_ZONE_NSEC3_H
#define UNDERSTUDY_ZONE_NSEC3_H

#include <stdbool.h>
#include <stdint.h>

#include "zone/image.h"

#define NSEC3_LABEL_LEN 32 /* base32hex of a SHA-1 hash */

/* Section 5: SHA-1 over the lower-case name and salt, `iterations` times again. */
void nsec3_hash(const uint8_t *name, const uint8_t *salt, uint8_t salt_len, unsigned iterations,
                uint8_t out_hash[static NSEC3_HASH_LEN]);
/* Lower-case base32hex, no length octet, no NUL. */
void nsec3_label(const uint8_t hash[static NSEC3_HASH_LEN], uint8_t out_label[static NSEC3_LABEL_LEN]);
/* A name relative to the apex is one label of 32 base32hex digits. */
bool nsec3_owner_is_sound(const uint8_t *relative);

#endif
