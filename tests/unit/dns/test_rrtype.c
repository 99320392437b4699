/* The table of RR types. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "dns/rrtype.h"

static void every_row_is_found_by_number_and_mnemonic(void **state) {
	(void)state;
	unsigned rows = 0;
	for (unsigned type = 0; type < 65536; type++) {
		const struct rrtype_info *info = rrtype_info((uint16_t)type);
		char buf[RRTYPE_TEXT_MAX];
		uint16_t back = 0;
		assert_int_equal(rrtype_parse(rrtype_text((uint16_t)type, buf), &back), OK);
		assert_int_equal(back, type);
		if (!info) continue;
		rows++;
		assert_int_equal(info->number, type);
		assert_string_equal(rrtype_text((uint16_t)type, buf), info->mnemonic);
	}
	assert_in_range(rows, 85, 110);
}

static void flags_agree_with_layouts(void **state) {
	(void)state;
	for (unsigned type = 0; type < 65536; type++) {
		const struct rrtype_info *info = rrtype_info((uint16_t)type);
		if (!info) continue;
		bool has_n = strchr(info->layout, 'n') != NULL, has_u = strchr(info->layout, 'u') != NULL;
		assert_int_equal(rrtype_has(info, RRF_COMPRESS), has_n);
		if (has_n) assert_true(rrtype_has(info, RRF_DECOMPRESS));
		if (rrtype_has(info, RRF_DECOMPRESS | RRF_ADDITIONAL)) assert_true(has_n || has_u);
		if (rrtype_has(info, RRF_META)) assert_true(rrtype_has(info, RRF_HEXTYPE));
		assert_int_equal(strspn(info->layout, "nu12468etTaAysSbxXhmlwogpHzikrq"),
		                 strlen(info->layout));
	}
}

/* RFC 3597 section 4: only these may be compressed, others never. */
static void only_types_of_rfc_1035_compress(void **state) {
	(void)state;
	static const uint16_t compress[] = { RR_NS, RR_MD, RR_MF,  RR_CNAME, RR_SOA, RR_MB,
		                             RR_MG, RR_MR, RR_PTR, RR_MINFO, RR_MX };
	unsigned count = 0;
	for (unsigned type = 0; type < 65536; type++)
		count += rrtype_has(rrtype_info((uint16_t)type), RRF_COMPRESS);
	assert_int_equal(count, sizeof(compress) / sizeof(compress[0]));
	for (size_t i = 0; i < sizeof(compress) / sizeof(compress[0]); i++) {
		assert_true(rrtype_has(rrtype_info(compress[i]), RRF_COMPRESS));
	}
}

static void mnemonics_ignore_case(void **state) {
	(void)state;
	uint16_t type;
	assert_int_equal(rrtype_parse("aaaa", &type), OK);
	assert_int_equal(type, 28);
	assert_int_equal(rrtype_parse("nsap-ptr", &type), OK);
	assert_int_equal(type, 23);
	assert_int_equal(rrtype_parse("type65280", &type), OK);
	assert_int_equal(type, 65280);
	assert_int_equal(rrtype_parse("DLV", &type), OK);
	assert_int_equal(type, 32769);
}

static void what_is_no_type_is_not_found(void **state) {
	(void)state;
	static const char *const bad[] = { "",         "TYPE",   "TYPE65536",
		                           "TYPE-1",   "TYPE1x", "TYPE 1",
		                           "NSAP_PTR", "AAAAA",  "TYPE99999999999999999999" };
	uint16_t type = 7;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(rrtype_parse(bad[i], &type), ERR_NOTFOUND);
		assert_int_equal(type, 7);
	}
}

static void return_codes_have_names(void **state) {
	(void)state;
	char buf[RRTYPE_TEXT_MAX];
	assert_string_equal(rcode_text(0, buf), "NOERROR");
	assert_string_equal(rcode_text(5, buf), "REFUSED");
	assert_string_equal(rcode_text(9, buf), "NOTAUTH");
	assert_string_equal(rcode_text(12, buf), "RCODE12");
	assert_string_equal(rcode_text(16, buf), "BADVERS");
	assert_string_equal(rcode_text(23, buf), "BADCOOKIE");
	assert_string_equal(rcode_text(4095, buf), "RCODE4095");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_is_found_by_number_and_mnemonic),
		cmocka_unit_test(flags_agree_with_layouts),
		cmocka_unit_test(only_types_of_rfc_1035_compress),
		cmocka_unit_test(mnemonics_ignore_case),
		cmocka_unit_test(what_is_no_type_is_not_found),
		cmocka_unit_test(return_codes_have_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
