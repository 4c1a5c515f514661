/* Checks of what clients send, in the words of pydantic, which their code may look at. */
#include <math.h>
#include <string.h>

#include "common/buf.h"
#include "common/ids.h"
#include "common/times.h"
#include "server/resource/field.h"
#include "server/resource/problems.h"

static void check_fields(const struct field *fields, unsigned only, bool open, const json_t *value,
                         struct problems *problems);

static void check_text(const struct field *field, const json_t *value, struct problems *problems)
{
    if (!json_is_string(value)) {
        problems_add(problems, "string_type", value, NULL, "Input should be a valid string");
        return;
    }
    size_t characters = 0;
    for (const char *p = json_string_value(value); *p; p++)
        characters += (*p & 0xc0) != 0x80;
    if (field->max_length && characters > (size_t)field->max_length)
        problems_add(problems, "string_too_long", value,
                     json_pack("{s:i}", "max_length", field->max_length),
                     "String should have at most %d characters", field->max_length);
}

static void check_id(const json_t *value, struct problems *problems)
{
    char id[ID_SIZE];

    if (!json_is_string(value))
        problems_add(problems, "uuid_type", value, NULL,
                     "UUID input should be a string, bytes or UUID object");
    else if (!id_parse(json_string_value(value), id))
        problems_add(problems, "uuid_parsing", value, NULL, "Input should be a valid UUID");
}

static void check_bounds(const struct field *field, const json_t *value, struct problems *problems)
{
    if (field->minimum && json_number_value(value) < (double)*field->minimum)
        problems_add(problems, "greater_than_equal", value,
                     json_pack("{s:I}", "ge", (json_int_t)*field->minimum),
                     "Input should be greater than or equal to %lld", (long long)*field->minimum);
    if (field->maximum && json_number_value(value) > (double)*field->maximum)
        problems_add(problems, "less_than_equal", value,
                     json_pack("{s:I}", "le", (json_int_t)*field->maximum),
                     "Input should be less than or equal to %lld", (long long)*field->maximum);
}

static void check_integer(const struct field *field, const json_t *value, struct problems *problems)
{
    double real = json_real_value(value);

    if (json_is_real(value) && (real != floor(real) || fabs(real) > 9e18))
        problems_add(problems, "int_from_float", value, NULL,
                     "Input should be a valid integer, got a number with a fractional part");
    else if (!json_is_number(value))
        problems_add(problems, "int_type", value, NULL, "Input should be a valid integer");
    else
        check_bounds(field, value, problems);
}

static void check_number(const struct field *field, const json_t *value, struct problems *problems)
{
    if (!json_is_number(value))
        problems_add(problems, "float_type", value, NULL, "Input should be a valid number");
    else
        check_bounds(field, value, problems);
}

static void check_boolean(const json_t *value, struct problems *problems)
{
    if (!json_is_boolean(value))
        problems_add(problems, "bool_type", value, NULL, "Input should be a valid boolean");
}

static void check_time(const json_t *value, struct problems *problems)
{
    int64_t time;

    if (!json_is_string(value))
        problems_add(problems, "datetime_type", value, NULL, "Input should be a valid datetime");
    else if (!time_parse(json_string_value(value), &time))
        problems_add(problems, "datetime_from_date_parsing", value, NULL,
                     "Input should be a valid datetime or date");
}

static void check_enum(const struct field *field, const json_t *value, struct problems *problems)
{
    const char *text = json_string_value(value);
    buf_auto expected = BUF_INIT;

    for (const char *const *choice = field->choices; *choice; choice++) {
        if (text && strcmp(text, *choice) == 0)
            return;
        const char *between = choice == field->choices ? "" : choice[1] ? ", " : " or ";
        buf_addf(&expected, "%s'%s'", between, *choice);
    }
    problems_add(problems, "enum", value, json_pack("{s:s}", "expected", buf_string(&expected)),
                 "Input should be %s", buf_string(&expected));
}

static void check_map(const json_t *value, struct problems *problems)
{
    if (!json_is_object(value))
        problems_add(problems, "dict_type", value, NULL, "Input should be a valid dictionary");
}

