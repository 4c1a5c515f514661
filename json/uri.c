#include "json/uri.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

struct part {
    const char *start; /* NULL: not there */
    size_t length;
};

struct parts {
    struct part scheme, authority, path, query, fragment;
};

static size_t scheme_length(const char *uri)
{
    size_t n = 0;

    if (!isalpha((unsigned char)uri[0]))
        return 0;
    while (isalnum((unsigned char)uri[n]) || (uri[n] && strchr("+-.", uri[n])))
        n++;
    return uri[n] == ':' ? n : 0;
}

/* RFC 3986, appendix B, without the regular expression. */
static struct parts split(const char *uri)
{
    struct parts parts = {0};
    size_t n = scheme_length(uri);

    if (n > 0) {
        parts.scheme = (struct part){uri, n};
        uri += n + 1;
    }
    if (uri[0] == '/' && uri[1] == '/') {
        n = strcspn(uri + 2, "/?#");
        parts.authority = (struct part){uri + 2, n};
        uri += 2 + n;
    }
    n = strcspn(uri, "?#");
    parts.path = (struct part){uri, n};
    uri += n;
    if (*uri == '?') {
        n = strcspn(uri + 1, "#");
        parts.query = (struct part){uri + 1, n};
        uri += 1 + n;
    }
    if (*uri == '#')
        parts.fragment = (struct part){uri + 1, strlen(uri + 1)};
    return parts;
}

/* Removes "." and ".." in place (section 5.2.4). */
static void remove_dots(char *path)
{
    bool absolute = path[0] == '/';
    char *to = path + absolute;
    char *start = to;
    const char *from = to;

    while (*from) {
        size_t n = strcspn(from, "/");
        bool last = from[n] == '\0';
        bool here = n == 1 && from[0] == '.';
        bool up = n == 2 && from[0] == '.' && from[1] == '.';
        if (up && to > start) {
            to--;
            while (to > start && to[-1] != '/')
                to--;
        }
        if (!here && !up) {
            memmove(to, from, n);
            to += n;
            if (!last)
                *to++ = '/';
        }
        from += n + !last;
    }
    *to = '\0';
}

/* The reference's path beside the last segment of the base's (section 5.2.3). */
static char *merge(struct arena *arena, const struct parts *base, struct part path)
{
    size_t keep = base->path.length;

    if (path.length > 0 && path.start[0] == '/')
        return arena_strndup(arena, path.start, path.length);
    if (base->authority.start && keep == 0)
        return arena_printf(arena, "/%.*s", (int)path.length, path.start);
    while (keep > 0 && base->path.start[keep - 1] != '/')
        keep--;
    return arena_printf(arena, "%.*s%.*s", (int)keep, base->path.start, (int)path.length,
                        path.start);
}

static char *join(struct arena *arena, const struct parts *p, const char *path)
{
    return arena_printf(arena, "%.*s%s%s%.*s%s%s%.*s%s%.*s", (int)p->scheme.length,
                        p->scheme.start ? p->scheme.start : "", p->scheme.start ? ":" : "",
                        p->authority.start ? "//" : "", (int)p->authority.length,
                        p->authority.start ? p->authority.start : "", path,
                        p->query.start ? "?" : "", (int)p->query.length,
                        p->query.start ? p->query.start : "", p->fragment.start ? "#" : "",
                        (int)p->fragment.length, p->fragment.start ? p->fragment.start : "");
}

char *uri_resolve(struct arena *arena, const char *base, const char *reference)
{
    struct parts r = split(reference);
    struct parts b = split(base);
    char *path;

    if (r.scheme.start) {
        path = arena_strndup(arena, r.path.start, r.path.length);
        if (path && r.path.length > 0 && r.path.start[0] == '/')
            remove_dots(path);
        return path ? join(arena, &r, path) : NULL;
    }
    r.scheme = b.scheme;
    if (!r.authority.start && r.path.length == 0) {
        r.authority = b.authority;
        if (!r.query.start)
            r.query = b.query;
        path = arena_strndup(arena, b.path.start, b.path.length);
        return path ? join(arena, &r, path) : NULL;
    }
    path = r.authority.start ? arena_strndup(arena, r.path.start, r.path.length)
                             : merge(arena, &b, r.path);
    if (!r.authority.start)
        r.authority = b.authority;
    if (!path)
        return NULL;
    remove_dots(path);
    return join(arena, &r, path);
}
