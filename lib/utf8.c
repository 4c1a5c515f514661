#include "lib/utf8.h"

#include <string.h>

#include "common/error.h"

/* Bytes of the character that begins here, 0 if it is none. */
static size_t utf8_character(const unsigned char *c)
{
    static const struct {
        unsigned char first, last; /* of the first byte */
        unsigned char low, high;   /* of the second */
        size_t length;
    } forms[] = {
        {0x01, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };

    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        if (*c < forms[i].first || *c > forms[i].last)
            continue;
        if (forms[i].length > 1 && (c[1] < forms[i].low || c[1] > forms[i].high))
            return 0;
        for (size_t k = 2; k < forms[i].length; k++) {
            if (c[k] < 0x80 || c[k] > 0xbf)
                return 0;
        }
        return forms[i].length;
    }
    return 0;
}

size_t utf8_prefix(const char *text)
{
    const unsigned char *from = (const unsigned char *)text;
    size_t length = 0;
    size_t next;

    while (from[length] && (next = utf8_character(from + length)) > 0)
        length += next;
    return length;
}

void buf_add_utf8(struct buf *to, const char *text)
{
    while (*text) {
        size_t good = utf8_prefix(text);
        buf_add(to, text, good);
        text += good;
        if (*text) {
            buf_add_string(to, "\xef\xbf\xbd");
            text++;
        }
    }
}

void json_add_utf8(struct json_writer *writer, const char *text)
{
    buf_auto whole = BUF_INIT;

    buf_add_utf8(&whole, text);
    json_add_string(writer, buf_string(&whole));
    writer->to->failed |= whole.failed;
}

void buf_add_short(struct buf *to, const char *text, size_t limit)
{
    size_t length = strnlen(text, limit + 1);

    if (length <= limit) {
        buf_add(to, text, length);
        return;
    }
    length = limit;
    while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80)
        length--;
    buf_add(to, text, length);
    buf_add_string(to, "...");
}
