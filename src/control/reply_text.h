/* A reply as it is written: JSON and its newline in blocks, so that a long one is neither copied nor grown.  For
 * src/control only.  Thread: any. */
#ifndef UNDERSTUDY_CONTROL_REPLY_TEXT_H
#define UNDERSTUDY_CONTROL_REPLY_TEXT_H

#include <jansson.h>
#include <stdbool.h>
#include <uv.h>

struct reply_text {
	uv_buf_t *blocks; /* owned */
	unsigned count, capacity;
	size_t room; /* octets free in the last block */
};

/* Start with {0}.  Borrows reply.  false: out of memory; nothing is to be freed. */
bool reply_text_make(const json_t *reply, struct reply_text *out_text);
void reply_text_free(struct reply_text *text);

#endif
