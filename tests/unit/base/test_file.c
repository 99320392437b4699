/* Files that are replaced whole or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/file.h"

struct lab {
	char folder[64];
	char path[96];
};

static int set_up(void **state) {
	struct lab *lab = calloc(1, sizeof(*lab));
	snprintf(lab->folder, sizeof(lab->folder), "/tmp/test-file-XXXXXX");
	if (!mkdtemp(lab->folder)) return -1;
	snprintf(lab->path, sizeof(lab->path), "%s/file", lab->folder);
	*state = lab;
	return 0;
}

static int tear_down(void **state) {
	struct lab *lab = *state;
	fault_arm(NULL, 0);
	unlink(lab->path);
	int failed = rmdir(lab->folder);
	free(lab);
	return failed; /* a file was left behind */
}

static void assert_content(const struct lab *lab, const char *wanted) {
	char *data;
	size_t len;
	assert_int_equal(file_read(lab->path, 1000, &data, &len), OK);
	assert_int_equal(len, strlen(wanted));
	assert_string_equal(data, wanted);
	free(data);
}

static unsigned files_in(const struct lab *lab) {
	unsigned count = 0;
	DIR *d = opendir(lab->folder);
	assert_non_null(d);
	for (struct dirent *e; (e = readdir(d));)
		count += e->d_name[0] != '.';
	closedir(d);
	return count;
}

static void a_file_is_made_and_replaced_with_its_mode(void **state) {
	const struct lab *lab = *state;
	struct stat st;
	assert_int_equal(file_replace(lab->path, "one", 3, 0600), OK);
	assert_content(lab, "one");
	assert_int_equal(stat(lab->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(file_replace(lab->path, "second", 6, 0644), OK);
	assert_content(lab, "second");
	assert_int_equal(stat(lab->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0644);
	assert_int_equal(file_replace(lab->path, "", 0, 0600), OK);
	assert_content(lab, "");
	assert_int_equal(files_in(lab), 1);
}

static void a_failed_step_leaves_the_former_content_and_nothing_else(void **state) {
	const struct lab *lab = *state;
	static const char *const points[] = { "file-write", "file-sync", "file-rename" };
	assert_int_equal(file_replace(lab->path, "former", 6, 0600), OK);
	for (unsigned i = 0; i < 3; i++) {
		fault_arm(points[i], 1);
		errno = 0;
		assert_int_equal(file_replace(lab->path, "newer", 5, 0600), ERR_IO);
		assert_int_equal(errno, EIO);
		assert_content(lab, "former");
		assert_int_equal(files_in(lab), 1);
	}
}

static void a_folder_that_can_not_be_synced_is_told(void **state) {
	const struct lab *lab = *state;
	fault_arm("dir-sync", 1);
	assert_int_equal(file_replace(lab->path, "newer", 5, 0600), ERR_IO);
	assert_content(lab, "newer");
	assert_int_equal(files_in(lab), 1);
}

static void a_missing_folder_is_an_error(void **state) {
	const struct lab *lab = *state;
	char path[128];
	char *data = NULL;
	size_t len = 7;
	snprintf(path, sizeof(path), "%s/none/file", lab->folder);
	assert_int_equal(file_replace(path, "x", 1, 0600), ERR_IO);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(file_read(path, 10, &data, &len), ERR_NOTFOUND);
	assert_null(data);
	assert_int_equal(len, 7);
	assert_int_equal(file_read(lab->folder, 1 << 20, &data, &len), ERR_IO);
}

static void a_file_is_read_up_to_a_limit(void **state) {
	const struct lab *lab = *state;
	char *data = NULL;
	size_t len;
	assert_int_equal(file_replace(lab->path, "12345678", 8, 0600), OK);
	assert_int_equal(file_read(lab->path, 7, &data, &len), ERR_LIMIT);
	assert_null(data);
	assert_int_equal(file_read(lab->path, 8, &data, &len), OK);
	assert_int_equal(len, 8);
	assert_int_equal(data[8], '\0');
	free(data);
}

static void a_file_without_a_size_is_read_too(void **state) {
	(void)state;
	char *data;
	size_t len;
	assert_int_equal(file_read("/proc/self/status", 1 << 20, &data, &len), OK);
	assert_true(len > 100);
	free(data);
	assert_int_equal(file_read("/proc/self/status", 20, &data, &len), ERR_LIMIT);
}

static void short_memory_is_told(void **state) {
	const struct lab *lab = *state;
	char *data = NULL;
	size_t len;
	assert_int_equal(file_replace(lab->path, "12345678", 8, 0600), OK);
	fault_arm("alloc", 1);
	assert_int_equal(file_read(lab->path, 100, &data, &len), ERR_NOMEM);
	assert_null(data);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_file_is_made_and_replaced_with_its_mode, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_failed_step_leaves_the_former_content_and_nothing_else,
		                                set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_folder_that_can_not_be_synced_is_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_missing_folder_is_an_error, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_file_is_read_up_to_a_limit, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_file_without_a_size_is_read_too, set_up, tear_down),
		cmocka_unit_test_setup_teardown(short_memory_is_told, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
