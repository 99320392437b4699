/* A saved version that is not what was saved is refused and named, and never served. */
#include "journal_lab.h"

#include "store/checksum.h"
#include "store/database.h"
#include "store/frame.h"
#include "store/saved_state.h"

/* The zone is known, has no version and says why. */
static void assert_refused(struct lab *lab, const char *zone) {
	struct lab_loaded l = lab_load(lab, zone);
	assert_true(l.found);
	assert_null(l.version);
	assert_false(l.state.has_version);
	assert_int_equal(l.state.why.reason, REASON_STORE_DAMAGED);
	assert_true(strlen(l.state.why.evidence) > 0);
}

static void flip(int fd, off_t at) {
	uint8_t octet;
	assert_int_equal(pread(fd, &octet, 1, at), 1);
	octet ^= (uint8_t)(1U << (at % 8));
	assert_int_equal(pwrite(fd, &octet, 1, at), 1);
}

static void flipped_bit_of_an_image_file_is_found(void **unused) {
	(void)unused;
	struct lab lab;
	char path[128];
	struct stat st;
	lab_init(&lab);
	assert_int_equal(lab_save(&lab, "example.com", 7, LAB_LARGE), OK);
	assert_int_equal(lab_files(&lab, path), 1);
	int fd = open(path, O_RDWR);
	assert_int_equal(fstat(fd, &st), 0);
	for (off_t at = 0; at < st.st_size; at += at < (off_t)sizeof(struct image_header) + 16 ? 1 : 499) {
		flip(fd, at);
		assert_refused(&lab, "example.com");
		flip(fd, at);
	}
	struct lab_loaded l = lab_load(&lab, "example.com");
	assert_non_null(l.version);
	version_unref(l.version);
	close(fd);
	lab_done(&lab);
}

/* Threads of the store read it while it is opened. */
static void damaged_file_is_found_by_a_start(void **unused) {
	(void)unused;
	struct lab lab;
	char path[128];
	struct stat st;
	lab_init(&lab);
	assert_int_equal(lab_save(&lab, "example.com", 7, LAB_LARGE), OK);
	assert_int_equal(lab_files(&lab, path), 1);
	assert_int_equal(lab_save(&lab, "example.org", 7, LAB_LARGE), OK);
	int fd = open(path, O_RDWR);
	assert_int_equal(fstat(fd, &st), 0);
	const off_t places[] = { 0, sizeof(struct image_header), st.st_size / 2, st.st_size - 1 };
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		flip(fd, places[i]);
		lab_reopen(&lab);
		assert_refused(&lab, "example.com");
		lab_reopen(&lab);
		struct lab_loaded other = lab_load(&lab, "example.org");
		assert_non_null(other.version);
		version_unref(other.version);
		flip(fd, places[i]);
	}
	lab_reopen(&lab);
	struct lab_loaded l = lab_load(&lab, "example.com");
	assert_non_null(l.version);
	version_unref(l.version);
	close(fd);
	lab_done(&lab);
}

static void file_of_another_length_is_found(void **unused) {
	(void)unused;
	struct lab lab;
	char path[128];
	struct stat st;
	lab_init(&lab);
	assert_int_equal(lab_save(&lab, "example.com", 7, LAB_LARGE), OK);
	assert_int_equal(lab_files(&lab, path), 1);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(truncate(path, st.st_size + 1), 0);
	assert_refused(&lab, "example.com");
	for (off_t size = st.st_size - 1; size >= 0; size = size > 1000 ? size - 997 : size - 13) {
		assert_int_equal(truncate(path, size), 0);
		assert_refused(&lab, "example.com");
	}
	lab_done(&lab);
}

static void missing_file_is_named(void **unused) {
	(void)unused;
	struct lab lab;
	char path[128];
	lab_init(&lab);
	assert_int_equal(lab_save(&lab, "example.com", 7, LAB_LARGE), OK);
	assert_int_equal(lab_files(&lab, path), 1);
	assert_int_equal(unlink(path), 0);
	struct lab_loaded l = lab_load(&lab, "example.com");
	assert_null(l.version);
	assert_non_null(strstr(l.state.why.evidence, strrchr(path, '/') + 1));
	lab_done(&lab);
}

