/* When nothing was saved for a while after much was: what only saving and transfers needed is given back to the system.
 * That are the pages of the store's database, which lie in the page cache anyhow, and memory that the C library keeps. */
#include "base/thread.h"
#include "transfer/followed.h"

#define REST_MS 500
#define REST_SAVES 256 /* fewer are not worth it */

static void on_work(uv_work_t *work) {
	struct transfer *t = work->data;
	thread_name(THREAD_POOL);
	store_rest(t->store);
	heap_rest();
}

static void on_rested(uv_work_t *work, int status) {
	(void)status; /* never cancelled */
	struct transfer *t = work->data;
	t->resting = false;
	saver_check_idle(t->saver);
}

static void on_rest(uv_timer_t *timer) {
	struct transfer *t = timer->data;
	if (t->resting || t->stopping || t->load_step != LOAD_DONE) return; /* its end comes here too */
	t->rest_waits = !saver_is_idle(t->saver);
	if (t->rest_waits) return;
	t->resting = true;
	t->rested_saves = saver_count(t->saver);
	t->rest_work.data = t;
	/* Cannot fail: the callback is given. */
	(void)uv_queue_work(t->loop, &t->rest_work, on_work, on_rested);
}

static void on_idle(void *ctx) {
	struct transfer *t = ctx;
	if (!t->rest_waits && saver_count(t->saver) - t->rested_saves < REST_SAVES) return;
	(void)uv_timer_start(&t->rest, on_rest, REST_MS, 0); /* cannot fail: it is initialised */
}

void rest_soon(struct transfer *t) {
	(void)uv_timer_start(&t->rest, on_rest, REST_MS, 0); /* cannot fail: it is initialised */
}

void transfer_rest(struct transfer *t) {
	if (!t->stopping) rest_soon(t);
}

void rest_init(struct transfer *t) {
	(void)uv_timer_init(t->loop, &t->rest); /* always 0 */
	t->rest.data = t;
	saver_on_idle(t->saver, on_idle, t);
}
