/* The bytes of an image: those of format 1 are read as well as those that are written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "zone/apply.h"
#include "zone_make.h"

#define SALT_LEN 3

static struct builder *salted(uint32_t serial) {
	static const uint8_t param[] = { 1, 0, 0, 5, SALT_LEN, 0xaa, 0xbb, 0xcc };
	struct builder *b = make_builder("example.");
	make_soa(b, "example.", serial);
	make_target(b, "example.", RR_NS, "ns1.example.");
	assert_int_equal(make_raw(b, "example.", RR_NSEC3PARAM, 0, param, sizeof(param)), OK);
	make_a(b, "www.example.", "192.0.2.1");
	return b;
}

/* As earlier programs would have written it. */
static uint8_t *wide_of(const struct zone_version *v, size_t *out_size) {
	const struct image_header *h = v->image.header;
	size_t shift = IMAGE_WIDE_HEADER_LEN - h->heap_pos, size = h->size - h->nsec3_salt_len + shift;
	uint8_t *wide = calloc(1, size);
	struct image_header next = *h;
	next.format_version = IMAGE_FORMAT_WIDE;
	next.size = size;
	next.hash_pos += shift;
	next.order_pos += shift;
	next.nsec3_pos += shift;
	next.heap_pos += shift;
	memcpy(wide, &next, 136);
	memcpy(wide + 136, image_salt(h), h->nsec3_salt_len);
	memcpy(wide + 391, image_apex(h), h->apex_len);
	memcpy(wide + 648, &h->collected, 8);
	memcpy(wide + IMAGE_WIDE_HEADER_LEN, (const uint8_t *)h + h->heap_pos, size - IMAGE_WIDE_HEADER_LEN);
	uint64_t checksum = image_checksum(wide, size);
	memcpy(wide + 16, &checksum, sizeof(checksum));
	*out_size = size;
	return wide;
}

static void assert_same_facts(const struct image_header *a, const struct image_header *b) {
	assert_int_equal(a->nsec3_salt_len, b->nsec3_salt_len);
	assert_memory_equal(image_salt(a), image_salt(b), a->nsec3_salt_len);
	assert_int_equal(a->apex_len, b->apex_len);
	assert_memory_equal(image_apex(a), image_apex(b), a->apex_len);
	assert_int_equal(image_collected(a), image_collected(b));
	assert_int_equal(a->soa.serial, b->soa.serial);
}

static void an_image_is_no_longer_than_its_names_ask_for(void **state) {
	(void)state;
	struct zone_version *v = make_done(salted(7));
	const struct image_header *h = v->image.header;
	assert_int_equal(h->format_version, IMAGE_FORMAT_VERSION);
	assert_int_equal(h->heap_pos, 160 + 16); /* "example." takes 9 */
	assert_int_equal(h->nsec3_salt_len, SALT_LEN);
	assert_int_equal(image_salt(h)[SALT_LEN - 1], 0xcc);
	assert_int_equal(h->size, h->hash_pos + 4 * h->slot_count + SALT_LEN);
	version_unref(v);
}

static void an_image_of_format_1_is_read(void **state) {
	(void)state;
	struct zone_version *v = make_done(salted(7));
	struct image image;
	size_t size;
	uint8_t *wide = wide_of(v, &size);
	assert_int_equal(image_open(wide, size, &image), OK);
	assert_same_facts(image.header, v->image.header);
	assert_int_equal(image_check_deep(&image), OK);
	for (size_t at = 0; at < size; at++) {
		wide[at] ^= 4;
		assert_int_not_equal(image_open(wide, size, &image), OK);
		wide[at] ^= 4;
	}
	free(wide);
	version_unref(v);
}

static void an_image_of_format_1_cut_short_is_refused(void **state) {
	(void)state;
	struct zone_version *v = make_done(salted(7));
	struct image image;
	size_t size;
	uint8_t *wide = wide_of(v, &size);
	for (size_t len = 0; len < size; len++) {
		uint8_t *cut = malloc(len ? len : 1);
		memcpy(cut, wide, len);
		assert_int_not_equal(image_open(cut, len, &image), OK);
		if (len >= sizeof(struct image_header)) {
			uint64_t stated = len;
			memcpy(cut + 24, &stated, sizeof(stated)); /* as if it were all */
			assert_int_not_equal(image_open(cut, len, &image), OK);
		}
		free(cut);
	}
	free(wide);
	version_unref(v);
}

/* Changes that lie over such an image, and what they come to, are of the format that is written. */
static void changes_over_an_image_of_format_1_fit(void **state) {
	(void)state;
	static const struct builder_limits no_limits = { 0 };
	struct zone_version *old = make_done(salted(7)), *new = make_done(salted(8)), *next = NULL;
	struct change *step = NULL;
	struct image image;
	struct why why;
	size_t size;
	uint8_t *wide = wide_of(old, &size);
	assert_int_equal(image_open(wide, size, &image), OK);
	struct zone_version *v = version_new(VERSION_MALLOC, &image);
	assert_int_equal(version_diff(old, new, UINT64_MAX, 0, &step), OK);
	assert_int_equal(version_apply(v, &step, 1, APPLY_FORWARD, &no_limits, &next, &why), OK);
	assert_int_equal(version_serial(next), 8);
	assert_int_equal(next->image.header->format_version, IMAGE_FORMAT_VERSION);
	assert_memory_equal(image_apex(next->image.header), image_apex(old->image.header), 9);
	change_unref(step);
	version_unref(next);
	version_unref(v);
	version_unref(new);
	version_unref(old);
}

static void a_small_version_that_stays_is_moved_and_its_layer_outlives_it(void **state) {
	(void)state;
	struct packed p = { 0 };
	struct zone_version *v = make_done(salted(7));
	size_t size = layer_size(v->layers[0]);
	uint8_t *octets = malloc(size);
	memcpy(octets, layer_octets(v->layers[0]), size);
	struct zone_version *kept = version_keep(&p, v);
	assert_int_equal(kept->layers[0]->memory, VERSION_PACKED);
	assert_ptr_equal(version_keep(&p, kept), kept); /* once is enough */
	assert_memory_equal(layer_octets(kept->layers[0]), octets, size);
	assert_int_equal(image_check_deep(&kept->image), OK);
	struct zone_version *other = version_stack(kept->layers, 1, NULL);
	version_unref(kept);
	packed_done(&p);
	assert_int_equal(image_check_deep(&other->image), OK);
	assert_memory_equal(layer_octets(other->layers[0]), octets, size);
	version_unref(other);
	free(octets);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_small_version_that_stays_is_moved_and_its_layer_outlives_it),
		cmocka_unit_test(an_image_is_no_longer_than_its_names_ask_for),
		cmocka_unit_test(an_image_of_format_1_is_read),
		cmocka_unit_test(an_image_of_format_1_cut_short_is_refused),
		cmocka_unit_test(changes_over_an_image_of_format_1_fit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