static void unreadable_file_is_refused(void **unused) {
	(void)unused;
	struct lab lab;
	char path[128];
	lab_init(&lab);
	assert_int_equal(lab_save(&lab, "example.com", 7, LAB_LARGE), OK);
	assert_int_equal(lab_files(&lab, path), 1);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_refused(&lab, "example.com");
	assert_int_equal(rmdir(path), 0);
	lab_done(&lab);
}

static void file_of_another_zone_or_version_is_refused(void **unused) {
	(void)unused;
	struct lab lab;
	char mine[128], theirs[128], kept[128];
	const struct {
		const char *zone;
		uint32_t serial;
	} rows[] = { { "example.org", 7 }, { "example.com", 8 } };
	for (int i = 0; i < 2; i++) {
		lab_init(&lab);
		assert_int_equal(lab_save(&lab, rows[i].zone, rows[i].serial, LAB_LARGE), OK);
		assert_int_equal(lab_files(&lab, theirs), 1);
		snprintf(kept, sizeof(kept), "%s/kept", lab.dir);
		assert_int_equal(link(theirs, kept), 0);
		assert_int_equal(lab_save(&lab, rows[i].zone, rows[i].serial, LAB_SMALL), OK);
		assert_int_equal(lab_save(&lab, "example.com", 7, LAB_LARGE), OK);
		assert_int_equal(lab_files(&lab, mine), 1);
		assert_int_equal(rename(kept, mine), 0);
		assert_refused(&lab, "example.com");
		lab_done(&lab);
	}
}

/* Change records behind the store's back: the store is closed meanwhile. */
static struct database *borrow_database(struct lab *lab, struct database_txn **out_txn) {
	char path[128];
	struct why why;
	struct database *db;
	store_close(lab->store);
	snprintf(path, sizeof(path), "%s/store.mdb", lab->dir);
	assert_int_equal(database_open(path, (size_t)1 << 30, &db, &why), OK);
	assert_int_equal(database_begin(db, true, out_txn, &why), OK);
	return db;
}

static void give_back(struct lab *lab, struct database *db, struct database_txn *txn) {
	struct why why;
	assert_int_equal(database_commit(txn, &why), OK);
	database_close(db);
	lab_open(lab);
}

static struct octets key_of(const struct name *name) {
	return (struct octets){ name->wire, name->len };
}

static void damage_record(struct lab *lab, enum database_table table, const struct name *name, size_t at) {
	struct database_txn *txn;
	struct octets value;
	uint8_t copy[STORE_INLINE_MAX];
	struct database *db = borrow_database(lab, &txn);
	assert_int_equal(database_get(txn, table, key_of(name), &value), OK);
	memcpy(copy, value.data, value.len);
	copy[at % value.len] ^= 0x10;
	assert_int_equal(database_put(txn, table, key_of(name), (struct octets){ copy, value.len }), OK);
	give_back(lab, db, txn);
}

static void flipped_bit_of_an_image_in_the_database_is_found(void **unused) {
	(void)unused;
	struct lab lab;
	struct name name = lab_name("example.com");
	for (size_t at = 0; at < 1100; at += 41) {
		lab_init(&lab);
		assert_int_equal(lab_save(&lab, "example.com", 7, LAB_SMALL), OK);
		damage_record(&lab, TABLE_IMAGES, &name, at);
		assert_refused(&lab, "example.com");
		lab_done(&lab);
	}
}

