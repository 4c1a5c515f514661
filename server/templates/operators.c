/* Operators on values, as Python has them; see node.h. */
#include <math.h>
#include <string.h>

#include "server/templates/node.h"

static const char *sign_of(enum token_type op)
{
    return op == TOKEN_POW ? "** or pow()" : token_type_describe(op);
}

static const struct value *refuse_types(struct render *render, enum token_type op,
                                        const struct value *a, const struct value *b)
{
    return render_fail(render, "TypeError", "unsupported operand type(s) for %s: '%s' and '%s'",
                       sign_of(op), value_type_name(a), value_type_name(b));
}

static const struct value *overflow(struct render *render)
{
    return render_fail(render, "OverflowError", "integers beyond 64 bits are not supported");
}

static const struct value *power_integers(struct render *render, int64_t base, int64_t exponent)
{
    int64_t result = 1;

    while (exponent > 0) {
        if (exponent & 1 && __builtin_mul_overflow(result, base, &result))
            return overflow(render);
        exponent >>= 1;
        if (exponent > 0 && __builtin_mul_overflow(base, base, &base))
            return overflow(render);
    }
    return value_integer(render, result);
}

/* Quotient towards minus infinity, or the rest that goes with it. */
static const struct value *divide_integers(struct render *render, enum token_type op, int64_t a,
                                           int64_t b)
{
    if (b == 0)
        return render_fail(render, "ZeroDivisionError",
                           op == TOKEN_FLOORDIV ? "integer division or modulo by zero"
                                                : "integer modulo by zero");
    if (b == -1) { /* INT64_MIN / -1 has no answer in C */
        int64_t negative;
        if (op == TOKEN_MOD)
            return value_integer(render, 0);
        return __builtin_sub_overflow(0, a, &negative) ? overflow(render)
                                                       : value_integer(render, negative);
    }
    int64_t quotient = a / b, rest = a % b;
    if (rest != 0 && (rest < 0) != (b < 0)) {
        quotient--;
        rest += b;
    }
    return value_integer(render, op == TOKEN_FLOORDIV ? quotient : rest);
}

static const struct value *divide_reals(struct render *render, enum token_type op, double a,
                                        double b)
{
    if (b == 0)
        return render_fail(render, "ZeroDivisionError", "%s",
                           op == TOKEN_MOD ? "float modulo" : "float floor division by zero");
    double rest = fmod(a, b);
    double quotient = (a - rest) / b;
    if (rest != 0 && (rest < 0) != (b < 0)) {
        rest += b;
        quotient -= 1;
    } else if (rest == 0) {
        rest = copysign(0, b);
    }
    double whole = floor(quotient);
    if (quotient - whole > 0.5)
        whole += 1;
    if (quotient == 0)
        whole = copysign(0, a / b);
    return value_real(render, op == TOKEN_MOD ? rest : whole);
}

static const struct value *power_reals(struct render *render, double a, double b)
{
    if (a == 0 && b < 0)
        return render_fail(render, "ZeroDivisionError", "0.0 cannot be raised to a negative power");
    double result = pow(a, b);
    if (isnan(result) && !isnan(a) && !isnan(b))
        return render_fail(render, "TypeError", "complex numbers are not supported");
    if (isinf(result) && !isinf(a) && !isinf(b))
        return render_fail(render, "OverflowError", "Numerical result out of range");
    return value_real(render, result);
}

static const struct value *operate_integers(struct render *render, enum token_type op, int64_t a,
                                            int64_t b)
{
    int64_t result;

    switch (op) {
    case TOKEN_ADD:
        return __builtin_add_overflow(a, b, &result) ? overflow(render)
                                                     : value_integer(render, result);
    case TOKEN_SUB:
        return __builtin_sub_overflow(a, b, &result) ? overflow(render)
                                                     : value_integer(render, result);
    case TOKEN_MUL:
        return __builtin_mul_overflow(a, b, &result) ? overflow(render)
                                                     : value_integer(render, result);
    case TOKEN_DIV:
        if (b == 0)
            return render_fail(render, "ZeroDivisionError", "division by zero");
        return value_real(render, (double)a / (double)b);
    case TOKEN_POW:
        return b < 0 ? power_reals(render, (double)a, (double)b) : power_integers(render, a, b);
    default:
        return divide_integers(render, op, a, b);
    }
}

