/* The filters, by file; the table that names them is in filters.c. An argument that was not given
 * is NULL. */
#pragma once

#include "server/templates/node.h"

#define FILTER(name)                                                                               \
    const struct value *filter_##name(struct render *render, const struct value *value,            \
                                      const struct value *const arguments[])

/* filters_text.c */
FILTER(upper);
FILTER(lower);
FILTER(title);
FILTER(capitalize);
FILTER(trim);
FILTER(replace);
FILTER(string);
FILTER(escape);
FILTER(safe);
FILTER(tojson);

/* filters_number.c */
FILTER(int);
FILTER(float);
FILTER(round);
FILTER(abs);

/* filters_list.c */
FILTER(default);
FILTER(length);
FILTER(first);
FILTER(last);
FILTER(list);
FILTER(reverse);
FILTER(join);
FILTER(items);

/* filters_sort.c */
FILTER(sort);
FILTER(unique);
FILTER(min);
FILTER(max);
FILTER(sum);

/* value.a.0.b for the attribute "a.0.b" (or an integer); the value itself without one. */
const struct value *filter_attribute(struct render *render, const struct value *value,
                                     const struct value *attribute);
