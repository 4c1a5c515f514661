/* Filters that compare the items of a list; see filters.h. */
#include <string.h>

#include "server/templates/filters.h"

struct entry {
    const struct value *key;
    const struct value *item;
};

/* Strings count as if in small letters, unless told otherwise. */
static const struct value *fold(struct render *render, const struct value *value, bool with_case)
{
    static const struct value *const none[FILTER_ARGUMENTS] = {NULL};

    return value->type == VALUE_STRING && !with_case ? filter_lower(render, value, none) : value;
}

/* What is compared of an item: itself, its attribute, or, with commas, several in turn. */
static const struct value *key_of(struct render *render, const struct value *item,
                                  const struct value *attribute, bool with_case, bool several)
{
    struct value *keys;
    size_t count = 1;

    if (!several || !attribute || attribute->type != VALUE_STRING) {
        const struct value *key = filter_attribute(render, item, attribute);
        return key ? fold(render, key, with_case) : NULL;
    }
    const char *name = attribute->string.text, *end = name + attribute->string.length;
    for (const char *p = name; p < end; p++)
        count += *p == ',';
    if (!(keys = value_sequence(render, VALUE_LIST, count)))
        return NULL;
    for (size_t i = 0; i < count; i++) {
        const char *comma = memchr(name, ',', (size_t)(end - name));
        const struct value *part =
            value_string(render, name, (size_t)((comma ? comma : end) - name));
        keys->list.items[i] = part ? key_of(render, item, part, with_case, false) : NULL;
        if (!keys->list.items[i])
            return NULL;
        name = comma ? comma + 1 : end;
    }
    return keys;
}

static struct entry *entries_of(struct render *render, const struct value *list,
                                const struct value *attribute, bool with_case, bool several)
{
    struct entry *entries = render_alloc(render, list->list.count * sizeof(*entries) + 1);

    for (size_t i = 0; entries && i < list->list.count; i++) {
        entries[i].item = list->list.items[i];
        entries[i].key = key_of(render, entries[i].item, attribute, with_case, several);
        if (!entries[i].key)
            return NULL;
    }
    return entries;
}

/* Whether `a` belongs strictly before `b`; -1 for a failure. */
static int goes_before(struct render *render, const struct entry *a, const struct entry *b,
                       bool falling)
{
    enum order order = value_order(render, a->key, b->key, "<");

    return order == ORDER_FAILED ? -1 : order == (falling ? ORDER_GREATER : ORDER_LESS);
}

/* Merges two sorted runs; of equal items, those of the first run come first. */
static bool merge(struct render *render, const struct entry *from, size_t middle, size_t count,
                  struct entry *to, bool falling)
{
    size_t a = 0, b = middle;

    for (size_t i = 0; i < count; i++) {
        int second = 0;
        if (a == middle)
            second = 1;
        else if (b < count)
            second = goes_before(render, &from[b], &from[a], falling);
        if (second < 0)
            return false;
        to[i] = from[second ? b++ : a++];
    }
    return true;
}

/* Stable, and stops at the first failure, which qsort can not. */
static struct entry *sort_entries(struct render *render, struct entry *entries, size_t count,
                                  bool falling)
{
    struct entry *other = render_alloc(render, count * sizeof(*other) + 1);

    for (size_t width = 1; other && width < count; width *= 2) {
        for (size_t i = 0; i < count; i += 2 * width) {
            size_t length = count - i < 2 * width ? count - i : 2 * width;
            size_t middle = length < width ? length : width;
            if (!merge(render, entries + i, middle, length, other + i, falling))
                return NULL;
        }
        struct entry *sorted = other;
        other = entries;
        entries = sorted;
    }
    return other ? entries : NULL;
}

static bool is_set(const struct value *argument)
{
    return argument && value_truth(argument);
}

FILTER(sort)
{
    const struct value *list = value_iterate(render, value);
    struct entry *entries =
        list ? entries_of(render, list, arguments[2], is_set(arguments[1]), true) : NULL;
    size_t count = entries ? list->list.count : 0;

    if (!entries || !(entries = sort_entries(render, entries, count, is_set(arguments[0]))))
        return NULL;
    struct value *sorted = value_sequence(render, VALUE_LIST, count);
    for (size_t i = 0; sorted && i < count; i++)
        sorted->list.items[i] = entries[i].item;
    return sorted;
}

/* Whether one of the entries has the key; -1 for a failure. */
static int is_among(struct render *render, const struct entry *entries, size_t count,
                    const struct value *key)
{
    int same = 0;

    if (!value_is_hashable(key)) {
        render_fail(render, "TypeError", "unhashable type: '%s'", value_type_name(key));
        return -1;
    }
    for (size_t i = 0; same == 0 && i < count; i++)
        same = value_same(render, entries[i].key, key);
    return same;
}

FILTER(unique)
{
    const struct value *list = value_iterate(render, value);
    struct entry *entries =
        list ? entries_of(render, list, arguments[1], is_set(arguments[0]), false) : NULL;
    size_t count = 0;

    if (!entries)
        return NULL;
    for (size_t i = 0; i < list->list.count; i++) {
        int among = is_among(render, entries, count, entries[i].key);
        if (among < 0)
            return NULL;
        if (!among)
            entries[count++] = entries[i];
    }
    struct value *once = value_sequence(render, VALUE_LIST, count);
    for (size_t i = 0; once && i < count; i++)
        once->list.items[i] = entries[i].item;
    return once;
}

static const struct value *extreme(struct render *render, const struct value *value,
                                   const struct value *const arguments[], bool largest)
{
    const struct value *list = value_iterate(render, value);
    struct entry *entries =
        list ? entries_of(render, list, arguments[1], is_set(arguments[0]), false) : NULL;
    size_t best = 0;

    if (!entries)
        return NULL;
    if (list->list.count == 0)
        return value_undefined(render, "No aggregated item, sequence was empty.");
    for (size_t i = 1; i < list->list.count; i++) {
        enum order order =
            value_order(render, entries[i].key, entries[best].key, largest ? ">" : "<");
        if (order == ORDER_FAILED)
            return NULL;
        if (order == (largest ? ORDER_GREATER : ORDER_LESS))
            best = i;
    }
    return entries[best].item;
}

FILTER(min)
{
    return extreme(render, value, arguments, false);
}

FILTER(max)
{
    return extreme(render, value, arguments, true);
}

FILTER(sum)
{
    const struct value *list = value_iterate(render, value);
    const struct value *total = arguments[1] ? arguments[1] : value_integer(render, 0);

    if (!list || !total)
        return NULL;
    if (total->type == VALUE_STRING)
        return render_fail(render, "TypeError",
                           "sum() can't sum strings [use ''.join(seq) instead]");
    for (size_t i = 0; total && i < list->list.count; i++) {
        const struct value *item = filter_attribute(render, list->list.items[i], arguments[0]);
        total = item ? operate(render, TOKEN_ADD, total, item) : NULL;
    }
    return total;
}