static const struct value *operate_reals(struct render *render, enum token_type op, double a,
                                         double b)
{
    switch (op) {
    case TOKEN_ADD:
        return value_real(render, a + b);
    case TOKEN_SUB:
        return value_real(render, a - b);
    case TOKEN_MUL:
        return value_real(render, a * b);
    case TOKEN_DIV:
        if (b == 0)
            return render_fail(render, "ZeroDivisionError", "float division by zero");
        return value_real(render, a / b);
    case TOKEN_POW:
        return power_reals(render, a, b);
    default:
        return divide_reals(render, op, a, b);
    }
}

static bool is_sequence(const struct value *value)
{
    return value->type == VALUE_STRING || value->type == VALUE_LIST || value->type == VALUE_TUPLE;
}

static const struct value *repeat(struct render *render, const struct value *value, int64_t times)
{
    size_t count = times < 0 ? 0 : (size_t)times;

    if (value->type == VALUE_STRING) {
        buf_auto text = render_buf(render);
        size_t length = value->string.length;
        if (length > 0 && count > render->budget->bytes / length)
            return render_refuse(render, "the template needs too much memory");
        for (size_t i = 0; i < count && length > 0; i++)
            buf_add(&text, value->string.text, length);
        const struct value *repeated = render_buf_string(render, &text);
        return value->string.safe ? value_safe(render, repeated) : repeated;
    }
    size_t length = value->list.count;
    if (length > 0 && count > render->budget->bytes / length / sizeof(value))
        return render_refuse(render, "the template needs too much memory");
    struct value *list = value_sequence(render, value->type, length > 0 ? count * length : 0);
    for (size_t i = 0; list && i < list->list.count; i++)
        list->list.items[i] = value->list.items[i % length];
    return list;
}

static const struct value *multiply(struct render *render, const struct value *a,
                                    const struct value *b)
{
    const struct value *sequence = is_sequence(a) ? a : b, *times = is_sequence(a) ? b : a;

    if (!is_sequence(sequence))
        return refuse_types(render, TOKEN_MUL, a, b);
    if (!value_is_integral(times))
        return render_fail(render, "TypeError", "can't multiply sequence by non-int of type '%s'",
                           value_type_name(times));
    return repeat(render, sequence, times->integer);
}

/* What is joined to markup becomes markup. */
static const struct value *add_strings(struct render *render, const struct value *a,
                                       const struct value *b)
{
    bool safe = a->string.safe || b->string.safe;
    const struct value *both[] = {safe ? escape_html(render, a) : a,
                                  safe ? escape_html(render, b) : b};
    const struct value *whole = both[0] && both[1] ? concat(render, both, 2) : NULL;

    return safe ? value_safe(render, whole) : whole;
}

static const struct value *add(struct render *render, const struct value *a, const struct value *b)
{
    if (a->type == VALUE_STRING && b->type == VALUE_STRING)
        return add_strings(render, a, b);
    if (a->type == b->type && is_sequence(a)) {
        struct value *list = value_sequence(render, a->type, a->list.count + b->list.count);
        for (size_t i = 0; list && i < list->list.count; i++)
            list->list.items[i] =
                i < a->list.count ? a->list.items[i] : b->list.items[i - a->list.count];
        return list;
    }
    if (is_sequence(a))
        return render_fail(render, "TypeError", "can only concatenate %s (not \"%s\") to %s",
                           value_type_name(a), value_type_name(b), value_type_name(a));
    return refuse_types(render, TOKEN_ADD, a, b);
}

const struct value *operate(struct render *render, enum token_type op, const struct value *a,
                            const struct value *b)
{
    if (op == TOKEN_MOD && a->type == VALUE_STRING)
        return render_refuse(render, "formatting strings with %% is not supported");
    if (a->type == VALUE_UNDEFINED || b->type == VALUE_UNDEFINED)
        return render_fail(render, "UndefinedError", "%s",
                           a->type == VALUE_UNDEFINED ? a->why : b->why);
    if (value_is_integral(a) && value_is_integral(b))
        return operate_integers(render, op, a->integer, b->integer);
    if (value_is_number(a) && value_is_number(b))
        return operate_reals(render, op, value_to_real(a), value_to_real(b));
    if (op == TOKEN_ADD)
        return add(render, a, b);
    return op == TOKEN_MUL ? multiply(render, a, b) : refuse_types(render, op, a, b);
}

