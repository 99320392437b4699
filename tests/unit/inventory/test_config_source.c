#include "config_lab.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* A folder with a configuration and a zones file, read for real. */
struct folder {
	char path[64], main[96], zones[96];
	struct config *config;
};

static void write_file(const char *path, const char *text) {
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

#define MAIN "server: { listen: [\"127.0.0.1@5399\"], state-directory: state }\nzones-file: zones.list\n"
#define LINES "a.example ::1\nb.example ::2\n"

static int setup(void **state) {
	struct folder *f = calloc(1, sizeof(*f));
	struct config_faults faults = { 0 };
	assert_non_null(f);
	snprintf(f->path, sizeof(f->path), "/tmp/understudy-source-XXXXXX");
	assert_non_null(mkdtemp(f->path));
	snprintf(f->main, sizeof(f->main), "%s/understudy.yaml", f->path);
	snprintf(f->zones, sizeof(f->zones), "%s/zones.list", f->path);
	write_file(f->main, MAIN);
	write_file(f->zones, LINES);
	enum err e = config_read(f->main, &f->config, &faults);
	lab_print(&faults);
	assert_int_equal(e, OK);
	*state = f;
	return 0;
}

static int teardown(void **state) {
	struct folder *f = *state;
	config_free(f->config);
	unlink(f->main);
	unlink(f->zones);
	rmdir(f->path);
	free(f);
	return 0;
}

static void the_same_octets_are_the_same(void **state) {
	const struct folder *f = *state;
	assert_int_equal(f->config->zones.count, 2);
	assert_true(config_is_same(f->config, f->main));
	write_file(f->zones, LINES); /* another time */
	write_file(f->main, MAIN);
	assert_true(config_is_same(f->config, f->main));
}

static void one_octet_of_either_file_makes_another(void **state) {
	const struct folder *f = *state;
	write_file(f->zones, "a.example ::1\nb.example ::3\n"); /* of the same size */
	assert_false(config_is_same(f->config, f->main));
	write_file(f->zones, LINES "\n");
	assert_false(config_is_same(f->config, f->main));
	write_file(f->zones, LINES);
	assert_true(config_is_same(f->config, f->main));
	write_file(f->main, MAIN "# \n");
	assert_false(config_is_same(f->config, f->main));
}

static void the_time_of_a_file_says_nothing(void **state) {
	const struct folder *f = *state;
	struct stat before;
	assert_int_equal(stat(f->zones, &before), 0);
	write_file(f->zones, "a.example ::1\nc.example ::2\n");
	const struct timespec times[2] = { before.st_atim, before.st_mtim };
	assert_int_equal(utimensat(AT_FDCWD, f->zones, times, 0), 0);
	assert_false(config_is_same(f->config, f->main));
}

static void a_file_that_is_gone_is_another(void **state) {
	const struct folder *f = *state;
	unlink(f->zones);
	assert_false(config_is_same(f->config, f->main));
	write_file(f->zones, LINES);
	unlink(f->main);
	assert_false(config_is_same(f->config, f->main));
}

static void without_a_zones_file_one_file_is_all(void **state) {
	const struct folder *f = *state;
	struct config *config = NULL;
	struct config_faults faults = { 0 };
	write_file(f->main,
	           "server: { state-directory: state }\nzones: [ { name: a, primaries: [\"::1\"] } ]\n");
	assert_int_equal(config_read(f->main, &config, &faults), OK);
	write_file(f->zones, "nobody reads this");
	assert_true(config_is_same(config, f->main));
	assert_false(config_is_same(f->config, f->main));
	config_free(config);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_same_octets_are_the_same, setup, teardown),
		cmocka_unit_test_setup_teardown(one_octet_of_either_file_makes_another, setup, teardown),
		cmocka_unit_test_setup_teardown(the_time_of_a_file_says_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(a_file_that_is_gone_is_another, setup, teardown),
		cmocka_unit_test_setup_teardown(without_a_zones_file_one_file_is_all, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
