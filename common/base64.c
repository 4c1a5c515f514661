#include "common/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* The six bits that a character stands for, -1 if it is none of the alphabet. */
static int bits_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* How many "=" the text ends with, no more than there may be. */
static size_t padding_of(const char *text, size_t length)
{
    size_t count = 0;

    while (count < 2 && count < length && text[length - 1 - count] == '=')
        count++;
    return count;
}

bool base64_is(const char *text, size_t length)
{
    size_t digits = length - padding_of(text, length);

    for (size_t i = 0; i < digits; i++) {
        if (bits_of(text[i]) < 0)
            return false;
    }
    return length % 4 == 0;
}

size_t base64_size(const char *text, size_t length)
{
    return length / 4 * 3 - padding_of(text, length);
}

void base64_decode(const char *text, size_t length, uint8_t *to)
{
    size_t size = base64_size(text, length);
    uint32_t group = 0;

    for (size_t i = 0; i < size; i++) {
        if (i % 3 == 0) {
            group = 0;
            for (size_t k = 0; k < 4; k++) {
                char c = text[i / 3 * 4 + k];
                group = group << 6 | (c == '=' ? 0 : (uint32_t)bits_of(c));
            }
        }
        to[i] = (uint8_t)(group >> (16 - i % 3 * 8));
    }
}

void base64_encode(const uint8_t *data, size_t length, struct buf *to)
{
    for (size_t i = 0; i < length; i += 3) {
        size_t left = length - i;
        uint32_t group = (uint32_t)data[i] << 16 | (left > 1 ? (uint32_t)data[i + 1] << 8 : 0) |
                         (left > 2 ? data[i + 2] : 0);
        const char text[] = {alphabet[group >> 18], alphabet[group >> 12 & 63],
                             left > 1 ? alphabet[group >> 6 & 63] : '=',
                             left > 2 ? alphabet[group & 63] : '='};
        buf_add(to, text, sizeof(text));
    }
}
