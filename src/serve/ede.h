/* Extended DNS errors (RFC 8914): rows of serve/ede.def. */
#ifndef UNDERSTUDY_SERVE_EDE_H
#define UNDERSTUDY_SERVE_EDE_H

#include <stddef.h>
#include <stdint.h>

#define EDE_TEXT_MAX 96

enum ede {
	EDE_NONE,
#define EDE(name, code, text) EDE_##name,
#include "serve/ede.def"
#undef EDE
	EDE_COUNT
};

/* ede is not EDE_NONE. */
uint16_t ede_code(enum ede ede);
/* The text with its length, 0: none.  at_s: when it came to be, wall time, 0: not known or not worth telling. */
size_t ede_text(enum ede ede, int64_t at_s, char out[static EDE_TEXT_MAX]);

#endif
