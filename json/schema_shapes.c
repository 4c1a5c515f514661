/* Whether the value of each keyword is what it must be, and what a validation needs of it. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "json/schema_internal.h"
#include "json/text.h"

/* Whether a number is whole, and then which (at most SIZE_MAX / 2). */
static bool read_count(const json_t *value, size_t *ret_count)
{
    double number = json_number_value(value);

    if (!json_is_number(value) || number < 0 || floor(number) != number)
        return false;
    *ret_count = number < (double)(SIZE_MAX / 2) ? (size_t)number : SIZE_MAX / 2;
    return true;
}

typedef int compile_shape(struct schema_compiler *compiler, struct schema_node *node,
                          struct schema_keyword *keyword, const struct schema_place *place);

static int refuse_shape(struct schema_compiler *compiler, const struct schema_place *place,
                        const char *what)
{
    return schema_refuse(compiler, place->up, "\"%s\" must be %s", place->key, what);
}

static int shape_any(struct schema_compiler *compiler, struct schema_node *node,
                     struct schema_keyword *keyword, const struct schema_place *place)
{
    (void)compiler, (void)node, (void)place;
    json_hash(keyword->value, &keyword->weight);
    return 0;
}

static int shape_string(struct schema_compiler *compiler, struct schema_node *node,
                        struct schema_keyword *keyword, const struct schema_place *place)
{
    if (!json_is_string(keyword->value))
        return refuse_shape(compiler, place, "a string");
    const struct schema_options *options = compiler->options;
    if (strcmp(keyword->kind->name, "format") == 0 &&
        ((options && options->check_format) ||
         (node->resource->vocabularies & VOCABULARY_FORMAT_ASSERTION)))
        keyword->format =
            schema_format_find(json_string_value(keyword->value), options && options->local_times);
    return 0;
}

static int shape_boolean(struct schema_compiler *compiler, struct schema_node *node,
                         struct schema_keyword *keyword, const struct schema_place *place)
{
    (void)node;
    return json_is_boolean(keyword->value) ? 0 : refuse_shape(compiler, place, "true or false");
}

static int shape_number(struct schema_compiler *compiler, struct schema_node *node,
                        struct schema_keyword *keyword, const struct schema_place *place)
{
    (void)node;
    return json_is_number(keyword->value) ? 0 : refuse_shape(compiler, place, "a number");
}

static int shape_positive(struct schema_compiler *compiler, struct schema_node *node,
                          struct schema_keyword *keyword, const struct schema_place *place)
{
    (void)node;
    if (!json_is_number(keyword->value) || json_number_value(keyword->value) <= 0)
        return refuse_shape(compiler, place, "a number greater than 0");
    return 0;
}

static int shape_count(struct schema_compiler *compiler, struct schema_node *node,
                       struct schema_keyword *keyword, const struct schema_place *place)
{
    (void)node;
    if (!read_count(keyword->value, &keyword->count))
        return refuse_shape(compiler, place, "a whole number of 0 or more");
    return 0;
}

static int shape_array(struct schema_compiler *compiler, struct schema_node *node,
                       struct schema_keyword *keyword, const struct schema_place *place)
{
    (void)node;
    json_hash(keyword->value, &keyword->weight);
    return json_is_array(keyword->value) ? 0 : refuse_shape(compiler, place, "an array");
}

static bool are_strings(const json_t *array)
{
    json_auto_t *seen = json_object();

    if (!json_is_array(array))
        return false;
    for (size_t i = 0; i < json_array_size(array); i++) {
        const char *name = json_string_value(json_array_get(array, i));
        if (!name || json_object_get(seen, name))
            return false;
        json_object_set_new(seen, name, json_true());
    }
    return true;
}

static int shape_strings(struct schema_compiler *compiler, struct schema_node *node,
                         struct schema_keyword *keyword, const struct schema_place *place)
{
    (void)node;
    if (!are_strings(keyword->value))
        return refuse_shape(compiler, place, "an array of strings, each only once");
    return 0;
}

static int shape_strings_map(struct schema_compiler *compiler, struct schema_node *node,
                             struct schema_keyword *keyword, const struct schema_place *place)
{
    json_t *map = (json_t *)keyword->value;

    (void)node;
    if (!json_is_object(map))
        return refuse_shape(compiler, place, "an object");
    for (void *at = json_object_iter(map); at; at = json_object_iter_next(map, at)) {
        struct schema_place inner = {place, json_object_iter_key(at)};
        if (!are_strings(json_object_iter_value(at)))
            return refuse_shape(compiler, &inner, "an array of strings, each only once");
    }
    return 0;
}

