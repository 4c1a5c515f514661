/* Filters on lists and the like; see filters.h. */
#include <stdlib.h>
#include <string.h>

#include "server/templates/filters.h"

FILTER(default)
{
    bool also_false = arguments[1] && value_truth(arguments[1]);

    (void)render;
    if (value->type != VALUE_UNDEFINED && !(also_false && !value_truth(value)))
        return value;
    return arguments[0] ? arguments[0] : &value_empty;
}

FILTER(length)
{
    (void)arguments;
    switch (value->type) {
    case VALUE_UNDEFINED:
        return value_integer(render, 0);
    case VALUE_STRING:
        if (!render_steps(render, value->string.length / 64))
            return NULL;
        return value_integer(render, (int64_t)text_count(value->string.text, value->string.length));
    case VALUE_LIST:
    case VALUE_TUPLE:
    case VALUE_DICT:
        return value_integer(render, (int64_t)value->list.count);
    default:
        return render_fail(render, "TypeError", "object of type '%s' has no len()",
                           value_type_name(value));
    }
}

FILTER(first)
{
    const struct value *list = value_iterate(render, value);

    (void)arguments;
    if (!list)
        return NULL;
    if (list->list.count == 0)
        return value_undefined(render, "No first item, sequence was empty.");
    return list->list.items[0];
}

FILTER(last)
{
    const struct value *list;

    (void)arguments;
    if (value->type != VALUE_UNDEFINED && (value_is_number(value) || value->type == VALUE_NONE))
        return render_fail(render, "TypeError", "'%s' object is not reversible",
                           value_type_name(value));
    if (!(list = value_iterate(render, value)))
        return NULL;
    if (list->list.count == 0)
        return value_undefined(render, "No last item, sequence was empty.");
    return list->list.items[list->list.count - 1];
}

FILTER(list)
{
    const struct value *items = value_iterate(render, value);
    struct value *list = items ? value_sequence(render, VALUE_LIST, items->list.count) : NULL;

    (void)arguments;
    if (list && list->list.count > 0)
        memcpy(list->list.items, items->list.items, list->list.count * sizeof(*list->list.items));
    return list;
}

/* The characters of a string, the items of a list from the last to the first. */
FILTER(reverse)
{
    buf_auto text = render_buf(render);

    (void)arguments;
    if (value_is_number(value) || value->type == VALUE_NONE)
        return render_fail(render, "FilterArgumentError", "argument must be iterable");
    const struct value *items = value_iterate(render, value);
    if (!items)
        return NULL;
    struct value *list = value_sequence(render, VALUE_LIST, items->list.count);
    for (size_t i = 0; list && i < list->list.count; i++)
        list->list.items[i] = items->list.items[list->list.count - 1 - i];
    if (!list || value->type != VALUE_STRING)
        return list;
    for (size_t i = 0; i < list->list.count; i++)
        buf_add(&text, list->list.items[i]->string.text, list->list.items[i]->string.length);
    return render_buf_string(render, &text);
}

const struct value *filter_attribute(struct render *render, const struct value *value,
                                     const struct value *attribute)
{
    if (!attribute || attribute->type == VALUE_NONE)
        return value;
    if (attribute->type != VALUE_STRING)
        return get_item(render, value, attribute);
    const char *name = attribute->string.text, *end = name + attribute->string.length;
    while (value) {
        const char *dot = memchr(name, '.', (size_t)(end - name));
        size_t length = (size_t)((dot ? dot : end) - name), digits = 0;
        while (digits < length && name[digits] >= '0' && name[digits] <= '9')
            digits++;
        bool number = length > 0 && length < 18 && digits == length;
        const struct value *key = number ? value_integer(render, strtoll(name, NULL, 10))
                                         : value_string(render, name, length);
        value = key ? get_item(render, value, key) : NULL;
        if (!dot)
            break;
        name = dot + 1;
    }
    return value;
}

FILTER(join)
{
    const struct value *separator = arguments[0] ? arguments[0] : &value_empty;
    const struct value *list = value_iterate(render, value);
    size_t count = list ? list->list.count : 0;
    struct value *parts =
        list ? value_sequence(render, VALUE_LIST, count > 0 ? 2 * count - 1 : 0) : NULL;

    if (!parts)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            parts->list.items[2 * i - 1] = separator;
        parts->list.items[2 * i] = filter_attribute(render, list->list.items[i], arguments[1]);
        if (!parts->list.items[2 * i])
            return NULL;
    }
    return concat(render, parts->list.items, parts->list.count);
}

FILTER(items)
{
    (void)arguments;
    if (value->type == VALUE_UNDEFINED)
        return value_sequence(render, VALUE_LIST, 0);
    if (value->type != VALUE_DICT)
        return render_fail(render, "TypeError", "Can only get item pairs from a mapping.");
    struct value *pairs = value_sequence(render, VALUE_LIST, value->list.count);
    for (size_t i = 0; pairs && i < pairs->list.count; i++) {
        struct value *pair = value_sequence(render, VALUE_TUPLE, 2);
        if (!pair)
            return NULL;
        pair->list.items[0] = value->list.items[2 * i];
        pair->list.items[1] = value->list.items[2 * i + 1];
        pairs->list.items[i] = pair;
    }
    return pairs;
}
