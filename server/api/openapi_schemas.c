#include "server/api/openapi_schemas.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* ---- names ---- */

void schemas_init(struct schemas *schemas)
{
    *schemas = (struct schemas){json_object(), json_object(), json_object()};
}

void schemas_release(struct schemas *schemas)
{
    json_decref(schemas->components);
    json_decref(schemas->names);
    json_decref(schemas->keys);
    *schemas = (struct schemas){0};
}

void schemas_camel(char name[static SCHEMA_NAME_SIZE], const char *words)
{
    size_t length = strlen(name);
    bool begins = true;

    for (const char *p = words; *p && length + 1 < SCHEMA_NAME_SIZE; p++) {
        if (!isalnum((unsigned char)*p)) {
            begins = true;
            continue;
        }
        name[length++] = begins ? (char)toupper((unsigned char)*p) : *p;
        begins = false;
    }
    name[length] = '\0';
}

static void key_of(const void *table, enum schema_use use, char ret_key[static 32])
{
    snprintf(ret_key, 32, "%p:%d", table, (int)use);
}

void schemas_name(struct schemas *schemas, const void *table, const char *name)
{
    char key[32];

    key_of(table, SCHEMA_REPLY, key);
    if (!json_object_get(schemas->names, key))
        json_object_set_new(schemas->names, key, json_string(name));
}

/* What the table is called, or else what it is now called: owner and name of the member. */
static const char *name_of(struct schemas *schemas, const void *table, const char *fallback)
{
    char key[32];

    schemas_name(schemas, table, fallback);
    key_of(table, SCHEMA_REPLY, key);
    return json_string_value(json_object_get(schemas->names, key));
}

/* The name of a member's own table: "FlowRun" and "empirical_policy" -> "FlowRunEmpiricalPolicy".
 */
static void member_name(const char *owner, const char *member,
                        char ret_name[static SCHEMA_NAME_SIZE])
{
    snprintf(ret_name, SCHEMA_NAME_SIZE, "%s", owner);
    schemas_camel(ret_name, member);
}

static json_t *reference(const char *component)
{
    return json_pack("{s:s+}", "$ref", "#/components/schemas/", component);
}

/* A reference to the component of a table and a use; NULL if there is none yet: then `ret_name` is
 * how it is to be called, and it is taken. */
static json_t *find_or_claim(struct schemas *schemas, const void *table, enum schema_use use,
                             const char *fallback, char ret_name[static SCHEMA_NAME_SIZE])
{
    static const char *const suffixes[] = {[SCHEMA_REPLY] = "",
                                           [SCHEMA_BODY] = "Body",
                                           [SCHEMA_CREATE] = "Create",
                                           [SCHEMA_UPDATE] = "Update",
                                           [SCHEMA_FILTER] = "Filter"};
    const char *base = name_of(schemas, table, fallback);
    char key[32];

    key_of(table, use, key);
    const json_t *known = json_object_get(schemas->keys, key);
    if (known)
        return reference(json_string_value(known));
    snprintf(ret_name, SCHEMA_NAME_SIZE, "%.80s%s", base, suffixes[use]);
    for (int i = 2; json_object_get(schemas->components, ret_name); i++)
        snprintf(ret_name, SCHEMA_NAME_SIZE, "%.70s%s%d", base, suffixes[use], i);
    json_object_set_new(schemas->keys, key, json_string(ret_name));
    json_object_set_new(schemas->components, ret_name, json_object());
    return NULL;
}

/* ---- fields ---- */

static const struct {
    const char *type; /* NULL: anything */
    const char *format;
    const char *items; /* the type of the entries of an array; NULL: anything */
    const char *items_format;
} types[] = {
    [FIELD_ID] = {"string", "uuid", NULL, NULL},
    [FIELD_TEXT] = {"string", NULL, NULL, NULL},
    [FIELD_INTEGER] = {"integer", NULL, NULL, NULL},
    [FIELD_NUMBER] = {"number", NULL, NULL, NULL},
    [FIELD_BOOLEAN] = {"boolean", NULL, NULL, NULL},
    [FIELD_TIME] = {"string", "date-time", NULL, NULL},
    [FIELD_ENUM] = {"string", NULL, NULL, NULL},
    [FIELD_JSON] = {NULL, NULL, NULL, NULL},
    [FIELD_MAP] = {"object", NULL, NULL, NULL},
    [FIELD_STRINGS] = {"array", NULL, "string", NULL},
    [FIELD_IDS] = {"array", NULL, "string", "uuid"},
    [FIELD_LIST] = {"array", NULL, NULL, NULL},
    [FIELD_OBJECT] = {"object", NULL, NULL, NULL},
    [FIELD_OBJECTS] = {"array", NULL, NULL, NULL},
};

