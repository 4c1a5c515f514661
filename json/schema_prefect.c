/* What Prefect's server does around a validation: `prefect.utilities.schema_tools.validation`. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "json/schema_internal.h"
#include "json/text.h"

static bool is_plain_key(const char *key)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

    if (!*key || !strchr(letters, *key))
        return false;
    for (; *key; key++) {
        if (!strchr(letters, *key) && !strchr("0123456789_", *key))
            return false;
    }
    return true;
}

static void add_step(const struct schema_step *step, struct buf *to)
{
    if (step->up)
        add_step(step->up, to);
    if (!step->key) {
        buf_addf(to, "[%zu]", step->index);
    } else if (is_plain_key(step->key)) {
        buf_addf(to, ".%s", step->key);
    } else {
        buf_add_string(to, "['");
        for (const char *p = step->key; *p; p++) {
            if (*p == '\\' || *p == '\'')
                buf_add_char(to, '\\');
            buf_add_char(to, *p);
        }
        buf_add_string(to, "']");
    }
}

void schema_path_text(const struct schema_step *path, struct buf *to)
{
    buf_auto text = BUF_INIT;

    if (!path)
        return;
    add_step(path, &text);
    buf_add_string(to, buf_string(&text) + (*buf_string(&text) == '.'));
}

static size_t relative_depth(const struct schema_error *e)
{
    return (e->path ? e->path->depth : 0) - e->parent_depth;
}

static int compare_steps(const struct schema_step *a, const struct schema_step *b, size_t depth)
{
    if (depth == 0)
        return 0;
    int above = compare_steps(a->up, b->up, depth - 1);
    if (above != 0)
        return above;
    if (a->key && b->key)
        return strcmp(a->key, b->key);
    if (a->key || b->key)
        return a->key ? 1 : -1;
    return a->index < b->index ? -1 : a->index > b->index;
}

static bool is_weak(const struct schema_error *e)
{
    return e->keyword && (strcmp(e->keyword, "anyOf") == 0 || strcmp(e->keyword, "oneOf") == 0);
}

/* Whether the instance is at least of the type that the same schema asks for. */
static bool has_type(const struct schema_error *e)
{
    const json_t *type = json_object_get(e->schema, "type");
    unsigned types = 0;

    if (json_is_string(type))
        types = schema_type_bit(json_string_value(type));
    for (size_t i = 0; i < json_array_size(type); i++)
        types |= schema_type_bit(json_string_value(json_array_get(type, i)));
    return types & schema_types_of(e->instance);
}

/* The order of jsonschema.exceptions.relevance. */
static int compare_relevance(const struct schema_error *a, const struct schema_error *b)
{
    size_t depth = relative_depth(a);

    if (depth != relative_depth(b))
        return depth > relative_depth(b) ? -1 : 1;
    int paths = compare_steps(a->path, b->path, depth);
    if (paths != 0)
        return paths;
    if (is_weak(a) != is_weak(b))
        return is_weak(a) ? -1 : 1;
    return (int)!has_type(a) - (int)!has_type(b);
}

/* The least relevant of the reasons, NULL if two are equally so. */
static const struct schema_error *deepest(const struct schema_error *first)
{
    const struct schema_error *best = first;
    bool tie = false;

    for (const struct schema_error *e = first->next; e; e = e->next) {
        int order = compare_relevance(e, best);
        if (order < 0)
            best = e;
        tie = order == 0 || (tie && order > 0);
    }
    return tie ? NULL : best;
}

const struct schema_error *schema_best_error(const struct schema_errors *errors)
{
    const struct schema_error *best = errors->first;

    for (const struct schema_error *e = best; e; e = e->next) {
        if (compare_relevance(e, best) > 0)
            best = e;
    }
    while (best && best->context) {
        const struct schema_error *inner = deepest(best->context);
        if (!inner)
            break;
        best = inner;
    }
    return best;
}

