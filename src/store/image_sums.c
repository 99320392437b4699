#include "store/image_sums.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/thread.h"

#define THREADS_MAX 4

struct file {
	uint64_t id, size;
	struct image_sum sum;
	bool done; /* sum is there: under the lock */
};

struct image_sums {
	struct image_folder folder;
	struct file *files;    /* by id */
	struct file **by_size; /* large ones first, so that the last to be read is no large one */
	size_t count;
	_Atomic size_t next; /* of by_size: nobody has taken it yet */
	pthread_mutex_t lock;
	pthread_cond_t one_done;
	pthread_t threads[THREADS_MAX];
	unsigned running;
};

static int compare_sizes(const void *a, const void *b) {
	const struct file *x = *(struct file *const *)a, *y = *(struct file *const *)b;
	return (x->size < y->size) - (x->size > y->size);
}

static int compare_ids(const void *a, const void *b) {
	const struct file *x = a, *y = b;
	return (x->id > y->id) - (x->id < y->id);
}

/* The results of the locks are those of threads that unlock what they hold: never a failure. */
static void keep(struct image_sums *s, struct file *file, const struct image_sum *sum) {
	(void)pthread_mutex_lock(&s->lock);
	file->sum = *sum;
	file->done = true;
	(void)pthread_cond_broadcast(&s->one_done);
	(void)pthread_mutex_unlock(&s->lock);
}

static void *read_files(void *ctx) {
	struct image_sums *s = ctx;
	struct image_sum sum;
	uint8_t *buffer = xmalloc(IMAGE_FILE_PIECE);
	struct checksum *scratch = checksum_new();
	size_t i;
	while ((i = s->next++) < s->count) {
		image_file_sum(&s->folder, s->by_size[i]->id, buffer, scratch, &sum);
		keep(s, s->by_size[i], &sum);
	}
	checksum_free(scratch);
	free(buffer);
	return NULL;
}

/* As many as there are cores that we may use, and files. */
static unsigned threads_wanted(size_t files) {
	cpu_set_t set;
	int cores = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
	unsigned most = cores < THREADS_MAX ? (unsigned)cores : THREADS_MAX;
	return files < most ? (unsigned)files : most;
}

static void start_threads(struct image_sums *s) {
	unsigned wanted = threads_wanted(s->count);
	while (s->running < wanted && thread_start(&s->threads[s->running], "images", read_files, s))
		s->running++;
}

static struct image_sums *sums_new(const struct image_folder *folder, const uint64_t *ids, size_t count) {
	struct image_sums *s = xcalloc(1, sizeof(*s));
	s->folder = *folder;
	s->count = count;
	s->files = xcalloc(count, sizeof(*s->files));
	s->by_size = xcalloc(count, sizeof(*s->by_size));
	for (size_t i = 0; i < count; i++) {
		s->files[i] = (struct file){ .id = ids[i], .size = image_file_size(folder, ids[i]) };
		s->by_size[i] = &s->files[i];
	}
	qsort(s->files, count, sizeof(*s->files), compare_ids);
	qsort(s->by_size, count, sizeof(struct file *), compare_sizes);
	(void)pthread_mutex_init(&s->lock, NULL); /* plain ones: cannot fail */
	(void)pthread_cond_init(&s->one_done, NULL);
	return s;
}

struct image_sums *image_sums_begin(const struct image_folder *folder) {
	struct image_sums *s = NULL;
	uint64_t *ids;
	size_t count;
	if (image_folder_list(folder, &ids, &count) != OK)
		return NULL; /* each is read when it is looked for */
	if (count) s = sums_new(folder, ids, count);
	if (s) start_threads(s);
	free(ids);
	return s;
}

static struct file *find(const struct image_sums *s, uint64_t id) {
	const struct file key = { .id = id };
	return bsearch(&key, s->files, s->count, sizeof(key), compare_ids);
}

const struct image_sum *image_sums_of(struct image_sums *s, uint64_t id) {
	struct file *file = s ? find(s, id) : NULL;
	if (!file) return NULL;
	if (s->running == 0) (void)read_files(s); /* there were no threads to be had: returns nothing */
	(void)pthread_mutex_lock(&s->lock);
	while (!file->done)
		(void)pthread_cond_wait(&s->one_done, &s->lock);
	(void)pthread_mutex_unlock(&s->lock);
	return &file->sum;
}

void image_sums_free(struct image_sums *s) {
	if (!s) return;
	s->next = s->count;
	for (unsigned i = 0; i < s->running; i++)
		(void)pthread_join(s->threads[i], NULL); /* a thread of ours that was not joined yet */
	(void)pthread_cond_destroy(&s->one_done);        /* nobody waits */
	(void)pthread_mutex_destroy(&s->lock);
	free(s->by_size);
	free(s->files);
	free(s);
}
