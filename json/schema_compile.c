/* From JSON to nodes: one for each subschema, with what its keywords need at hand. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json/schema_internal.h"
#include "json/text.h"

static const struct schema_keyword_kind kinds[] = {
    {"$schema", SHAPE_STRING, VOCABULARY_CORE, NULL},
    {"$id", SHAPE_ID, VOCABULARY_CORE, NULL},
    {"$vocabulary", SHAPE_VOCABULARY, VOCABULARY_CORE, NULL},
    {"$anchor", SHAPE_ANCHOR, VOCABULARY_CORE, NULL},
    {"$dynamicAnchor", SHAPE_ANCHOR, VOCABULARY_CORE, NULL},
    {"$ref", SHAPE_REF, VOCABULARY_CORE, schema_check_ref},
    {"$dynamicRef", SHAPE_REF, VOCABULARY_CORE, schema_check_dynamic_ref},
    {"$comment", SHAPE_STRING, VOCABULARY_CORE, NULL},
    {"$defs", SHAPE_SCHEMAS_MAP, VOCABULARY_CORE, NULL},
    {"definitions", SHAPE_SCHEMAS_MAP, VOCABULARY_CORE, NULL},
    {"dependencies", SHAPE_DEPENDENCIES, VOCABULARY_CORE, NULL},
    {"allOf", SHAPE_SCHEMAS, VOCABULARY_APPLICATOR, schema_check_all_of},
    {"anyOf", SHAPE_SCHEMAS, VOCABULARY_APPLICATOR, schema_check_any_of},
    {"oneOf", SHAPE_SCHEMAS, VOCABULARY_APPLICATOR, schema_check_one_of},
    {"not", SHAPE_SCHEMA, VOCABULARY_APPLICATOR, schema_check_not},
    {"if", SHAPE_SCHEMA, VOCABULARY_APPLICATOR, schema_check_if},
    {"then", SHAPE_SCHEMA, VOCABULARY_APPLICATOR, NULL},
    {"else", SHAPE_SCHEMA, VOCABULARY_APPLICATOR, NULL},
    {"dependentSchemas", SHAPE_SCHEMAS_MAP, VOCABULARY_APPLICATOR, schema_check_dependent_schemas},
    {"prefixItems", SHAPE_SCHEMAS, VOCABULARY_APPLICATOR, schema_check_prefix_items},
    {"items", SHAPE_SCHEMA, VOCABULARY_APPLICATOR, schema_check_items},
    {"contains", SHAPE_SCHEMA, VOCABULARY_APPLICATOR, schema_check_contains},
    {"properties", SHAPE_SCHEMAS_MAP, VOCABULARY_APPLICATOR, schema_check_properties},
    {"patternProperties", SHAPE_PATTERNS_MAP, VOCABULARY_APPLICATOR,
     schema_check_pattern_properties},
    {"additionalProperties", SHAPE_SCHEMA, VOCABULARY_APPLICATOR,
     schema_check_additional_properties},
    {"propertyNames", SHAPE_SCHEMA, VOCABULARY_APPLICATOR, schema_check_property_names},
    {"unevaluatedItems", SHAPE_SCHEMA, VOCABULARY_UNEVALUATED, schema_check_unevaluated_items},
    {"unevaluatedProperties", SHAPE_SCHEMA, VOCABULARY_UNEVALUATED,
     schema_check_unevaluated_properties},
    {"type", SHAPE_TYPES, VOCABULARY_VALIDATION, schema_check_type},
    {"enum", SHAPE_ARRAY, VOCABULARY_VALIDATION, schema_check_enum},
    {"const", SHAPE_ANY, VOCABULARY_VALIDATION, schema_check_const},
    {"multipleOf", SHAPE_POSITIVE, VOCABULARY_VALIDATION, schema_check_multiple_of},
    {"maximum", SHAPE_NUMBER, VOCABULARY_VALIDATION, schema_check_maximum},
    {"exclusiveMaximum", SHAPE_NUMBER, VOCABULARY_VALIDATION, schema_check_exclusive_maximum},
    {"minimum", SHAPE_NUMBER, VOCABULARY_VALIDATION, schema_check_minimum},
    {"exclusiveMinimum", SHAPE_NUMBER, VOCABULARY_VALIDATION, schema_check_exclusive_minimum},
    {"maxLength", SHAPE_COUNT, VOCABULARY_VALIDATION, schema_check_max_length},
    {"minLength", SHAPE_COUNT, VOCABULARY_VALIDATION, schema_check_min_length},
    {"pattern", SHAPE_PATTERN, VOCABULARY_VALIDATION, schema_check_pattern},
    {"maxItems", SHAPE_COUNT, VOCABULARY_VALIDATION, schema_check_max_items},
    {"minItems", SHAPE_COUNT, VOCABULARY_VALIDATION, schema_check_min_items},
    {"uniqueItems", SHAPE_BOOLEAN, VOCABULARY_VALIDATION, schema_check_unique_items},
    {"maxContains", SHAPE_COUNT, VOCABULARY_VALIDATION, NULL},
    {"minContains", SHAPE_COUNT, VOCABULARY_VALIDATION, NULL},
    {"maxProperties", SHAPE_COUNT, VOCABULARY_VALIDATION, schema_check_max_properties},
    {"minProperties", SHAPE_COUNT, VOCABULARY_VALIDATION, schema_check_min_properties},
    {"required", SHAPE_STRINGS, VOCABULARY_VALIDATION, schema_check_required},
    {"dependentRequired", SHAPE_STRINGS_MAP, VOCABULARY_VALIDATION,
     schema_check_dependent_required},
    {"format", SHAPE_STRING, VOCABULARY_FORMAT | VOCABULARY_FORMAT_ASSERTION, schema_check_format},
    {"title", SHAPE_STRING, VOCABULARY_META_DATA, NULL},
    {"description", SHAPE_STRING, VOCABULARY_META_DATA, NULL},
    {"deprecated", SHAPE_BOOLEAN, VOCABULARY_META_DATA, NULL},
    {"readOnly", SHAPE_BOOLEAN, VOCABULARY_META_DATA, NULL},
    {"writeOnly", SHAPE_BOOLEAN, VOCABULARY_META_DATA, NULL},
    {"examples", SHAPE_ARRAY, VOCABULARY_META_DATA, NULL},
    {"contentEncoding", SHAPE_STRING, VOCABULARY_CONTENT, NULL},
    {"contentMediaType", SHAPE_STRING, VOCABULARY_CONTENT, NULL},
    {"contentSchema", SHAPE_SCHEMA, VOCABULARY_CONTENT, NULL},
};

static const struct schema_keyword_kind *find_kind(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    }
    return NULL;
}

static const struct {
    const char *name;
    unsigned bit;
} types[] = {
    {"null", TYPE_NULL},     {"boolean", TYPE_BOOLEAN}, {"integer", TYPE_INTEGER},
    {"number", TYPE_NUMBER}, {"string", TYPE_STRING},   {"array", TYPE_ARRAY},
    {"object", TYPE_OBJECT},
};

unsigned schema_type_bit(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        if (strcmp(types[i].name, name) == 0)
            return types[i].bit;
    }
    return 0;
}

const struct schema_keyword *schema_node_keyword(const struct schema_node *node, const char *name)
{
    for (size_t i = 0; i < node->keyword_count; i++) {
        if (strcmp(node->keywords[i].kind->name, name) == 0)
            return &node->keywords[i];
    }
    return NULL;
}

#define PLACE_SHOWN 200 /* bytes; the key that goes beyond is the last one */
#define KEY_SHOWN   60

