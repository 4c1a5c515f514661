#include "common/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How many bytes the character at `p` has; 0: it is none (RFC 3629). */
static size_t character(const unsigned char *p)
{
    size_t length = *p < 0x80   ? 1
                    : *p < 0xc2 ? 0
                    : *p < 0xe0 ? 2
                    : *p < 0xf0 ? 3
                    : *p < 0xf5 ? 4
                                : 0;

    for (size_t i = 1; i < length; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    if ((*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] >= 0xa0) ||
        (*p == 0xf0 && p[1] < 0x90) || (*p == 0xf4 && p[1] >= 0x90))
        return 0;
    return length;
}

static void make_utf8(char *text)
{
    while (*text) {
        size_t length = character((const unsigned char *)text);
        if (!length)
            *text = '?';
        text += length ? length : 1;
    }
}

void message_format(char ret_message[static ERROR_MESSAGE_SIZE], const char *format, va_list args)
{
    if (vsnprintf(ret_message, ERROR_MESSAGE_SIZE, format, args) < 0)
        ret_message[0] = '\0';
    make_utf8(ret_message);
}

int error_set(struct error *error, int code, const char *format, ...)
{
    if (error) {
        va_list args;
        error->code = code;
        va_start(args, format);
        message_format(error->message, format, args);
        va_end(args);
    }
    return -1;
}

int error_errno(struct error *error, const char *format, ...)
{
    int code = errno;

    if (error) {
        char doing[ERROR_MESSAGE_SIZE];
        va_list args;
        va_start(args, format);
        message_format(doing, format, args);
        va_end(args);
        error_set(error, code, "%s: %s", doing, strerror(code));
    }
    return -1;
}

int error_prefix(struct error *error, const char *format, ...)
{
    if (error) {
        const struct error rest = *error;
        char prefix[ERROR_MESSAGE_SIZE];
        va_list args;
        va_start(args, format);
        message_format(prefix, format, args);
        va_end(args);
        error_set(error, rest.code, "%s: %s", prefix, rest.message);
    }
    return -1;
}

void bug_at(const char *file, int line, const char *format, ...)
{
    va_list args;

    fprintf(stderr, "%s:%d: bug: ", file, line);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    abort();
}
