#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/contact.h"

static struct addr address(const char *text) {
	struct addr a;
	assert_int_equal(addr_parse(text, 53, &a), OK);
	return a;
}

static void public_addresses_stand_in_the_place_of_all_others(void **state) {
	(void)state;
	struct config_server s = { .listen = { address("10.0.0.1@5300") }, .listen_count = 1 };
	struct addr out[4];
	assert_int_equal(contact_addresses(&s, out, 4), 1);
	assert_true(addr_equal(&out[0], &s.listen[0]));
	s.public_addresses = (struct config_listen){ .items = { address("192.0.2.1"), address("192.0.2.1") },
		                                     .count = 2 };
	assert_int_equal(contact_addresses(&s, out, 4), 1);
	assert_true(addr_equal(&out[0], &s.public_addresses.items[0]));
}

/* Whatever this machine has. */
static void local_addresses_are_not_told(void **state) {
	(void)state;
	struct config_server s = { .listen = { address("0.0.0.0@5300"), address("::@5300") },
		                   .listen_count = 2 };
	struct addr out[ZONE_CONTACT_ADDRESSES_MAX];
	size_t count = contact_addresses(&s, out, ZONE_CONTACT_ADDRESSES_MAX);
	for (size_t i = 0; i < count; i++) {
		char text[ADDR_TEXT_MAX];
		addr_text(&out[i], text);
		assert_int_equal(out[i].port, 5300);
		assert_false(strncmp(text, "127.", 4) == 0 || strncmp(text, "169.254.", 8) == 0);
		assert_false(strncmp(text, "fe8", 3) == 0 || strncmp(text, "::1@", 4) == 0 ||
		             strncmp(text, "0.0.0.0", 7) == 0);
	}
	s.listen[0] = address("127.0.0.1@5300"); /* said by the operator, as in a test */
	s.listen_count = 1;
	assert_int_equal(contact_addresses(&s, out, 4), 1);
	assert_int_equal(contact_addresses(&s, out, 0), 0);
}

static void the_key_is_that_of_the_first_primary(void **state) {
	(void)state;
	struct tsig_key key = { .name = { .len = 4, .wire = "\002k1" },
		                .algorithm = tsig_algorithm_parse("hmac-sha512") };
	struct primary primaries[2] = { { .key = &key }, { .key = NULL } };
	struct zone_policy policy = { .primaries = primaries, .primary_count = 2 };
	struct zone_contact contact;
	contact_key(&policy, &contact);
	assert_string_equal(contact.key_name, "k1");
	assert_string_equal(contact.key_algorithm, "hmac-sha512");
	policy.primaries = &primaries[1];
	contact_key(&policy, &contact);
	assert_string_equal(contact.key_name, "");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(public_addresses_stand_in_the_place_of_all_others),
		cmocka_unit_test(local_addresses_are_not_told),
		cmocka_unit_test(the_key_is_that_of_the_first_primary),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
