#include "base/err.h"

#include <stddef.h>

struct err_row {
	const char *name;
	const char *text;
};

static const struct err_row *row_of(enum err e) {
	static const struct err_row rows[] = {
#define ERR_ROW(name, text) [name] = { #name, text },
		ERR_LIST(ERR_ROW)
#undef ERR_ROW
	};
	static const struct err_row unknown = { "ERR_?", "unknown error" };
	size_t i = (size_t)e;
	return i < sizeof(rows) / sizeof(rows[0]) ? &rows[i] : &unknown;
}

const char *err_text(enum err e) {
	return row_of(e)->text;
}

const char *err_name(enum err e) {
	return row_of(e)->name;
}