/* How many entries an array may have; those of any JSON are bounded by the body alone. */
static size_t list_limit(const struct field *field)
{
    static const size_t limits[] = {[FIELD_STRINGS] = FIELD_STRINGS_LIMIT,
                                    [FIELD_IDS] = FIELD_IDS_LIMIT,
                                    [FIELD_LIST] = SIZE_MAX,
                                    [FIELD_OBJECTS] = FIELD_OBJECTS_LIMIT};

    return field->most ? (size_t)field->most : limits[field->type];
}

/* Checks every entry of an array as if it were a field of its own. */
static void check_list(const struct field *field, const json_t *value, struct problems *problems)
{
    size_t i;
    json_t *entry;

    if (!json_is_array(value)) {
        problems_add(problems, "list_type", value, NULL, "Input should be a valid list");
        return;
    }
    if (json_array_size(value) > list_limit(field)) {
        problems_add_too_long(problems, value, list_limit(field));
        return;
    }
    json_array_foreach(value, i, entry) {
        problems_enter_index(problems, i);
        if (field->type == FIELD_STRINGS)
            check_text(field, entry, problems);
        else if (field->type == FIELD_IDS)
            check_id(entry, problems);
        else if (field->type == FIELD_OBJECTS)
            check_fields(field->fields, 0, field->flags & FIELD_OPEN, entry, problems);
        problems_leave(problems);
    }
}

static void check_field(const struct field *field, const json_t *value, struct problems *problems)
{
    if (json_is_null(value) && (field->flags & FIELD_NULLABLE))
        return;
    switch (field->type) {
    case FIELD_ID:
        check_id(value, problems);
        break;
    case FIELD_TEXT:
        check_text(field, value, problems);
        break;
    case FIELD_INTEGER:
        check_integer(field, value, problems);
        break;
    case FIELD_NUMBER:
        check_number(field, value, problems);
        break;
    case FIELD_BOOLEAN:
        check_boolean(value, problems);
        break;
    case FIELD_TIME:
        check_time(value, problems);
        break;
    case FIELD_ENUM:
        check_enum(field, value, problems);
        break;
    case FIELD_MAP:
        check_map(value, problems);
        break;
    case FIELD_OBJECT:
        check_fields(field->fields, 0, field->flags & FIELD_OPEN, value, problems);
        break;
    case FIELD_STRINGS:
    case FIELD_IDS:
    case FIELD_LIST:
    case FIELD_OBJECTS:
        check_list(field, value, problems);
        break;
    case FIELD_JSON:
        break;
    }
}

static bool may_be_sent(const struct field *field, unsigned only)
{
    return !only || (field->flags & only);
}

static void check_fields(const struct field *fields, unsigned only, bool open, const json_t *value,
                         struct problems *problems)
{
    const char *key;
    json_t *member;

    if (!json_is_object(value)) {
        problems_add(problems, "model_attributes_type", value, NULL,
                     "Input should be a valid dictionary or object to extract fields from");
        return;
    }
    for (const struct field *field = fields; field->name; field++) {
        const json_t *sent = may_be_sent(field, only) ? json_object_get(value, field->name) : NULL;
        if (sent) {
            problems_enter(problems, field->name);
            check_field(field, sent, problems);
            problems_leave(problems);
        } else if ((field->flags & FIELD_REQUIRED) && only != FIELD_UPDATE) {
            problems_add_at(problems, field->name, "missing", value, "Field required");
        }
    }
    if (open || problems->lenient)
        return;
    json_object_foreach((json_t *)value, key, member) {
        const struct field *field = field_find(fields, key);
        if (!field || !may_be_sent(field, only))
            problems_add_at(problems, key, "extra_forbidden", member,
                            "Extra inputs are not permitted");
    }
}

void body_check(const struct body *body, const json_t *value, struct problems *problems)
{
    size_t i;
    json_t *entry;

    if (!body->list) {
        check_fields(body->fields, body->only, body->open, value, problems);
        return;
    }
    if (!json_is_array(value)) {
        problems_add(problems, "list_type", value, NULL, "Input should be a valid list");
        return;
    }
    if (body->most && json_array_size(value) > (size_t)body->most) {
        problems_add_too_long(problems, value, (size_t)body->most);
        return;
    }
    json_array_foreach(value, i, entry) {
        problems_enter_index(problems, i);
        check_fields(body->fields, body->only, body->open, entry, problems);
        problems_leave(problems);
    }
}
