/* Attributes, subscripts and slices; see node.h. */
#include <string.h>

#include "server/templates/node.h"
#include "json/text.h"

/* What has a name in Python is never a key, and calling is not for templates. */
static bool is_method(const struct value *value, const char *name, size_t length)
{
    static const char dict[] = " clear copy fromkeys get items keys pop popitem setdefault update "
                               "values ";
    static const char list[] = " append clear copy count extend index insert pop remove reverse "
                               "sort ";
    static const char string[] =
        " capitalize casefold center count encode endswith expandtabs find format format_map index "
        "isalnum isalpha isascii isdecimal isdigit isidentifier islower isnumeric isprintable "
        "isspace istitle isupper join ljust lower lstrip maketrans partition removeprefix "
        "removesuffix replace rfind rindex rjust rpartition rsplit rstrip split splitlines "
        "startswith strip swapcase title translate upper zfill ";
    const char *all = value->type == VALUE_DICT     ? dict
                      : value->type == VALUE_LIST   ? list
                      : value->type == VALUE_TUPLE  ? " count index "
                      : value->type == VALUE_STRING ? string
                                                    : "";

    if (length == 0 || memchr(name, ' ', length))
        return false;
    for (const char *p = all; (p = memmem(p, strlen(p), name, length)); p++)
        if (p[-1] == ' ' && p[length] == ' ')
            return true;
    return false;
}

static const struct value *no_such(struct render *render, const struct value *value,
                                   const struct value *key)
{
    const char *type = value->type == VALUE_NONE ? "None" : value_type_name(value);
    const char *object = value->type == VALUE_NONE ? "" : " object";
    buf_auto quoted = render_buf(render);

    if (!value_add_repr(render, key, &quoted))
        return NULL;
    return value_undefined(
        render, key->type == VALUE_STRING ? "'%s%s' has no attribute %s" : "%s%s has no element %s",
        type, object, buf_string(&quoted));
}

/* A key of a dict, a place in a sequence; *ret_item stays NULL if there is nothing there. */
static bool find_item(struct render *render, const struct value *value, const struct value *key,
                      const struct value **ret_item)
{
    bool failed = false;

    if (value->type == VALUE_DICT && value_is_hashable(key)) {
        *ret_item = value_lookup(render, value, key, &failed);
        return !failed;
    }
    if (!value_is_integral(key) ||
        (value->type != VALUE_STRING && value->type != VALUE_LIST && value->type != VALUE_TUPLE))
        return true;
    const struct value *items = value_iterate(render, value);
    if (!items)
        return false;
    int64_t count = (int64_t)items->list.count;
    int64_t place = key->integer < 0 ? key->integer + count : key->integer;
    if (place >= 0 && place < count)
        *ret_item = items->list.items[place];
    return true;
}

const struct value *get_item(struct render *render, const struct value *value,
                             const struct value *key)
{
    const struct value *item = NULL;

    if (value->type == VALUE_UNDEFINED)
        return value;
    if (!find_item(render, value, key, &item))
        return NULL;
    if (item)
        return item;
    if (key->type == VALUE_STRING && is_method(value, key->string.text, key->string.length))
        return render_refuse(render, "methods such as .%.*s are not supported, only filters",
                             (int)key->string.length, key->string.text);
    return no_such(render, value, key);
}

const struct value *get_attribute(struct render *render, const struct value *value,
                                  const struct value *name)
{
    if (is_method(value, name->string.text, name->string.length))
        return render_refuse(render, "methods such as .%.*s are not supported, only filters",
                             (int)name->string.length, name->string.text);
    return get_item(render, value, name);
}

/* One bound of a slice within a sequence, as Python clips it. */
static bool clip(struct render *render, const struct value *bound, int64_t count, int64_t lowest,
                 int64_t highest, int64_t *bound_at)
{
    if (!bound || bound->type == VALUE_NONE)
        return true;
    if (!value_is_integral(bound)) {
        render_fail(render, "TypeError",
                    "slice indices must be integers or None or have an __index__ method");
        return false;
    }
    int64_t at = bound->integer < 0 ? bound->integer + count : bound->integer;
    *bound_at = at < lowest ? lowest : at > highest ? highest : at;
    return true;
}

static const struct value *join_characters(struct render *render, const struct value *list)
{
    buf_auto text = render_buf(render);

    if (!list)
        return NULL;
    for (size_t i = 0; i < list->list.count; i++)
        buf_add(&text, list->list.items[i]->string.text, list->list.items[i]->string.length);
    return render_buf_string(render, &text);
}

const struct value *get_slice(struct render *render, const struct value *value,
                              const struct value *const bounds[3])
{
    int64_t step = 1;

    if (value->type == VALUE_UNDEFINED)
        return value;
    if (value->type != VALUE_STRING && value->type != VALUE_LIST && value->type != VALUE_TUPLE)
        return render_fail(render, "TypeError",
                           value->type == VALUE_DICT ? "unhashable type: 'slice'"
                                                     : "'%s' object is not subscriptable",
                           value_type_name(value));
    const struct value *items = value_iterate(render, value);
    if (!items || !clip(render, bounds[2], 0, -INT32_MAX, INT32_MAX, &step))
        return NULL;
    if (step == 0)
        return render_fail(render, "ValueError", "slice step cannot be zero");
    int64_t count = (int64_t)items->list.count, low = step < 0 ? -1 : 0;
    int64_t high = step < 0 ? count - 1 : count;
    int64_t start = step < 0 ? high : low, stop = step < 0 ? low : high;
    if (!clip(render, bounds[0], count, low, high, &start) ||
        !clip(render, bounds[1], count, low, high, &stop))
        return NULL;
    int64_t length = step > 0 ? (stop - start + step - 1) / step : (stop - start + step + 1) / step;
    enum value_type type = value->type == VALUE_TUPLE ? VALUE_TUPLE : VALUE_LIST;
    struct value *part = value_sequence(render, type, length > 0 ? (size_t)length : 0);
    for (int64_t i = 0; part && i < length; i++)
        part->list.items[i] = items->list.items[start + i * step];
    return value->type == VALUE_STRING ? join_characters(render, part) : part;
}
