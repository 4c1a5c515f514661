#include "server/store/pattern.h"

#include <stddef.h>

/* The first byte after the character at `p`, which is UTF-8. */
static const char *skip_character(const char *p)
{
    for (p++; (*p & 0xc0) == 0x80;)
        p++;
    return p;
}

/* What follows a star is tried at each place of the text, one after the other. Only the last star
 * has to be gone back to: what is before it matched as early as it could. */
bool pattern_matches(const char *pattern, const char *text)
{
    const char *star = NULL; /* the last one, and the text that it did not take */
    const char *left = NULL;

    while (*text) {
        if (*pattern == '*') {
            star = pattern++;
            left = text;
        } else if (*pattern == '?') {
            pattern++;
            text = skip_character(text);
        } else if (*pattern == *text) {
            pattern++;
            text++;
        } else if (star) {
            pattern = star + 1;
            left = skip_character(left);
            text = left;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}
