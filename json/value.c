/* Comparing, hashing and showing values; see text.h. */
#define PCRE2_CODE_UNIT_WIDTH 8

#include <math.h>
#include <pcre2.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json/text.h"

static int compare_integer_real(json_int_t integer, double real)
{
    if (real >= 0x1p63)
        return -1;
    if (real < -0x1p63)
        return 1;
    json_int_t whole = (json_int_t)real; /* towards zero */
    if (integer != whole)
        return integer < whole ? -1 : 1;
    double rest = real - (double)whole;
    return rest > 0 ? -1 : rest < 0 ? 1 : 0;
}

int json_number_compare(const json_t *a, const json_t *b)
{
    if (json_is_integer(a) && json_is_integer(b)) {
        json_int_t x = json_integer_value(a);
        json_int_t y = json_integer_value(b);
        return x < y ? -1 : x > y;
    }
    if (json_is_integer(a))
        return compare_integer_real(json_integer_value(a), json_real_value(b));
    if (json_is_integer(b))
        return -compare_integer_real(json_integer_value(b), json_real_value(a));
    double x = json_real_value(a);
    double y = json_real_value(b);
    return x < y ? -1 : x > y;
}

static bool same_members(const json_t *a, const json_t *b)
{
    if (json_object_size(a) != json_object_size(b))
        return false;
    for (void *at = json_object_iter((json_t *)a); at;
         at = json_object_iter_next((json_t *)a, at)) {
        const json_t *other = json_object_get(b, json_object_iter_key(at));
        if (!other || !json_same(json_object_iter_value(at), other))
            return false;
    }
    return true;
}

bool json_same(const json_t *a, const json_t *b)
{
    if (a == b)
        return true;
    if (json_is_number(a) && json_is_number(b))
        return json_number_compare(a, b) == 0;
    if (json_typeof(a) != json_typeof(b))
        return false;
    if (json_is_object(a))
        return same_members(a, b);
    if (!json_is_array(a))
        return json_equal(a, b);
    if (json_array_size(a) != json_array_size(b))
        return false;
    for (size_t i = 0; i < json_array_size(a); i++) {
        if (!json_same(json_array_get(a, i), json_array_get(b, i)))
            return false;
    }
    return true;
}

static uint64_t mix(uint64_t hash, uint64_t with)
{
    hash = (hash ^ with) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 29;
}

static uint64_t hash_bytes(const char *bytes, size_t length)
{
    uint64_t hash = length;

    for (size_t i = 0; i < length; i++)
        hash = mix(hash, (unsigned char)bytes[i]);
    return hash;
}

/* Numbers that compare equal are the same double, though not the other way round. */
static uint64_t hash_number(const json_t *value)
{
    double number = json_number_value(value);
    uint64_t bits;

    if (number == 0)
        number = 0; /* -0 */
    memcpy(&bits, &number, sizeof(bits));
    return mix(17, bits);
}

static uint64_t hash_object(json_t *object, size_t *work)
{
    uint64_t hash = 5;

    for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at)) {
        const char *key = json_object_iter_key(at);
        size_t length = strlen(key);
        *work += length / 16;
        hash += mix(hash_bytes(key, length), json_hash(json_object_iter_value(at), work));
    }
    return mix(hash, 3);
}

size_t json_hash(const json_t *value, size_t *work)
{
    uint64_t hash = (uint64_t)json_typeof(value) + 1;
    size_t unused = 0;

    if (!work)
        work = &unused;
    *work += 1;

    if (json_is_number(value))
        return hash_number(value);
    if (json_is_string(value)) {
        *work += json_string_length(value) / 16;
        return mix(hash, hash_bytes(json_string_value(value), json_string_length(value)));
    }
    if (json_is_object(value))
        return hash_object((json_t *)value, work);
    for (size_t i = 0; i < json_array_size(value); i++)
        hash = mix(hash, json_hash(json_array_get(value, i), work));
    return hash;
}

bool json_is_shallow(const json_t *value, int limit)
{
    if (!json_is_array(value) && !json_is_object(value))
        return true;
    if (limit == 0)
        return false;
    for (size_t i = 0; i < json_array_size(value); i++) {
        if (!json_is_shallow(json_array_get(value, i), limit - 1))
            return false;
    }
    json_t *object = (json_t *)value;
    for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at)) {
        if (!json_is_shallow(json_object_iter_value(at), limit - 1))
            return false;
    }
    return true;
}

static pcre2_code *unprintable; /* beyond ASCII */

static void compile_unprintable(void)
{
    static const char pattern[] = "^[\\p{C}\\p{Z}]";
    int code;
    PCRE2_SIZE offset;

    unprintable =
        pcre2_compile((PCRE2_SPTR)pattern, sizeof(pattern) - 1, PCRE2_UTF, &code, &offset, NULL);
}

