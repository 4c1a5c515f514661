/* What names clients may give to what they make. */
#pragma once

#include <stdbool.h>

/* Lower-case letters, digits and dashes; one at least. */
bool name_is_dashed(const char *name);

/* Anything but / % & > <, which stand for something in paths and pages; one character at least. */
bool name_is_plain(const char *name);
#define NAME_PLAIN_PATTERN "^[^/%&><]+$" /* as clients know it */
