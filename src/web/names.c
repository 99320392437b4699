#include "web/names.h"

#include <ctype.h>
#include <idn2.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool is_ascii(const char *text) {
	for (; *text; text++) {
		if ((unsigned char)*text >= 0x80) return false;
	}
	return true;
}

/* The same name, plain: lower case, without the final dot (which an escape may hide). */
static void plain(char *name) {
	size_t len = strlen(name);
	for (char *p = name; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	bool escaped = len > 1 && name[len - 2] == '\\';
	if (len > 1 && name[len - 1] == '.' && !escaped) name[len - 1] = '\0';
}

static enum err fails(char out_fault[static NAMES_FAULT_MAX], const char *text) {
	snprintf(out_fault, NAMES_FAULT_MAX, "not a domain name: %s", text);
	return ERR_NAME;
}

enum err names_canonical(const char *text, char out[static NAMES_TEXT_MAX],
                         char out_fault[static NAMES_FAULT_MAX]) {
	if (*text == '\0') return fails(out_fault, "it is empty");
	if (strlen(text) >= NAMES_TEXT_MAX) return fails(out_fault, "it is too long");
	if (is_ascii(text)) {
		snprintf(out, NAMES_TEXT_MAX, "%s", text);
		plain(out);
		return OK;
	}
	char *ascii = NULL;
	int status = idn2_to_ascii_8z(text, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
	if (status != IDN2_OK) return fails(out_fault, idn2_strerror(status));
	bool fits = strlen(ascii) < NAMES_TEXT_MAX;
	if (fits) snprintf(out, NAMES_TEXT_MAX, "%s", ascii);
	idn2_free(ascii);
	if (!fits) return fails(out_fault, "it is too long");
	plain(out);
	return OK;
}
