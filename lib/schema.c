/* From a table of fields to JSON Schema. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/errors.h"
#include "lib/model.h"
#include "json/text.h"

#define MODELS_LIMIT 64 /* different structs inside one model */
#define TYPE_DEPTH   12 /* types in one another, with no struct between: within a writer's depth */

struct schema {
    struct json_writer writer;
    const struct fm_model *models[MODELS_LIMIT]; /* those inside, which go under "$defs" */
    size_t model_count;
    int depth;   /* of the type that is being written */
    bool checks; /* the author's own check, of one of those written so far */
    struct fm_error *error;
};

static int write_type(struct schema *schema, const struct fm_type *type,
                      const struct fm_field *field);
static int write_part(struct schema *schema, const struct fm_field *field);

/* "first_name" is "First Name". */
static void write_title(struct json_writer *writer, const struct fm_field *field)
{
    buf_auto title = BUF_INIT;
    bool begins = true;

    if (!field->title) {
        for (const char *c = field->name; *c; c++) {
            if (*c == '_')
                buf_add_char(&title, ' ');
            else
                buf_add_char(&title, (char)(begins ? toupper((unsigned char)*c)
                                                   : tolower((unsigned char)*c)));
            begins = !isalpha((unsigned char)*c);
        }
    }
    json_key(writer, "title");
    json_add_string(writer, field->title ? field->title : buf_string(&title));
}

static void write_string_member(struct json_writer *writer, const char *key, const char *value)
{
    if (!value)
        return;
    json_key(writer, key);
    json_add_string(writer, value);
}

static int note_model(struct schema *schema, const struct fm_model *model)
{
    for (size_t i = 0; i < schema->model_count; i++) {
        if (schema->models[i] == model)
            return 0;
        if (strcmp(schema->models[i]->name, model->name) == 0)
            return fail(schema->error, FM_INVALID,
                        "two different structs inside a model are called %s: rename one",
                        model->name);
    }
    if (schema->model_count == MODELS_LIMIT)
        return fail(schema->error, FM_INVALID, "more than %d structs inside a model", MODELS_LIMIT);
    schema->models[schema->model_count++] = model;
    return 0;
}

static int write_reference(struct schema *schema, const struct fm_type *type,
                           const struct fm_field *field)
{
    buf_auto reference = BUF_INIT;

    (void)field;
    buf_addf(&reference, "#/$defs/%s", type->model->name);
    if (reference.failed)
        return fail_without_memory(schema->error);
    write_string_member(&schema->writer, "$ref", buf_string(&reference));
    return note_model(schema, type->model);
}

static int write_encoding(struct schema *schema, const struct fm_type *type,
                          const struct fm_field *field)
{
    (void)type;
    (void)field;
    write_string_member(&schema->writer, "contentEncoding", "base64");
    return 0;
}

/* A type as a schema of its own, with its braces. */
static int write_inner(struct schema *schema, const struct fm_type *type,
                       const struct fm_field *field)
{
    json_begin_object(&schema->writer);
    int r = write_type(schema, type, field);
    json_end_object(&schema->writer);
    return r;
}

static int write_list(struct schema *schema, const struct fm_type *type,
                      const struct fm_field *field)
{
    if (type->kind == FM_KIND_SET) {
        json_key(&schema->writer, "uniqueItems");
        json_add_bool(&schema->writer, true);
    }
    json_key(&schema->writer, "items");
    return write_inner(schema, type->items, field);
}

static int write_map(struct schema *schema, const struct fm_type *type,
                     const struct fm_field *field)
{
    json_key(&schema->writer, "additionalProperties");
    if (type->items->kind != FM_KIND_JSON)
        return write_inner(schema, type->items, field);
    json_add_bool(&schema->writer, true);
    return 0;
}

