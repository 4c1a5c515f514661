/* JSON objects laid over one another, as text: numbers stay as they were written. */
#pragma once

#include "common/buf.h"

/* Appends an object with the members of both; of equal keys that of `over` counts. Both texts are
 * objects that went through json_parse. */
void json_overlay(struct buf *to, const char *base, const char *over);
