/*
 * From the descriptions in field.h and resource.h to JSON Schema, for /openapi.json. Inside the API
 * only.
 *
 * Each table of fields becomes one schema for each use that is made of it, under a name of its own
 * in "components/schemas"; elsewhere stands a reference to it.
 */
#pragma once

#include <jansson.h>

#include "server/resource/resource.h"

#define SCHEMA_NAME_SIZE 96

enum schema_use {
    SCHEMA_REPLY,
    SCHEMA_BODY,   /* all fields */
    SCHEMA_CREATE, /* those with FIELD_CREATE */
    SCHEMA_UPDATE,
    SCHEMA_FILTER,
};

struct schemas {
    json_t *components; /* by name */
    json_t *names;      /* of tables: by their address */
    json_t *keys;       /* of components: by the table's address and the use */
};

void schemas_init(struct schemas *schemas);
void schemas_release(struct schemas *schemas);

/* Names a table of fields or filters, if it has no name yet. */
void schemas_name(struct schemas *schemas, const void *table, const char *name);

/* "Flow run" and "flow_runs" -> "FlowRun", "FlowRuns"; appends to what `name` holds. */
void schemas_camel(char name[static SCHEMA_NAME_SIZE], const char *words);

/* References ({"$ref": …}). `name` is for a table that has none yet. New references. */
json_t *schema_of_reply(struct schemas *schemas, const struct field *fields, const char *name);
json_t *schema_of_body(struct schemas *schemas, const struct body *body, const char *name);

/* The body of a route that has filters: what `body` says, the resource's filters and its sorts. */
json_t *schema_of_filters(struct schemas *schemas, const struct body *body,
                          const struct resource *resource);

/* The schema of one field by itself, for a parameter. */
json_t *schema_of_field(struct schemas *schemas, const struct field *field, enum schema_use use,
                        const char *owner);
