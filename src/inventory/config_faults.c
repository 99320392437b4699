#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "inventory/config_reader.h"

#define FAULT_TEXT_MAX 600

void fault_add(struct config_reader *r, unsigned line, const char *format, ...) {
	struct config_faults *f = r->faults;
	if (f->count == CONFIG_FAULTS_MAX) {
		f->left_out++;
		return;
	}
	char text[FAULT_TEXT_MAX];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	f->items = xrealloc(f->items, (f->count + 1) * sizeof(*f->items));
	f->items[f->count++] = (struct config_fault){ .file = xstrdup(r->file),
		                                      .line = line,
		                                      .text = xstrdup(text) };
}

/* Files stay in the order in which they were read. */
void faults_sort(struct config_faults *f) {
	for (unsigned i = 1; i < f->count; i++) {
		struct config_fault moved = f->items[i];
		unsigned at = i;
		while (at > 0 && strcmp(f->items[at - 1].file, moved.file) == 0 &&
		       f->items[at - 1].line > moved.line) {
			f->items[at] = f->items[at - 1];
			at--;
		}
		f->items[at] = moved;
	}
}

void config_faults_done(struct config_faults *f) {
	for (unsigned i = 0; i < f->count; i++) {
		free(f->items[i].file);
		free(f->items[i].text);
	}
	free(f->items);
	*f = (struct config_faults){ 0 };
}