/* Cuts a text that was shortened within a character of several bytes. */
static void cut_half_character(char *text)
{
    size_t n = strlen(text);
    size_t start = n;

    while (start > 0 && n - start < 3 && ((unsigned char)text[start - 1] & 0xc0) == 0x80)
        start--;
    if (start > 0 && (unsigned char)text[start - 1] >= 0xc0) {
        unsigned char lead = (unsigned char)text[start - 1];
        size_t want = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
        if (n - (start - 1) < want)
            text[start - 1] = '\0';
    }
}

/* Long keys and long ways are shortened: every reference keeps its place. */
static void add_place(struct buf *text, const struct schema_place *place)
{
    const char *p;

    if (!place)
        return;
    add_place(text, place->up);
    if (text->length > PLACE_SHOWN)
        return;
    buf_add_char(text, '/');
    for (p = place->key; *p && p < place->key + KEY_SHOWN; p++) {
        if (*p == '~')
            buf_add_string(text, "~0");
        else if (*p == '/')
            buf_add_string(text, "~1");
        else
            buf_add_char(text, *p);
    }
    if (*p) {
        cut_half_character(text->data);
        text->length = strlen(text->data);
        buf_add_string(text, "...");
    }
}

const char *schema_place_text(struct schema_compiler *compiler, const struct schema_place *place)
{
    buf_auto text = BUF_INIT;
    char *result;

    buf_add_char(&text, '#');
    add_place(&text, place);
    result = arena_strdup(&compiler->schema->arena, buf_string(&text));
    return result ? result : "#";
}

int schema_refuse(struct schema_compiler *compiler, const struct schema_place *place,
                  const char *format, ...)
{
    char message[ERROR_MESSAGE_SIZE];
    va_list args;

    va_start(args, format);
    vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    error_set(compiler->error, EINVAL, "%s: %s", schema_place_text(compiler, place), message);
    if (compiler->error)
        cut_half_character(compiler->error->message);
    return -1;
}

int schema_no_memory(struct schema_compiler *compiler)
{
    return error_set(compiler->error, ENOMEM, "no memory for a schema");
}

void *schema_compiler_take(struct schema_compiler *compiler, size_t count, size_t size)
{
    void *memory = arena_alloc(&compiler->schema->arena, (count > 0 ? count : 1) * size);

    if (!memory)
        schema_no_memory(compiler);
    return memory;
}

/* Adds the keywords that are known: first those that judge by themselves, then the unevaluated
 * ones, which need to know what the others looked at. */
