/* store/image_sums: what the octets of files give, while somebody else goes on. */
#include "lab.h"

#include <errno.h>

#include "store/image_sums.h"

#define FILES 20

/* File i: of its own length, from one that is shorter than any image to some that are read in pieces. */
static size_t length_of(unsigned i) {
	return i == 0 ? 17 : sizeof(struct image_header) + (size_t)i * 9973;
}

static void write_file(const struct lab *lab, unsigned i) {
	char path[128];
	size_t len = length_of(i);
	uint8_t *octets = malloc(len);
	memset(octets, (int)i, len);
	snprintf(path, sizeof(path), "%s/images/%016x.img", lab->dir, i);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_int_equal(write(fd, octets, len), (ssize_t)len);
	close(fd);
	free(octets);
}

static uint64_t expected_sum(unsigned i) {
	size_t len = length_of(i);
	uint8_t *octets = malloc(len);
	struct checksum *c = checksum_new();
	memset(octets, (int)i, len);
	checksum_add(c, octets, len);
	uint64_t sum = checksum_get(c);
	checksum_free(c);
	free(octets);
	return sum;
}

static struct image_folder folder_open(const struct lab *lab) {
	struct image_folder folder;
	struct why why;
	int fd = open(lab->dir, O_RDONLY | O_DIRECTORY);
	assert_int_equal(image_folder_open(fd, &folder, &why), OK);
	close(fd);
	return folder;
}

static void every_file_has_its_own_sum(void **unused) {
	(void)unused;
	struct lab lab;
	lab_init(&lab);
	struct image_folder folder = folder_open(&lab);
	for (unsigned i = 0; i < FILES; i++)
		write_file(&lab, i);
	struct image_sums *sums = image_sums_begin(&folder);
	for (unsigned i = 0; i < FILES; i++) {
		const struct image_sum *sum = image_sums_of(sums, i);
		assert_non_null(sum);
		assert_int_equal(sum->error, OK);
		assert_int_equal(sum->size, length_of(i));
		assert_int_equal(sum->checksum, i == 0 ? 0 : expected_sum(i));
	}
	assert_null(image_sums_of(sums, FILES)); /* there is none */
	image_sums_free(sums);
	image_folder_close(&folder);
	lab_done(&lab);
}

static void folder_without_files_has_none(void **unused) {
	(void)unused;
	struct lab lab;
	lab_init(&lab);
	struct image_folder folder = folder_open(&lab);
	struct image_sums *sums = image_sums_begin(&folder);
	assert_null(sums);
	assert_null(image_sums_of(sums, 1));
	image_sums_free(sums);
	image_folder_close(&folder);
	lab_done(&lab);
}

static void file_that_cannot_be_read_says_why(void **unused) {
	(void)unused;
	struct lab lab;
	char path[128];
	lab_init(&lab);
	struct image_folder folder = folder_open(&lab);
	snprintf(path, sizeof(path), "%s/images/%016x.img", lab.dir, 7);
	assert_int_equal(mkdir(path, 0700), 0); /* longer than an image, and no file */
	struct image_sums *sums = image_sums_begin(&folder);
	const struct image_sum *sum = image_sums_of(sums, 7);
	assert_non_null(sum);
	assert_int_equal(sum->error, ERR_IO);
	assert_int_equal(sum->system_errno, EISDIR);
	image_sums_free(sums);
	image_folder_close(&folder);
	lab_done(&lab);
}

static void whoever_wants_no_sum_need_not_wait(void **unused) {
	(void)unused;
	struct lab lab;
	lab_init(&lab);
	struct image_folder folder = folder_open(&lab);
	for (unsigned i = 0; i < FILES; i++)
		write_file(&lab, i);
	image_sums_free(image_sums_begin(&folder));
	image_folder_close(&folder);
	lab_done(&lab);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_file_has_its_own_sum),
		cmocka_unit_test(folder_without_files_has_none),
		cmocka_unit_test(file_that_cannot_be_read_says_why),
		cmocka_unit_test(whoever_wants_no_sum_need_not_wait),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