static int write_tuple(struct schema *schema, const struct fm_type *type,
                       const struct fm_field *field)
{
    const struct fm_field *fields = type->model->fields;
    int r = check_table(type->model, schema->error);

    (void)field;
    if (r < 0)
        return r;
    schema->checks = schema->checks || type->model->check;
    json_key(&schema->writer, "prefixItems");
    json_begin_array(&schema->writer);
    for (; fields->name && r == 0; fields++)
        r = write_part(schema, fields);
    json_end_array(&schema->writer);
    json_key(&schema->writer, "minItems");
    json_add_integer(&schema->writer, (int64_t)required_count(type->model->fields));
    json_key(&schema->writer, "maxItems");
    json_add_integer(&schema->writer, (int64_t)field_count(type->model->fields));
    return r;
}

/* {"anyOf": [the arms of a union, or the one other type; {"type": "null"} if it may be null]} */
static int write_any_of(struct schema *schema, const struct fm_type *type,
                        const struct fm_field *field, bool nullable)
{
    int r = 0;

    json_key(&schema->writer, "anyOf");
    json_begin_array(&schema->writer);
    if (type->kind == FM_KIND_UNION) {
        for (const struct fm_field *arm = type->arms->fields; arm->name && r == 0; arm++)
            r = write_part(schema, arm);
    } else {
        r = write_inner(schema, type, field);
    }
    if (nullable) {
        json_begin_object(&schema->writer);
        write_string_member(&schema->writer, "type", "null");
        json_end_object(&schema->writer);
    }
    json_end_array(&schema->writer);
    return r;
}

static int write_union(struct schema *schema, const struct fm_type *type,
                       const struct fm_field *field)
{
    return write_any_of(schema, type, field, false);
}

static int write_optional(struct schema *schema, const struct fm_type *type,
                          const struct fm_field *field)
{
    return write_any_of(schema, type_behind(type), field, true);
}

static int write_choices(struct schema *schema, const struct fm_type *type,
                         const struct fm_field *field)
{
    struct json_writer *writer = &schema->writer;
    const char *const *choice = field->choices;
    bool numbered = type->kind == FM_KIND_INTEGER;

    if (numbered ? field->numbered_choices.count == 0 : !choice)
        return 0;
    json_key(writer, "enum");
    json_begin_array(writer);
    if (numbered) {
        for (size_t i = 0; i < field->numbered_choices.count; i++)
            json_add_integer(writer, field->numbered_choices.items[i]);
    } else {
        for (; *choice; choice++)
            json_add_string(writer, *choice);
    }
    json_end_array(writer);
    return 0;
}

/* What a kind of type is in JSON Schema. */
static const struct {
    const char *type, *format;
    const char *least, *most; /* the keywords of `min_length` and `max_length` */
    int (*write)(struct schema *schema, const struct fm_type *type, const struct fm_field *field);
} kinds[] = {
    [FM_KIND_STRING] = {"string", NULL, "minLength", "maxLength", write_choices},
    [FM_KIND_INTEGER] = {.type = "integer", .write = write_choices},
    [FM_KIND_NUMBER] = {.type = "number"},
    [FM_KIND_BOOLEAN] = {.type = "boolean"},
    [FM_KIND_DATE] = {.type = "string", .format = "date"},
    [FM_KIND_TIME] = {.type = "string", .format = "time"},
    [FM_KIND_DATETIME] = {.type = "string", .format = "date-time"},
    [FM_KIND_UUID] = {.type = "string", .format = "uuid"},
    [FM_KIND_BYTES] = {"string", "base64", "minLength", "maxLength", write_encoding},
    [FM_KIND_JSON] = {.type = NULL},
    [FM_KIND_LIST] = {"array", NULL, "minItems", "maxItems", write_list},
    [FM_KIND_SET] = {"array", NULL, "minItems", "maxItems", write_list},
    [FM_KIND_MAP] = {"object", NULL, "minProperties", "maxProperties", write_map},
    [FM_KIND_TUPLE] = {.type = "array", .write = write_tuple},
    [FM_KIND_OPTIONAL] = {NULL, .write = write_optional},
    [FM_KIND_UNION] = {NULL, .write = write_union},
    [FM_KIND_MODEL] = {NULL, .write = write_reference},
};

/* The members that say of which type a value of the field is, or one inside of it, without their
 * object. */
