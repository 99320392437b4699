#include "inventory/schema.h"

#include <stdio.h>

#include "inventory/secrets.h"

/* Times are seconds since 1970; truths are 0 and 1; what the outside calls a row is its public_id. */
static const char version_1[] =
	"CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL);"
	"INSERT INTO meta(key, value) VALUES ('revision', '0');"

	"CREATE TABLE accounts(id INTEGER PRIMARY KEY, public_id TEXT NOT NULL UNIQUE, name TEXT NOT NULL UNIQUE,"
	" created_s INTEGER NOT NULL, plan TEXT, zones_max INTEGER, records_max INTEGER, bytes_max INTEGER,"
	" requests_per_minute INTEGER, ends_s INTEGER, grace_s INTEGER, token TEXT NOT NULL,"
	" zone_count INTEGER NOT NULL DEFAULT 0);"

	"CREATE TABLE users(id INTEGER PRIMARY KEY, public_id TEXT NOT NULL UNIQUE,"
	" account INTEGER NOT NULL REFERENCES accounts(id), name TEXT NOT NULL UNIQUE, password TEXT,"
	" created_s INTEGER NOT NULL);"
	"CREATE INDEX users_account ON users(account);"

	"CREATE TABLE api_keys(id INTEGER PRIMARY KEY, public_id TEXT NOT NULL UNIQUE,"
	" account INTEGER NOT NULL REFERENCES accounts(id), name TEXT NOT NULL, prefix TEXT NOT NULL,"
	" hash BLOB NOT NULL UNIQUE, scope TEXT NOT NULL, zones TEXT, primary_address TEXT,"
	" created_s INTEGER NOT NULL, expires_s INTEGER, used_s INTEGER);"
	"CREATE INDEX api_keys_account ON api_keys(account, name);"

	"CREATE TABLE tsig_keys(id INTEGER PRIMARY KEY, public_id TEXT NOT NULL UNIQUE,"
	" account INTEGER NOT NULL REFERENCES accounts(id), name TEXT NOT NULL, algorithm TEXT NOT NULL,"
	" secret BLOB NOT NULL, created_s INTEGER NOT NULL, UNIQUE(account, name));"

	"CREATE TABLE primaries(id INTEGER PRIMARY KEY, public_id TEXT NOT NULL UNIQUE,"
	" account INTEGER NOT NULL REFERENCES accounts(id), name TEXT NOT NULL, settings TEXT NOT NULL,"
	" created_s INTEGER NOT NULL, UNIQUE(account, name));"

	"CREATE TABLE settings(id INTEGER PRIMARY KEY, json TEXT NOT NULL UNIQUE);"
	"CREATE TABLE uses(settings INTEGER NOT NULL REFERENCES settings(id) ON DELETE CASCADE,"
	" kind TEXT NOT NULL, name TEXT NOT NULL, PRIMARY KEY(settings, kind, name));"
	"CREATE INDEX uses_name ON uses(kind, name);"

	"CREATE TABLE zones(id INTEGER PRIMARY KEY, public_id TEXT NOT NULL UNIQUE, name TEXT NOT NULL UNIQUE,"
	" rname TEXT NOT NULL, account INTEGER NOT NULL REFERENCES accounts(id), origin TEXT NOT NULL,"
	" settings INTEGER NOT NULL REFERENCES settings(id), version INTEGER NOT NULL,"
	" created_s INTEGER NOT NULL, changed_s INTEGER NOT NULL, proof TEXT, proof_s INTEGER);"
	"CREATE INDEX zones_account ON zones(account, name);"
	"CREATE INDEX zones_rname ON zones(rname);"
	"CREATE INDEX zones_settings ON zones(settings, account);"
	"CREATE INDEX zones_pending ON zones(proof_s) WHERE proof = 'pending';"

	"CREATE TABLE claims(name TEXT PRIMARY KEY, account INTEGER NOT NULL, until_s INTEGER NOT NULL);"
	"CREATE INDEX claims_until ON claims(until_s);"
	"CREATE TABLE consents(name TEXT NOT NULL, account INTEGER NOT NULL REFERENCES accounts(id),"
	" created_s INTEGER NOT NULL, PRIMARY KEY(name, account));"
	"CREATE TABLE vanity(id INTEGER PRIMARY KEY, account INTEGER NOT NULL REFERENCES accounts(id),"
	" name TEXT NOT NULL UNIQUE, created_s INTEGER NOT NULL);"
	"CREATE INDEX vanity_account ON vanity(account);"

	"CREATE TABLE audit(id INTEGER PRIMARY KEY AUTOINCREMENT, at_s INTEGER NOT NULL,"
	" revision INTEGER NOT NULL, account INTEGER, who TEXT NOT NULL, source TEXT, action TEXT NOT NULL,"
	" object_kind TEXT NOT NULL, object TEXT NOT NULL, before TEXT, after TEXT, why TEXT);"
	"CREATE INDEX audit_account ON audit(account, id);"
	"CREATE INDEX audit_object ON audit(object, id);";