const struct value *negate(struct render *render, const struct value *value, bool minus)
{
    int64_t negative;

    if (value->type == VALUE_UNDEFINED)
        return render_fail(render, "UndefinedError", "%s", value->why);
    if (value->type == VALUE_REAL)
        return value_real(render, minus ? -value->real : value->real);
    if (!value_is_integral(value))
        return render_fail(render, "TypeError", "bad operand type for unary %c: '%s'",
                           minus ? '-' : '+', value_type_name(value));
    if (__builtin_sub_overflow(0, value->integer, &negative))
        return overflow(render);
    return value_integer(render, minus ? negative : value->integer);
}

const struct value *escape_html(struct render *render, const struct value *value)
{
    static const char from[] = "&<>'\"";
    static const char *const into[] = {"&amp;", "&lt;", "&gt;", "&#39;", "&#34;"};
    buf_auto text = render_buf(render);

    value = value_text(render, value);
    if (!value || value->string.safe)
        return value;
    for (size_t i = 0; i < value->string.length; i++) {
        const char *special = memchr(from, value->string.text[i], strlen(from));
        if (special)
            buf_add_string(&text, into[special - from]);
        else
            buf_add_char(&text, value->string.text[i]);
    }
    return value_safe(render, render_buf_string(render, &text));
}

const struct value *concat(struct render *render, const struct value *const *items, size_t count)
{
    buf_auto text = render_buf(render);

    for (size_t i = 0; i < count; i++)
        if (!value_add_text(render, items[i], &text))
            return NULL;
    return render_buf_string(render, &text);
}

static int is_in_string(struct render *render, const struct value *item, const struct value *string)
{
    if (item->type != VALUE_STRING) {
        render_fail(render, "TypeError", "'in <string>' requires string as left operand, not %s",
                    value_type_name(item));
        return -1;
    }
    if (!render_steps(render, string->string.length / 64))
        return -1;
    return memmem(string->string.text, string->string.length, item->string.text,
                  item->string.length) != NULL;
}

static int is_in_dict(struct render *render, const struct value *item, const struct value *dict)
{
    bool failed = false;

    if (!value_is_hashable(item)) {
        render_fail(render, "TypeError", "unhashable type: '%s'", value_type_name(item));
        return -1;
    }
    bool found = value_lookup(render, dict, item, &failed) != NULL;
    return failed ? -1 : found;
}

static int is_in(struct render *render, const struct value *item, const struct value *in)
{
    int same = 0;

    switch (in->type) {
    case VALUE_STRING:
        return is_in_string(render, item, in);
    case VALUE_DICT:
        return is_in_dict(render, item, in);
    case VALUE_LIST:
    case VALUE_TUPLE:
        for (size_t i = 0; same == 0 && i < in->list.count; i++)
            same = value_same(render, in->list.items[i], item);
        return same;
    case VALUE_UNDEFINED:
        return 0;
    default:
        render_fail(render, "TypeError", "argument of type '%s' is not iterable",
                    value_type_name(in));
        return -1;
    }
}

int compare_values(struct render *render, enum compare how, const struct value *a,
                   const struct value *b)
{
    static const char *const signs[] = {
        [COMPARE_LT] = "<", [COMPARE_LE] = "<=", [COMPARE_GT] = ">", [COMPARE_GE] = ">="};
    int truth;

    if (how == COMPARE_EQ || how == COMPARE_NE) {
        truth = value_same(render, a, b);
        return truth < 0 ? -1 : truth == (how == COMPARE_EQ);
    }
    if (how == COMPARE_IN || how == COMPARE_NOT_IN) {
        truth = is_in(render, a, b);
        return truth < 0 ? -1 : truth == (how == COMPARE_IN);
    }
    enum order order = value_order(render, a, b, signs[how]);
    if (order == ORDER_FAILED)
        return -1;
    bool same = order == ORDER_SAME;
    return how == COMPARE_LT   ? order == ORDER_LESS
           : how == COMPARE_LE ? order == ORDER_LESS || same
           : how == COMPARE_GT ? order == ORDER_GREATER
                               : order == ORDER_GREATER || same;
}
