#include "json/text.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Counts lines and, in the last one, characters up to a byte of the text. */
static int error_at(struct error *error, const char *text, size_t position, const char *what)
{
    size_t line = 1;
    size_t column = 1;

    for (size_t i = 0; i < position; i++) {
        if (text[i] == '\n') {
            line++;
            column = 1;
        } else if (((unsigned char)text[i] & 0xc0) != 0x80) {
            column++;
        }
    }
    return error_set(error, EINVAL, "invalid JSON at line %zu, column %zu: %s", line, column, what);
}

/* The first byte after the string that begins with the quote at `p`. */
static const char *skip_string(const char *p, const char *end)
{
    for (p++; p < end && *p != '"'; p++) {
        if (*p == '\\' && p + 1 < end)
            p++;
    }
    return p < end ? p + 1 : end;
}

/* jansson's own limit of depth is 2048, too deep for what recurses over the result; and each value
 * takes it some hundred bytes, however short its text is. */
static int check_bounds(const char *text, size_t length, struct error *error)
{
    const char *end = text + length;
    char what[80];
    int depth = 0;
    int values = 0;

    for (const char *p = text; p < end;) {
        if (*p == '"') {
            p = skip_string(p, end);
            continue;
        }
        if ((*p == '[' || *p == '{') && ++depth > JSON_TEXT_DEPTH) {
            snprintf(what, sizeof(what), "arrays and objects are nested deeper than %d",
                     JSON_TEXT_DEPTH);
            return error_at(error, text, (size_t)(p - text), what);
        }
        if ((*p == '[' || *p == '{' || *p == ',') && ++values > JSON_TEXT_VALUES) {
            snprintf(what, sizeof(what), "more than %d values", JSON_TEXT_VALUES);
            return error_at(error, text, (size_t)(p - text), what);
        }
        if (*p == ']' || *p == '}')
            depth--;
        p++;
    }
    return 0;
}

/* jansson does not see one that follows a number or a word. */
static int check_no_nul(const char *text, size_t length, struct error *error)
{
    const char *nul = memchr(text, '\0', length);

    return nul ? error_at(error, text, (size_t)(nul - text), "a NUL character is not allowed") : 0;
}