static int add_keywords(struct schema_compiler *compiler, struct schema_node *node,
                        const struct schema_place *place, bool unevaluated)
{
    json_t *json = (json_t *)node->json;
    size_t order = 0;

    for (void *at = json_object_iter(json); at; at = json_object_iter_next(json, at), order++) {
        const struct schema_keyword_kind *kind = find_kind(json_object_iter_key(at));
        struct schema_keyword *keyword;
        if (!kind || !(node->resource->vocabularies & kind->vocabulary) ||
            (kind->vocabulary == VOCABULARY_UNEVALUATED) != unevaluated)
            continue;
        struct schema_place inner = {place, kind->name};
        keyword = &node->keywords[node->keyword_count++];
        keyword->kind = kind;
        keyword->order = order;
        keyword->value = json_object_iter_value(at);
        node->has_unevaluated |= unevaluated;
        if (schema_compile_keyword(compiler, node, keyword, &inner) < 0)
            return -1;
    }
    return 0;
}

static struct schema_node *new_node(struct schema_compiler *compiler, const json_t *json,
                                    struct schema_resource *resource,
                                    const struct schema_place *place)
{
    struct schema_node *node;

    if (compiler->schema->node_count >= SCHEMA_NODES) {
        schema_refuse(compiler, place, "the schema has more than %d parts", SCHEMA_NODES);
        return NULL;
    }
    node = schema_compiler_take(compiler, 1, sizeof(*node));
    if (!node)
        return NULL;
    node->json = json;
    node->resource = resource;
    node->kind = json_is_true(json) ? NODE_TRUE : json_is_false(json) ? NODE_FALSE : NODE_KEYWORDS;
    return schema_keep_node(compiler, node) < 0 ? NULL : node;
}

struct schema_node *schema_compile_node(struct schema_compiler *compiler, const json_t *json,
                                        struct schema_resource *resource,
                                        const struct schema_place *place)
{
    struct schema_node *node;

    if (json_is_boolean(json))
        return new_node(compiler, json, resource, place);
    if (!json_is_object(json)) {
        schema_refuse(compiler, place, "a schema must be an object, true or false");
        return NULL;
    }
    if ((node = schema_find_node(compiler, json)))
        return node;
    if (resource->root != json && json_is_string(json_object_get(json, "$id"))) {
        resource = schema_add_resource(compiler, json, resource, resource->uri, place);
        if (!resource)
            return NULL;
    }
    node = new_node(compiler, json, resource, place);
    if (!node)
        return NULL;
    node->keywords =
        schema_compiler_take(compiler, json_object_size(json), sizeof(struct schema_keyword));
    if (!node->keywords || add_keywords(compiler, node, place, false) < 0 ||
        add_keywords(compiler, node, place, true) < 0)
        return NULL;
    return node;
}

static int compile_document(struct schema_compiler *compiler, const json_t *json)
{
    json_t *copy = json_deep_copy(json);
    struct schema_resource *resource;

    if (!copy || json_array_append_new(compiler->schema->documents, copy) < 0)
        return schema_no_memory(compiler);
    resource = schema_add_resource(compiler, copy, NULL, "", NULL);
    if (!resource)
        return -1;
    compiler->schema->root = schema_compile_node(compiler, copy, resource, NULL);
    return compiler->schema->root ? schema_resolve_refs(compiler) : -1;
}

int schema_compile(const json_t *json, const struct schema_options *options,
                   struct schema **ret_schema, struct error *error)
{
    struct schema_compiler compiler = {.options = options, .error = error};
    int r;

    if (!json_is_shallow(json, JSON_TEXT_DEPTH))
        return error_set(error, EINVAL, "#: the schema is nested deeper than %d", JSON_TEXT_DEPTH);
    compiler.schema = calloc(1, sizeof(*compiler.schema));
    if (!compiler.schema)
        return schema_no_memory(&compiler);
    compiler.schema->documents = json_array();
    compiler.resource_index = json_object();
    r = compiler.schema->documents && compiler.resource_index ? compile_document(&compiler, json)
                                                              : schema_no_memory(&compiler);
    json_decref(compiler.resource_index);
    free(compiler.resources);
    free(compiler.slots);
    if (r < 0) {
        schema_free(compiler.schema);
        return -1;
    }
    *ret_schema = compiler.schema;
    return 0;
}

int schema_compile_text(const char *text, size_t length, const struct schema_options *options,
                        struct schema **ret_schema, struct error *error)
{
    json_auto_t *json = json_parse(text, length, error);

    return json ? schema_compile(json, options, ret_schema, error) : -1;
}

void schema_free(struct schema *schema)
{
    if (!schema)
        return;
    for (size_t i = 0; i < schema->node_count; i++) {
        struct schema_node *node = schema->nodes[i];
        for (size_t k = 0; k < node->keyword_count; k++) {
            for (size_t p = 0; p < node->keywords[k].pattern_count; p++)
                schema_pattern_free(node->keywords[k].patterns[p]);
        }
    }
    free(schema->nodes);
    json_decref(schema->documents);
    arena_release(&schema->arena);
    free(schema);
}