static bool is_printable(const char *character, size_t length)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pcre2_match_data *match;
    int found;

    pthread_once(&once, compile_unprintable);
    match = unprintable ? pcre2_match_data_create_from_pattern(unprintable, NULL) : NULL;
    if (!match)
        return true; /* no memory: shows the character as it is */
    found = pcre2_match(unprintable, (PCRE2_SPTR)character, length, 0, 0, match, NULL);
    pcre2_match_data_free(match);
    return found < 0;
}

static uint32_t decode(const char *p, size_t length)
{
    static const unsigned char first_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t c = (unsigned char)p[0] & first_bits[length];

    for (size_t i = 1; i < length; i++)
        c = c << 6 | ((unsigned char)p[i] & 0x3f);
    return c;
}

static void repr_character(const char *p, size_t length, char quote, struct buf *to)
{
    uint32_t c = decode(p, length);

    if (c == (unsigned char)quote || c == '\\')
        buf_addf(to, "\\%c", (char)c);
    else if (c == '\n')
        buf_add_string(to, "\\n");
    else if (c == '\r')
        buf_add_string(to, "\\r");
    else if (c == '\t')
        buf_add_string(to, "\\t");
    else if (c < 0x20 || c == 0x7f)
        buf_addf(to, "\\x%02x", (unsigned)c);
    else if (c < 0x7f || is_printable(p, length))
        buf_add(to, p, length);
    else if (c < 0x100)
        buf_addf(to, "\\x%02x", (unsigned)c);
    else
        buf_addf(to, c < 0x10000 ? "\\u%04x" : "\\U%08x", (unsigned)c);
}

void json_text_repr_string(const char *string, size_t length, struct buf *to)
{
    const char *end = string + length;
    char quote = memchr(string, '\'', length) && !memchr(string, '"', length) ? '"' : '\'';

    buf_add_char(to, quote);
    for (const char *p = string; p < end;) {
        size_t n = 1;
        while (p + n < end && n < 4 && ((unsigned char)p[n] & 0xc0) == 0x80)
            n++;
        repr_character(p, n, quote, to);
        p += n;
    }
    buf_add_char(to, quote);
}

/* The fewest digits that read back as the same number; an exponent from 1e16 and below 1e-4. */
static void repr_real(double value, struct buf *to)
{
    char text[40];
    char digits[20];
    int count = 0;
    int exponent;

    for (int after = 0; after <= 16; after++) {
        snprintf(text, sizeof(text), "%.*e", after, value);
        if (strtod(text, NULL) == value)
            break;
    }
    const char *e = strchr(text, 'e');
    for (const char *p = text; p < e; p++) {
        if (*p >= '0' && *p <= '9')
            digits[count++] = *p;
    }
    exponent = atoi(e + 1);
    if (signbit(value))
        buf_add_char(to, '-');
    if (exponent < -4 || exponent >= 16) {
        buf_addf(to, count > 1 ? "%c." : "%c", digits[0]);
        buf_add(to, digits + 1, (size_t)count - 1);
        buf_addf(to, "e%c%02d", exponent < 0 ? '-' : '+', abs(exponent));
        return;
    }
    if (exponent < 0)
        buf_addf(to, "0.%.*s", -exponent - 1, "000");
    for (int i = 0; i < count || i <= exponent; i++) {
        buf_add_char(to, i < count ? digits[i] : '0');
        if (i == exponent)
            buf_add_string(to, i + 1 < count ? "." : ".0");
    }
}

static void repr_object(json_t *object, struct buf *to)
{
    const char *comma = "";

    buf_add_char(to, '{');
    for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at)) {
        const char *key = json_object_iter_key(at);
        buf_add_string(to, comma);
        json_text_repr_string(key, strlen(key), to);
        buf_add_string(to, ": ");
        json_text_repr(json_object_iter_value(at), to);
        comma = ", ";
    }
    buf_add_char(to, '}');
}

static void repr_array(const json_t *array, struct buf *to)
{
    buf_add_char(to, '[');
    for (size_t i = 0; i < json_array_size(array); i++) {
        if (i > 0)
            buf_add_string(to, ", ");
        json_text_repr(json_array_get(array, i), to);
    }
    buf_add_char(to, ']');
}

void json_text_repr(const json_t *value, struct buf *to)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        repr_object((json_t *)value, to);
        return;
    case JSON_ARRAY:
        repr_array(value, to);
        return;
    case JSON_STRING:
        json_text_repr_string(json_string_value(value), json_string_length(value), to);
        return;
    case JSON_INTEGER:
        buf_addf(to, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        return;
    case JSON_REAL:
        repr_real(json_real_value(value), to);
        return;
    case JSON_TRUE:
        buf_add_string(to, "True");
        return;
    case JSON_FALSE:
        buf_add_string(to, "False");
        return;
    case JSON_NULL:
        buf_add_string(to, "None");
        return;
    }
}
