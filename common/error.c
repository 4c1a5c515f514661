#include "common/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int error_set(struct error *error, int code, const char *format, ...)
{
    if (error) {
        va_list args;
        error->code = code;
        va_start(args, format);
        vsnprintf(error->message, sizeof(error->message), format, args);
        va_end(args);
    }
    return -1;
}

int error_errno(struct error *error, const char *format, ...)
{
    int code = errno;

    if (error) {
        va_list args;
        error->code = code;
        va_start(args, format);
        int n = vsnprintf(error->message, sizeof(error->message), format, args);
        va_end(args);
        if (n >= 0 && (size_t)n < sizeof(error->message))
            snprintf(error->message + n, sizeof(error->message) - (size_t)n, ": %s",
                     strerror(code));
    }
    return -1;
}

int error_prefix(struct error *error, const char *format, ...)
{
    if (error) {
        char prefix[ERROR_MESSAGE_SIZE];
        char rest[ERROR_MESSAGE_SIZE];
        va_list args;
        va_start(args, format);
        vsnprintf(prefix, sizeof(prefix), format, args);
        va_end(args);
        memcpy(rest, error->message, sizeof(rest));
        int n = snprintf(error->message, sizeof(error->message), "%s: %s", prefix, rest);
        if (n < 0)
            error->message[0] = '\0';
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