static json_t *typed(const char *type, const char *format, bool nullable)
{
    json_t *schema = json_object();

    if (type)
        json_object_set_new(schema, "type",
                            nullable ? json_pack("[ss]", type, "null") : json_string(type));
    if (format)
        json_object_set_new(schema, "format", json_string(format));
    return schema;
}

static json_t *one_of(const char *const *choices, bool nullable)
{
    json_t *list = json_array();

    for (const char *const *choice = choices; *choice; choice++)
        json_array_append_new(list, json_string(*choice));
    if (nullable)
        json_array_append_new(list, json_null());
    return list;
}

static json_t *schema_of_table(struct schemas *schemas, const struct field *fields,
                               enum schema_use use, bool open, const char *name);

/* What is inside a FIELD_OBJECT is sent and given back whole. */
static json_t *object_of(struct schemas *schemas, const struct field *field, enum schema_use use,
                         const char *owner)
{
    char name[SCHEMA_NAME_SIZE];

    member_name(owner, field->name, name);
    return schema_of_table(schemas, field->fields, use == SCHEMA_REPLY ? use : SCHEMA_BODY,
                           field->flags & FIELD_OPEN, name);
}

static void add_limits(const struct field *field, json_t *schema)
{
    if (field->minimum)
        json_object_set_new(schema, "minimum", json_integer(*field->minimum));
    if (field->maximum)
        json_object_set_new(schema, "maximum", json_integer(*field->maximum));
    if (field->max_length)
        json_object_set_new(schema, "maxLength", json_integer(field->max_length));
}

json_t *schema_of_field(struct schemas *schemas, const struct field *field, enum schema_use use,
                        const char *owner)
{
    bool nullable = field->flags & FIELD_NULLABLE;
    json_t *schema;

    if (field->type == FIELD_OBJECT) {
        schema = object_of(schemas, field, use, owner);
        if (nullable)
            schema = json_pack("{s:[o,{s:s}]}", "anyOf", schema, "type", "null");
    } else {
        schema = typed(types[field->type].type, types[field->type].format, nullable);
    }
    if (field->type == FIELD_ENUM)
        json_object_set_new(schema, "enum", one_of(field->choices, nullable));
    else if (field->type == FIELD_MAP)
        json_object_set_new(schema, "additionalProperties", json_true());
    else if (field->type == FIELD_OBJECTS)
        json_object_set_new(schema, "items", object_of(schemas, field, use, owner));
    else if (types[field->type].items)
        json_object_set_new(
            schema, "items",
            typed(types[field->type].items, types[field->type].items_format, false));
    add_limits(field, schema);
    if (field->doc)
        json_object_set_new(schema, "description", json_string(field->doc));
    if (field->fallback && use != SCHEMA_REPLY)
        json_object_set_new(schema, "default", json_loads(field->fallback, JSON_DECODE_ANY, NULL));
    return schema;
}

/* ---- tables of fields ---- */

static bool is_member(const struct field *field, enum schema_use use)
{
    switch (use) {
    case SCHEMA_REPLY:
        return !(field->flags & (FIELD_NO_COLUMN | FIELD_NO_REPLY));
    case SCHEMA_CREATE:
        return field->flags & FIELD_CREATE;
    case SCHEMA_UPDATE:
        return field->flags & FIELD_UPDATE;
    default:
        return true;
    }
}

/* An object that takes any members is given back as it came: nothing in it is sure. */
static bool is_required(const struct field *field, enum schema_use use, bool open)
{
    if (use == SCHEMA_REPLY)
        return !open && !(field->flags & FIELD_OPTIONAL_REPLY);
    return use != SCHEMA_UPDATE && (field->flags & FIELD_REQUIRED);
}

static void fill_object(struct schemas *schemas, json_t *schema, const struct field *fields,
                        enum schema_use use, bool open, const char *name)
{
    json_t *properties = json_object();
    json_t *required = json_array();

    json_object_set_new(schema, "type", json_string("object"));
    for (const struct field *field = fields; field->name; field++) {
        if (!is_member(field, use))
            continue;
        json_object_set_new(properties, field->name, schema_of_field(schemas, field, use, name));
        if (is_required(field, use, open))
            json_array_append_new(required, json_string(field->name));
    }
    json_object_set_new(schema, "properties", properties);
    if (json_array_size(required))
        json_object_set(schema, "required", required);
    json_decref(required);
    if (use != SCHEMA_REPLY || open)
        json_object_set_new(schema, "additionalProperties", json_boolean(open));
}

static json_t *schema_of_table(struct schemas *schemas, const struct field *fields,
                               enum schema_use use, bool open, const char *name)
{
    char key[SCHEMA_NAME_SIZE];
    json_t *known = find_or_claim(schemas, fields, use, name, key);

    if (known)
        return known;
    fill_object(schemas, json_object_get(schemas->components, key), fields, use, open,
                name_of(schemas, fields, name));
    return reference(key);
}

