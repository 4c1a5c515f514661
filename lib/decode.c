/* From JSON to a struct, by a table of fields. */
#include <math.h>
#include <string.h>

#include "common/ids.h"
#include "common/times.h"
#include "lib/errors.h"
#include "lib/model.h"
#include "json/text.h"

struct decoder {
    struct arena *arena;
    struct fm_problems *problems;
    struct fm_error *error;
    struct buf path; /* of the value that is being read: "address.streets[2]" */
    int depth;
};

/* Each gives 0 also where it has added a problem; negative only where reading cannot go on. */
typedef int decode_function(struct decoder *decoder, const struct fm_type *type, const json_t *json,
                            void *to);
static int decode_value(struct decoder *decoder, const struct fm_type *type, const json_t *json,
                        void *to);
static int decode_struct(struct decoder *decoder, const struct fm_model *model,
                         const struct fm_setting *initial, const json_t *json, void *to);

static void leave(struct decoder *decoder, size_t length)
{
    decoder->path.length = length;
    if (decoder->path.data)
        decoder->path.data[length] = '\0';
}

static const char *path_of(const struct decoder *decoder)
{
    return buf_string(&decoder->path);
}

static int must_be(struct decoder *decoder, const char *what)
{
    fm_problem(decoder->problems, path_of(decoder), "must be %s", what);
    return 0;
}

/* ---- single values --------------------------------------------------------------------------- */

static int decode_string(struct decoder *decoder, const struct fm_type *type, const json_t *json,
                         void *to)
{
    (void)type;
    if (!json_is_string(json))
        return must_be(decoder, "a text");
    const char *copy = arena_strdup(decoder->arena, json_string_value(json));
    if (!copy)
        return fail_without_memory(decoder->error);
    memcpy(to, &copy, sizeof(copy));
    return 0;
}

/* 40.0 is an integer, as in JSON Schema. */
static bool whole_number(const json_t *json, long long *ret_number)
{
    if (json_is_integer(json)) {
        *ret_number = json_integer_value(json);
        return true;
    }
    double real = json_is_real(json) ? json_real_value(json) : 0.5;
    if (real != trunc(real) || fabs(real) >= 0x1p63)
        return false;
    *ret_number = (long long)real;
    return true;
}

static int decode_integer(struct decoder *decoder, const struct fm_type *type, const json_t *json,
                          void *to)
{
    long long number;

    if (!whole_number(json, &number))
        return must_be(decoder, json_is_number(json) ? "a whole number of at most 64 bits"
                                                     : "a whole number");
    if (type->size == sizeof(int64_t)) {
        memcpy(to, &number, sizeof(number));
        return 0;
    }
    int32_t small = (int32_t)number;
    if (small != number)
        return must_be(decoder, "a whole number from -2147483648 to 2147483647");
    memcpy(to, &small, sizeof(small));
    return 0;
}

static int decode_number(struct decoder *decoder, const struct fm_type *type, const json_t *json,
                         void *to)
{
    (void)type;
    if (!json_is_number(json))
        return must_be(decoder, "a number");
    double number = json_number_value(json);
    memcpy(to, &number, sizeof(number));
    return 0;
}

static int decode_boolean(struct decoder *decoder, const struct fm_type *type, const json_t *json,
                          void *to)
{
    (void)type;
    if (!json_is_boolean(json))
        return must_be(decoder, "true or false");
    bool truth = json_is_true(json);
    memcpy(to, &truth, sizeof(truth));
    return 0;
}

static int decode_date(struct decoder *decoder, const struct fm_type *type, const json_t *json,
                       void *to)
{
    struct fm_date date;

    (void)type;
    if (!json_is_string(json) || !date_parse(json_string_value(json), &date))
        return must_be(decoder, "a date such as 2026-12-31");
    memcpy(to, &date, sizeof(date));
    return 0;
}

static int decode_datetime(struct decoder *decoder, const struct fm_type *type, const json_t *json,
                           void *to)
{
    struct fm_datetime time;

    (void)type;
    if (!json_is_string(json) || !time_parse(json_string_value(json), &time.microseconds))
        return must_be(decoder, "a date with a time such as 2026-12-31T18:00:00Z");
    memcpy(to, &time, sizeof(time));
    return 0;
}

static int decode_uuid(struct decoder *decoder, const struct fm_type *type, const json_t *json,
                       void *to)
{
    struct fm_uuid uuid;

    (void)type;
    if (!json_is_string(json) || !id_parse(json_string_value(json), uuid.text))
        return must_be(decoder, "a UUID");
    memcpy(to, &uuid, sizeof(uuid));
    return 0;
}

static int decode_json(struct decoder *decoder, const struct fm_type *type, const json_t *json,
                       void *to)
{
    struct fm_json any;
    char *text = json_dumps(json, JSON_ENCODE_ANY | JSON_COMPACT);

    (void)type;
    any.text = text ? arena_strdup(decoder->arena, text) : NULL;
    free(text);
    if (!any.text)
        return fail_without_memory(decoder->error);
    memcpy(to, &any, sizeof(any));
    return 0;
}

/* ---- values with values in them -------------------------------------------------------------- */

static int decode_list(struct decoder *decoder, const struct fm_type *type, const json_t *json,
                       void *to)
{
    FM_LIST(void) list = {.count = json_array_size(json)};
    size_t length = decoder->path.length;
    const json_t *item;
    size_t i;
    int r = 0;

    if (!json_is_array(json))
        return must_be(decoder, "a list");
    /* Each item took at least a byte of the text: the product cannot overflow. */
    list.items = arena_alloc(decoder->arena, list.count * type->items->size);
    if (!list.items)
        return fail_without_memory(decoder->error);
    json_array_foreach(json, i, item) {
        buf_addf(&decoder->path, "[%zu]", i);
        r = decode_value(decoder, type->items, item, (char *)list.items + i * type->items->size);
        leave(decoder, length);
        if (r < 0)
            return r;
    }
    memcpy(to, &list, sizeof(list));
    return 0;
}

