/* Values of the form {"__prefect_kind": …} in what clients send, with variables from the store. */
#pragma once

#include <jansson.h>

#include "common/buf.h"
#include "server/store/store.h"

/* Whether the JSON text may hold any; NULL holds none. */
bool placeholders_any(const char *text);

/* A new reference through `ret_resolved`. Errors as hydrate() tells them: EINVAL for what the
 * client sent, with the place in `path`. */
int placeholders_resolve(struct txn *txn, json_t *value, json_t **ret_resolved, struct buf *path,
                         struct error *error) MUST_CHECK;
