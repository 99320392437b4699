#include "lab.h"

#include "dns/text.h"

/* Export v in slices of cap octets; the caller frees. */
static char *export_all(const struct zone_version *v, size_t cap) {
	struct export_cursor cursor = { 0 };
	size_t len = 0, room = 1 << 22;
	char *text = malloc(room);
	uint8_t *slice = malloc(cap);
	bool more = true;
	while (more) {
		struct writer w = writer_init(slice, cap);
		more = export_next(v, &cursor, &w);
		assert_false(w.failed);
		assert_true(len + w.len < room);
		memcpy(text + len, slice, w.len);
		len += w.len;
	}
	text[len] = '\0';
	free(slice);
	return text;
}

static unsigned lines_of(const char *text) {
	unsigned lines = 0;
	for (; *text; text++)
		lines += *text == '\n';
	return lines;
}

static void export_names_the_zone_and_begins_with_its_soa(void **unused) {
	(void)unused;
	struct zone_version *v = lab_zone("example.com", 7, 2);
	char *text = export_all(v, 65536);
	const char *head =
		"; zone example.com. serial 7 records 6\nexample.com.\t3600\tIN\tSOA\texample.com. example.com. 7 ";
	assert_int_equal(strncmp(text, head, strlen(head)), 0);
	assert_int_equal(lines_of(text), 7);
	assert_non_null(strstr(text, "\nh0000001.example.com.\t3600\tIN\tA\t0.0.0.8\n"));
	free(text);
	version_unref(v);
}

static void slices_of_any_size_give_the_same_text(void **unused) {
	(void)unused;
	struct zone_version *v = lab_zone("example.com", 7, 300);
	char *whole = export_all(v, 1 << 20);
	assert_int_equal(lines_of(whole), 1 + 2 + 2 * 300);
	for (size_t cap = 100; cap < 4000; cap += 97) {
		char *text = export_all(v, cap);
		assert_string_equal(text, whole);
		free(text);
	}
	free(whole);
	version_unref(v);
}

static void slice_without_room_for_one_record_ends_with_failed(void **unused) {
	(void)unused;
	struct zone_version *v = lab_zone("example.com", 7, 1);
	struct export_cursor cursor = { 0 };
	uint8_t slice[45];
	struct writer w = writer_init(slice, 10);
	assert_false(export_next(v, &cursor, &w));
	assert_true(w.failed);
	w = writer_init(slice, sizeof(slice)); /* the comment fits, the SOA does not */
	assert_true(export_next(v, &cursor, &w));
	w = writer_init(slice, sizeof(slice));
	assert_false(export_next(v, &cursor, &w));
	assert_true(w.failed);
	assert_int_equal(w.len, 0);
	version_unref(v);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(export_names_the_zone_and_begins_with_its_soa),
		cmocka_unit_test(slices_of_any_size_give_the_same_text),
		cmocka_unit_test(slice_without_room_for_one_record_ends_with_failed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
