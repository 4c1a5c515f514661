/* Filters for a few values of a column, as filters for one each. */
#include <string.h>

#include "server/resource/resource.h"

#define PARTS_LIMIT 8

static bool is_and(const json_t *filters)
{
    const json_t *joined = json_object_get(filters, "operator");

    return !joined || (json_is_string(joined) && strcmp(json_string_value(joined), "and_") == 0);
}

/* The list of values in a body, or NULL if it is not there or something else would do, too. */
static json_t *find_values(const struct resource *resource, const json_t *body)
{
    json_t *at = json_object_get(body, resource->filter_key);

    for (const char *const *name = resource->split; name && *name && at; name++)
        at = is_and(at) ? json_object_get(at, *name) : NULL;
    return resource->split && is_and(at) ? json_object_get(at, "any_") : NULL;
}

/* A body whose filters of the resource itself are its own; all else is shared. */
static json_t *part_of(const struct resource *resource, const json_t *body)
{
    json_t *part = json_copy((json_t *)body);

    json_object_set_new(part, resource->filter_key,
                        json_deep_copy(json_object_get(body, resource->filter_key)));
    return part;
}

json_t *resource_split(const struct resource *resource, const json_t *body)
{
    const json_t *values = find_values(resource, body);
    size_t count = json_array_size(values);
    json_t *parts = count >= 2 && count <= PARTS_LIMIT ? json_array() : NULL;

    for (size_t i = 0; parts && i < count; i++) {
        json_t *part = part_of(resource, body);
        json_t *list = find_values(resource, part);
        json_t *value = json_incref(json_array_get(list, i));
        json_array_clear(list);
        /* A failure leaves no parts: the filter is used as a whole. */
        if (json_array_append_new(list, value) < 0 || json_array_append_new(parts, part) < 0) {
            json_decref(parts);
            return NULL;
        }
    }
    return parts;
}
