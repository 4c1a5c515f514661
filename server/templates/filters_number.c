/* Filters on numbers; see filters.h. */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/templates/filters.h"

#define NUMBER_TEXT 400 /* bytes; a longer text is no number */

/* Text as Python's int() and float() take it: without the space around it and the underscores
 * between digits. False if it can be no number. */
static bool plain_number(const struct value *string, char ret_text[static NUMBER_TEXT])
{
    const char *text = string->string.text;
    size_t length = string->string.length, n;
    char *to = ret_text;

    for (; (n = text_space(text, length)); text += n)
        length -= n;
    while ((n = text_space_before(text, length)))
        length -= n;
    if (length == 0 || length >= NUMBER_TEXT)
        return false;
    for (size_t i = 0; i < length; i++) {
        bool between = i > 0 && i + 1 < length && text[i - 1] != '_' && text[i + 1] != '_' &&
                       strchr("+-.", text[i - 1]) == NULL && strchr("+-.", text[i + 1]) == NULL;
        if (text[i] == '_' && !between)
            return false;
        if (text[i] != '_')
            *to++ = text[i];
    }
    *to = '\0';
    return true;
}

/* 1 and the number, 0 if the text is none. */
static int text_to_real(const struct value *string, double *ret_real)
{
    char text[NUMBER_TEXT], *end;

    if (!plain_number(string, text) || strpbrk(text, "xX(") || text_space(text, 1))
        return 0;
    double real = strtod(text, &end);
    if (*end)
        return 0;
    *ret_real = real;
    return 1;
}

/* 1 and the number, 0 if the text is none, -1 if it is too large. */
static int text_to_integer(const struct value *string, int base, int64_t *ret_integer)
{
    char text[NUMBER_TEXT], *end;

    if (!plain_number(string, text) || text_space(text, 1))
        return 0;
    char *digits = text + (*text == '+' || *text == '-');
    int letter = digits[0] == '0' ? digits[1] | 0x20 : 0;
    if (base == 10 && letter == 'x')
        return 0;
    if ((base == 2 && letter == 'b') || (base == 8 && letter == 'o'))
        memmove(digits, digits + 2, strlen(digits + 2) + 1);
    if (!*digits || *digits == '+' || *digits == '-')
        return 0;
    errno = 0;
    long long integer = strtoll(text, &end, base);
    if (*end)
        return 0;
    *ret_integer = integer;
    return errno == ERANGE ? -1 : 1;
}

static const struct value *real_to_integer(struct render *render, double real,
                                           const struct value *otherwise)
{
    if (isnan(real))
        return otherwise;
    if (isinf(real))
        return render_fail(render, "OverflowError", "cannot convert float infinity to integer");
    if (real >= 0x1p63 || real < -0x1p63)
        return render_fail(render, "OverflowError", "integers beyond 64 bits are not supported");
    return value_integer(render, (int64_t)real);
}

FILTER(int)
{
    const struct value *base = arguments[1];
    int64_t integer = 0;
    double real = 0;

    const struct value *otherwise = arguments[0] ? arguments[0] : value_integer(render, 0);
    if (!otherwise)
        return NULL;
    if (value->type == VALUE_UNDEFINED)
        return render_fail(render, "UndefinedError", "%s", value->why);
    if (value_is_integral(value))
        return value_integer(render, value->integer);
    if (value->type == VALUE_REAL)
        return real_to_integer(render, value->real, otherwise);
    if (value->type != VALUE_STRING)
        return otherwise;
    if (base && (!value_is_integral(base) || base->integer < 2 || base->integer > 36))
        return render_refuse(render, "the base of 'int' is a number from 2 to 36");
    int r = text_to_integer(value, base ? (int)base->integer : 10, &integer);
    if (r < 0)
        return render_fail(render, "OverflowError", "integers beyond 64 bits are not supported");
    if (r > 0)
        return value_integer(render, integer);
    if (!text_to_real(value, &real) || isinf(real))
        return otherwise;
    return real_to_integer(render, real, otherwise);
}

FILTER(float)
{
    double real;

    if (value->type == VALUE_UNDEFINED)
        return render_fail(render, "UndefinedError", "%s", value->why);
    if (value_is_number(value))
        return value_real(render, value_to_real(value));
    if (value->type == VALUE_STRING && text_to_real(value, &real))
        return value_real(render, real);
    return arguments[0] ? arguments[0] : value_real(render, 0);
}

/* To the nearest multiple of 10 ** places, of two the even one. */
static const struct value *round_integer(struct render *render, int64_t integer, int64_t places)
{
    int64_t unit = 1;

    for (int64_t i = 0; i < places; i++)
        if (__builtin_mul_overflow(unit, (int64_t)10, &unit))
            return value_integer(render, 0);
    int64_t rest = integer % unit, down = integer - rest, half = unit / 2, result;
    int64_t size = rest < 0 ? -rest : rest;
    bool away = unit > 1 && (size > half || (size == half && down / unit % 2 != 0));
    if (__builtin_add_overflow(down, away ? (rest < 0 ? -unit : unit) : 0, &result))
        return render_fail(render, "OverflowError", "integers beyond 64 bits are not supported");
    return value_integer(render, result);
}

/* Of decimals, the C library rounds as Python does: by the exact value, of two the even one. */
static double round_real(double real, int64_t places)
{
    char text[800];

    if (!isfinite(real) || places > 323)
        return real;
    if (places < 0) {
        double unit = pow(10, (double)-places);
        return isinf(unit) ? copysign(0, real) : nearbyint(real / unit) * unit;
    }
    snprintf(text, sizeof(text), "%.*f", (int)places, real);
    return strtod(text, NULL);
}

FILTER(round)
{
    const struct value *places = arguments[0], *method = arguments[1];
    bool up = method && method->type == VALUE_STRING && method->string.length == 4 &&
              memcmp(method->string.text, "ceil", 4) == 0;
    bool down = method && method->type == VALUE_STRING && method->string.length == 5 &&
                memcmp(method->string.text, "floor", 5) == 0;

    if (method && !up && !down &&
        (method->type != VALUE_STRING || method->string.length != 6 ||
         memcmp(method->string.text, "common", 6) != 0))
        return render_fail(render, "FilterArgumentError", "method must be common, ceil or floor");
    if (places && !value_is_integral(places))
        return render_fail(render, "TypeError", "'%s' object cannot be interpreted as an integer",
                           value_type_name(places));
    if (!value_is_number(value))
        return render_fail(render, "TypeError", "type %s doesn't define __round__ method",
                           value_type_name(value));
    int64_t by = places ? places->integer : 0;
    if (up || down) {
        double unit = pow(10, (double)by), real = value_to_real(value) * unit;
        return value_real(render, (up ? ceil(real) : floor(real)) / unit);
    }
    if (value->type != VALUE_REAL)
        return by >= 0 ? value_integer(render, value->integer)
                       : round_integer(render, value->integer, by < -20 ? 20 : -by);
    return value_real(render, round_real(value->real, by < -400 ? -400 : by));
}

FILTER(abs)
{
    (void)arguments;
    if (value->type == VALUE_REAL)
        return value_real(render, fabs(value->real));
    if (!value_is_integral(value))
        return render_fail(render, "TypeError", "bad operand type for abs(): '%s'",
                           value_type_name(value));
    return negate(render, value, value->integer < 0);
}
