/* Who is told of an outcome that comes later: from the loop of whom it was handed to, once, never from inside that call. */
#ifndef UNDERSTUDY_BASE_TOLD_H
#define UNDERSTUDY_BASE_TOLD_H

#include "base/err.h"

struct told {
	void (*fn)(void *ctx, enum err e); /* NULL: nobody waits for it */
	void *ctx;
};

#endif
