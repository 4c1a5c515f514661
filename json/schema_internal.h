/* What the parts of the schema validator share. Nobody else includes this. */
#pragma once

#include "common/arena.h"
#include "json/schema.h"
#include "json/schema_pattern.h"

enum schema_vocabulary {
    VOCABULARY_CORE = 1,
    VOCABULARY_APPLICATOR = 2,
    VOCABULARY_UNEVALUATED = 4,
    VOCABULARY_VALIDATION = 8,
    VOCABULARY_META_DATA = 16,
    VOCABULARY_FORMAT = 32,
    VOCABULARY_FORMAT_ASSERTION = 64,
    VOCABULARY_CONTENT = 128,
    VOCABULARY_ALL = 255 - VOCABULARY_FORMAT_ASSERTION,
};

struct schema_node;
struct schema_run;
struct schema_frame;
struct schema_keyword;

typedef bool schema_check(struct schema_run *run, struct schema_frame *frame,
                          const struct schema_keyword *keyword);

/* What the value of a keyword must be. */
enum schema_shape {
    SHAPE_ANY,
    SHAPE_STRING,
    SHAPE_BOOLEAN,
    SHAPE_NUMBER,
    SHAPE_POSITIVE,
    SHAPE_COUNT, /* an integer from 0 */
    SHAPE_ARRAY,
    SHAPE_STRINGS,     /* an array of different strings */
    SHAPE_STRINGS_MAP, /* an object of those */
    SHAPE_TYPES,
    SHAPE_PATTERN,
    SHAPE_SCHEMA,
    SHAPE_SCHEMAS,     /* an array with at least one */
    SHAPE_SCHEMAS_MAP, /* an object of those */
    SHAPE_PATTERNS_MAP,
    SHAPE_DEPENDENCIES, /* an object of schemas and arrays of strings */
    SHAPE_ID,
    SHAPE_ANCHOR,
    SHAPE_REF,
    SHAPE_VOCABULARY,
};

struct schema_keyword_kind {
    const char *name;
    enum schema_shape shape;
    unsigned vocabulary;
    schema_check *check; /* NULL: tells nothing about the instance */
};

struct schema_keyword {
    const struct schema_keyword_kind *kind;
    const json_t *value;
    size_t order;               /* of the keywords of its schema, as it is written */
    struct schema_node **nodes; /* the schemas inside, in their order */
    struct schema_pattern **patterns;
    size_t node_count;
    size_t pattern_count;
    size_t count;                       /* SHAPE_COUNT: the number; SHAPE_TYPES: a set of bits */
    size_t weight;                      /* what comparing with the value costs, in steps */
    const struct schema_format *format; /* NULL: not checked */
    const char *dynamic;        /* of $dynamicRef: the anchor to look for from the outside in */
    struct schema_node *target; /* of $ref and $dynamicRef */
};

/* A part of a document with a URI of its own. */
struct schema_resource {
    const char *uri; /* absolute, or "" */
    const json_t *root;
    json_t *anchors;         /* name: index of a node */
    json_t *dynamic_anchors; /* the same, for $dynamicAnchor */
    unsigned vocabularies;
};

enum schema_node_kind { NODE_KEYWORDS, NODE_TRUE, NODE_FALSE };

struct schema_node {
    enum schema_node_kind kind;
    const json_t *json;
    struct schema_resource *resource;
    size_t index;
    struct schema_keyword *keywords; /* in the order of the text; unevaluated... come last */
    size_t keyword_count;
    bool has_unevaluated;
};

struct schema {
    struct arena arena;
    struct schema_node *root;
    struct schema_node **nodes; /* from malloc */
    size_t node_count;
    size_t node_capacity;
    json_t *documents; /* an array of all JSON that is pointed into */
};

/* The keyword of a node by its name, NULL if it has none. */
const struct schema_keyword *schema_node_keyword(const struct schema_node *node, const char *name);

enum {
    TYPE_NULL = 1,
    TYPE_BOOLEAN = 2,
    TYPE_INTEGER = 4,
    TYPE_NUMBER = 8,
    TYPE_STRING = 16,
    TYPE_ARRAY = 32,
    TYPE_OBJECT = 64,
};

/* The bit of a type's name, 0 if it is none. */
unsigned schema_type_bit(const char *name);
/* The bits of all types that a value has: 1.0 is an integer and a number. */
unsigned schema_types_of(const json_t *value);

bool schema_is_multiple(const json_t *number, const json_t *of);

