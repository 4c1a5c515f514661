#include "lib/model.h"

#include <string.h>

#include "lib/errors.h"
#include "json/text.h"

#define TYPE(name_, kind_, c_type)                                                                 \
    const struct fm_type name_ = {.kind = (kind_), .size = sizeof(c_type)}
#define TYPE_WITH(name_, kind_, c_type, items_)                                                    \
    const struct fm_type name_ = {.kind = (kind_), .size = sizeof(c_type), .items = (items_)}

TYPE(fm_type_string, FM_KIND_STRING, const char *);
TYPE(fm_type_int, FM_KIND_INTEGER, int);
TYPE(fm_type_long, FM_KIND_INTEGER, long);
TYPE(fm_type_long_long, FM_KIND_INTEGER, long long);
TYPE(fm_type_number, FM_KIND_NUMBER, double);
TYPE(fm_type_boolean, FM_KIND_BOOLEAN, bool);
TYPE(fm_type_date, FM_KIND_DATE, struct fm_date);
TYPE(fm_type_datetime, FM_KIND_DATETIME, struct fm_datetime);
TYPE(fm_type_uuid, FM_KIND_UUID, struct fm_uuid);
TYPE(fm_type_json, FM_KIND_JSON, struct fm_json);
TYPE_WITH(fm_type_strings, FM_KIND_LIST, fm_strings, &fm_type_string);
TYPE_WITH(fm_type_integers, FM_KIND_LIST, fm_integers, &fm_type_long_long);
TYPE_WITH(fm_type_numbers, FM_KIND_LIST, fm_numbers, &fm_type_number);
TYPE_WITH(fm_type_booleans, FM_KIND_LIST, fm_booleans, &fm_type_boolean);
TYPE_WITH(fm_type_optional_integer, FM_KIND_OPTIONAL, int64_t *, &fm_type_long_long);
TYPE_WITH(fm_type_optional_number, FM_KIND_OPTIONAL, double *, &fm_type_number);
TYPE_WITH(fm_type_optional_boolean, FM_KIND_OPTIONAL, bool *, &fm_type_boolean);

/* Titled as the stock client does, which makes the keys of inputs from it. */
#define BUILT_IN(name_, title_, c_type, type_)                                                     \
    static const struct fm_field name_##_fields[] = {{.name = "value", .type = (type_)}, FM_END};  \
    const struct name_ name_ = {                                                                   \
        .model = {.name = (title_), .size = sizeof(c_type), .fields = name_##_fields}}

BUILT_IN(fm_string_model, "strAutomaticRunInput", const char *, &fm_type_string);
BUILT_IN(fm_integer_model, "intAutomaticRunInput", int64_t, &fm_type_long_long);
BUILT_IN(fm_number_model, "floatAutomaticRunInput", double, &fm_type_number);
BUILT_IN(fm_boolean_model, "boolAutomaticRunInput", bool, &fm_type_boolean);
BUILT_IN(fm_strings_model, "listAutomaticRunInput", fm_strings, &fm_type_strings);
BUILT_IN(fm_integers_model, "listAutomaticRunInput", fm_integers, &fm_type_integers);
BUILT_IN(fm_numbers_model, "listAutomaticRunInput", fm_numbers, &fm_type_numbers);
BUILT_IN(fm_booleans_model, "listAutomaticRunInput", fm_booleans, &fm_type_booleans);
BUILT_IN(fm_any_model, "AnyAutomaticRunInput", struct fm_json, &fm_type_json);
const struct fm_nothing_model fm_nothing_model = {.model = {.name = "nothing"}};

const struct fm_value *field_default(const struct fm_field *field, const struct fm_setting *initial)
{
    for (; initial && initial->field; initial++) {
        if (strcmp(initial->field, field->name) == 0)
            return &initial->value;
    }
    return &field->default_value;
}

bool field_is_required(const struct fm_field *field, const struct fm_setting *initial)
{
    return !field->optional && field_default(field, initial)->kind == FM_VALUE_NONE;
}

static bool has_field(const struct fm_model *model, const char *name)
{
    for (const struct fm_field *field = model->fields; field->name; field++) {
        if (strcmp(field->name, name) == 0)
            return true;
    }
    return false;
}

int check_initial(const struct fm_model *model, const struct fm_setting *initial,
                  struct fm_error *error)
{
    for (; initial && initial->field; initial++) {
        if (!has_field(model, initial->field))
            return fail(error, FM_INVALID, "initial data: %s has no field '%s'", model->name,
                        initial->field);
    }
    return 0;
}

/* The JSON that the value says; whether it suits the field is seen by those who decode it. */
json_t *value_to_json(const struct fm_value *value, const struct fm_type *type,
                      struct fm_error *error)
{
    struct error parse_error;
    json_t *json = NULL;

    if (value->kind == FM_VALUE_INTEGER && type->kind == FM_KIND_BOOLEAN) {
        json = json_boolean(value->integer != 0);
    } else if (value->kind == FM_VALUE_INTEGER) {
        json = json_integer(value->integer);
    } else if (value->kind == FM_VALUE_NUMBER) {
        json = json_real(value->number);
    } else if (value->kind == FM_VALUE_STRING && !value->text) {
        json = json_null();
    } else if (value->kind == FM_VALUE_STRING) {
        json = json_string(value->text);
    } else {
        json = json_parse(value->text, strlen(value->text), &parse_error);
        if (!json)
            fail(error, FM_INVALID, "'%s' is no JSON: %s", value->text, parse_error.message);
        return json;
    }
    if (!json)
        fail(error, FM_INVALID, "a value is no UTF-8, not a finite number, or memory ran out");
    return json;
}
