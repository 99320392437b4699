#include "transfer/commit.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "transfer/followed.h"

struct commit {
	struct save save;      /* first: the saver hands it back */
	struct followed *zone; /* a reference */
	struct told told;
};

static bool prepare(struct save *s) {
	const struct commit *c = (const struct commit *)s;
	s->state = followed_state(c->zone);
	return c->zone->entry != NULL;
}

static void on_saved(struct save *s) {
	struct commit *c = (struct commit *)s;
	struct told told = c->told;
	enum err e = s->error;
	followed_unref(c->zone);
	free(c);
	if (told.fn) told.fn(told.ctx, e);
}

void commit_state(struct followed *z, struct told told) {
	struct commit *c = xcalloc(1, sizeof(*c));
	c->save.kind = SAVE_STATE;
	c->save.name = z->name;
	c->save.prepare = prepare;
	c->save.told = on_saved;
	c->zone = z;
	c->told = told;
	followed_ref(z);
	saver_add(z->transfer->saver, &c->save);
}
