/* Numbers of the header in network byte order; the block as zone/change.h has it, whose numbers are in the order of
 * the machine that wrote it:
 *
 *   u8 format | u8 flags | u16 0 | u32 from | u32 to | u32 removed, added records | u32 removed, added octets |
 *   i64 time | removed octets | added octets | u64 checksum of all before and the key */
#include "store/frame.h"

#include <assert.h>
#include <string.h>

#include "base/bytes.h"
#include "store/checksum.h"

enum frame_flag { FRAME_LITTLE_ENDIAN = 1 };

static uint8_t own_flags(void) {
	const uint16_t one = 1;
	uint8_t first;
	memcpy(&first, &one, 1);
	return first ? FRAME_LITTLE_ENDIAN : 0;
}

static void put_u64(uint8_t *out, uint64_t v) {
	store_u32(out, (uint32_t)(v >> 32));
	store_u32(out + 4, (uint32_t)v);
}

static uint64_t get_u64(const uint8_t *p) {
	return (uint64_t)load_u32(p) << 32 | load_u32(p + 4);
}

size_t frame_key(const uint8_t *name, uint64_t sequence, uint8_t out_key[static FRAME_KEY_MAX]) {
	size_t len = name_len(name);
	memcpy(out_key, name, len);
	put_u64(out_key + len, sequence);
	return len + 8;
}

void frame_encode(const struct change *c, const uint8_t *key, size_t key_len, uint8_t *out) {
	size_t block_len = (size_t)c->len[0] + c->len[1], end = FRAME_HEADER_LEN + block_len;
	const uint32_t numbers[6] = { c->from, c->to, c->count[0], c->count[1], c->len[0], c->len[1] };
	out[0] = FRAME_FORMAT;
	out[1] = own_flags();
	store_u16(out + 2, 0);
	for (int i = 0; i < 6; i++)
		store_u32(out + 4 + 4 * i, numbers[i]);
	put_u64(out + 28, (uint64_t)c->time_s);
	memcpy(out + FRAME_HEADER_LEN, c->block, block_len);
	put_u64(out + end, checksum_of(out, end, key, key_len));
}

enum err frame_facts(const uint8_t *data, size_t len, struct frame_facts *out_facts) {
	uint32_t numbers[6];
	if (len < 1) return ERR_CORRUPT;
	if (data[0] != FRAME_FORMAT) return ERR_VERSION;
	if (len < FRAME_HEADER_LEN + FRAME_TRAILER_LEN || load_u16(data + 2) != 0) return ERR_CORRUPT;
	if (data[1] != own_flags()) return ERR_CORRUPT;
	for (int i = 0; i < 6; i++)
		numbers[i] = load_u32(data + 4 + 4 * i);
	uint64_t block_len = (uint64_t)numbers[4] + numbers[5];
	if (len - FRAME_HEADER_LEN - FRAME_TRAILER_LEN != block_len) return ERR_CORRUPT;
	*out_facts = (struct frame_facts){ .from = numbers[0],
		                           .to = numbers[1],
		                           .count = { numbers[2], numbers[3] },
		                           .len = { numbers[4], numbers[5] },
		                           .time_s = (int64_t)get_u64(data + 28) };
	return OK;
}

enum err frame_decode(const uint8_t *data, size_t len, const uint8_t *key, size_t key_len,
                      struct change **out_change) {
	struct frame_facts facts;
	enum err e = frame_facts(data, len, &facts);
	if (e != OK) return e;
	size_t end = len - FRAME_TRAILER_LEN;
	if (get_u64(data + end) != checksum_of(data, end, key, key_len)) return ERR_CORRUPT;
	return change_open(data + FRAME_HEADER_LEN, facts.len, facts.count, facts.from, facts.to,
	                   facts.time_s, out_change);
}
