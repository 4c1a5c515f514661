/*
 * JSON Schema, draft 2020-12: https://json-schema.org/draft/2020-12/json-schema-core and
 * .../json-schema-validation.
 *
 * A schema is compiled once and can then be used by several threads at a time. Nothing is ever
 * fetched: `$ref` reaches the document itself, the draft's own metaschemas, and what a registry
 * holds. Other values of `$schema` than the draft's are read as this draft, unless the registry
 * holds the metaschema and it names its vocabularies.
 *
 * Everything is bounded: schemas and instances by their depth, validation by steps, `pattern` by
 * PCRE2's limits. Where a bound is met the answer is an error, never a verdict.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/error.h"

#define SCHEMA_NODES     100000 /* subschemas that one schema may have, with what it refers to */
#define SCHEMA_RESOURCES 1000   /* of them with an $id */
#define SCHEMA_URI       1000   /* bytes of an $id, resolved */
#define SCHEMA_PATTERNS  (16 << 20) /* bytes that its patterns take, compiled */
#define SCHEMA_DEPTH     1000       /* subschemas inside one another during a validation */
#define SCHEMA_STEPS     5000000    /* of one validation; about a second */
#define SCHEMA_ERRORS    10000      /* kept by one validation */
#define SCHEMA_FIELDS    200        /* told to a person; the rest is left out */

struct schema;

/* Documents that `$ref` can reach, by URI. */
struct schema_registry;

struct schema_registry *schema_registry_new(void); /* NULL: no memory */
void schema_registry_free(struct schema_registry *registry);

/* Adds a document (copied) under an absolute URI without fragment. Not while schemas are compiled
 * with this registry. */
int schema_registry_add(struct schema_registry *registry, const char *uri, const json_t *document,
                        struct error *error);

struct schema_options {
    bool check_format; /* `format` is checked; else it only annotates */
    bool local_times;  /* then a `time` is one without an offset, "13:45" or "13:45:30.5": what web
                        * forms and pydantic mean by it; RFC 3339's cannot be without */
    const struct schema_registry *registry; /* may be NULL; not needed after compiling */
};

/*
 * Checks a schema and makes it ready for use. `options` may be NULL. Keeps no pointer into `json`.
 * The error (EINVAL; ENOMEM) names the place: "#/properties/age: minimum must be a number".
 */
int schema_compile(const json_t *json, const struct schema_options *options,
                   struct schema **ret_schema, struct error *error) MUST_CHECK;
int schema_compile_text(const char *text, size_t length, const struct schema_options *options,
                        struct schema **ret_schema, struct error *error) MUST_CHECK;
void schema_free(struct schema *schema); /* NULL is fine */

/* One step of the way to a value: a key of an object, or where `key` is NULL an index. */
struct schema_step {
    const struct schema_step *up; /* the step before; NULL at the root */
    const char *key;
    size_t index;
    size_t depth; /* steps up to this one, 1 for the first */
};

/* What is wrong, as the keyword sees it. Points into the schema and the instance. */
struct schema_error {
    struct schema_error *next;
    const struct schema_step *path;  /* NULL: the instance itself */
    const struct schema_step *place; /* the same, but that of the value where the schema is just
                                        `false`: there jsonschema names what is around it */
    const char *keyword;             /* "type"; NULL where the schema is just `false` */
    const json_t *value;             /* of the keyword; NULL where keyword is */
    const json_t *instance;          /* the value that is wrong */
    const json_t *schema;            /* the one that holds the keyword */

    /* What some keywords tell besides: the missing name and who asks for it, or what a format is
     * called; the unexpected names or items; the schemas that all fit; the item that is there
     * twice; a count. */
    const char *name;
    const char *other;
    const char *const *names;
    const json_t *const *values;
    size_t count;

    bool of_name;                 /* the instance is a key that `propertyNames` refuses */
    size_t branch;                /* of the parent's alternatives, from 0 */
    size_t parent_depth;          /* length of the parent's path; 0 without one */
    struct schema_error *context; /* of anyOf and oneOf: why none of the alternatives fits */
};

/* What is wrong, for the person who fills in a form: a place and a few words that go on from the
 * name of the field ("must be a whole number"). A missing field has its own place. */
struct schema_field_error {
    const struct schema_step *path;
    const char *path_text; /* "o.p[0]"; "" at the root */
    const char *message;
};

struct schema_errors {
    struct schema_error *first; /* in the order of the schema's keywords */
    size_t count;
    struct schema_field_error *fields;
    size_t field_count;
    struct schema_memory *memory;
};

#define schema_errors_auto CLEANUP(schema_errors_release) struct schema_errors
void schema_errors_release(struct schema_errors *errors);

/*
 * The number of errors, 0 if the instance is valid, or -1 (E2BIG: a bound was met; ENOMEM) with
 * `error`. `ret_errors` may be NULL: then the first error ends the work and the result is 0 or 1.
 * What it holds lives as long as both the schema and the instance do.
 */
int schema_validate(const struct schema *schema, const json_t *instance,
                    struct schema_errors *ret_errors, struct error *error) MUST_CHECK;

/* The path as text: "o.p[0]", "" for NULL; keys that are no plain words as o['a b']. */
void schema_path_text(const struct schema_step *path, struct buf *to);

/* The message in the words of Python's `jsonschema`: 'forty' is not of type 'integer'. */
void schema_error_message(const struct schema_error *error, struct buf *to);

/* Of several errors the one that Python's `jsonschema.exceptions.best_match` picks: nearest to the
 * root, of equals the one whose path sorts last; of alternatives the deepest. NULL if none. */
const struct schema_error *schema_best_error(const struct schema_errors *errors);

/* That error as Prefect's server tells it: Validation failed for field 'age'. Failure reason: ...
 */
void schema_prefect_reason(const struct schema_errors *errors, struct buf *to);

/*
 * A copy of a schema changed as Prefect changes it before it validates: a property that is not
 * required and has no default may also be null; `items` that is a list becomes `prefixItems`;
 * block types can be given by reference. NULL: it is nested too deep (EINVAL), or no memory.
 */
json_t *schema_preprocess(const json_t *schema, struct error *error) MUST_CHECK;
