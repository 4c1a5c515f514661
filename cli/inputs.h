/* Inputs of runs as the command makes them, and reads them. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "common/buf.h"

/* What was typed as an input: JSON, or else a text. `prefix`: what its key begins with; NULL: what
 * a flow that receives a plain type looks for, with the value wrapped as these are. */
void input_from_text(const char *typed, const char *prefix, struct buf *ret_key,
                     struct buf *ret_value);

/* Whether the key is that of a value of a plain type, which is wrapped. */
bool input_is_plain(const char *key);
