#include "server/api/names.h"

#include <ctype.h>
#include <string.h>

bool name_is_dashed(const char *name)
{
    for (const char *p = name; *p; p++)
        if (!islower((unsigned char)*p) && !isdigit((unsigned char)*p) && *p != '-')
            return false;
    return *name != '\0';
}

bool name_is_plain(const char *name)
{
    return *name != '\0' && strpbrk(name, "/%&><") == NULL;
}
