/* What schemas are called and how they refer to one another: URIs, anchors, JSON pointers. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "json/schema_internal.h"
#include "json/text.h"
#include "json/uri.h"

#define DRAFT "https://json-schema.org/draft/2020-12/"

struct schema_registry {
    json_t *documents; /* by URI */
};

struct schema_registry *schema_registry_new(void)
{
    struct schema_registry *registry = calloc(1, sizeof(*registry));

    if (registry && !(registry->documents = json_object())) {
        free(registry);
        return NULL;
    }
    return registry;
}

void schema_registry_free(struct schema_registry *registry)
{
    if (registry)
        json_decref(registry->documents);
    free(registry);
}

int schema_registry_add(struct schema_registry *registry, const char *uri, const json_t *document,
                        struct error *error)
{
    if (!json_is_shallow(document, JSON_TEXT_DEPTH))
        return error_set(error, EINVAL, "the schema %.200s is nested deeper than %d", uri,
                         JSON_TEXT_DEPTH);
    if (json_object_set_new(registry->documents, uri, json_deep_copy(document)) < 0)
        return error_set(error, ENOMEM, "no memory for the schema %.200s", uri);
    return 0;
}

json_t *schema_registry_get(const struct schema_registry *registry, const char *uri)
{
    return registry ? json_object_get(registry->documents, uri) : NULL;
}

/* Nodes by the address of their JSON: a hash table with open addressing. */
struct schema_pointer_slot {
    const json_t *json;
    struct schema_node *node;
};

