/* An answer as scripts take it: JSON, one member of it, or lines for a shell's `eval`. */
#pragma once

#include <jansson.h>

#include "cli/output.h"
#include "common/error.h"

/* Gives the answer the defaults of the schema's properties that it leaves out. */
int answer_complete(const json_t *schema, json_t *answer, struct error *error);

/* Whether all of the schema's properties can be variables of a shell. */
int answer_check_names(const json_t *schema, struct error *error);

/* NAME='value', a line for each property of the schema: texts as they are, what is not there or
 * null empty, all else as JSON. What the schema does not name is left out: who answers does not
 * choose the variables. */
void answer_add_export(struct buf *to, const json_t *schema, const json_t *answer);

/* JSON in one line, with what could steer a terminal escaped. */
void answer_add_json(struct buf *to, const json_t *value);

/* The same of a text that is JSON already. */
void answer_add_json_text(struct buf *to, const char *text, size_t length);

/* Prints text as it is, on a terminal made harmless, and empties the buffer. -1 if that failed. */
int answer_print(struct screen *screen, struct buf *text);
