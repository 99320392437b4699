#include "transfer/merger.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/fault.h"
#include "base/thread.h"
#include "transfer/followed.h"
#include "zone/apply.h"

/* One zone's merge, from the wish to the end. */
struct merge {
	struct save save; /* first: the saver hands it back */
	uv_work_t work;
	struct merger *merger;
	struct followed *zone; /* a reference */
	struct merge *next;    /* waiting */
	enum merge_need how;
	struct zone_version *from, *merged; /* references */
	enum err error;
	struct why why;
};

struct merger {
	struct transfer *transfer;
	struct merge *first, **last; /* waiting */
	unsigned running;
};

static void start(struct merger *m);

static void merge_free(struct merge *g) {
	g->zone->merging = NULL;
	followed_unref(g->zone);
	version_unref(g->from);
	version_unref(g->merged);
	free(g);
}

/* What z needs now, and can have: while a version is on its way to the store, a whole image would not be saved. */
static enum merge_need need_of(const struct followed *z) {
	if (!z->entry || !z->version) return MERGE_NOT;
	enum merge_need need = z->wants_image ? MERGE_ALL : version_merge_need(z->version);
	return need == MERGE_ALL && z->follow.state == FOLLOW_SAVING ? MERGE_NOT : need;
}

/* A whole image that met a save on its way is wanted still, when that save is over (ingest.c looks again then).  After
 * a failure the store asks for it again with the next version. */
static void settle_wish(const struct merge *g) {
	struct followed *z = g->zone;
	bool was_tried = g->how == MERGE_ALL || (g->error != OK && g->error != ERR_NOTFOUND);
	if (was_tried) z->wants_image = g->error == ERR_NOTFOUND;
}

/* It is over, one way or another. */
static void finish(struct merge *g) {
	struct merger *m = g->merger;
	struct followed *z = g->zone;
	bool again = g->error == OK || g->error == ERR_NOTFOUND;
	settle_wish(g);
	followed_ref(z);
	m->running--;
	merge_free(g);
	if (again) merger_look(m, z, false);
	followed_unref(z);
	start(m);
	saver_check_idle(m->transfer->saver);
}

/* Serve the equal of what is served now that stands on `merged`. */
static void replace(const struct merge *g, const struct zone_version *merged) {
	struct followed *z = g->zone;
	if (!z->entry || !z->version) return;
	(void)fault_fires("merge-publish"); /* a place to die at: merged, its image perhaps saved */
	struct zone_version *v = version_rebase(merged, g->from, z->version);
	if (!v) return; /* another base has come */
	followed_hold(z, v);
	if (atomic_load(&z->entry->status) == ZONE_SERVED) steps_publish(z, z->version, ZONE_SERVED);
}

/* -- the image saved -- */

/* While another version is on its way to the store the two could pass each other.  One that came whole meanwhile may have
 * the serial of the merged one: the store, which knows versions by their serials, could not tell that it is another. */
static bool prepare_image(struct save *s) {
	const struct merge *g = (const struct merge *)s;
	const struct followed *z = g->zone;
	return z->entry && z->follow.state != FOLLOW_SAVING && z->version &&
	       version_stands_on(z->version, g->from);
}

static void image_told(struct save *s) {
	struct merge *g = (struct merge *)s;
	g->error = s->error; /* a failure was logged by the saver; the steps are saved all the same */
	if (s->error == OK) replace(g, s->saved);
	version_unref(s->saved);
	finish(g);
}

static void save_image(struct merge *g) {
	g->save.kind = SAVE_IMAGE;
	g->save.name = g->zone->name;
	g->save.version = g->merged;
	g->save.prepare = prepare_image;
	g->save.told = image_told;
	saver_add(g->merger->transfer->saver, &g->save);
}

/* -- the merge -- */

static void on_work(uv_work_t *work) {
	struct merge *g = work->data;
	thread_name(THREAD_POOL);
	g->error = version_merge(g->from, g->how, &g->merged, &g->why);
}

static void on_merged(uv_work_t *work, int status) {
	(void)status; /* never cancelled */
	struct merge *g = work->data;
	if (g->error != OK || !g->zone->entry) {
		finish(g); /* it goes on with the layers that it has */
	} else if (g->how == MERGE_ALL) {
		save_image(g);
	} else {
		replace(g, g->merged);
		finish(g);
	}
}

static void run(struct merger *m, struct merge *g) {
	m->running++;
	g->from = g->zone->version;
	version_ref(g->from);
	version_merge_keep(g->from);
	g->how = need_of(g->zone);
	g->work.data = g;
	/* Cannot fail: the callback is given. */
	(void)uv_queue_work(m->transfer->loop, &g->work, on_work, on_merged);
}

static void start(struct merger *m) {
	while (m->first && m->running < MERGER_RUNNING) {
		struct merge *g = m->first;
		m->first = g->next;
		if (!m->first) m->last = &m->first;
		if (!m->transfer->stopping && need_of(g->zone) != MERGE_NOT)
			run(m, g);
		else
			merge_free(g);
	}
}

void merger_look(struct merger *m, struct followed *z, bool wants_image) {
	z->wants_image |= wants_image;
	if (!z->version || version_is_whole(z->version))
		z->wants_image = false; /* what is whole is saved whole */
	if (z->merging) return;         /* its end looks again */
	if (m->transfer->stopping || need_of(z) == MERGE_NOT) return;
	struct merge *g = xcalloc(1, sizeof(*g));
	g->merger = m;
	g->zone = z;
	followed_ref(z);
	z->merging = g;
	*m->last = g;
	m->last = &g->next;
	start(m);
}

bool merger_is_idle(const struct merger *m) {
	return m->running == 0;
}

struct merger *merger_new(struct transfer *t) {
	struct merger *m = xcalloc(1, sizeof(*m));
	m->transfer = t;
	m->last = &m->first;
	return m;
}

void merger_free(struct merger *m) {
	while (m && m->first) {
		struct merge *g = m->first;
		m->first = g->next;
		merge_free(g);
	}
	free(m);
}
