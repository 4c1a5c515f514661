/* Searching the text of events. */
#pragma once

#include "server/store/sql.h"

/*
 * Appends " AND …" for a query of words, on `events r`: one of the plain words is in the event's
 * name, resources or payload, all that have a plus before them, and none that has a minus or an
 * exclamation mark. Quotes hold words together; within them a backslash comes before a quote that
 * is meant. The case of ASCII letters is ignored.
 */
void event_search_add(const char *query, struct arena *arena, struct sql *sql);