/* The path as Prefect shows it: JSONPath from which each "$." was taken. */
static void say_field(const struct schema_step *path, struct buf *to)
{
    buf_auto text = BUF_INIT;
    buf_auto shown = BUF_INIT;

    buf_add_char(&text, '$');
    add_step(path, &text);
    for (const char *p = buf_string(&text); *p; p++) {
        if (p[0] == '$' && p[1] == '.')
            p++;
        else
            buf_add_char(&shown, *p);
    }
    json_text_repr_string(buf_string(&shown), shown.length, to);
}

void schema_prefect_reason(const struct schema_errors *errors, struct buf *to)
{
    const struct schema_error *best = schema_best_error(errors);

    if (!best)
        return;
    buf_add_string(to, "Validation failed");
    if (best->path) {
        buf_add_string(to, " for field ");
        say_field(best->path, to);
    }
    buf_add_string(to, ". Failure reason: ");
    schema_error_message(best, to);
}

static bool lists(const json_t *names, const char *name)
{
    for (size_t i = 0; i < json_array_size(names); i++) {
        const char *text = json_string_value(json_array_get(names, i));
        if (text && strcmp(text, name) == 0)
            return true;
    }
    return false;
}

/* A property that may be left out may be null as well. */
static int allow_null(json_t *schema, const char *key, const json_t *required)
{
    json_t *type = json_object_get(schema, "type");
    const char *name = json_string_value(type);

    if (!type || (name && strcmp(name, "null") == 0) || json_object_get(schema, "default") ||
        lists(required, key))
        return 0;
    json_t *any = json_pack("[{s:O},{s:s}]", "type", type, "type", "null");
    if (!any || json_object_set_new(schema, "anyOf", any) < 0)
        return -1;
    return json_object_del(schema, "type");
}

/* Tuples as drafts before 2020-12 have them. */
static int move_tuple(json_t *schema)
{
    json_t *items = json_object_get(schema, "items");
    json_t *prefix = json_object_get(schema, "prefixItems");

    if (json_array_size(items) == 0 || json_array_size(prefix) > 0)
        return 0;
    if (json_object_set(schema, "prefixItems", items) < 0)
        return -1;
    return json_object_del(schema, "items");
}

static int process_properties(json_t *owner)
{
    json_t *properties = json_object_get(owner, "properties");
    const json_t *required = json_object_get(owner, "required");
    const char *key;
    json_t *schema;

    json_object_foreach(properties, key, schema) {
        if (!json_is_object(schema))
            continue;
        if (allow_null(schema, key, required) < 0 || move_tuple(schema) < 0 ||
            process_properties(schema) < 0)
            return -1;
    }
    return 0;
}

/* A block can be given by its id, or by a few words that find it. */
static json_t *block_or_reference(json_t *definition)
{
    return json_pack("{s:[O,{s:s,s:{s:{s:[{s:s,s:s},{s:s,s:{s:s},s:i}]}},s:[s]}]}", "oneOf",
                     definition, "type", "object", "properties", "$ref", "oneOf", "type", "string",
                     "format", "uuid", "type", "object", "additionalProperties", "type", "string",
                     "minProperties", 1, "required", "$ref");
}

static int process_definitions(json_t *definitions)
{
    json_auto_t *before = json_copy(definitions);
    const char *key;
    json_t *definition;

    json_object_foreach(before, key, definition) {
        const char *title = json_string_value(json_object_get(definition, "title"));
        if (process_properties(definition) < 0)
            return -1;
        if (title && json_object_get(definition, "block_type_slug") &&
            json_object_set_new(definitions, title, block_or_reference(definition)) < 0)
            return -1;
    }
    return 0;
}

json_t *schema_preprocess(const json_t *schema, struct error *error)
{
    json_t *copy;

    if (!json_is_shallow(schema, JSON_TEXT_DEPTH)) {
        error_set(error, EINVAL, "#: the schema is nested deeper than %d", JSON_TEXT_DEPTH);
        return NULL;
    }
    copy = json_deep_copy(schema);
    if (!copy || process_properties(copy) < 0 ||
        process_definitions(json_object_get(copy, "definitions")) < 0) {
        json_decref(copy);
        error_set(error, ENOMEM, "no memory for a schema");
        return NULL;
    }
    return copy;
}
