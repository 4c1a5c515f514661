/* Text of any kind: what is read can be shown, is the same as itself, and its members are found. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "json/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The text of each member, read by itself, is that member. */
static void find_members(const char *text, json_t *object)
{
    const char *key;
    json_t *value;

    json_object_foreach(object, key, value) {
        struct error error;
        size_t length;
        const char *found = json_member_text(text, (const char *const[]){key, NULL}, &length);
        json_auto_t *again = found ? json_parse(found, length, &error) : NULL;
        if (!again || !json_same(value, again))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error error;
    buf_auto text = BUF_INIT;
    buf_auto shown = BUF_INIT;

    buf_add(&text, data, size);
    json_auto_t *value = json_parse(buf_string(&text), text.length, &error);
    if (!value)
        return 0;
    json_auto_t *copy = json_deep_copy(value);
    if (!json_same(value, copy) || json_hash(value, NULL) != json_hash(copy, NULL))
        abort();
    json_text_repr(value, &shown);
    find_members(buf_string(&text), value);
    return 0;
}
