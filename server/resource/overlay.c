#include "server/resource/overlay.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "json/text.h"

static bool has_key(const json_t *object, const struct json_member *member)
{
    json_auto_t *key = json_member_key(member);

    return json_object_get(object, json_string_value(key)) != NULL;
}

/* Appends the members of the object at `text` that `hidden` does not have. */
static void add_members(struct buf *to, const char *text, const json_t *hidden, bool *first)
{
    struct json_member member;

    while (json_next_member(&text, &member)) {
        if (has_key(hidden, &member))
            continue;
        buf_add_string(to, *first ? "" : ",");
        buf_add(to, member.key, (size_t)(member.value + member.value_length - member.key));
        *first = false;
    }
}

void json_without(struct buf *to, const char *text, const json_t *hidden)
{
    bool first = true;

    buf_add_char(to, '{');
    add_members(to, text, hidden, &first);
    buf_add_char(to, '}');
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
