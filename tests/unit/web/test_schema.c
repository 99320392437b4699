/* web/schema: a body and what is wrong with it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "web/schema.h"

static const char schemas_text[] =
	"{\"Port\": {\"type\": \"integer\", \"minimum\": 1, \"maximum\": 65535},"
	" \"Thing\": {\"type\": \"object\", \"required\": [\"name\"], \"properties\": {"
	"  \"name\": {\"type\": \"string\", \"minLength\": 1, \"maxLength\": 5},"
	"  \"port\": {\"$ref\": \"#/components/schemas/Port\"},"
	"  \"ip\": {\"type\": [\"string\", \"null\"], \"format\": \"ip\"},"
	"  \"at\": {\"type\": \"string\", \"format\": \"date-time\"},"
	"  \"kind\": {\"enum\": [\"a\", \"b\"]},"
	"  \"list\": {\"type\": \"array\", \"maxItems\": 2, \"items\": {\"$ref\": \"#/components/schemas/Thing\"}}}}}";

/* The fields with faults, parted by blanks. */
static void assert_faults(const char *body, const char *fields) {
	struct faults faults = { 0 };
	char found[400] = "";
	size_t i, len = 0;
	json_t *schemas = json_loads(schemas_text, 0, NULL), *value = json_loads(body, 0, NULL), *fault;
	assert_non_null(schemas);
	assert_non_null(value);
	schema_check(schemas, "Thing", value, &faults);
	json_array_foreach(faults.list, i, fault) {
		len += (size_t)snprintf(found + len, sizeof(found) - len, "%s%s", i ? " " : "",
		                        json_string_value(json_object_get(fault, "field")));
	}
	assert_string_equal(found, fields);
	faults_done(&faults);
	json_decref(schemas);
	json_decref(value);
}

static void what_fits_has_no_faults(void **state) {
	(void)state;
	assert_faults(
		"{\"name\": \"x\", \"port\": 53, \"ip\": null, \"kind\": \"b\", \"list\": [{\"name\": \"y\"}]}",
		"");
	assert_faults("{\"name\": \"x\", \"ip\": \"2001:db8::1\", \"at\": \"2026-04-16T13:00:00Z\"}", "");
}

static void each_fault_names_its_field(void **state) {
	(void)state;
	assert_faults("{}", "name");
	assert_faults("{\"name\": 5}", "name");
	assert_faults("{\"name\": \"\"}", "name");
	assert_faults("{\"name\": \"123456\"}", "name");
	assert_faults("{\"name\": \"a\\u0007\"}", "name");
	assert_faults("{\"name\": \"x\", \"other\": 1}", "other");
	assert_faults("{\"name\": \"x\", \"port\": 0}", "port");
	assert_faults("{\"name\": \"x\", \"port\": 1.5}", "port");
	assert_faults("{\"name\": \"x\", \"port\": true}", "port");
	assert_faults("{\"name\": \"x\", \"ip\": \"1.2.3\"}", "ip");
	assert_faults("{\"name\": \"x\", \"ip\": \"192.0.2.1@53\"}", "ip");
	assert_faults("{\"name\": \"x\", \"at\": \"today\"}", "at");
	assert_faults("{\"name\": \"x\", \"kind\": \"c\"}", "kind");
	assert_faults("{\"name\": \"x\", \"list\": [{\"name\": \"y\"}, {\"name\": 1, \"q\": 2}]}",
	              "list[1].name list[1].q");
	assert_faults(
		"{\"name\": \"x\", \"list\": [{\"name\": \"y\"}, {\"name\": \"y\"}, {\"name\": \"y\"}]}",
		"list");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_fits_has_no_faults),
		cmocka_unit_test(each_fault_names_its_field),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
