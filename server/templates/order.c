/* Equality and order of values; see value.h. */
#include <string.h>

#include "server/templates/value.h"

/* Exact, also of an integer that no double can hold. */
static enum order order_integer_real(int64_t integer, double real)
{
    if (real != real)
        return ORDER_NONE;
    if (real >= 0x1p63)
        return ORDER_LESS;
    if (real < -0x1p63)
        return ORDER_GREATER;
    int64_t whole = (int64_t)real;
    double rest = real - (double)whole;
    if (integer != whole)
        return integer < whole ? ORDER_LESS : ORDER_GREATER;
    return rest > 0 ? ORDER_LESS : rest < 0 ? ORDER_GREATER : ORDER_SAME;
}

static enum order opposite(enum order order)
{
    return order == ORDER_LESS ? ORDER_GREATER : order == ORDER_GREATER ? ORDER_LESS : order;
}

static enum order order_numbers(const struct value *a, const struct value *b)
{
    if (a->type != VALUE_REAL && b->type != VALUE_REAL)
        return a->integer < b->integer   ? ORDER_LESS
               : a->integer > b->integer ? ORDER_GREATER
                                         : ORDER_SAME;
    if (a->type != VALUE_REAL)
        return order_integer_real(a->integer, b->real);
    if (b->type != VALUE_REAL)
        return opposite(order_integer_real(b->integer, a->real));
    return a->real < b->real    ? ORDER_LESS
           : a->real > b->real  ? ORDER_GREATER
           : a->real == b->real ? ORDER_SAME
                                : ORDER_NONE;
}

/* By code point, which UTF-8 keeps. */
static enum order order_strings(struct render *render, const struct value *a, const struct value *b)
{
    size_t shorter = a->string.length < b->string.length ? a->string.length : b->string.length;

    if (!render_steps(render, shorter / 64))
        return ORDER_FAILED;
    int r = memcmp(a->string.text, b->string.text, shorter);
    if (r == 0)
        r = a->string.length < b->string.length ? -1 : a->string.length > b->string.length;
    return r < 0 ? ORDER_LESS : r > 0 ? ORDER_GREATER : ORDER_SAME;
}

static int same_items(struct render *render, const struct value *a, const struct value *b)
{
    int same = a->list.count == b->list.count;

    for (size_t i = 0; same == 1 && i < a->list.count; i++)
        same = value_same(render, a->list.items[i], b->list.items[i]);
    return same;
}

static int same_dicts(struct render *render, const struct value *a, const struct value *b)
{
    int same = a->list.count == b->list.count;
    bool failed = false;

    for (size_t i = 0; same == 1 && i < a->list.count; i++) {
        const struct value *other = value_lookup(render, b, a->list.items[2 * i], &failed);
        if (failed)
            return -1;
        same = other ? value_same(render, a->list.items[2 * i + 1], other) : 0;
    }
    return same;
}

int value_same(struct render *render, const struct value *a, const struct value *b)
{
    if (!render_steps(render, 1))
        return -1;
    if (value_is_number(a) && value_is_number(b))
        return order_numbers(a, b) == ORDER_SAME;
    if (a->type != b->type)
        return 0;
    switch (a->type) {
    case VALUE_STRING:
        if (a->string.length != b->string.length)
            return 0;
        if (!render_steps(render, a->string.length / 64))
            return -1;
        return memcmp(a->string.text, b->string.text, a->string.length) == 0;
    case VALUE_LIST:
    case VALUE_TUPLE:
        return same_items(render, a, b);
    case VALUE_DICT:
        return same_dicts(render, a, b);
    default:
        return 1; /* none, undefined */
    }
}

static enum order order_lists(struct render *render, const struct value *a, const struct value *b,
                              const char *sign)
{
    size_t shorter = a->list.count < b->list.count ? a->list.count : b->list.count;

    for (size_t i = 0; i < shorter; i++) {
        int same = value_same(render, a->list.items[i], b->list.items[i]);
        if (same < 0)
            return ORDER_FAILED;
        if (!same)
            return value_order(render, a->list.items[i], b->list.items[i], sign);
    }
    return a->list.count < b->list.count   ? ORDER_LESS
           : a->list.count > b->list.count ? ORDER_GREATER
                                           : ORDER_SAME;
}

enum order value_order(struct render *render, const struct value *a, const struct value *b,
                       const char *sign)
{
    if (!render_steps(render, 1))
        return ORDER_FAILED;
    if (a->type == VALUE_UNDEFINED || b->type == VALUE_UNDEFINED) {
        const struct value *undefined = a->type == VALUE_UNDEFINED ? a : b;
        render_fail(render, "UndefinedError", "%s", undefined->why);
        return ORDER_FAILED;
    }
    if (value_is_number(a) && value_is_number(b))
        return order_numbers(a, b);
    if (a->type == VALUE_STRING && b->type == VALUE_STRING)
        return order_strings(render, a, b);
    if (a->type == b->type && (a->type == VALUE_LIST || a->type == VALUE_TUPLE))
        return order_lists(render, a, b, sign);
    render_fail(render, "TypeError", "'%s' not supported between instances of '%s' and '%s'", sign,
                value_type_name(a), value_type_name(b));
    return ORDER_FAILED;
}