static void flipped_bit_of_a_state_is_found(void **unused) {
	(void)unused;
	struct lab lab;
	struct name name = lab_name("example.com");
	for (size_t at = 0; at < 90; at += 11) {
		lab_init(&lab);
		assert_int_equal(lab_save(&lab, "example.com", 7, LAB_SMALL), OK);
		damage_record(&lab, TABLE_STATES, &name, at);
		assert_refused(&lab, "example.com");
		/* and the zone can be saved again */
		assert_int_equal(lab_save(&lab, "example.com", 8, LAB_SMALL), OK);
		struct lab_loaded l = lab_load(&lab, "example.com");
		assert_int_equal(version_serial(l.version), 8);
		version_unref(l.version);
		lab_done(&lab);
	}
}

static void records_of_another_zone_are_refused(void **unused) {
	(void)unused;
	struct lab lab;
	struct name com = lab_name("example.com"), org = lab_name("example.org");
	for (int table = TABLE_STATES; table <= TABLE_IMAGES; table++) {
		struct database_txn *txn;
		struct octets value;
		uint8_t copy[STORE_INLINE_MAX];
		lab_init(&lab);
		assert_int_equal(lab_save(&lab, "example.com", 7, LAB_SMALL), OK);
		assert_int_equal(lab_save(&lab, "example.org", 7, LAB_SMALL), OK);
		struct database *db = borrow_database(&lab, &txn);
		assert_int_equal(database_get(txn, table, key_of(&org), &value), OK);
		memcpy(copy, value.data, value.len);
		assert_int_equal(database_put(txn, table, key_of(&com), (struct octets){ copy, value.len }),
		                 OK);
		give_back(&lab, db, txn);
		assert_refused(&lab, "example.com");
		lab_done(&lab);
	}
}

static void image_without_a_record_is_refused(void **unused) {
	(void)unused;
	struct lab lab;
	struct name name = lab_name("example.com");
	struct database_txn *txn;
	lab_init(&lab);
	assert_int_equal(lab_save(&lab, "example.com", 7, LAB_SMALL), OK);
	struct database *db = borrow_database(&lab, &txn);
	assert_int_equal(database_delete(txn, TABLE_IMAGES, key_of(&name)), OK);
	give_back(&lab, db, txn);
	assert_refused(&lab, "example.com");
	lab_done(&lab);
}

static void reason_of_a_later_version_reads_as_internal(void **unused) {
	(void)unused;
	struct name name = lab_name("example.com");
	uint8_t buf[SAVED_STATE_MAX];
	struct saved_state saved = { .state.why.reason = REASON_EXPIRED }, back;
	size_t len = saved_state_encode(&saved, name.wire, buf);
	assert_int_equal(saved_state_decode(buf, len, name.wire, &back), OK);
	assert_int_equal(back.state.why.reason, REASON_EXPIRED);
	saved.state.why.reason = (enum reason)(REASON_COUNT + 1); /* its slug is that of INTERNAL */
	len = saved_state_encode(&saved, name.wire, buf);
	assert_int_equal(saved_state_decode(buf, len, name.wire, &back), OK);
	assert_int_equal(back.state.why.reason, REASON_INTERNAL);
}

static void state_of_another_format_version_is_told_apart(void **unused) {
	(void)unused;
	struct name name = lab_name("example.com");
	uint8_t buf[SAVED_STATE_MAX];
	struct saved_state saved = { 0 }, back;
	size_t len = saved_state_encode(&saved, name.wire, buf);
	buf[0] = SAVED_STATE_FORMAT + 1;
	assert_int_equal(saved_state_decode(buf, len, name.wire, &back), ERR_VERSION);
	for (size_t cut = 0; cut < len; cut++) {
		buf[0] = SAVED_STATE_FORMAT;
		assert_int_equal(saved_state_decode(buf, cut, name.wire, &back), ERR_CORRUPT);
	}
}

