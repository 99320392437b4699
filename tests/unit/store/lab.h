/* A folder to keep a store in, and zones to put into it. */
#ifndef UNDERSTUDY_TESTS_STORE_LAB_H
#define UNDERSTUDY_TESTS_STORE_LAB_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dns/rrtype.h"
#include "load_all.h"
#include "zone/builder.h"

struct lab {
	char dir[64]; /* the store's */
	struct store *store;
};

static inline int lab_remove_one(const char *path, const struct stat *st, int kind, struct FTW *at) {
	(void)st, (void)kind, (void)at;
	return remove(path);
}

static inline void lab_open(struct lab *lab) {
	struct why why;
	assert_int_equal(store_open(lab->dir, NULL, &lab->store, &why), OK);
}

static inline void lab_reopen(struct lab *lab) {
	store_close(lab->store);
	lab_open(lab);
}

static inline void lab_init(struct lab *lab) {
	snprintf(lab->dir, sizeof(lab->dir), "/tmp/understudy-store-XXXXXX");
	assert_non_null(mkdtemp(lab->dir));
	lab_open(lab);
}

static inline void lab_done(struct lab *lab) {
	store_close(lab->store);
	assert_int_equal(nftw(lab->dir, lab_remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

static inline struct name lab_name(const char *text) {
	struct name n;
	assert_int_equal(name_parse(text, &n), OK);
	return n;
}

static inline void lab_add(struct builder *b, const uint8_t *owner, uint16_t type, const void *rdata,
                           size_t len) {
	struct why why;
	enum err e = builder_add(b, owner, type, 3600, rdata, (uint16_t)len, &why);
	if (e != OK) fail_msg("%s: %s", err_name(e), why.evidence);
}

static inline size_t lab_soa(const struct name *apex, uint32_t serial, uint8_t *rdata) {
	memcpy(rdata, apex->wire, apex->len);
	memcpy(rdata + apex->len, apex->wire, apex->len);
	uint8_t *p = rdata + 2 * apex->len;
	const uint32_t fields[5] = { serial, 7200, 900, 1209600, 300 };
	for (int i = 0; i < 5; i++)
		store_u32(p + 4 * i, fields[i]);
	return 2U * apex->len + 20;
}

/* A zone with SOA, NS and so many hosts, each with A and TXT; about 90 octets of image a host. */
static inline struct zone_version *lab_zone(const char *apex_text, uint32_t serial, unsigned hosts) {
	struct name apex = lab_name(apex_text);
	struct builder *b = builder_new(apex.wire, &(struct builder_limits){ 0 });
	uint8_t rdata[600];
	lab_add(b, apex.wire, RR_SOA, rdata, lab_soa(&apex, serial, rdata));
	lab_add(b, apex.wire, RR_NS, apex.wire, apex.len);
	for (unsigned i = 0; i < hosts; i++) {
		char text[NAME_TEXT_MAX];
		snprintf(text, sizeof(text), "h%07u.%s", i, apex.len > 1 ? apex_text : "");
		struct name owner = lab_name(text);
		store_u32(rdata, i + serial);
		lab_add(b, owner.wire, RR_A, rdata, 4);
		rdata[0] = 24;
		memset(rdata + 1, 'a' + (int)(i % 26), 24);
		store_u32(rdata + 1, i);
		lab_add(b, owner.wire, RR_TXT, rdata, 25);
	}
	struct zone_version *v;
	struct why why;
	assert_int_equal(builder_finish(b, &v, &why), OK);
	builder_free(b);
	return v;
}

#define LAB_SMALL 3    /* hosts of a zone that stands in the database */
#define LAB_LARGE 1500 /* and of one that has a file */

/* Put one zone version and commit; the version to publish goes back at once. */
static inline enum err lab_save(struct lab *lab, const char *apex, uint32_t serial, unsigned hosts) {
	struct name name = lab_name(apex);
	struct zone_version *v = lab_zone(apex, serial, hosts), *saved;
	struct zone_state state = { .checked_s = 1000 + serial, .why.reason = REASON_NONE };
	struct why why;
	struct store_batch *b = store_batch_new(lab->store);
	enum err e = store_batch_put(b, name.wire, &state, v, NULL, &saved);
	if (e == OK) {
		assert_int_equal(version_serial(saved), serial);
		version_unref(saved);
		e = store_batch_commit(b, &why);
	} else {
		store_batch_abort(b);
	}
	version_unref(v);
	return e;
}

/* What a load of one zone gave. */
struct lab_loaded {
	struct name name;                  /* to look for */
	const struct zone_version *looked; /* for tests of what is known already */
	unsigned zones;                    /* seen in all */
	bool found;
	struct zone_state state;
	struct zone_version *version;
};

static inline void lab_keep(void *ctx, const uint8_t *name, const struct zone_state *state,
                            struct zone_version *version) {
	struct lab_loaded *l = ctx;
	l->zones++;
	if (!name_equal(name, l->name.wire)) {
		version_unref(version);
		return;
	}
	assert_false(l->found);
	l->found = true;
	l->state = *state;
	l->version = version;
}

/* The caller gives loaded.version back. */
static inline struct lab_loaded lab_load(struct lab *lab, const char *apex) {
	struct lab_loaded l = { .name = lab_name(apex) };
	assert_int_equal(load_all(lab->store, lab_keep, &l), OK);
	if (l.version) assert_int_equal(image_check_deep(&l.version->image), OK);
	return l;
}

/* Files in images/; the path of the last one seen. */
static inline unsigned lab_files(const struct lab *lab, char path[static 128]) {
	char folder[80];
	unsigned count = 0;
	snprintf(folder, sizeof(folder), "%s/images", lab->dir);
	DIR *dir = opendir(folder);
	assert_non_null(dir);
	for (const struct dirent *d; (d = readdir(dir));) {
		if (d->d_name[0] == '.') continue;
		snprintf(path, 128, "%s/%.40s", folder, d->d_name);
		count++;
	}
	closedir(dir);
	return count;
}

#endif
