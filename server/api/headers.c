#include "server/api/headers.h"

#include <string.h>
#include <strings.h>

static const char *skip_space(const char *p)
{
    return p + strspn(p, " \t");
}

static const char *skip_quoted(const char *p)
{
    for (p++; *p && *p != '"'; p++)
        if (*p == '\\' && p[1])
            p++;
    return *p ? p + 1 : p;
}

/* Behind the next comma that is not between quotes, or at the end. */
static const char *next_element(const char *p)
{
    while (*p && *p != ',')
        p = *p == '"' ? skip_quoted(p) : p + 1;
    return *p ? p + 1 : p;
}

/* The number at `p`, plain or between quotes, up to the end of the value; -1: there is none. */
static int delta_seconds(const char *p, int most)
{
    bool quoted = *p == '"';
    int seconds = 0;
    const char *first = p += quoted;

    for (; *p >= '0' && *p <= '9'; p++)
        if (seconds <= most)
            seconds = seconds * 10 + (*p - '0');
    if (p == first || (quoted && *p++ != '"') || !strchr(",;", *skip_space(p)))
        return -1;
    return seconds < most ? seconds : most;
}

int prefer_wait(const char *prefer, int most)
{
    for (const char *p = skip_space(prefer); *p; p = skip_space(next_element(p))) {
        size_t length = strcspn(p, "=;, \t");
        const char *value = skip_space(p + length);
        if (length != 4 || strncasecmp(p, "wait", 4) != 0 || *value != '=')
            continue;
        int seconds = delta_seconds(skip_space(value + 1), most);
        if (seconds >= 0)
            return seconds;
    }
    return -1;
}

bool none_match_names(const char *list, const char *etag)
{
    size_t length = strlen(etag);

    for (const char *p = skip_space(list); *p; p = skip_space(next_element(p))) {
        if (*p == '*')
            return true;
        if (strncmp(p, "W/", 2) == 0)
            p += 2;
        if (strncmp(p, etag, length) == 0 && strchr(",", *skip_space(p + length)))
            return true;
    }
    return false;
}

/* Whether the parameters of an element say "q=0", "q=0.0", …: not this one. */
static bool is_refused(const char *parameters)
{
    const char *end = next_element(parameters);
    const char *q = strcasestr(parameters, "q=");

    return q && q < end && strspn(q + 2, "0.") == strcspn(q + 2, ",; \t");
}

bool encoding_is_accepted(const char *list, const char *coding)
{
    bool accepted = false;

    for (const char *p = skip_space(list); *p; p = skip_space(next_element(p))) {
        size_t length = strcspn(p, ";, \t");
        if (length == strlen(coding) && strncasecmp(p, coding, length) == 0)
            return !is_refused(p + length);
        if (length == 1 && *p == '*')
            accepted = !is_refused(p + length);
    }
    return accepted;
}

bool lease_parse(const char *text, int most, int *ret_seconds, char ret_holder[static ID_SIZE])
{
    static const char name[] = "holder=";
    int seconds = delta_seconds(skip_space(text), most + 1);
    const char *p = strchr(text, ';');

    if (!p || seconds < 1 || seconds > most)
        return false;
    p = skip_space(p + 1);
    if (strncasecmp(p, name, strlen(name)) != 0 || !id_parse(p + strlen(name), ret_holder))
        return false;
    *ret_seconds = seconds;
    return true;
}
