#include "server/resource/overlay.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "json/text.h"

static const char *skip_space(const char *p)
{
    return p + strspn(p, " \t\r\n");
}

static const char *skip_string(const char *p)
{
    for (p++; *p && *p != '"'; p++)
        if (*p == '\\' && p[1])
            p++;
    return *p ? p + 1 : p;
}

/* Up to the comma or brace after the value at `p`. */
static const char *skip_value(const char *p)
{
    int depth = 0;

    while (*p && (depth > 0 || (*p != ',' && *p != '}'))) {
        if (*p == '"') {
            p = skip_string(p);
            continue;
        }
        depth += *p == '{' || *p == '[';
        depth -= *p == '}' || *p == ']';
        p++;
    }
    return p;
}

static bool has_key(const json_t *object, const char *quoted, size_t length)
{
    json_auto_t *key = json_loadb(quoted, length, JSON_DECODE_ANY, NULL);

    return json_object_get(object, json_string_value(key)) != NULL;
}

/* Appends the members of the object at `text` that `hidden` does not have. */
static void add_members(struct buf *to, const char *text, const json_t *hidden, bool *first)
{
    const char *p = skip_space(skip_space(text) + 1);

    while (*p == '"') {
        const char *after_key = skip_string(p);
        const char *end = skip_value(after_key);
        if (!has_key(hidden, p, (size_t)(after_key - p))) {
            buf_add_string(to, *first ? "" : ",");
            buf_add(to, p, (size_t)(end - p));
            *first = false;
        }
        p = skip_space(*end == ',' ? end + 1 : end);
    }
}

void json_overlay(struct buf *to, const char *base, const char *over)
{
    json_auto_t *hidden = json_parse(over, strlen(over), NULL);
    bool first = true;

    buf_add_char(to, '{');
    add_members(to, base, hidden, &first);
    add_members(to, over, NULL, &first);
    buf_add_char(to, '}');
}

const char *overlay_text(struct txn *txn, struct arena *arena, const char *base, const char *over)
{
    buf_auto both = BUF_INIT;

    json_overlay(&both, base, over);
    if (both.failed) {
        txn_fail(txn, EFBIG, "an object together with what is laid over it has more than %zu MiB",
                 BUF_CEILING >> 20);
        return NULL;
    }
    return arena_adopt(arena, buf_steal(&both));
}
