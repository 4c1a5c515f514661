/*
 * What is wrong with a request's body or query, all of it at once.
 *
 * Kept in the shape in which existing clients parse it: {"type", "loc", "msg", "input", "ctx"?}
 * with pydantic's words for the types. For a person there is a second list: {"path", "message"}.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "common/error.h"

#define PROBLEMS_LIMIT 100 /* what is found beyond these is not told */

struct problems {
    json_t *list; /* NULL while there are none */
    json_t *path; /* where the check stands: ["body", "state", "type"] */
    bool lenient; /* members that nobody here knows are no problem; false at first */
};

#define problems_auto CLEANUP(problems_release) struct problems

void problems_init(struct problems *problems, const char *root); /* "body", "query" or "path" */
void problems_release(struct problems *problems);
bool problems_any(const struct problems *problems);

/* Steps into a member and back out. */
void problems_enter(struct problems *problems, const char *key);
void problems_enter_index(struct problems *problems, size_t index);
void problems_leave(struct problems *problems);

/* Adds one at the present place. `input` is what was sent there (NULL, or too long to be told:
 * null), which nobody may change as long as the problems live; `context` becomes "ctx" (stolen; may
 * be NULL). */
void problems_add(struct problems *problems, const char *type, const json_t *input, json_t *context,
                  const char *format, ...) PRINTF_LIKE(5, 6);

/* Adds one for an array that has more than `limit` entries. */
void problems_add_too_long(struct problems *problems, const json_t *list, size_t limit);

/* Adds one for the member `key` of the present place. */
void problems_add_at(struct problems *problems, const char *key, const char *type,
                     const json_t *input, const char *format, ...) PRINTF_LIKE(5, 6);

/* The second list: [{"path": "state.type", "message": "…"}]. A new reference. */
json_t *problems_for_person(const struct problems *problems);
