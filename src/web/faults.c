#include "web/faults.h"

#include <stdarg.h>
#include <stdio.h>

#define TEXT_MAX 400

void faults_add(struct faults *f, const char *field, const char *format, ...) {
	char text[TEXT_MAX];
	va_list list;
	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	if (!f->list) f->list = json_array();
	if (json_array_size(f->list) >= FAULTS_MAX) return;
	json_t *fault = json_pack("{s:s, s:s}", "field", field, "text", text);
	if (!fault)
		fault = json_pack("{s:s, s:s}", "field", "", "text", "a text was cut inside of a character");
	json_array_append_new(f->list, fault);
}

void faults_done(struct faults *f) {
	json_decref(f->list);
	f->list = NULL;
}
