/* JSON objects laid over one another, as text: numbers stay as they were written. */
#pragma once

#include <jansson.h>

#include "common/buf.h"
#include "server/store/store.h"

/* Appends an object with the members of both; of equal keys that of `over` counts. Both texts are
 * objects that went through json_parse. */
void json_overlay(struct buf *to, const char *base, const char *over);

/* Appends an object with the members of the one at `text` that `hidden` does not have. */
void json_without(struct buf *to, const char *text, const json_t *hidden);

/* An overlay as text in the arena's memory. NULL, and the transaction has failed: the whole has
 * more than BUF_CEILING. */
const char *overlay_text(struct txn *txn, struct arena *arena, const char *base, const char *over);
