#include "server/api/names.h"

#include <ctype.h>
#include <string.h>

static bool is_dashed(const char *name)
{
    for (const char *p = name; *p; p++)
        if (!islower((unsigned char)*p) && !isdigit((unsigned char)*p) && *p != '-')
            return false;
    return *name != '\0';
}

bool check_dashed_name(const struct request *request, struct http_reply *reply, const char *member,
                       const char *what)
{
    const char *name = request_text(request, member);

    if (!name || is_dashed(name))
        return true;
    reply_problem(reply, request, member, "value_error",
                  "Value error, %s must only contain lowercase letters, numbers, and dashes.",
                  what);
    return false;
}

bool is_plain_name(const char *name)
{
    return *name && !strpbrk(name, "/%&><");
}

bool check_plain_name(const struct request *request, struct http_reply *reply, const char *member)
{
    const char *name = request_text(request, member);

    if (!name || is_plain_name(name))
        return true;
    reply_problem(reply, request, member, "string_pattern_mismatch",
                  "String is no name: " PLAIN_NAME_RULE);
    return false;
}