static int write_type(struct schema *schema, const struct fm_type *type,
                      const struct fm_field *field)
{
    if (schema->depth == TYPE_DEPTH)
        return fail(schema->error, FM_INVALID,
                    "types are nested deeper than %d in '%s': a struct between them helps",
                    TYPE_DEPTH, field->name);
    schema->depth++;
    write_string_member(&schema->writer, "type", kinds[type->kind].type);
    write_string_member(&schema->writer, "format", kinds[type->kind].format);
    int r = kinds[type->kind].write ? kinds[type->kind].write(schema, type, field) : 0;
    schema->depth--;
    return r;
}

static void write_bound(struct json_writer *writer, const char *key, const struct fm_value *bound)
{
    if (bound->kind == FM_VALUE_NONE)
        return;
    json_key(writer, key);
    if (bound->kind == FM_VALUE_NUMBER)
        json_add_number(writer, bound->number);
    else
        json_add_integer(writer, bound->integer);
}

static void write_length(struct json_writer *writer, const char *key, size_t length)
{
    if (length == 0 || !key)
        return;
    json_key(writer, key);
    json_add_integer(writer, (int64_t)length);
}

static void write_rules(struct json_writer *writer, const struct fm_field *field)
{
    enum fm_kind kind = type_behind(field->type)->kind;

    write_bound(writer, "minimum", &field->minimum);
    write_bound(writer, "maximum", &field->maximum);
    write_bound(writer, "exclusiveMinimum", &field->exclusive_minimum);
    write_bound(writer, "exclusiveMaximum", &field->exclusive_maximum);
    write_length(writer, kinds[kind].least, field->min_length);
    write_length(writer, kinds[kind].most, field->max_length);
    write_string_member(writer, "pattern", field->pattern);
    write_string_member(writer, "format", field->format);
}

/* What a field says of its values, and help for the one who fills it in. */
static int write_description(struct schema *schema, const struct fm_field *field)
{
    bool string_or_null = field->optional && field->type->kind == FM_KIND_STRING;

    int r = check_field(field, schema->error);
    if (r < 0)
        return r;
    r = string_or_null ? write_any_of(schema, field->type, field, true)
                       : write_type(schema, field->type, field);
    write_rules(&schema->writer, field);
    write_string_member(&schema->writer, "description", field->description);
    return r;
}

/* A position of a tuple or an arm of a union, which has a title only if it is given one. */
static int write_part(struct schema *schema, const struct fm_field *field)
{
    json_begin_object(&schema->writer);
    int r = write_description(schema, field);
    write_string_member(&schema->writer, "title", field->title);
    json_end_object(&schema->writer);
    return r;
}

static int write_default(struct schema *schema, const struct fm_field *field,
                         const struct fm_setting *initial)
{
    const struct fm_value *value = field_default(field, initial);

    if (value->kind == FM_VALUE_NONE) {
        if (field->optional) {
            json_key(&schema->writer, "default");
            json_add_null(&schema->writer);
        }
        return 0;
    }
    json_t *json = value_to_json(value, field->type, schema->error);
    if (!json)
        return fail_prefix(schema->error, "default of '%s'", field->name);
    if (check_value(field, json, schema->error) < 0) {
        json_decref(json);
        return fail_prefix(schema->error, "default of '%s'", field->name);
    }
    char *text = json_dumps(json, JSON_ENCODE_ANY | JSON_REAL_PRECISION(17));
    json_key(&schema->writer, "default");
    if (json_is_real(json))
        json_add_number(&schema->writer, json_real_value(json));
    else
        json_add_text(&schema->writer, text);
    bool ok = text != NULL;
    free(text);
    json_decref(json);
    return ok ? 0 : fail_without_memory(schema->error);
}

static int write_field(struct schema *schema, const struct fm_field *field,
                       const struct fm_setting *initial)
{
    json_key(&schema->writer, field->name);
    json_begin_object(&schema->writer);
    int r = write_description(schema, field);
    write_title(&schema->writer, field);
    if (r == 0)
        r = write_default(schema, field, initial);
    json_end_object(&schema->writer);
    return r;
}

