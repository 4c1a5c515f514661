/*
 * A form in the terminal, made from the JSON Schema of what a run waits for.
 *
 * Each field is asked for in the order of the schema's properties and checked at once as far as
 * that can be done here; what is refused is asked for again. Objects inside one another are asked
 * for field by field ("address.street"), deeper than FORM_DEPTH as JSON.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "cli/prompt.h"
#include "common/error.h"

#define FORM_DEPTH 8

/* There is nothing to fill in: the form is an approval. `schema` may be NULL or null. */
bool form_is_empty(const json_t *schema);

/* Asks for everything. `defaults` (an object or NULL) come before those of the schema. -1 with
 * ENODATA if the input ends first. */
int form_fill(struct prompt *prompt, const json_t *schema, const json_t *defaults,
              json_t **ret_value, struct error *error);

/* Shows `errors` ([{"path", "message"}, ...]) beside the fields that they name and asks for these
 * again; for everything, if they name none. `value` is what was refused. */
int form_correct(struct prompt *prompt, const json_t *schema, const json_t *defaults,
                 const json_t *errors, const json_t *value, json_t **ret_value,
                 struct error *error);

/* Sets the field that `path` ("address.street") names in `value`, an object, to what `text` means
 * for it; for a field that the schema does not know, JSON or else the text itself. */
int form_set(const json_t *schema, json_t *value, const char *path, const char *text,
             struct error *error);