/* The keywords that tell something about an instance; schema_assert.c and schema_apply.c. */
schema_check schema_check_type, schema_check_enum, schema_check_const, schema_check_multiple_of,
    schema_check_maximum, schema_check_exclusive_maximum, schema_check_minimum,
    schema_check_exclusive_minimum, schema_check_max_length, schema_check_min_length,
    schema_check_pattern, schema_check_format, schema_check_max_items, schema_check_min_items,
    schema_check_unique_items, schema_check_max_properties, schema_check_min_properties,
    schema_check_required, schema_check_dependent_required;
schema_check schema_check_ref, schema_check_dynamic_ref, schema_check_all_of, schema_check_any_of,
    schema_check_one_of, schema_check_not, schema_check_if, schema_check_dependent_schemas,
    schema_check_prefix_items, schema_check_items, schema_check_contains, schema_check_properties,
    schema_check_pattern_properties, schema_check_additional_properties,
    schema_check_property_names, schema_check_unevaluated_items,
    schema_check_unevaluated_properties;

/* Compiling, in several files. */
struct schema_place {
    const struct schema_place *up;
    const char *key;
};

struct schema_compiler {
    struct schema *schema;
    const struct schema_options *options;
    struct error *error;
    json_t *resource_index; /* URI: index into resources */
    struct schema_resource **resources;
    size_t resource_count;
    struct schema_pointer_slot *slots; /* nodes by the address of their JSON */
    size_t slot_count;
    struct schema_ref *refs; /* still to resolve */
    size_t patterns_size;
};

struct schema_ref {
    struct schema_ref *next;
    struct schema_keyword *keyword;
    struct schema_resource *resource;
    const char *place;
};

/* Sets "#/place: message" and returns -1. */
int schema_refuse(struct schema_compiler *compiler, const struct schema_place *place,
                  const char *format, ...) PRINTF_LIKE(3, 4);
int schema_no_memory(struct schema_compiler *compiler);
void *schema_compiler_take(struct schema_compiler *compiler, size_t count, size_t size);
const char *schema_place_text(struct schema_compiler *compiler, const struct schema_place *place);

/* Checks the value of a keyword, at `place`, and fills in the rest of it. */
int schema_compile_keyword(struct schema_compiler *compiler, struct schema_node *node,
                           struct schema_keyword *keyword, const struct schema_place *place);

/* Compiles the schema at `json` (once: a second call gives the same node). */
struct schema_node *schema_compile_node(struct schema_compiler *compiler, const json_t *json,
                                        struct schema_resource *resource,
                                        const struct schema_place *place);
struct schema_node *schema_find_node(struct schema_compiler *compiler, const json_t *json);
int schema_keep_node(struct schema_compiler *compiler, struct schema_node *node);

/* The resource that begins at `json`: its $id is resolved against `base`. `around` is the one that
 * it lies in, or NULL. */
struct schema_resource *schema_add_resource(struct schema_compiler *compiler, const json_t *json,
                                            const struct schema_resource *around, const char *base,
                                            const struct schema_place *place);
int schema_add_anchor(struct schema_compiler *compiler, struct schema_node *node, const char *name,
                      bool dynamic, const struct schema_place *place);
int schema_resolve_refs(struct schema_compiler *compiler);

/* The draft's own document under this URI, parsed anew, or NULL. */
json_t *schema_metaschema(const char *uri);
/* The document that a registry holds, or NULL. */
json_t *schema_registry_get(const struct schema_registry *registry, const char *uri);

struct schema_format {
    const char *name;
    bool (*check)(const char *text, size_t length);
    const char *words; /* what a person calls it: "an e-mail address" */
};

/* NULL if it is not known. `local_times`: see struct schema_options. */
const struct schema_format *schema_format_find(const char *name, bool local_times);

/* Memory that is given back in the order of a stack. */
struct schema_memory;
struct schema_mark {
    void *block;
    size_t used;
};
struct schema_memory *schema_memory_new(void);
void schema_memory_free(struct schema_memory *memory);
void *schema_memory_alloc(struct schema_memory *memory, size_t size); /* zeroed; NULL: none left */
struct schema_mark schema_memory_mark(struct schema_memory *memory);
void schema_memory_rewind(struct schema_memory *memory, struct schema_mark mark);
void schema_memory_keep(struct schema_memory *memory, json_t *value); /* steals; until the end */

/* Fills in `fields` from the list of errors. */
int schema_tell_fields(struct schema_errors *errors, struct error *error);