static void write_required(struct json_writer *writer, const struct fm_model *model,
                           const struct fm_setting *initial)
{
    bool begun = false;

    for (const struct fm_field *field = model->fields; field->name; field++) {
        if (!field_is_required(field, initial))
            continue;
        if (!begun) {
            json_key(writer, "required");
            json_begin_array(writer);
        }
        begun = true;
        json_add_string(writer, field->name);
    }
    if (begun)
        json_end_array(writer);
}

/* The members of a model's schema, without their object. */
static int write_model(struct schema *schema, const struct fm_model *model,
                       const struct fm_setting *initial)
{
    struct json_writer *writer = &schema->writer;
    int r = check_table(model, schema->error);

    if (r < 0)
        return r;
    schema->checks = schema->checks || model->check;
    write_string_member(writer, "title", model->name);
    write_string_member(writer, "type", "object");
    json_key(writer, "properties");
    json_begin_object(writer);
    for (const struct fm_field *field = model->fields; field->name && r == 0; field++)
        r = write_field(schema, field, initial);
    json_end_object(writer);
    write_required(writer, model, initial);
    json_key(writer, "additionalProperties");
    json_add_bool(writer, false);
    return r;
}

/* Writing one of them may add more to the list. */
static int write_definitions(struct schema *schema)
{
    int r = 0;

    json_key(&schema->writer, "$defs");
    json_begin_object(&schema->writer);
    for (size_t i = 0; i < schema->model_count && r == 0; i++) {
        json_key(&schema->writer, schema->models[i]->name);
        json_begin_object(&schema->writer);
        r = write_model(schema, schema->models[i], NULL);
        json_end_object(&schema->writer);
    }
    json_end_object(&schema->writer);
    return r;
}

static int write_whole(struct schema *schema, const struct fm_model *model,
                       const struct fm_setting *initial)
{
    if (check_initial(model, initial, schema->error) < 0)
        return FM_INVALID;
    int r = write_model(schema, model, initial);
    return r == 0 && schema->model_count ? write_definitions(schema) : r;
}

/* A schema that was given as text; `asks`: with what a question adds to it. */
static int add_given(const struct fm_model *model, bool asks, struct buf *to,
                     struct fm_error *error)
{
    struct error parse_error;
    json_auto_t *given = json_parse(model->schema, strlen(model->schema), &parse_error);

    if (!given)
        return fail(error, FM_INVALID, "the schema of %s is no JSON: %s", model->name,
                    parse_error.message);
    if (!json_is_object(given))
        return fail(error, FM_INVALID, "the schema of %s is no object", model->name);
    if (asks && (json_object_set_new(given, "x-fermata-check-formats", json_true()) < 0 ||
                 json_object_set_new(given, "x-fermata-checks-answers", json_false()) < 0))
        return fail_without_memory(error);
    char *text = json_dumps(given, JSON_COMPACT);
    if (text)
        buf_add_string(to, text);
    int r = text && !to->failed ? 0 : fail_without_memory(error);
    free(text);
    return r;
}

int model_schema(const struct fm_model *model, const struct fm_setting *initial, struct buf *to,
                 struct fm_error *error)
{
    struct schema schema = {.error = error};

    if (model->schema)
        return add_given(model, false, to, error);
    json_writer_init(&schema.writer, to);
    json_begin_object(&schema.writer);
    int r = write_whole(&schema, model, initial);
    json_end_object(&schema.writer);
    return r == 0 && to->failed ? fail_without_memory(error) : r;
}

int model_question(const struct fm_model *model, const struct fm_setting *initial, struct buf *to,
                   bool *ret_checks, struct fm_error *error)
{
    struct schema schema = {.error = error};

    if (model->schema) {
        *ret_checks = false;
        return add_given(model, true, to, error);
    }
    json_writer_init(&schema.writer, to);
    json_begin_object(&schema.writer);
    int r = write_whole(&schema, model, initial);
    bool checks = schema.checks || model->load;
    json_key(&schema.writer, "x-fermata-check-formats");
    json_add_bool(&schema.writer, true);
    json_key(&schema.writer, "x-fermata-checks-answers");
    json_add_bool(&schema.writer, checks);
    json_end_object(&schema.writer);
    if (r == 0 && to->failed)
        r = fail_without_memory(error);
    if (r == 0)
        *ret_checks = checks;
    return r;
}
