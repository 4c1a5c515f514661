/*
 * Parameters and run inputs with the values that are told by "__prefect_kind" put in their places:
 *
 *   {"__prefect_kind": "none", "value": …}        the value, itself hydrated
 *   {"__prefect_kind": "json", "value": "[1]"}    the JSON in the text
 *   {"__prefect_kind": "jinja", "template": "…"}  the text of the rendered template
 *   {"__prefect_kind": "workspace_variable", "variable_name": "…"}   the variable's value
 *
 * as Prefect's server does it. A "json" without its value and a "workspace_variable" without its
 * name vanish from the object or array around them (and are {} at the top). Where "value" (of
 * json), "template" or "variable_name" is an object, it is hydrated first, and so kinds nest. Of
 * any other kind, its "value" as it is, or null.
 */
#pragma once

#include <jansson.h>

#include "common/buf.h"
#include "common/error.h"

struct hydration {
    /* Appends the JSON text of a variable's value to `to`. 1, or 0 if there is no such variable,
     * or -1 with the error. */
    int (*variable)(void *user, const char *name, struct buf *to, struct error *error);
    void *user;
    const json_t *names; /* an object: what templates know by name; or NULL */
};

/*
 * A new reference; what is not changed is shared with `value`. It may be of any type, whatever the
 * type of `value` was. NULL for a failure: the code EINVAL means that the value cannot be
 * hydrated, in the words of Prefect ("Invalid JSON: …", "Variable 'x' not found in workspace."),
 * and `path` (cleared first; may be NULL) then leads to it: "order.items[0]". Any other code is
 * the world's (ENOMEM, or of `variable`).
 */
json_t *hydrate(json_t *value, const struct hydration *with, struct buf *path,
                struct error *error) MUST_CHECK;