static bool is_number_byte(char c)
{
    return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

/* Whether the digits are those of an integer that jansson cannot hold. */
static bool is_big_integer(const char *number, size_t length)
{
    char room[24];

    for (size_t i = number[0] == '-'; i < length; i++) {
        if (number[i] < '0' || number[i] > '9')
            return false;
    }
    if (length >= sizeof(room))
        return true;
    memcpy(room, number, length);
    room[length] = '\0';
    errno = 0;
    strtoll(room, NULL, 10);
    return errno == ERANGE;
}

/*
 * Writes the text again with ".0" after each integer that needs more than 64 bits. jansson could
 * read all integers as reals, but then the small ones would no longer look like integers.
 * `*position` is carried back from the new text to the old one when `ret_text` is NULL.
 */
static void widen_integers(const char *text, size_t length, struct buf *ret_text, size_t *position)
{
    const char *end = text + length;
    size_t added = 0;

    for (const char *p = text; p < end;) {
        const char *start = p;
        if (*p == '"') {
            p = skip_string(p, end);
        } else if (*p == '-' || (*p >= '0' && *p <= '9')) {
            while (p < end && is_number_byte(*p))
                p++;
        } else {
            p++;
        }
        bool big = *start != '"' && p - start >= 19 && is_big_integer(start, (size_t)(p - start));
        if (ret_text) {
            buf_add(ret_text, start, (size_t)(p - start));
            if (big)
                buf_add_string(ret_text, ".0");
        } else if (big && (size_t)(p - text) + added < *position) {
            added += 2;
        }
    }
    if (!ret_text)
        *position -= added < *position ? added : *position;
}

static const char *describe(const json_error_t *from)
{
    switch (json_error_code(from)) {
    case json_error_null_character:
    case json_error_null_byte_in_key:
        return "a NUL character (\\u0000) is not allowed in a string";
    case json_error_numeric_overflow:
        return "the number is too large";
    case json_error_premature_end_of_input:
        return "the text ends too early";
    case json_error_end_of_input_expected:
        return "there is more text after the value";
    default:
        return from->text;
    }
}

json_t *json_parse(const char *text, size_t length, struct error *error)
{
    buf_auto widened = {.ceiling = length * 2 + 16};
    json_error_t from;
    json_t *value;

    if (length == 0)
        text = ""; /* an empty buffer may have no memory at all */
    if (check_no_nul(text, length, error) < 0 || check_bounds(text, length, error) < 0)
        return NULL;
    value = json_loadb(text, length, JSON_DECODE_ANY, &from);
    if (value)
        return value;
    size_t position = (size_t)from.position;
    if (json_error_code(&from) == json_error_numeric_overflow) {
        widen_integers(text, length, &widened, NULL);
        if (widened.failed) {
            error_set(error, ENOMEM, "no memory to read JSON");
            return NULL;
        }
        value = json_loadb(widened.data, widened.length, JSON_DECODE_ANY, &from);
        if (value)
            return value;
        position = (size_t)from.position;
        widen_integers(text, length, NULL, &position);
    }
    if (json_error_code(&from) == json_error_out_of_memory) {
        error_set(error, ENOMEM, "no memory to read JSON");
        return NULL;
    }
    error_at(error, text, position < length ? position : length, describe(&from));
    return NULL;
}

static const char *skip_space(const char *p)
{
    return p + strspn(p, " \t\r\n");
}

/* The same in text that was read before: the string has an end. */
static const char *skip_read_string(const char *p)
{
    for (p++; *p != '"'; p++)
        p += *p == '\\';
    return p + 1;
}

/* The first byte after the value at `p`. */
static const char *skip_value(const char *p)
{
    int depth = 0;

    if (*p != '"' && *p != '[' && *p != '{')
        return p + strcspn(p, ",]} \t\r\n");
    do {
        if (*p == '"') {
            p = skip_read_string(p);
            continue;
        }
        if (*p == '[' || *p == '{')
            depth++;
        else if (*p == ']' || *p == '}')
            depth--;
        p++;
    } while (depth > 0);
    return p;
}

static uint32_t hex4(const char *p)
{
    char digits[5] = {p[0], p[1], p[2], p[3], '\0'};

    return (uint32_t)strtoul(digits, NULL, 16);
}

/* Turns an escape (at its backslash) into UTF-8; returns the byte after it. */
static const char *unescape(const char *p, char ret_bytes[static 5])
{
    static const char from[] = "\"\\/bfnrt";
    static const char to[] = "\"\\/\b\f\n\r\t";
    const char *found = strchr(from, p[1]);
    uint32_t c;

    memset(ret_bytes, 0, 5);
    if (found && *found) {
        ret_bytes[0] = to[found - from];
        return p + 2;
    }
    c = hex4(p + 2);
    p += 6;
    if (c >= 0xd800 && c < 0xdc00) {
        c = 0x10000 + ((c - 0xd800) << 10) + (hex4(p + 2) - 0xdc00);
        p += 6;
    }
    if (c < 0x80) {
        ret_bytes[0] = (char)c;
    } else if (c < 0x800) {
        ret_bytes[0] = (char)(0xc0 | c >> 6);
        ret_bytes[1] = (char)(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        ret_bytes[0] = (char)(0xe0 | c >> 12);
        ret_bytes[1] = (char)(0x80 | (c >> 6 & 0x3f));
        ret_bytes[2] = (char)(0x80 | (c & 0x3f));
    } else {
        ret_bytes[0] = (char)(0xf0 | c >> 18);
        ret_bytes[1] = (char)(0x80 | (c >> 12 & 0x3f));
        ret_bytes[2] = (char)(0x80 | (c >> 6 & 0x3f));
        ret_bytes[3] = (char)(0x80 | (c & 0x3f));
    }
    return p;
}

/* Whether the string at the quote `p` says `key`. */
static bool key_is(const char *p, const char *key)
{
    for (p++; *p != '"';) {
        char bytes[5] = {*p};
        p = *p == '\\' ? unescape(p, bytes) : p + 1;
        size_t n = strlen(bytes);
        if (strncmp(key, bytes, n) != 0)
            return false;
        key += n;
    }
    return *key == '\0';
}

/* The last member of the object at `p` that has this key, or NULL. */
static const char *find_member(const char *p, const char *key)
{
    const char *found = NULL;

    if (*p != '{')
        return NULL;
    for (p = skip_space(p + 1); *p == '"';) {
        bool match = key_is(p, key);
        p = skip_space(skip_value(p)); /* now at the colon */
        p = skip_space(p + 1);
        if (match)
            found = p;
        p = skip_space(skip_value(p));
        if (*p == ',')
            p = skip_space(p + 1);
    }
    return found;
}

const char *json_member_text(const char *text, const char *const path[], size_t *ret_length)
{
    const char *value = skip_space(text);

    for (; value && *path; path++)
        value = find_member(value, *path);
    if (value)
        *ret_length = (size_t)(skip_value(value) - value);
    return value;
}

const char *json_next_entry(const char **at, size_t *ret_length)
{
    const char *entry = skip_space(*at);

    if (*entry == '[' || *entry == ',')
        entry = skip_space(entry + 1);
    if (*entry == ']')
        return NULL;
    const char *end = skip_value(entry);
    *ret_length = (size_t)(end - entry);
    *at = skip_space(end);
    return entry;
}

bool json_next_member(const char **at, struct json_member *ret_member)
{
    const char *key = skip_space(*at);

    if (*key == '{' || *key == ',')
        key = skip_space(key + 1);
    if (*key != '"')
        return false;
    const char *key_end = skip_value(key);
    const char *value = skip_space(skip_space(key_end) + 1); /* behind the colon */
    const char *end = skip_value(value);
    *ret_member = (struct json_member){.key = key,
                                       .key_length = (size_t)(key_end - key),
                                       .value = value,
                                       .value_length = (size_t)(end - value)};
    *at = skip_space(end);
    return true;
}

json_t *json_member_key(const struct json_member *member)
{
    return json_loadb(member->key, member->key_length, JSON_DECODE_ANY, NULL);
}

const char *json_arena_text(struct arena *arena, const json_t *value)
{
    return arena_adopt(arena, json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY));
}

static void drop(void *value)
{
    json_decref(value);
}

json_t *json_arena_own(struct arena *arena, json_t *value)
{
    return arena_on_release(arena, drop, value) < 0 ? NULL : value;
}
