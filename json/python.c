/* Values as Python's json.dumps writes them with sort_keys: what clients make checksums of. */
#include <stdlib.h>
#include <string.h>

#include "json/text.h"

/* Moves `p` behind the character that it is at. The text is UTF-8 and was checked. */
static unsigned next_character(const unsigned char **p)
{
    unsigned c = *(*p)++;
    int more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc0 ? 1 : 0;

    if (more)
        c &= 0x3fu >> more;
    while (more-- > 0)
        c = c << 6 | (*(*p)++ & 0x3fu);
    return c;
}

static void add_character(unsigned c, struct buf *to)
{
    static const char escaped[] = "\"\\\b\f\n\r\t";
    static const char letters[] = "\"\\bfnrt";
    const char *found = c && c < 0x80 ? strchr(escaped, (int)c) : NULL;

    if (found)
        buf_addf(to, "\\%c", letters[found - escaped]);
    else if (c >= 0x10000)
        buf_addf(to, "\\u%04x\\u%04x", 0xd800 + ((c - 0x10000) >> 10), 0xdc00 + (c & 0x3ff));
    else if (c < ' ' || c > '~')
        buf_addf(to, "\\u%04x", c);
    else
        buf_add_char(to, (char)c);
}

static void add_string(const char *string, struct buf *to)
{
    const unsigned char *p = (const unsigned char *)string;

    buf_add_char(to, '"');
    while (*p)
        add_character(next_character(&p), to);
    buf_add_char(to, '"');
}

static int compare_keys(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_object(const json_t *object, struct buf *to)
{
    const char **keys = calloc(json_object_size(object) + 1, sizeof(*keys));
    const char *key;
    json_t *value;
    size_t count = 0;

    if (!keys) {
        to->failed = true;
        return;
    }
    json_object_foreach((json_t *)object, key, value)
        keys[count++] = key;
    qsort(keys, count, sizeof(*keys), compare_keys);
    buf_add_char(to, '{');
    for (size_t i = 0; i < count; i++) {
        buf_add_string(to, i ? ", " : "");
        add_string(keys[i], to);
        buf_add_string(to, ": ");
        json_text_python(json_object_get(object, keys[i]), to);
    }
    buf_add_char(to, '}');
    free(keys);
}

static void add_array(const json_t *array, struct buf *to)
{
    size_t i;
    json_t *value;

    buf_add_char(to, '[');
    json_array_foreach(array, i, value) {
        buf_add_string(to, i ? ", " : "");
        json_text_python(value, to);
    }
    buf_add_char(to, ']');
}

void json_text_python(const json_t *value, struct buf *to)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        add_object(value, to);
        break;
    case JSON_ARRAY:
        add_array(value, to);
        break;
    case JSON_STRING:
        add_string(json_string_value(value), to);
        break;
    case JSON_INTEGER:
    case JSON_REAL:
        json_text_repr(value, to);
        break;
    case JSON_TRUE:
        buf_add_string(to, "true");
        break;
    case JSON_FALSE:
        buf_add_string(to, "false");
        break;
    case JSON_NULL:
        buf_add_string(to, "null");
        break;
    }
}
