/* From a struct to JSON, by a table of fields. */
#include <math.h>
#include <string.h>

#include "common/times.h"
#include "lib/errors.h"
#include "lib/model.h"
#include "lib/utf8.h"
#include "json/text.h"

struct encoder {
    struct json_writer writer;
    int depth;
    struct fm_error *error;
};

static int encode_value(struct encoder *encoder, const struct fm_type *type, const void *from);

static int encode_number(struct encoder *encoder, const void *from)
{
    double number;

    memcpy(&number, from, sizeof(number));
    if (!isfinite(number))
        return fail(encoder->error, FM_INVALID, "a number that is not finite has no JSON");
    json_add_number(&encoder->writer, number);
    return 0;
}

static void encode_integer(struct encoder *encoder, const struct fm_type *type, const void *from)
{
    int64_t number;
    int32_t small;

    if (type->size == sizeof(small)) {
        memcpy(&small, from, sizeof(small));
        number = small;
    } else {
        memcpy(&number, from, sizeof(number));
    }
    json_add_integer(&encoder->writer, number);
}

static int encode_date(struct encoder *encoder, const void *from)
{
    struct fm_date date;
    struct fm_date same;
    char text[64];

    memcpy(&date, from, sizeof(date));
    snprintf(text, sizeof(text), "%04d-%02d-%02d", date.year, date.month, date.day);
    if (!date_parse(text, &same))
        return fail(encoder->error, FM_INVALID, "%s is no date", text);
    json_add_string(&encoder->writer, text);
    return 0;
}

static int encode_list(struct encoder *encoder, const struct fm_type *items, const void *from)
{
    FM_LIST(const char) list;
    int r = 0;

    memcpy(&list, from, sizeof(list));
    json_begin_array(&encoder->writer);
    for (size_t i = 0; i < list.count && r == 0; i++)
        r = encode_value(encoder, items, list.items + i * items->size);
    if (r < 0)
        return r; /* the text is thrown away: it need not be ended */
    json_end_array(&encoder->writer);
    return 0;
}

static int encode_struct(struct encoder *encoder, const struct fm_model *model, const void *from)
{
    json_begin_object(&encoder->writer);
    for (const struct fm_field *field = model->fields; field->name; field++) {
        json_key(&encoder->writer, field->name);
        int r = encode_value(encoder, field->type, (const char *)from + field->offset);
        if (r < 0)
            return fail_prefix(encoder->error, "%s", field->name);
    }
    json_end_object(&encoder->writer);
    return 0;
}

static int encode_optional(struct encoder *encoder, const struct fm_type *items, const void *from)
{
    const void *value;

    memcpy(&value, from, sizeof(value));
    if (value)
        return encode_value(encoder, items, value);
    json_add_null(&encoder->writer);
    return 0;
}

/* The author's own text: what is no JSON would make the whole none. NULL is null. */
static int encode_json(struct encoder *encoder, const char *text)
{
    struct error parse_error;
    json_t *json = text ? json_parse(text, strlen(text), &parse_error) : json_null();

    if (!json)
        return fail(encoder->error, FM_INVALID, "a value is no JSON: %s", parse_error.message);
    json_decref(json);
    json_add_text(&encoder->writer, text);
    return 0;
}

static int encode_known(struct encoder *encoder, const struct fm_type *type, const void *from)
{
    const char *text;
    int64_t time;
    bool truth;

    switch (type->kind) {
    case FM_KIND_STRING:
        memcpy(&text, from, sizeof(text));
        if (text && text[utf8_prefix(text)])
            return fail(encoder->error, FM_INVALID, "a text is no UTF-8");
        json_add_string(&encoder->writer, text);
        return 0;
    case FM_KIND_UUID:
        json_add_string(&encoder->writer, from);
        return 0;
    case FM_KIND_JSON:
        memcpy(&text, from, sizeof(text));
        return encode_json(encoder, text);
    case FM_KIND_INTEGER:
        encode_integer(encoder, type, from);
        return 0;
    case FM_KIND_BOOLEAN:
        memcpy(&truth, from, sizeof(truth));
        json_add_bool(&encoder->writer, truth);
        return 0;
    case FM_KIND_DATETIME:
        memcpy(&time, from, sizeof(time));
        json_add_time(&encoder->writer, time);
        return 0;
    case FM_KIND_NUMBER:
        return encode_number(encoder, from);
    case FM_KIND_DATE:
        return encode_date(encoder, from);
    case FM_KIND_LIST:
        return encode_list(encoder, type->items, from);
    case FM_KIND_OPTIONAL:
        return encode_optional(encoder, type->items, from);
    case FM_KIND_MODEL:
        return encode_struct(encoder, type->model, from);
    }
    return fail(encoder->error, FM_INVALID, "there is no type %d", (int)type->kind);
}

static int encode_value(struct encoder *encoder, const struct fm_type *type, const void *from)
{
    if (encoder->depth == MODEL_DEPTH)
        return fail(encoder->error, FM_INVALID, "values are nested deeper than %d", MODEL_DEPTH);
    encoder->depth++;
    int r = encode_known(encoder, type, from);
    encoder->depth--;
    return r;
}

int model_encode(const struct fm_model *model, const void *value, struct buf *to,
                 struct fm_error *error)
{
    struct encoder encoder = {.error = error};

    json_writer_init(&encoder.writer, to);
    int r = encode_struct(&encoder, model, value);
    if (r == 0 && to->failed)
        return fail_without_memory(error);
    return r;
}
