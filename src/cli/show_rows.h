/* Lists and objects of the inventory as text for people.  What a row does not have is shown as "-". */
#ifndef UNDERSTUDY_CLI_SHOW_ROWS_H
#define UNDERSTUDY_CLI_SHOW_ROWS_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

#include "cli/command.h"

/* The list that this command gets; false: it has no list of its own form. */
bool show_rows(FILE *out, enum command_kind kind, const json_t *result, int64_t now_s);
/* Any object: a line a field, lists one item a line, objects indented. */
void show_object(FILE *out, const json_t *object, int64_t now_s);
/* One event of "watch" in a line. */
void show_event(FILE *out, const json_t *event);

#endif
