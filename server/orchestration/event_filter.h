/*
 * Filters of events, as clients send them:
 *     {"occurred": {"since", "until"}, "event": {"prefix", "name", "exclude_…"}, "id": {"id"},
 *      "resource": {"id", "id_prefix", "labels", "distinct"}, "related": {…} or [{…}, …],
 *      "any_resource": {…} or [{…}, …], "text": {"query"}, "order"}
 *
 * Conditions are and-ed, the entries of a list or-ed; an empty list is no condition. A pattern of a
 * label has "*" and "?", and "!" before what must not match.
 */
#pragma once

#include "server/resource/field.h"
#include "server/resource/problems.h"
#include "server/store/sql.h"

extern const struct field event_filter_fields[];

/* Checks a filter and appends it as a condition on `events r`, with `now` as the end of time where
 * the filter names none. What is wrong is added to `problems`; the SQL is then not to be used. The
 * filter has to live as long as the SQL. */
void event_filter_where(const json_t *filter, int64_t now, struct arena *arena, struct sql *sql,
                        struct problems *problems);

/* The time that such a filter is about; both ends are within it. */
void event_filter_period(const json_t *filter, int64_t now, int64_t *ret_since, int64_t *ret_until);

bool event_filter_is_ascending(const json_t *filter); /* the order that it asks for */
bool event_filter_is_distinct(const json_t *filter);  /* one event of each resource */

/*
 * The topics on which to wait for an event that the filter, which was checked, lets through: all
 * that are published in its favour, and few others. NULL-terminated, in the arena.
 */
const char *const *event_filter_topics(const json_t *filter, struct arena *arena);
