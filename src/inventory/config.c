#include "inventory/config.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "inventory/config_reader.h"
#include "inventory/suggest.h"

#define SOCKET_PATH_MAX (sizeof(((struct sockaddr_un *)0)->sun_path) - 1)
#define DATABASE_PATH_MAX 3000

/* -- the top of the file -------------------------------------------------------------------------------------- */

enum top {
	TOP_SERVER,
	TOP_CONTROL,
	TOP_LOG,
	TOP_INVENTORY,
	TOP_WEB,
	TOP_KEYS,
	TOP_PRIMARIES,
	TOP_TEMPLATES,
	TOP_ZONES,
	TOP_ZONES_FILE,
	TOP_COUNT
};
static const char *const top_names[TOP_COUNT] = { "server", "control",   "log",       "inventory",
	                                          "web",    "keys",      "primaries", "templates",
	                                          "zones",  "zones-file" };

static void top_key(struct config_reader *r, int key, int value, int nodes[static TOP_COUNT]) {
	unsigned line = tree_line(r->tree, key), at = 0;
	if (tree_kind(r->tree, key) != TREE_TEXT) {
		fault_add(r, line, "expected the name of a section, such as \"server\" or \"zones\"");
		return;
	}
	const char *text = tree_text(r->tree, key);
	struct suggestion near = suggest_start(text);
	while (at < TOP_COUNT && strcmp(top_names[at], text) != 0)
		suggest_offer(&near, top_names[at++]);
	if (at == TOP_COUNT && near.text)
		fault_add(r, line, "\"%.100s\" is not a section; did you mean \"%s\"?", text, near.text);
	else if (at == TOP_COUNT)
		fault_add(r, line,
		          "\"%.100s\" is not a section; expected server, control, log, inventory, web, keys, "
		          "primaries, templates, zones or zones-file",
		          text);
	else if (nodes[at])
		fault_add(r, line, "\"%s\" is given twice; expected once", text);
	else
		nodes[at] = value;
}

static bool top_read(struct config_reader *r, int nodes[static TOP_COUNT]) {
	int root = tree_root(r->tree);
	if (root == 0 || tree_is_null(r->tree, root)) {
		fault_add(r, 0, "the file is empty; expected at least \"zones\" or \"zones-file\"");
		return false;
	}
	if (tree_kind(r->tree, root) != TREE_MAP) {
		fault_add(r, tree_line(r->tree, root),
		          "expected sections such as \"server:\" and \"zones:\"");
		return false;
	}
	for (size_t i = 0; i < tree_count(r->tree, root); i++)
		top_key(r, tree_key(r->tree, root, i), tree_value(r->tree, root, i), nodes);
	return true;
}

/* Relative paths start at the folder of the configuration. */
static char *path_resolve(const struct config_reader *r, const char *path) {
	const char *slash = strrchr(r->input->path, '/');
	if (path[0] == '/' || !slash) return xstrdup(path);
	int folder = (int)(slash - r->input->path) + 1;
	size_t size = (size_t)folder + strlen(path) + 1;
	char *whole = xmalloc(size);
	snprintf(whole, size, "%.*s%s", folder, r->input->path, path);
	return whole;
}

char *path_value(struct config_reader *r, const struct values *v, enum option option, size_t max) {
	const char *text = value_text(r, v, option), *fallback = option_row(option)->fallback;
	char *path = path_resolve(r, text && *text ? text : fallback);
	if (text && (*text == '\0' || strlen(path) > max)) value_fault(r, v, option, v->nodes[option]);
	return path;
}

/* -- control, log and inventory -------------------------------------------------------------------------------------- */

static void control_read(struct config_reader *r, int node) {
	struct values v;
	if (!values_read(r, &section_control, node, &v)) return;
	r->config->control_socket = path_value(r, &v, OPT_CONTROL_SOCKET, SOCKET_PATH_MAX);
	if (v.nodes[OPT_CONTROL_WEB_SOCKET])
		r->config->web_socket = path_value(r, &v, OPT_CONTROL_WEB_SOCKET, SOCKET_PATH_MAX);
}

static void log_read(struct config_reader *r, int node) {
	static const char *const levels[] = { "debug", "info", "warning", "error",
		                              NULL };                              /* enum log_level */
	static const char *const formats[] = { "text", "json", "journald", NULL }; /* enum log_format */
	struct values v;
	if (!values_read(r, &section_log, node, &v)) return;
	r->config->log_level = (enum log_level)value_word(r, &v, OPT_LOG_LEVEL, levels);
	r->config->log_format = (enum log_format)value_word(r, &v, OPT_LOG_FORMAT, formats);
}

static void inventory_read(struct config_reader *r, int node) {
	struct values v;
	if (!values_read(r, &section_inventory, node, &v)) return;
	const char *folder = r->config->server.state_directory;
	if (v.nodes[OPT_INVENTORY_DATABASE]) {
		r->config->database = path_value(r, &v, OPT_INVENTORY_DATABASE, DATABASE_PATH_MAX);
	} else if (folder) { /* else there is a fault */
		size_t size = strlen(folder) + sizeof("/inventory.db");
		r->config->database = xmalloc(size);
		snprintf(r->config->database, size, "%s/inventory.db", folder);
	}
}