static int decode_optional(struct decoder *decoder, const struct fm_type *type, const json_t *json,
                           void *to)
{
    if (json_is_null(json))
        return 0;
    void *value = arena_alloc(decoder->arena, type->items->size);
    if (!value)
        return fail_without_memory(decoder->error);
    memcpy(to, &value, sizeof(value));
    return decode_value(decoder, type->items, json, value);
}

static int decode_model(struct decoder *decoder, const struct fm_type *type, const json_t *json,
                        void *to)
{
    return decode_struct(decoder, type->model, NULL, json, to);
}

static int decode_value(struct decoder *decoder, const struct fm_type *type, const json_t *json,
                        void *to)
{
    static decode_function *const functions[] = {
        [FM_KIND_STRING] = decode_string, [FM_KIND_INTEGER] = decode_integer,
        [FM_KIND_NUMBER] = decode_number, [FM_KIND_BOOLEAN] = decode_boolean,
        [FM_KIND_DATE] = decode_date,     [FM_KIND_DATETIME] = decode_datetime,
        [FM_KIND_UUID] = decode_uuid,     [FM_KIND_JSON] = decode_json,
        [FM_KIND_LIST] = decode_list,     [FM_KIND_OPTIONAL] = decode_optional,
        [FM_KIND_MODEL] = decode_model,
    };

    if (decoder->depth == MODEL_DEPTH) {
        fm_problem(decoder->problems, path_of(decoder), "is nested deeper than %d", MODEL_DEPTH);
        return 0;
    }
    decoder->depth++;
    int r = functions[type->kind](decoder, type, json, to);
    decoder->depth--;
    return r;
}

/* ---- structs --------------------------------------------------------------------------------- */

/* Reads what is there, or the default, with the rules of the field. */
static int decode_present(struct decoder *decoder, const struct fm_field *field, const json_t *json,
                          void *to)
{
    size_t before = decoder->problems->count;

    if (field->optional && json_is_null(json))
        return 0;
    int r = decode_value(decoder, field->type, json, to);
    if (r < 0 || decoder->problems->count > before)
        return r;
    return check_rules(field, json, path_of(decoder), decoder->problems, decoder->error);
}

static int decode_field(struct decoder *decoder, const struct fm_field *field,
                        const struct fm_setting *initial, const json_t *object, void *to)
{
    const struct fm_value *value = field_default(field, initial);
    const json_t *json = json_object_get(object, field->name);

    if (json)
        return decode_present(decoder, field, json, to);
    if (field_is_required(field, initial)) {
        fm_problem(decoder->problems, path_of(decoder), "is required");
        return 0;
    }
    if (value->kind == FM_VALUE_NONE)
        return 0;
    json_t *made = value_to_json(value, field->type, decoder->error);
    if (!made)
        return fail_prefix(decoder->error, "default of '%s'", field->name);
    int r = decode_present(decoder, field, made, to);
    json_decref(made);
    return r;
}

static void enter_field(struct decoder *decoder, const char *name)
{
    if (decoder->path.length)
        buf_add_char(&decoder->path, '.');
    buf_add_string(&decoder->path, name);
}

static void refuse_unknown(struct decoder *decoder, const struct fm_model *model,
                           const json_t *object)
{
    size_t length = decoder->path.length;
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)object, key, value) {
        const struct fm_field *field = model->fields;
        while (field->name && strcmp(field->name, key) != 0)
            field++;
        if (field->name)
            continue;
        enter_field(decoder, key);
        fm_problem(decoder->problems, path_of(decoder), "is not a field of %s", model->name);
        leave(decoder, length);
    }
}

static int decode_struct(struct decoder *decoder, const struct fm_model *model,
                         const struct fm_setting *initial, const json_t *json, void *to)
{
    size_t before = decoder->problems->count;
    size_t length = decoder->path.length;
    int r = 0;

    if (!json_is_object(json))
        return must_be(decoder, "an object");
    refuse_unknown(decoder, model, json);
    for (const struct fm_field *field = model->fields; field->name && r == 0; field++) {
        enter_field(decoder, field->name);
        r = decode_field(decoder, field, initial, json, (char *)to + field->offset);
        leave(decoder, length);
    }
    if (r == 0 && model->check && decoder->problems->count == before)
        model->check(to, decoder->problems);
    return r;
}

int model_decode(const struct fm_model *model, const struct fm_setting *initial, const char *json,
                 size_t length, struct arena *arena, void *ret_value, struct fm_problems *problems,
                 struct fm_error *error)
{
    struct decoder decoder = {.arena = arena, .problems = problems, .error = error};
    struct error parse_error;
    json_t *root = json_parse(json, length, &parse_error);

    if (!root)
        return fail(error, FM_INVALID, "the input is no JSON: %s", parse_error.message);
    void *value = arena_alloc(arena, model->size);
    int r =
        value ? decode_struct(&decoder, model, initial, root, value) : fail_without_memory(error);
    if (r == 0 && problems->count)
        r = problem_list_error(problems, error);
    if (r == 0 && decoder.path.failed)
        r = fail_without_memory(error);
    if (r == 0)
        memcpy(ret_value, value, model->size);
    buf_release(&decoder.path);
    json_decref(root);
    return r;
}
