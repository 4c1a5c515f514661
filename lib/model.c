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
TYPE(fm_type_time, FM_KIND_TIME, struct fm_time);
TYPE(fm_type_datetime, FM_KIND_DATETIME, struct fm_datetime);
TYPE(fm_type_uuid, FM_KIND_UUID, struct fm_uuid);
TYPE(fm_type_json, FM_KIND_JSON, struct fm_json);
TYPE(fm_type_bytes, FM_KIND_BYTES, struct fm_bytes);
TYPE_WITH(fm_type_strings, FM_KIND_LIST, fm_strings, &fm_type_string);
TYPE_WITH(fm_type_integers, FM_KIND_LIST, fm_integers, &fm_type_long_long);
TYPE_WITH(fm_type_numbers, FM_KIND_LIST, fm_numbers, &fm_type_number);
TYPE_WITH(fm_type_booleans, FM_KIND_LIST, fm_booleans, &fm_type_boolean);
TYPE_WITH(fm_type_string_set, FM_KIND_SET, fm_string_set, &fm_type_string);
TYPE_WITH(fm_type_integer_set, FM_KIND_SET, fm_integer_set, &fm_type_long_long);
TYPE_WITH(fm_type_string_map, FM_KIND_MAP, fm_string_map, &fm_type_string);
TYPE_WITH(fm_type_integer_map, FM_KIND_MAP, fm_integer_map, &fm_type_long_long);
TYPE_WITH(fm_type_number_map, FM_KIND_MAP, fm_number_map, &fm_type_number);
TYPE_WITH(fm_type_boolean_map, FM_KIND_MAP, fm_boolean_map, &fm_type_boolean);
TYPE_WITH(fm_type_optional_int, FM_KIND_OPTIONAL, int *, &fm_type_int);
TYPE_WITH(fm_type_optional_long, FM_KIND_OPTIONAL, long *, &fm_type_long);
TYPE_WITH(fm_type_optional_long_long, FM_KIND_OPTIONAL, long long *, &fm_type_long_long);
TYPE_WITH(fm_type_optional_number, FM_KIND_OPTIONAL, double *, &fm_type_number);
TYPE_WITH(fm_type_optional_boolean, FM_KIND_OPTIONAL, bool *, &fm_type_boolean);
TYPE_WITH(fm_type_optional_date, FM_KIND_OPTIONAL, struct fm_date *, &fm_type_date);
TYPE_WITH(fm_type_optional_time, FM_KIND_OPTIONAL, struct fm_time *, &fm_type_time);
TYPE_WITH(fm_type_optional_datetime, FM_KIND_OPTIONAL, struct fm_datetime *, &fm_type_datetime);
TYPE_WITH(fm_type_optional_uuid, FM_KIND_OPTIONAL, struct fm_uuid *, &fm_type_uuid);
TYPE_WITH(fm_type_optional_bytes, FM_KIND_OPTIONAL, struct fm_bytes *, &fm_type_bytes);

/* Named after what the stock client calls the type, which makes the keys of inputs from it. */
#define BUILT_IN(name_, python_, c_type, type_)                                                    \
    static const struct fm_field name_##_fields[] = {{.name = "value", .type = (type_)}, FM_END};  \
    const struct name_ name_ = {.model = {.name = python_ "AutomaticRunInput",                     \
                                          .size = sizeof(c_type),                                  \
                                          .fields = name_##_fields,                                \
                                          .bare = true}}

BUILT_IN(fm_string_model, "str", const char *, &fm_type_string);
BUILT_IN(fm_integer_model, "int", int64_t, &fm_type_long_long);
BUILT_IN(fm_number_model, "float", double, &fm_type_number);
BUILT_IN(fm_boolean_model, "bool", bool, &fm_type_boolean);
BUILT_IN(fm_date_model, "date", struct fm_date, &fm_type_date);
BUILT_IN(fm_time_model, "time", struct fm_time, &fm_type_time);
BUILT_IN(fm_datetime_model, "datetime", struct fm_datetime, &fm_type_datetime);
BUILT_IN(fm_uuid_model, "uuid", struct fm_uuid, &fm_type_uuid);
BUILT_IN(fm_bytes_model, "annotated", struct fm_bytes, &fm_type_bytes);
BUILT_IN(fm_strings_model, "list", fm_strings, &fm_type_strings);
BUILT_IN(fm_integers_model, "list", fm_integers, &fm_type_integers);
BUILT_IN(fm_numbers_model, "list", fm_numbers, &fm_type_numbers);
BUILT_IN(fm_booleans_model, "list", fm_booleans, &fm_type_booleans);
BUILT_IN(fm_string_set_model, "set", fm_string_set, &fm_type_string_set);
BUILT_IN(fm_integer_set_model, "set", fm_integer_set, &fm_type_integer_set);
BUILT_IN(fm_string_map_model, "dict", fm_string_map, &fm_type_string_map);
BUILT_IN(fm_integer_map_model, "dict", fm_integer_map, &fm_type_integer_map);
BUILT_IN(fm_number_map_model, "dict", fm_number_map, &fm_type_number_map);
BUILT_IN(fm_boolean_map_model, "dict", fm_boolean_map, &fm_type_boolean_map);
BUILT_IN(fm_any_model, "any", struct fm_json, &fm_type_json);
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

const struct fm_type *type_behind(const struct fm_type *type)
{
    while (type->kind == FM_KIND_OPTIONAL)
        type = type->items;
    return type;
}

size_t field_count(const struct fm_field *fields)
{
    size_t count = 0;

    while (fields[count].name)
        count++;
    return count;
}

size_t required_count(const struct fm_field *fields)
{
    size_t count = field_count(fields);

    while (count > 0 && !field_is_required(&fields[count - 1], NULL))
        count--;
    return count;
}

size_t map_entry_size(const struct fm_type *items)
{
    size_t alignment = _Alignof(__typeof__(*((fm_string_map *)0)->items));

    return (MAP_VALUE + items->size + alignment - 1) / alignment * alignment;
}

static bool has_field(const struct fm_model *model, const char *name)
{
    for (const struct fm_field *field = model->fields; field->name; field++) {
        if (strcmp(field->name, name) == 0)
            return true;
    }
    return false;
}

int check_table(const struct fm_model *model, struct fm_error *error)
{
    if (model->rows && model->fields[model->rows - 1].name)
        return fail(error, FM_INVALID, "the table of %s's fields has to end with FM_END",
                    model->name);
    return 0;
}

int check_initial(const struct fm_model *model, const struct fm_setting *initial,
                  struct fm_error *error)
{
    if (check_table(model, error) < 0)
        return FM_INVALID;
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

    if (value->kind == FM_VALUE_INTEGER && type_behind(type)->kind == FM_KIND_BOOLEAN) {
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
