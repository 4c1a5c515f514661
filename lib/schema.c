/* From a table of fields to JSON Schema. */
#include <ctype.h>
#include <string.h>

#include "lib/errors.h"
#include "lib/model.h"

#define MODELS_LIMIT 64 /* different structs inside one model */

struct schema {
    struct json_writer writer;
    const struct fm_model *models[MODELS_LIMIT]; /* those inside, which go under "$defs" */
    size_t model_count;
    struct fm_error *error;
};

static int write_type(struct schema *schema, const struct fm_type *type,
                      const char *const *choices);

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
    }
    if (schema->model_count == MODELS_LIMIT)
        return fail(schema->error, FM_INVALID, "more than %d structs inside a model", MODELS_LIMIT);
    schema->models[schema->model_count++] = model;
    return 0;
}

static int write_reference(struct schema *schema, const struct fm_model *model)
{
    buf_auto reference = BUF_INIT;

    buf_addf(&reference, "#/$defs/%s", model->name);
    write_string_member(&schema->writer, "$ref", buf_string(&reference));
    return note_model(schema, model);
}

static int write_items(struct schema *schema, const struct fm_type *items,
                       const char *const *choices)
{
    json_key(&schema->writer, "items");
    json_begin_object(&schema->writer);
    int r = write_type(schema, items, choices);
    json_end_object(&schema->writer);
    return r;
}

/* {"anyOf": [the type, {"type": "null"}]} */
static int write_or_null(struct schema *schema, const struct fm_type *type,
                         const char *const *choices)
{
    json_key(&schema->writer, "anyOf");
    json_begin_array(&schema->writer);
    json_begin_object(&schema->writer);
    int r = write_type(schema, type, choices);
    json_end_object(&schema->writer);
    json_begin_object(&schema->writer);
    write_string_member(&schema->writer, "type", "null");
    json_end_object(&schema->writer);
    json_end_array(&schema->writer);
    return r;
}

static void write_choices(struct json_writer *writer, const char *const *choices)
{
    if (!choices)
        return;
    json_key(writer, "enum");
    json_begin_array(writer);
    for (; *choices; choices++)
        json_add_string(writer, *choices);
    json_end_array(writer);
}

/* The members that say of which type a value is, without their object. Choices are those of the
 * strings in it. */
static int write_type(struct schema *schema, const struct fm_type *type, const char *const *choices)
{
    static const struct {
        const char *type;
        const char *format;
    } kinds[] = {
        [FM_KIND_STRING] = {"string", NULL}, [FM_KIND_INTEGER] = {"integer", NULL},
        [FM_KIND_NUMBER] = {"number", NULL}, [FM_KIND_BOOLEAN] = {"boolean", NULL},
        [FM_KIND_DATE] = {"string", "date"}, [FM_KIND_DATETIME] = {"string", "date-time"},
        [FM_KIND_UUID] = {"string", "uuid"}, [FM_KIND_JSON] = {NULL, NULL},
        [FM_KIND_LIST] = {"array", NULL},    [FM_KIND_OPTIONAL] = {NULL, NULL},
        [FM_KIND_MODEL] = {NULL, NULL},
    };

    write_string_member(&schema->writer, "type", kinds[type->kind].type);
    write_string_member(&schema->writer, "format", kinds[type->kind].format);
    switch (type->kind) {
    case FM_KIND_STRING:
        write_choices(&schema->writer, choices);
        return 0;
    case FM_KIND_LIST:
        return write_items(schema, type->items, choices);
    case FM_KIND_OPTIONAL:
        return write_or_null(schema, type->items, choices);
    case FM_KIND_MODEL:
        return write_reference(schema, type->model);
    default:
        return 0;
    }
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
    if (length == 0)
        return;
    json_key(writer, key);
    json_add_integer(writer, (int64_t)length);
}

static void write_rules(struct json_writer *writer, const struct fm_field *field)
{
    bool list = field->type->kind == FM_KIND_LIST;

    write_bound(writer, "minimum", &field->minimum);
    write_bound(writer, "maximum", &field->maximum);
    write_bound(writer, "exclusiveMinimum", &field->exclusive_minimum);
    write_bound(writer, "exclusiveMaximum", &field->exclusive_maximum);
    write_length(writer, list ? "minItems" : "minLength", field->min_length);
    write_length(writer, list ? "maxItems" : "maxLength", field->max_length);
    write_string_member(writer, "pattern", field->pattern);
    write_string_member(writer, "format", field->format);
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
    struct json_writer *writer = &schema->writer;
    bool string_or_null = field->optional && field->type->kind == FM_KIND_STRING;

    json_key(writer, field->name);
    json_begin_object(writer);
    int r = string_or_null ? write_or_null(schema, field->type, field->choices)
                           : write_type(schema, field->type, field->choices);
    write_rules(writer, field);
    write_title(writer, field);
    write_string_member(writer, "description", field->description);
    if (r == 0)
        r = write_default(schema, field, initial);
    json_end_object(writer);
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
    int r = 0;

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

static int write_schema(const struct fm_model *model, const struct fm_setting *initial, bool asks,
                        struct buf *to, struct fm_error *error)
{
    struct schema schema = {.error = error};

    if (check_initial(model, initial, error) < 0)
        return FM_INVALID;
    json_writer_init(&schema.writer, to);
    json_begin_object(&schema.writer);
    int r = write_model(&schema, model, initial);
    if (r == 0 && schema.model_count)
        r = write_definitions(&schema);
    if (asks) {
        json_key(&schema.writer, "x-fermata-check-formats");
        json_add_bool(&schema.writer, true);
        json_key(&schema.writer, "x-fermata-checks-answers");
        json_add_bool(&schema.writer, model->check != NULL);
    }
    json_end_object(&schema.writer);
    if (r == 0 && to->failed)
        return fail_without_memory(error);
    return r;
}

int model_schema(const struct fm_model *model, const struct fm_setting *initial, struct buf *to,
                 struct fm_error *error)
{
    return write_schema(model, initial, false, to, error);
}

int model_question(const struct fm_model *model, const struct fm_setting *initial, struct buf *to,
                   struct fm_error *error)
{
    return write_schema(model, initial, true, to, error);
}
