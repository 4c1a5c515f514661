#include "common/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_release(struct buf *buf)
{
    size_t ceiling = buf->ceiling;

    free(buf->data);
    *buf = (struct buf){.ceiling = ceiling};
}

void buf_clear(struct buf *buf)
{
    buf->length = 0;
    buf->failed = false;
    if (buf->data)
        buf->data[0] = '\0';
}

/* Room for `length` bytes and the closing NUL. */
char *buf_reserve(struct buf *buf, size_t length)
{
    size_t ceiling = buf->ceiling ? buf->ceiling : BUF_CEILING;

    if (buf->failed || length > ceiling || buf->length > ceiling - length) {
        buf->failed = true;
        return NULL;
    }
    size_t need = buf->length + length + 1;
    if (need > buf->capacity) {
        size_t capacity = buf->capacity ? buf->capacity * 2 : 256;
        while (capacity < need)
            capacity *= 2;
        char *data = realloc(buf->data, capacity);
        if (!data) {
            buf->failed = true;
            return NULL;
        }
        buf->data = data;
        buf->capacity = capacity;
    }
    return buf->data + buf->length;
}

void buf_added(struct buf *buf, size_t length)
{
    buf->length += length;
    buf->data[buf->length] = '\0';
}

void buf_add(struct buf *buf, const void *data, size_t length)
{
    char *to = buf_reserve(buf, length);

    if (!to)
        return;
    if (length)
        memcpy(to, data, length);
    buf_added(buf, length);
}

void buf_add_string(struct buf *buf, const char *string)
{
    buf_add(buf, string, strlen(string));
}

void buf_add_char(struct buf *buf, char c)
{
    buf_add(buf, &c, 1);
}

void buf_addf(struct buf *buf, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *to = n < 0 ? NULL : buf_reserve(buf, (size_t)n);
    if (!to) {
        buf->failed = true;
        return;
    }
    va_start(args, format);
    vsnprintf(to, (size_t)n + 1, format, args);
    va_end(args);
    buf_added(buf, (size_t)n);
}

const char *buf_string(const struct buf *buf)
{
    return buf->data ? buf->data : "";
}

char *buf_steal(struct buf *buf)
{
    if (!buf->data && !buf->failed)
        buf_add(buf, "", 0);
    char *data = buf->failed ? NULL : buf->data;
    if (data)
        buf->data = NULL;
    buf_release(buf);
    return data;
}
