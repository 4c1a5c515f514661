/* A value as it stands alone in the API (a variable, a result): of a built-in type it is bare, not
 * {"value": ...}, and of FM_NOTHING it is null. */
#pragma once

#include "common/buf.h"
#include "include/fermata.h"

/* Appends the value's JSON. */
int value_encode(const struct fm_model *model, const void *value, struct buf *to,
                 struct fm_error *error) MUST_CHECK;

/* Reads it into the run's memory; `ret_value` is untouched on failure. */
int value_decode(struct fm_run *run, const struct fm_model *model, const char *json, size_t length,
                 void *ret_value, struct fm_error *error) MUST_CHECK;