json_t *schema_of_reply(struct schemas *schemas, const struct field *fields, const char *name)
{
    return schema_of_table(schemas, fields, SCHEMA_REPLY, false, name);
}

json_t *schema_of_body(struct schemas *schemas, const struct body *body, const char *name)
{
    enum schema_use use = body->only == FIELD_CREATE   ? SCHEMA_CREATE
                          : body->only == FIELD_UPDATE ? SCHEMA_UPDATE
                                                       : SCHEMA_BODY;
    json_t *schema = schema_of_table(schemas, body->fields, use, body->open, name);

    return body->list ? json_pack("{s:s,s:o}", "type", "array", "items", schema) : schema;
}

/* ---- filters ---- */

static json_t *schema_of_operand(const struct filter *filter, enum operand operand)
{
    bool lists = operand == OPERAND_LIST || operand == OPERAND_TEXTS;
    bool texts = operand == OPERAND_TEXT || operand == OPERAND_TEXTS || filter->kind == FILTER_TAGS;
    enum field_type type = texts ? FIELD_TEXT : filter->type;

    if (operand == OPERAND_FLAG)
        return typed("boolean", NULL, true);
    json_t *value = typed(types[type].type, types[type].format, !lists);
    if (type == FIELD_ENUM)
        json_object_set_new(value, "enum", one_of(filter->choices, !lists));
    return lists ? json_pack("{s:[ss],s:o}", "type", "array", "null", "items", value) : value;
}

static json_t *connective(void)
{
    return json_pack("{s:s,s:[ss],s:s,s:s}", "type", "string", "enum", "and_", "or_", "default",
                     "and_", "description", "How the conditions are joined.");
}

/* {"any_": […], …}, or null. */
static json_t *schema_of_value(const struct filter *filter)
{
    json_t *properties = json_object();

    for (const struct filter_operator *operator= filter_operators; operator->name; operator++)
        if (filter->operators & operator->bit)
            json_object_set_new(properties, operator->name,
                                schema_of_operand(filter, operator->operand));
    json_object_set_new(properties, "operator", connective());
    return json_pack("{s:[ss],s:o,s:b}", "type", "object", "null", "properties", properties,
                     "additionalProperties", false);
}

static json_t *or_null(json_t *schema)
{
    return json_pack("{s:[o,{s:s}]}", "anyOf", schema, "type", "null");
}

static json_t *schema_of_filter_table(struct schemas *schemas, const struct filter *filters,
                                      const char *name)
{
    char key[SCHEMA_NAME_SIZE];
    json_t *known = find_or_claim(schemas, filters, SCHEMA_FILTER, name, key);

    if (known)
        return known;
    json_t *properties = json_object();
    for (const struct filter *filter = filters; filter->name; filter++) {
        char nested[SCHEMA_NAME_SIZE];
        member_name(name_of(schemas, filters, name), filter->name, nested);
        json_object_set_new(properties, filter->name,
                            filter->kind == FILTER_GROUP
                                ? or_null(schema_of_filter_table(schemas, filter->nested, nested))
                                : schema_of_value(filter));
    }
    json_object_set_new(properties, "operator", connective());
    json_t *schema = json_object_get(schemas->components, key);
    json_object_set_new(schema, "type", json_string("object"));
    json_object_set_new(schema, "properties", properties);
    json_object_set_new(schema, "additionalProperties", json_false());
    return reference(key);
}

static json_t *schema_of_sorts(const struct resource *resource)
{
    json_t *names = json_array();

    for (const struct sort *sort = resource->sorts; sort->name; sort++)
        json_array_append_new(names, json_string(sort->name));
    json_array_append_new(names, json_null());
    return json_pack("{s:[ss],s:o,s:s,s:s}", "type", "string", "null", "enum", names, "default",
                     resource->sorts[0].name, "description", "The order.");
}

json_t *schema_of_filters(struct schemas *schemas, const struct body *body,
                          const struct resource *resource)
{
    json_t *schema = json_object();
    char name[SCHEMA_NAME_SIZE] = "";

    schemas_camel(name, resource->name);
    fill_object(schemas, schema, body->fields, SCHEMA_BODY, body->open, name);
    json_t *properties = json_object_get(schema, "properties");
    if (json_object_get(properties, "sort"))
        json_object_set_new(properties, "sort", schema_of_sorts(resource));
    json_object_set_new(properties, resource->filter_key,
                        or_null(schema_of_filter_table(schemas, resource->filters, name)));
    for (const struct relation *relation = resource->relations;
         body->open && relation && relation->key; relation++) {
        char other[SCHEMA_NAME_SIZE] = "";
        schemas_camel(other, relation->key);
        json_object_set_new(properties, relation->key,
                            or_null(schema_of_filter_table(schemas, relation->filters, other)));
    }
    return schema;
}
