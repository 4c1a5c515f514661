/* What scripts say of a form or of parameters: fields in the short notation, or a schema's file. */
#pragma once

#include <jansson.h>

#include "cli/command.h"

/* Appends a file, of a megabyte at most; "-" is standard input. */
int read_text_file(const char *path, struct buf *to, struct error *error);

/* A schema of the fields, or the one in `file` (NULL: none): a new reference to an object. */
int schema_from_options(const char *title, const struct text_list *fields, const char *file,
                        json_t **ret_schema, struct error *error);
