/*
 * Text with {{ expressions }}: of Jinja (https://jinja.palletsprojects.com/templates/) the part
 * that computes values. Values behave and print as Python's do.
 *
 * Expressions: names, literals (strings, numbers, true, false, none, lists, tuples, dicts),
 * attributes, subscripts and slices, + - * / // % **, comparisons, and, or, not, in, ~, inline if,
 * `|` with the filters and `is` with the tests of filters.c; comments and whitespace control.
 * Statements ({% … %}), calls, other filters and tests are errors that name what is meant.
 * Integers have 64 bits.
 *
 * Depth, memory and work are bounded; the bounds of memory and work are a budget, which several
 * templates can share.
 */
#pragma once

#include <jansson.h>
#include <stddef.h>

#include "common/buf.h"
#include "common/error.h"

#define TEMPLATE_MAX ((size_t)256 << 10) /* bytes of a template */

struct template_budget {
    size_t bytes; /* that may yet be asked for, results included */
    size_t steps; /* that may yet be made; a step is some ten to a hundred nanoseconds */
};

#define TEMPLATE_BUDGET                                                                            \
    ((struct template_budget){.bytes = (size_t)8 << 20, .steps = (size_t)1 << 20})

/*
 * Appends the rendered template to `to`; both are UTF-8 without NUL, as JSON's strings are.
 * `names`, an object or NULL, has the values of the names; others are undefined. The code of an
 * error is EINVAL for what is wrong with the template, in the words of Prefect's server where it
 * has words for it, or ENOMEM.
 */
int template_render(const char *text, size_t length, const json_t *names,
                    struct template_budget *budget, struct buf *to, struct error *error) MUST_CHECK;