/* The steps of an account whose plan ends, as far as they were told (accounts.h). */
static const char version_2[] = "ALTER TABLE accounts ADD COLUMN notice TEXT;"
				"ALTER TABLE accounts ADD COLUMN notice_s INTEGER;";

/* A start asks for what is not the configuration's. */
static const char version_3[] = "CREATE INDEX zones_inventory ON zones(origin) WHERE origin <> 'file';";

static const char *const steps[] = { version_1, version_2, version_3 };
#define VERSION ((int)(sizeof(steps) / sizeof(steps[0])))

int schema_version(void) {
	return VERSION;
}

const char *schema_step(int version) {
	return version >= 1 && version <= VERSION ? steps[version - 1] : NULL;
}

/* A database without tables is of version 0. */
static enum err has_tables(struct sql *db, bool *out_has) {
	struct sql_statement *s = sql_prepare(db, "SELECT 1 FROM sqlite_schema WHERE name = 'meta'");
	enum err e = sql_step(s);
	sql_reset(s);
	if (e != OK && e != ERR_NOTFOUND) return e;
	*out_has = e == OK;
	return OK;
}

enum err schema_find(struct sql *db, int *out_version) {
	bool has;
	enum err e = has_tables(db, &has);
	if (e != OK) return e;
	if (!has) {
		*out_version = 0;
		return OK;
	}
	struct sql_statement *s = sql_prepare(db, "SELECT value FROM meta WHERE key = 'schema'");
	e = sql_step(s);
	if (e == OK || e == ERR_NOTFOUND) *out_version = e == OK ? (int)sql_int(s, 0) : -1;
	sql_reset(s);
	return e == ERR_NOTFOUND ? OK : e;
}

static enum err write_version(struct sql *db, int version) {
	char text[16];
	(void)snprintf(text, sizeof(text), "%d", version); /* fits */
	struct sql_statement *s = sql_prepare(db, "INSERT INTO meta(key, value) VALUES ('schema', ?)"
	                                          " ON CONFLICT (key) DO UPDATE SET value = excluded.value");
	sql_put_text(s, text);
	return sql_run(s);
}

static enum err add_main_account(struct sql *db, struct random *random, int64_t now_s) {
	char id[SECRET_ID_LEN + 1], token[SECRET_ID_LEN + 1];
	secret_id(random, id);
	secret_id(random, token);
	struct sql_statement *s = sql_prepare(db,
	                                      "INSERT INTO accounts(id, public_id, name, created_s, token)"
	                                      " VALUES (1, ?, 'main', ?, ?)");
	sql_put_text(s, id);
	sql_put_int(s, now_s);
	sql_put_text(s, token);
	return sql_run(s);
}

static enum err step(struct sql *db, int version, struct random *random, int64_t now_s) {
	enum err e = sql_begin(db);
	if (e != OK) return e;
	e = sql_script(db, steps[version - 1]);
	if (e == OK && version == 1) e = add_main_account(db, random, now_s);
	if (e == OK) e = write_version(db, version);
	if (e == OK) return sql_commit(db);
	sql_rollback(db);
	return e;
}

enum err schema_migrate(struct sql *db, struct random *random, int64_t now_s, struct why *why) {
	int version = 0;
	enum err e = schema_find(db, &version);
	if (e == OK && version > VERSION) {
		why_set(why, REASON_INVENTORY_FAILED,
		        "the database is of schema %d, made by a newer version of this program, which knows "
		        "up to %d",
		        version, VERSION);
		return ERR_VERSION;
	}
	if (e == OK && version < 0) {
		why_set(why, REASON_INVENTORY_DAMAGED, "the database does not say of which schema it is");
		return ERR_CORRUPT;
	}
	while (e == OK && version < VERSION)
		e = step(db, ++version, random, now_s);
	if (e != OK) sql_why(db, why);
	return e;
}
