/* How values are stored as text: by the model's own `save` and `load`, or else as JSON. */
#pragma once

#include "common/buf.h"
#include "include/fermata.h"
#include "lib/problems.h"

/* Appends the text that is stored for the value. FM_INVALID if it cannot be written. */
int stored_from_value(struct fm_run *run, const struct fm_model *model, const void *value,
                      struct buf *to, struct fm_error *error) MUST_CHECK;

/* Reads a value from the text that is stored, into the run's memory. `initial` (may be NULL) has
 * other defaults for what an answer leaves out. `ret_value` is untouched on failure. FM_INVALID:
 * `problems` may say field by field what is wrong. */
int value_from_stored(struct fm_run *run, const struct fm_model *model,
                      const struct fm_setting *initial, const char *text, void *ret_value,
                      struct fm_problems *problems, struct fm_error *error) MUST_CHECK;