static int shape_types(struct schema_compiler *compiler, struct schema_node *node,
                       struct schema_keyword *keyword, const struct schema_place *place)
{
    const json_t *value = keyword->value;
    size_t count = json_is_array(value) ? json_array_size(value) : 1;

    (void)node;
    for (size_t i = 0; i < count; i++) {
        const json_t *type = json_is_array(value) ? json_array_get(value, i) : value;
        const char *name = json_string_value(type);
        unsigned bit = name ? schema_type_bit(name) : 0;
        if (name && bit == 0)
            return schema_refuse(compiler, place->up, "\"%.100s\" is no type", name);
        if (!name || (keyword->count & bit))
            return refuse_shape(compiler, place, "a type or an array of types, each only once");
        keyword->count |= bit;
    }
    if (count == 0)
        return refuse_shape(compiler, place, "a type or an array of at least one");
    return 0;
}

static int add_pattern(struct schema_compiler *compiler, struct schema_keyword *keyword,
                       const char *source, const struct schema_place *place)
{
    struct error error;
    int r = schema_pattern_compile(source, &keyword->patterns[keyword->pattern_count], &error);

    if (r < 0 && error.code == ENOMEM)
        return schema_no_memory(compiler);
    if (r < 0)
        return schema_refuse(compiler, place, "\"%.100s\" is no regular expression: %s", source,
                             error.message);
    compiler->patterns_size += schema_pattern_size(keyword->patterns[keyword->pattern_count++]);
    if (compiler->patterns_size > SCHEMA_PATTERNS)
        return schema_refuse(compiler, place, "the patterns of the schema are too large together");
    return 0;
}

static int shape_pattern(struct schema_compiler *compiler, struct schema_node *node,
                         struct schema_keyword *keyword, const struct schema_place *place)
{
    (void)node;
    if (!json_is_string(keyword->value))
        return refuse_shape(compiler, place, "a string");
    keyword->patterns = schema_compiler_take(compiler, 1, sizeof(struct schema_pattern *));
    if (!keyword->patterns)
        return -1;
    return add_pattern(compiler, keyword, json_string_value(keyword->value), place->up);
}

static int add_node(struct schema_compiler *compiler, struct schema_node *node,
                    struct schema_keyword *keyword, const json_t *json,
                    const struct schema_place *place)
{
    struct schema_node *inner = schema_compile_node(compiler, json, node->resource, place);

    if (!inner)
        return -1;
    keyword->nodes[keyword->node_count++] = inner;
    return 0;
}

static int shape_schema(struct schema_compiler *compiler, struct schema_node *node,
                        struct schema_keyword *keyword, const struct schema_place *place)
{
    keyword->nodes = schema_compiler_take(compiler, 1, sizeof(struct schema_node *));
    return keyword->nodes ? add_node(compiler, node, keyword, keyword->value, place) : -1;
}

static int shape_schemas(struct schema_compiler *compiler, struct schema_node *node,
                         struct schema_keyword *keyword, const struct schema_place *place)
{
    size_t count = json_array_size(keyword->value);

    if (count == 0)
        return refuse_shape(compiler, place, "an array with at least one schema");
    keyword->nodes = schema_compiler_take(compiler, count, sizeof(struct schema_node *));
    if (!keyword->nodes)
        return -1;
    for (size_t i = 0; i < count; i++) {
        char index[24];
        struct schema_place inner = {place, index};
        snprintf(index, sizeof(index), "%zu", i);
        if (add_node(compiler, node, keyword, json_array_get(keyword->value, i), &inner) < 0)
            return -1;
    }
    return 0;
}

static int shape_schemas_map(struct schema_compiler *compiler, struct schema_node *node,
                             struct schema_keyword *keyword, const struct schema_place *place)
{
    json_t *map = (json_t *)keyword->value;

    if (!json_is_object(map))
        return refuse_shape(compiler, place, "an object of schemas");
    keyword->nodes =
        schema_compiler_take(compiler, json_object_size(map), sizeof(struct schema_node *));
    if (!keyword->nodes)
        return -1;
    for (void *at = json_object_iter(map); at; at = json_object_iter_next(map, at)) {
        struct schema_place inner = {place, json_object_iter_key(at)};
        if (add_node(compiler, node, keyword, json_object_iter_value(at), &inner) < 0)
            return -1;
    }
    return 0;
}

static int shape_patterns_map(struct schema_compiler *compiler, struct schema_node *node,
                              struct schema_keyword *keyword, const struct schema_place *place)
{
    json_t *map = (json_t *)keyword->value;

    if (shape_schemas_map(compiler, node, keyword, place) < 0)
        return -1;
    keyword->patterns =
        schema_compiler_take(compiler, json_object_size(map), sizeof(struct schema_pattern *));
    if (!keyword->patterns)
        return -1;
    for (void *at = json_object_iter(map); at; at = json_object_iter_next(map, at)) {
        if (add_pattern(compiler, keyword, json_object_iter_key(at), place) < 0)
            return -1;
    }
    return 0;
}

