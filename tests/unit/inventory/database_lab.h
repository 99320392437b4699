/* A folder of its own for each test's database, and what the tests ask of one. */
#ifndef DATABASE_LAB_H
#define DATABASE_LAB_H

/* cmocka wants these first */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "inventory/database.h"
#include "inventory/schema.h"

struct database_lab {
	char folder[64], path[96];
};

static inline int database_lab_setup(void **state) {
	struct database_lab *lab = calloc(1, sizeof(*lab));
	assert_non_null(lab);
	snprintf(lab->folder, sizeof(lab->folder), "/tmp/understudy-inventory-XXXXXX");
	assert_non_null(mkdtemp(lab->folder));
	snprintf(lab->path, sizeof(lab->path), "%s/inventory.db", lab->folder);
	*state = lab;
	return 0;
}

static inline int database_lab_teardown(void **state) {
	struct database_lab *lab = *state;
	DIR *folder = opendir(lab->folder);
	for (struct dirent *d = readdir(folder); d; d = readdir(folder)) {
		char path[400];
		snprintf(path, sizeof(path), "%s/%s", lab->folder, d->d_name);
		if (d->d_name[0] != '.') unlink(path);
	}
	closedir(folder);
	rmdir(lab->folder);
	free(lab);
	return 0;
}

static inline struct sql *database_lab_open(const struct database_lab *lab) {
	const struct sql_options options = { .busy_ms = 50 };
	struct sql *db = NULL;
	struct why why = { 0 };
	if (sql_open(lab->path, &options, &db, &why) != OK) fail_msg("%s", why.evidence);
	return db;
}

/* The number that a question without arguments gives. */
static inline int64_t database_lab_number(struct sql *db, const char *question) {
	struct sql_statement *s = sql_prepare(db, question);
	assert_int_equal(sql_step(s), OK);
	int64_t number = sql_int(s, 0);
	sql_reset(s);
	return number;
}

#endif