/* -- zones file ------------------------------------------------------------------------------------------- */

static const char *read_failure(enum err e) {
	return e == ERR_IO ? strerror(errno) : err_text(e);
}

static void zones_file_value(struct config_reader *r, int node) {
	char *data = NULL;
	size_t len = 0;
	unsigned line = tree_line(r->tree, node);
	const char *expected = option_row(OPT_ZONES_FILE)->expected;
	if (tree_kind(r->tree, node) != TREE_TEXT || tree_is_null(r->tree, node) ||
	    *tree_text(r->tree, node) == '\0') {
		fault_add(r, line, "zones-file: expected %s", expected);
		return;
	}
	char *path = path_resolve(r, tree_text(r->tree, node));
	enum err e = r->input->read(path, CONFIG_ZONES_FILE_MAX, &data, &len);
	if (e != OK) {
		fault_add(r, line, "zones-file: expected %s; \"%.200s\" cannot be read: %s", expected, path,
		          read_failure(e));
		free(path);
		return;
	}
	source_digest(data, len, r->config->source.zones);
	r->config->source.zones_path = path;
	r->file = path;
	zones_file_read(r, data, len);
	r->file = r->input->path;
	free(data);
}

/* -- the whole -------------------------------------------------------------------------------------------- */

static void sections_read(struct config_reader *r) {
	int nodes[TOP_COUNT] = { 0 };
	if (!top_read(r, nodes)) return;
	server_read(r, nodes[TOP_SERVER]);
	control_read(r, nodes[TOP_CONTROL]);
	log_read(r, nodes[TOP_LOG]);
	inventory_read(r, nodes[TOP_INVENTORY]);
	web_read(r, nodes[TOP_WEB]);
	keys_read(r, nodes[TOP_KEYS]);
	primaries_read(r, nodes[TOP_PRIMARIES]);
	templates_read(r, nodes[TOP_TEMPLATES]);
	zones_read(r, nodes[TOP_ZONES]);
	if (nodes[TOP_ZONES_FILE]) zones_file_value(r, nodes[TOP_ZONES_FILE]);
}

static void reader_done(struct config_reader *r) {
	symbols_done(&r->keys);
	symbols_done(&r->key_texts);
	symbols_done(&r->primaries);
	symbols_done(&r->templates);
	free(r->key_lines);
	for (unsigned i = 0; i < r->primary_count; i++)
		free(r->primary_items[i].items);
	free(r->primary_items);
	for (unsigned i = 0; i < r->template_count; i++)
		policy_unref(r->template_items[i].policy);
	free(r->template_items);
	free(r->zone_lines);
	texts_done(r);
	policy_pool_done(&r->pool);
	free(r->scratch);
	tree_free(r->tree);
}

enum err config_parse(const struct config_input *input, const char *data, size_t len,
                      struct config **out_config, struct config_faults *out_faults) {
	struct config_faults faults = { 0 };
	struct tree_fault fault = { 0 };
	struct config_reader r = { .input = input, .faults = &faults, .file = input->path };
	r.config = xcalloc(1, sizeof(*r.config));
	r.scratch = xmalloc(sizeof(*r.scratch));
	enum err e = tree_parse(data, len, &r.tree, &fault);
	if (e == OK) source_digest(data, len, r.config->source.configuration);
	if (e == OK)
		sections_read(&r);
	else
		fault_add(&r, fault.line, "%s", e == ERR_CONFIG ? fault.text : err_text(e));
	if (faults.count == 0) r.config->base = config_base(&r);
	reader_done(&r);
	faults_sort(&faults);
	*out_faults = faults;
	if (faults.count > 0) {
		config_free(r.config);
		return ERR_CONFIG;
	}
	*out_config = r.config;
	return OK;
}

static bool system_has_user(const char *user) {
	return getpwnam(user) != NULL;
}

enum err config_read(const char *path, struct config **out_config, struct config_faults *out_faults) {
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	const struct config_input input = {
		.path = path,
		.read = file_read,
		.user_exists = system_has_user,
		.cores = cores > 0 ? (unsigned)cores : 1,
	};
	char *data = NULL;
	size_t len = 0;
	enum err e = file_read(path, CONFIG_FILE_MAX, &data, &len);
	if (e != OK) {
		struct config_faults faults = { 0 };
		struct config_reader r = { .faults = &faults, .file = path };
		fault_add(&r, 0,
		          "cannot be read: %s; expected the configuration, a YAML file of at most 64 MiB",
		          read_failure(e));
		*out_faults = faults;
		return ERR_IO;
	}
	e = config_parse(&input, data, len, out_config, out_faults);
	explicit_bzero(data, len); /* it holds the secrets of keys */
	free(data);
	return e;
}

bool config_is_same(const struct config *c, const char *path) {
	return source_is_same(&c->source, path);
}

void config_free(struct config *c) {
	if (!c) return;
	intent_list_done(&c->zones);
	settings_base_unref(c->base);
	source_done(&c->source);
	if (c->keyset) keyset_unref(c->keyset);
	server_done(&c->server);
	web_done(&c->web);
	free(c->control_socket);
	free(c->web_socket);
	free(c->database);
	free(c);
}
