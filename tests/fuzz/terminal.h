/* What may reach a terminal. */
#pragma once

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

/* Behind an escape character: "[1;31m", where colour is wanted. */
static inline const char *check_escape(const char *at, bool colour)
{
    if (!colour || *at != '[')
        abort();
    at += 1 + strspn(at + 1, "0123456789;");
    if (*at != 'm')
        abort();
    return at + 1;
}

/* UTF-8 without control characters but line ends and our own colours, and without marks that
 * reverse the direction of writing (U+202A to U+202E, U+2066 to U+2069). Aborts otherwise. */
static inline void check_terminal(const char *text, size_t length, bool colour)
{
    json_auto_t *string = json_stringn(text, length);

    if (!string || strlen(text) != length)
        abort();
    for (const char *at = text; *at;) {
        unsigned char c = (unsigned char)*at++;
        if (c == 0x1b)
            at = check_escape(at, colour);
        else if ((c < ' ' && c != '\n') || c == 0x7f)
            abort();
        else if (c == 0xc2 && (unsigned char)*at < 0xa0)
            abort();
        else if (c == 0xe2 && (unsigned char)at[0] == 0x80 && (unsigned char)at[1] >= 0xaa &&
                 (unsigned char)at[1] <= 0xae)
            abort();
        else if (c == 0xe2 && (unsigned char)at[0] == 0x81 && (unsigned char)at[1] >= 0xa6 &&
                 (unsigned char)at[1] <= 0xa9)
            abort();
    }
}
