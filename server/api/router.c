#include "server/api/router.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "common/ids.h"

static int hex(char c)
{
    const char *digits = "0123456789abcdef0123456789ABCDEF";
    const char *at = c ? strchr(digits, c) : NULL;

    return at ? (int)(at - digits) % 16 : -1;
}

static bool is_utf8(const char *text)
{
    json_t *string = json_string(text); /* which checks it */
    bool is = string != NULL;

    json_decref(string);
    return is;
}

bool url_decode(char *text, bool plus)
{
    char *to = text;

    for (const char *from = text; *from; from++) {
        if (*from == '%') {
            int high = hex(from[1]);
            int low = high < 0 ? -1 : hex(from[2]);
            if (low < 0 || (high == 0 && low == 0))
                return false;
            *to++ = (char)(high << 4 | low);
            from += 2;
        } else {
            *to++ = plus && *from == '+' ? ' ' : *from;
        }
    }
    *to = '\0';
    return is_utf8(text);
}

/* "{id}" and "{schedule_id}" stand for UUIDs. */
bool router_names_id(const char *name, size_t length)
{
    return length >= 2 && strncmp(name + length - 2, "id", 2) == 0 &&
           (length == 2 || name[length - 3] == '_') && strncmp(name, "resource_id", length) != 0;
}

/* Takes the part of the path that stands where the pattern has {name}. */
static bool take_param(struct request *request, int index, const char *name, size_t name_length,
                       const char *path, size_t length)
{
    char *value = arena_strndup(&request->arena, path, length);

    if (!url_decode(value, false))
        return false;
    if (router_names_id(name, name_length)) {
        char id[ID_SIZE];
        if (!id_parse(value, id))
            return false;
        value = arena_strdup(&request->arena, id);
    }
    request->params[index] = value;
    return true;
}

/* Whether the path is the pattern's, word by word, whatever stands in the place of its names. */
static bool fits(const char *pattern, const char *path)
{
    while (*pattern) {
        if (*pattern == '{') {
            size_t length = strcspn(path, "/");
            if (length == 0)
                return false;
            pattern += strcspn(pattern, "}") + 1;
            path += length;
        } else if (*pattern++ != *path++) {
            return false;
        }
    }
    return *path == '\0';
}

/* Takes all parts of a path that fits. */
static bool take_params(struct request *request, const char *pattern, const char *path)
{
    int params = 0;

    while (*pattern) {
        if (*pattern != '{') {
            pattern++;
            path++;
            continue;
        }
        size_t name_length = strcspn(++pattern, "}");
        size_t length = strcspn(path, "/");
        if (!take_param(request, params++, pattern, name_length, path, length))
            return false;
        pattern += name_length + 1;
        path += length;
    }
    return true;
}

/* The routes of a path, one for each method: the one asked for, or what there is instead. */
static enum match match_path(struct request *request, const char *path, char allow[static 128])
{
    enum http_method method = http_request_method(request->http);
    enum match found = MATCH_NONE;

    allow[0] = '\0';
    for (const struct routes *group = all_routes; group->tag; group++) {
        for (const struct route *route = group->routes; route->path; route++) {
            if (!fits(route->path, path) || !take_params(request, route->path, path))
                continue;
            if (route->method == method || (method == HTTP_HEAD && route->method == HTTP_GET)) {
                request->route = route;
                return MATCH_FOUND;
            }
            size_t length = strlen(allow);
            snprintf(allow + length, 128 - length, "%s%s", length ? ", " : "",
                     http_method_name(route->method));
            found = MATCH_METHOD;
        }
    }
    return found;
}

enum match router_match(struct request *request, char allow[static 128])
{
    const char *path = http_request_path(request->http);
    size_t length = strlen(path);

    enum match found = match_path(request, path, allow);
    if (found != MATCH_NONE || length < 2)
        return found;
    const char *other = path[length - 1] == '/' ? arena_strndup(&request->arena, path, length - 1)
                                                : arena_printf(&request->arena, "%s/", path);
    return match_path(request, other, allow) == MATCH_NONE ? MATCH_NONE : MATCH_SLASH;
}