/* As programs without a journal wrote it: what came with format 2 is left out. */
static void state_of_a_program_without_a_journal_is_read(void **unused) {
	(void)unused;
	enum { BEFORE = 70, NEW = 48 }; /* octets */
	struct lab lab;
	struct name name = lab_name("example.com");
	struct database_txn *txn;
	struct octets value;
	uint8_t old[SAVED_STATE_MAX];
	lab_init(&lab);
	assert_int_equal(lab_save(&lab, "example.com", 7, LAB_SMALL), OK);
	struct database *db = borrow_database(&lab, &txn);
	assert_int_equal(database_get(txn, TABLE_STATES, key_of(&name), &value), OK);
	size_t len = value.len - NEW;
	memcpy(old, value.data, BEFORE);
	memcpy(old + BEFORE, (const uint8_t *)value.data + BEFORE + NEW, len - BEFORE);
	old[0] = 1;
	uint64_t sum = checksum_of(old, len - 8, name.wire, name.len);
	store_u32(old + len - 8, (uint32_t)(sum >> 32));
	store_u32(old + len - 4, (uint32_t)sum);
	assert_int_equal(database_put(txn, TABLE_STATES, key_of(&name), (struct octets){ old, len }), OK);
	give_back(&lab, db, txn);
	struct lab_loaded l = lab_load(&lab, "example.com");
	assert_non_null(l.version);
	assert_int_equal(l.state.serial, 7);
	assert_int_equal(l.state.checked_s, 1007);
	assert_false(l.state.held || l.state.has_rollback);
	version_unref(l.version);
	lab_done(&lab);
}

/* A frame that was damaged on the disk: the version before it is served, and the next one is saved all the same. */
static void damaged_frame_ends_the_replay_before_it(void **unused) {
	(void)unused;
	struct lab lab;
	struct database_txn *txn;
	struct octets value;
	struct name name = lab_name(LAB_ZONE);
	uint8_t key[FRAME_KEY_MAX], copy[4096];
	lab_init(&lab);
	lab_save_image(&lab, 7, 7, LAB_SMALL, &lab_bounds);
	for (uint32_t serial = 8; serial < 11; serial++)
		assert_int_equal(lab_save_step(&lab, serial - 1, serial, LAB_SMALL, &lab_bounds).error, OK);
	struct octets second = { key, frame_key(name.wire, 1, key) };
	struct database *db = borrow_database(&lab, &txn);
	assert_int_equal(database_get(txn, TABLE_JOURNAL, second, &value), OK);
	memcpy(copy, value.data, value.len);
	copy[value.len / 2] ^= 1;
	assert_int_equal(database_put(txn, TABLE_JOURNAL, second, (struct octets){ copy, value.len }), OK);
	give_back(&lab, db, txn);
	struct lab_loaded l = lab_load(&lab, LAB_ZONE);
	assert_is_version(l.version, 8, LAB_SMALL);
	assert_int_equal(l.state.serial, 8);
	assert_int_equal(l.state.refresh_s, 0);
	assert_int_equal(l.state.why.reason, REASON_STORE_DAMAGED);
	version_unref(l.version);
	assert_int_equal(lab_save_step(&lab, 8, 11, LAB_SMALL, &lab_bounds).error, ERR_STALE);
	lab_save_image(&lab, 8, 11, LAB_SMALL, &lab_bounds);
	assert_history(&lab, "8-11");
	lab_done(&lab);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flipped_bit_of_an_image_file_is_found),
		cmocka_unit_test(damaged_file_is_found_by_a_start),
		cmocka_unit_test(file_of_another_length_is_found),
		cmocka_unit_test(missing_file_is_named),
		cmocka_unit_test(unreadable_file_is_refused),
		cmocka_unit_test(file_of_another_zone_or_version_is_refused),
		cmocka_unit_test(flipped_bit_of_an_image_in_the_database_is_found),
		cmocka_unit_test(flipped_bit_of_a_state_is_found),
		cmocka_unit_test(records_of_another_zone_are_refused),
		cmocka_unit_test(image_without_a_record_is_refused),
		cmocka_unit_test(reason_of_a_later_version_reads_as_internal),
		cmocka_unit_test(state_of_another_format_version_is_told_apart),
		cmocka_unit_test(state_of_a_program_without_a_journal_is_read),
		cmocka_unit_test(damaged_frame_ends_the_replay_before_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
