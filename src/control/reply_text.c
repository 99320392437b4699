#include "control/reply_text.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

#define BLOCK_FIRST 2000 /* most replies are shorter */
#define BLOCK 65000      /* below what malloc fetches from the kernel and gives back each time */

static bool block_add(struct reply_text *t) {
	size_t size = t->count == 0 ? BLOCK_FIRST : BLOCK;
	if (t->count == t->capacity) {
		unsigned capacity = t->capacity ? t->capacity * 4 : 4;
		uv_buf_t *larger = try_realloc(t->blocks, capacity * sizeof(*larger));
		if (!larger) return false;
		t->blocks = larger;
		t->capacity = capacity;
	}
	char *block = try_malloc(size);
	if (!block) return false;
	t->blocks[t->count++] = uv_buf_init(block, 0);
	t->room = size;
	return true;
}

static int put(const char *data, size_t len, void *ctx) {
	struct reply_text *t = ctx;
	while (len > 0) {
		if (t->room == 0 && !block_add(t)) return -1;
		uv_buf_t *last = &t->blocks[t->count - 1];
		size_t part = len < t->room ? len : t->room;
		memcpy(last->base + last->len, data, part);
		last->len += part;
		t->room -= part;
		data += part;
		len -= part;
	}
	return 0;
}

bool reply_text_make(const json_t *reply, struct reply_text *out_text) {
	struct reply_text t = { 0 };
	if (json_dump_callback(reply, put, &t, JSON_COMPACT) == 0 && put("\n", 1, &t) == 0) {
		*out_text = t;
		return true;
	}
	reply_text_free(&t);
	return false;
}

void reply_text_free(struct reply_text *t) {
	for (unsigned i = 0; i < t->count; i++)
		free(t->blocks[i].base);
	free(t->blocks);
	*t = (struct reply_text){ 0 };
}