/* No keyword of this draft any more, but its metaschema still says what it looks like. */
static int shape_dependencies(struct schema_compiler *compiler, struct schema_node *node,
                              struct schema_keyword *keyword, const struct schema_place *place)
{
    json_t *map = (json_t *)keyword->value;

    if (!json_is_object(map))
        return refuse_shape(compiler, place, "an object");
    for (void *at = json_object_iter(map); at; at = json_object_iter_next(map, at)) {
        struct schema_place inner = {place, json_object_iter_key(at)};
        json_t *value = json_object_iter_value(at);
        if (!are_strings(value) && !schema_compile_node(compiler, value, node->resource, &inner))
            return -1;
    }
    return 0;
}

static int shape_id(struct schema_compiler *compiler, struct schema_node *node,
                    struct schema_keyword *keyword, const struct schema_place *place)
{
    const char *id = json_string_value(keyword->value);
    const char *fragment = id ? strchr(id, '#') : NULL;

    (void)node;
    if (!id || (fragment && fragment[1]))
        return refuse_shape(compiler, place, "a URI without a fragment");
    return 0;
}

static int shape_anchor(struct schema_compiler *compiler, struct schema_node *node,
                        struct schema_keyword *keyword, const struct schema_place *place)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
    const char *name = json_string_value(keyword->value);
    bool dynamic = strcmp(keyword->kind->name, "$dynamicAnchor") == 0;

    if (!name || !*name || !strchr(letters, *name))
        return refuse_shape(compiler, place, "a name that begins with a letter");
    size_t n = strspn(name, letters);
    while (name[n] && strchr("0123456789-.", name[n]))
        n += 1 + strspn(name + n + 1, letters);
    if (name[n])
        return refuse_shape(compiler, place, "a name of letters, digits and \"-._\"");
    return schema_add_anchor(compiler, node, name, dynamic, place);
}

static int shape_ref(struct schema_compiler *compiler, struct schema_node *node,
                     struct schema_keyword *keyword, const struct schema_place *place)
{
    struct schema_ref *ref;

    if (!json_is_string(keyword->value))
        return refuse_shape(compiler, place, "a string");
    ref = schema_compiler_take(compiler, 1, sizeof(*ref));
    if (!ref)
        return -1;
    *ref = (struct schema_ref){compiler->refs, keyword, node->resource,
                               schema_place_text(compiler, place->up)};
    compiler->refs = ref;
    return 0;
}

static int shape_vocabulary(struct schema_compiler *compiler, struct schema_node *node,
                            struct schema_keyword *keyword, const struct schema_place *place)
{
    json_t *map = (json_t *)keyword->value;

    (void)node;
    if (!json_is_object(map))
        return refuse_shape(compiler, place, "an object");
    for (void *at = json_object_iter(map); at; at = json_object_iter_next(map, at)) {
        struct schema_place inner = {place, json_object_iter_key(at)};
        if (!json_is_boolean(json_object_iter_value(at)))
            return refuse_shape(compiler, &inner, "true or false");
    }
    return 0;
}

static compile_shape *const shapes[] = {
    [SHAPE_ANY] = shape_any,
    [SHAPE_STRING] = shape_string,
    [SHAPE_BOOLEAN] = shape_boolean,
    [SHAPE_NUMBER] = shape_number,
    [SHAPE_POSITIVE] = shape_positive,
    [SHAPE_COUNT] = shape_count,
    [SHAPE_ARRAY] = shape_array,
    [SHAPE_STRINGS] = shape_strings,
    [SHAPE_STRINGS_MAP] = shape_strings_map,
    [SHAPE_TYPES] = shape_types,
    [SHAPE_PATTERN] = shape_pattern,
    [SHAPE_SCHEMA] = shape_schema,
    [SHAPE_SCHEMAS] = shape_schemas,
    [SHAPE_SCHEMAS_MAP] = shape_schemas_map,
    [SHAPE_PATTERNS_MAP] = shape_patterns_map,
    [SHAPE_DEPENDENCIES] = shape_dependencies,
    [SHAPE_ID] = shape_id,
    [SHAPE_ANCHOR] = shape_anchor,
    [SHAPE_REF] = shape_ref,
    [SHAPE_VOCABULARY] = shape_vocabulary,
};

int schema_compile_keyword(struct schema_compiler *compiler, struct schema_node *node,
                           struct schema_keyword *keyword, const struct schema_place *place)
{
    return shapes[keyword->kind->shape](compiler, node, keyword, place);
}
