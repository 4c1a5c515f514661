/*
 * Regular expressions of JSON Schema: those of ECMA-262 with the `u` flag
 * (https://262.ecma-international.org/#sec-patterns), matched by PCRE2.
 *
 * What is no escape there (\Z, \a) is refused, as are PCRE2's verbs. Groups that only other
 * dialects have, (?P<name>...) or (?i), are let through. Lookbehind must have a bounded length.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"

#define SCHEMA_PATTERN_LENGTH 20000 /* bytes of its text */

struct schema_pattern;

int schema_pattern_compile(const char *source, struct schema_pattern **ret_pattern,
                           struct error *error);
size_t schema_pattern_size(const struct schema_pattern *pattern); /* bytes of memory */
void schema_pattern_free(struct schema_pattern *pattern);

/* 1 if the pattern is found in the text, 0 if not, -1 if that would take too long. Adds the cost to
 * `steps`. May be called by several threads at once. */
int schema_pattern_search(const struct schema_pattern *pattern, const char *text, size_t length,
                          size_t *steps);