static size_t slot_of(const struct schema_pointer_slot *slots, size_t count, const json_t *json)
{
    size_t i = ((uintptr_t)json >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 20;

    while (slots[i % count].json && slots[i % count].json != json)
        i++;
    return i % count;
}

struct schema_node *schema_find_node(struct schema_compiler *compiler, const json_t *json)
{
    if (compiler->slot_count == 0)
        return NULL;
    return compiler->slots[slot_of(compiler->slots, compiler->slot_count, json)].node;
}

static int grow_slots(struct schema_compiler *compiler)
{
    size_t count = compiler->slot_count ? compiler->slot_count * 2 : 64;
    struct schema_pointer_slot *slots = calloc(count, sizeof(*slots));

    if (!slots)
        return schema_no_memory(compiler);
    for (size_t i = 0; i < compiler->slot_count; i++) {
        if (compiler->slots[i].json)
            slots[slot_of(slots, count, compiler->slots[i].json)] = compiler->slots[i];
    }
    free(compiler->slots);
    compiler->slots = slots;
    compiler->slot_count = count;
    return 0;
}

int schema_keep_node(struct schema_compiler *compiler, struct schema_node *node)
{
    struct schema *schema = compiler->schema;

    if (schema->node_count == schema->node_capacity) {
        size_t capacity = schema->node_capacity ? schema->node_capacity * 2 : 32;
        struct schema_node **nodes = realloc(schema->nodes, capacity * sizeof(*nodes));
        if (!nodes)
            return schema_no_memory(compiler);
        schema->nodes = nodes;
        schema->node_capacity = capacity;
    }
    if (compiler->slot_count <= schema->node_count * 2 && grow_slots(compiler) < 0)
        return -1;
    node->index = schema->node_count;
    schema->nodes[schema->node_count++] = node;
    if (node->kind == NODE_KEYWORDS) /* true and false are the same JSON everywhere */
        compiler->slots[slot_of(compiler->slots, compiler->slot_count, node->json)] =
            (struct schema_pointer_slot){node->json, node};
    return 0;
}

/* The part before the fragment, in the arena. */
static char *without_fragment(struct schema_compiler *compiler, const char *uri)
{
    return arena_strndup(&compiler->schema->arena, uri, strcspn(uri, "#"));
}

static const struct {
    const char *uri;
    unsigned vocabulary;
} vocabularies[] = {
    {DRAFT "vocab/core", VOCABULARY_CORE},
    {DRAFT "vocab/applicator", VOCABULARY_APPLICATOR},
    {DRAFT "vocab/unevaluated", VOCABULARY_UNEVALUATED},
    {DRAFT "vocab/validation", VOCABULARY_VALIDATION},
    {DRAFT "vocab/meta-data", VOCABULARY_META_DATA},
    {DRAFT "vocab/format-annotation", VOCABULARY_FORMAT},
    {DRAFT "vocab/format-assertion", VOCABULARY_FORMAT_ASSERTION},
    {DRAFT "vocab/content", VOCABULARY_CONTENT},
};

static int read_vocabularies(struct schema_compiler *compiler, json_t *map,
                             const struct schema_place *place, unsigned *ret_bits)
{
    unsigned bits = VOCABULARY_CORE;

    for (void *at = json_object_iter(map); at; at = json_object_iter_next(map, at)) {
        const char *uri = json_object_iter_key(at);
        unsigned bit = 0;
        for (size_t i = 0; i < COUNT_OF(vocabularies); i++) {
            if (strcmp(vocabularies[i].uri, uri) == 0)
                bit = vocabularies[i].vocabulary;
        }
        if (bit == 0 && json_is_true(json_object_iter_value(at)))
            return schema_refuse(compiler, place, "\"$schema\" needs the unknown vocabulary %.100s",
                                 uri);
        bits |= bit;
    }
    *ret_bits = bits;
    return 0;
}

/* Which vocabularies the metaschema of a schema names; all if that is not known. */
static int find_vocabularies(struct schema_compiler *compiler, const json_t *json,
                             const struct schema_place *place, unsigned *ret_bits)
{
    const char *dialect = json_string_value(json_object_get(json, "$schema"));
    const struct schema_registry *registry;
    json_auto_t *metaschema = NULL;
    char *uri;

    if (!dialect)
        return 0;
    *ret_bits = VOCABULARY_ALL;
    uri = without_fragment(compiler, dialect);
    if (!uri)
        return schema_no_memory(compiler);
    registry = compiler->options ? compiler->options->registry : NULL;
    metaschema = json_incref(schema_registry_get(registry, uri));
    if (!metaschema)
        metaschema = schema_metaschema(uri);
    json_t *map = json_object_get(metaschema, "$vocabulary");
    return json_is_object(map) ? read_vocabularies(compiler, map, place, ret_bits) : 0;
}

static int index_resource(struct schema_compiler *compiler, const char *uri, size_t index)
{
    if (json_object_get(compiler->resource_index, uri))
        return 0; /* the first of one name counts */
    if (json_object_set_new(compiler->resource_index, uri, json_integer((json_int_t)index)) < 0)
        return schema_no_memory(compiler);
    return 0;
}

static int keep_resource(struct schema_compiler *compiler, struct schema_resource *resource)
{
    size_t count = compiler->resource_count;

    if ((count & (count - 1)) == 0) {
        struct schema_resource **more =
            realloc(compiler->resources, (count ? count * 2 : 1) * sizeof(*more));
        if (!more)
            return schema_no_memory(compiler);
        compiler->resources = more;
    }
    compiler->resources[compiler->resource_count++] = resource;
    return 0;
}

static json_t *new_names(struct schema_compiler *compiler)
{
    json_t *names = json_object();

    if (!names || json_array_append_new(compiler->schema->documents, names) < 0)
        return NULL;
    return names;
}

struct schema_resource *schema_add_resource(struct schema_compiler *compiler, const json_t *json,
                                            const struct schema_resource *around, const char *base,
                                            const struct schema_place *place)
{
    struct arena *arena = &compiler->schema->arena;
    const char *id = json_string_value(json_object_get(json, "$id"));
    struct schema_resource *resource = arena_alloc(arena, sizeof(*resource));
    char *uri = arena_strdup(arena, base);
    size_t index = compiler->resource_count;

    if (index == SCHEMA_RESOURCES) {
        schema_refuse(compiler, place, "more than %d schemas have an \"$id\"", SCHEMA_RESOURCES);
        return NULL;
    }
    if (id && uri && (uri = uri_resolve(arena, base, id)))
        uri[strcspn(uri, "#")] = '\0';
    if (uri && strlen(uri) > SCHEMA_URI) {
        schema_refuse(compiler, place, "\"$id\" is longer than %d bytes", SCHEMA_URI);
        return NULL;
    }
    if (!resource || !uri || !(resource->anchors = new_names(compiler)) ||
        !(resource->dynamic_anchors = new_names(compiler))) {
        schema_no_memory(compiler);
        return NULL;
    }
    resource->uri = uri;
    resource->root = json;
    resource->vocabularies = around ? around->vocabularies : VOCABULARY_ALL;
    if (find_vocabularies(compiler, json, place, &resource->vocabularies) < 0 ||
        keep_resource(compiler, resource) < 0 || index_resource(compiler, uri, index) < 0 ||
        (!around && index_resource(compiler, base, index) < 0))
        return NULL;
    return resource;
}

int schema_add_anchor(struct schema_compiler *compiler, struct schema_node *node, const char *name,
                      bool dynamic, const struct schema_place *place)
{
    struct schema_resource *resource = node->resource;

    if (json_object_get(resource->anchors, name))
        return schema_refuse(compiler, place->up, "the anchor \"%.100s\" is there twice", name);
    if (json_object_set_new(resource->anchors, name, json_integer((json_int_t)node->index)) < 0)
        return schema_no_memory(compiler);
    if (dynamic && json_object_set_new(resource->dynamic_anchors, name,
                                       json_integer((json_int_t)node->index)) < 0)
        return schema_no_memory(compiler);
    return 0;
}

/* Undoes %41 in place; false if a percent sign begins nothing, or stands for a NUL. */
static bool decode_percent(char *text)
{
    char *to = text;

    for (const char *p = text; *p; p++) {
        if (*p != '%') {
            *to++ = *p;
            continue;
        }
        if (!isxdigit((unsigned char)p[1]) || !isxdigit((unsigned char)p[2]))
            return false;
        char digits[3] = {p[1], p[2], '\0'};
        *to = (char)strtol(digits, NULL, 16);
        if (*to++ == '\0')
            return false;
        p += 2;
    }
    *to = '\0';
    return true;
}

/* One step of a JSON pointer (RFC 6901); undoes ~0 and ~1 in the token. */
static const json_t *step(const json_t *json, char *token)
{
    char *to = token;
    char *end;

    for (const char *p = token; *p; p++) {
        if (*p == '~' && (p[1] == '0' || p[1] == '1'))
            *to++ = *++p == '0' ? '~' : '/';
        else
            *to++ = *p;
    }
    *to = '\0';
    if (json_is_object(json))
        return json_object_get(json, token);
    if (!json_is_array(json) || !isdigit((unsigned char)*token) || (*token == '0' && token[1]))
        return NULL;
    unsigned long index = strtoul(token, &end, 10);
    return *end == '\0' ? json_array_get(json, index) : NULL;
}

static int refuse_ref(struct schema_compiler *compiler, const struct schema_ref *ref,
                      const char *why)
{
    return error_set(compiler->error, EINVAL, "%s: \"%s\" %.120s %s", ref->place,
                     ref->keyword->kind->name, json_string_value(ref->keyword->value), why);
}

/* Follows a pointer from the root of a resource; `pointer` begins with a slash and is changed. */
static struct schema_node *follow_pointer(struct schema_compiler *compiler,
                                          const struct schema_ref *ref,
                                          struct schema_resource *resource, char *pointer)
{
    const json_t *json = resource->root;

    for (char *token = pointer + 1; token && json;) {
        char *slash = strchr(token, '/');
        if (slash)
            *slash = '\0';
        json = step(json, token);
        struct schema_node *passed = json_is_object(json) ? schema_find_node(compiler, json) : NULL;
        if (passed)
            resource = passed->resource;
        token = slash ? slash + 1 : NULL;
    }
    if (!json) {
        refuse_ref(compiler, ref, "leads nowhere");
        return NULL;
    }
    if (!json_is_object(json) && !json_is_boolean(json)) {
        refuse_ref(compiler, ref, "leads to what is no schema");
        return NULL;
    }
    struct schema_place place = {NULL, json_string_value(ref->keyword->value)};
    return schema_compile_node(compiler, json, resource, &place);
}

/* The resource of that name; a document that was not needed before is compiled now. */
static struct schema_resource *find_resource(struct schema_compiler *compiler,
                                             const struct schema_ref *ref, const char *uri)
{
    const struct schema_registry *registry = compiler->options ? compiler->options->registry : NULL;
    json_t *found = json_object_get(compiler->resource_index, uri);
    struct schema_resource *resource;
    json_t *document;

    if (found)
        return compiler->resources[json_integer_value(found)];
    document = json_incref(schema_registry_get(registry, uri));
    if (!document)
        document = schema_metaschema(uri);
    if (!document) {
        refuse_ref(compiler, ref, "leads to a document that is not known here");
        return NULL;
    }
    if (json_array_append_new(compiler->schema->documents, document) < 0) {
        schema_no_memory(compiler);
        return NULL;
    }
    struct schema_place place = {NULL, uri};
    resource = schema_add_resource(compiler, document, NULL, uri, &place);
    if (!resource || !schema_compile_node(compiler, document, resource, &place))
        return NULL;
    return resource;
}

static struct schema_node *find_anchor(struct schema_compiler *compiler,
                                       const struct schema_ref *ref,
                                       const struct schema_resource *resource, const char *name)
{
    json_t *index = json_object_get(resource->anchors, name);

    if (!index) {
        refuse_ref(compiler, ref, "leads nowhere");
        return NULL;
    }
    if (strcmp(ref->keyword->kind->name, "$dynamicRef") == 0 &&
        json_object_get(resource->dynamic_anchors, name))
        ref->keyword->dynamic = arena_strdup(&compiler->schema->arena, name);
    return compiler->schema->nodes[json_integer_value(index)];
}

static int resolve_ref(struct schema_compiler *compiler, const struct schema_ref *ref)
{
    struct schema_resource *resource;
    char *uri = uri_resolve(&compiler->schema->arena, ref->resource->uri,
                            json_string_value(ref->keyword->value));
    char *fragment = uri ? strchr(uri, '#') : NULL;

    if (!uri)
        return schema_no_memory(compiler);
    if (fragment)
        *fragment++ = '\0';
    resource = find_resource(compiler, ref, uri);
    if (!resource)
        return -1;
    if (fragment && !decode_percent(fragment))
        return refuse_ref(compiler, ref, "has a fragment that is not valid");
    if (!fragment || *fragment == '\0')
        ref->keyword->target = json_is_boolean(resource->root)
                                   ? schema_compile_node(compiler, resource->root, resource, NULL)
                                   : schema_find_node(compiler, resource->root);
    else if (*fragment == '/')
        ref->keyword->target = follow_pointer(compiler, ref, resource, fragment);
    else
        ref->keyword->target = find_anchor(compiler, ref, resource, fragment);
    return ref->keyword->target ? 0 : -1;
}

int schema_resolve_refs(struct schema_compiler *compiler)
{
    while (compiler->refs) {
        struct schema_ref *ref = compiler->refs;
        compiler->refs = ref->next;
        if (resolve_ref(compiler, ref) < 0)
            return -1;
    }
    return 0;
}
