/* What is wrong with a request, all of it at once: [{"field", "text"}].
 * Thread: any. */
#ifndef UNDERSTUDY_WEB_FAULTS_H
#define UNDERSTUDY_WEB_FAULTS_H

#include <jansson.h>

#define FAULTS_MAX 32

struct faults {
	json_t *list; /* own; NULL: none */
};

/* field: "primaries[0].port".  Text by printf rules.  Beyond FAULTS_MAX they are not kept. */
void faults_add(struct faults *f, const char *field, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void faults_done(struct faults *f);

#endif
