/* Patterns with wildcards. */
#pragma once

#include <stdbool.h>

/* Whether the whole text matches: "*" is any text, "?" any one character, all else is itself. Takes
 * the lengths of both multiplied at the most, whatever the pattern. */
bool pattern_matches(const char *pattern, const char *text);
