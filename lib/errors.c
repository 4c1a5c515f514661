#include "lib/errors.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int fail(struct fm_error *error, enum fm_code code, const char *format, ...)
{
    if (error) {
        va_list args;
        error->code = code;
        va_start(args, format);
        vsnprintf(error->message, sizeof(error->message), format, args);
        va_end(args);
    }
    return code;
}

int fail_without_memory(struct fm_error *error)
{
    return fail(error, FM_NO_MEMORY, "out of memory");
}

int fail_prefix(struct fm_error *error, const char *format, ...)
{
    char prefix[FM_MESSAGE_SIZE];
    char rest[FM_MESSAGE_SIZE];
    va_list args;

    va_start(args, format);
    vsnprintf(prefix, sizeof(prefix), format, args);
    va_end(args);
    memcpy(rest, error->message, sizeof(rest));
    int n = snprintf(error->message, sizeof(error->message), "%s: %s", prefix, rest);
    if (n < 0)
        error->message[0] = '\0';
    return error->code;
}
