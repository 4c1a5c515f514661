/* From a struct to JSON, by a table of fields. */
#include <math.h>
#include <string.h>

#include "common/base64.h"
#include "common/ids.h"
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

static int encode_time(struct encoder *encoder, const void *from)
{
    struct fm_time time;
    struct time_of_day same;
    char text[64];

    memcpy(&time, from, sizeof(time));
    int n = snprintf(text, sizeof(text), "%02d:%02d:%02d", time.hour, time.minute, time.second);
    if (time.microsecond)
        snprintf(text + n, sizeof(text) - (size_t)n, ".%06d", time.microsecond);
    if (!time_of_day_parse(text, &same) || same.microsecond != time.microsecond)
        return fail(encoder->error, FM_INVALID, "%s is no time of day", text);
    json_add_string(&encoder->writer, text);
    return 0;
}

static int encode_bytes(struct encoder *encoder, const void *from)
{
    struct fm_bytes bytes;
    buf_auto text = BUF_INIT;

    memcpy(&bytes, from, sizeof(bytes));
    base64_encode(bytes.data, bytes.length, &text);
    if (text.failed)
        return fail_without_memory(encoder->error);
    json_add_string(&encoder->writer, buf_string(&text));
    return 0;
}

static int encode_uuid(struct encoder *encoder, const void *from)
{
    struct fm_uuid uuid;
    char same[ID_SIZE];

    memcpy(&uuid, from, sizeof(uuid));
    uuid.text[sizeof(uuid.text) - 1] = '\0';
    if (!id_parse(uuid.text, same))
        return fail(encoder->error, FM_INVALID, "a text is no UUID");
    json_add_string(&encoder->writer, same);
    return 0;
}

int note_item(json_t *seen, const struct fm_type *type, const void *item, struct buf *text,
              struct fm_error *error)
{
    struct encoder encoder = {.error = error};

    buf_clear(text);
    json_writer_init(&encoder.writer, text);
    int r = encode_value(&encoder, type, item);
    if (r == 0 && text->failed)
        r = fail_without_memory(error);
    if (r < 0 || json_object_get(seen, buf_string(text)))
        return r;
    return json_object_set_new_nocheck(seen, buf_string(text), json_true()) < 0
               ? fail_without_memory(error)
               : 1;
}

/* That an item of a set was not there before. */
static int check_item(struct encoder *encoder, json_t *seen, const struct fm_type *type,
                      const void *item)
{
    buf_auto text = BUF_INIT;
    int r = note_item(seen, type, item, &text, encoder->error);

    if (r == 0)
        return fail(encoder->error, FM_INVALID, "%.60s is in the set twice", buf_string(&text));
    return r < 0 ? r : 0;
}

static int encode_list(struct encoder *encoder, const struct fm_type *type, const void *from)
{
    FM_LIST(const char) list;
    json_auto_t *seen = type->kind == FM_KIND_SET ? json_object() : NULL;
    int r = 0;

    memcpy(&list, from, sizeof(list));
    json_begin_array(&encoder->writer);
    for (size_t i = 0; i < list.count && r == 0; i++) {
        const char *item = list.items + i * type->items->size;
        if (type->kind == FM_KIND_SET)
            r = check_item(encoder, seen, type->items, item);
        if (r == 0)
            r = encode_value(encoder, type->items, item);
    }
    if (r < 0)
        return r; /* the text is thrown away: it need not be ended */
    json_end_array(&encoder->writer);
    return 0;
}

/* That a map's key is a text, and was not there before. */
static int check_key(struct encoder *encoder, json_t *seen, const char *key)
{
    if (!key || key[utf8_prefix(key)])
        return fail(encoder->error, FM_INVALID, "a key is %s", key ? "no UTF-8" : "missing");
    if (json_object_get(seen, key))
        return fail(encoder->error, FM_INVALID, "the key '%.60s' is there twice", key);
    return json_object_set_new_nocheck(seen, key, json_true()) < 0
               ? fail_without_memory(encoder->error)
               : 0;
}

static int encode_map(struct encoder *encoder, const struct fm_type *type, const void *from)
{
    FM_LIST(const char) map;
    json_auto_t *seen = json_object();
    size_t entry_size = map_entry_size(type->items);

    memcpy(&map, from, sizeof(map));
    json_begin_object(&encoder->writer);
    for (size_t i = 0; i < map.count; i++) {
        const char *entry = map.items + i * entry_size;
        const char *key;
        memcpy(&key, entry, sizeof(key));
        int r = check_key(encoder, seen, key);
        if (r < 0)
            return r;
        json_key(&encoder->writer, key);
        r = encode_value(encoder, type->items, entry + MAP_VALUE);
        if (r < 0)
            return fail_prefix(encoder->error, "%.60s", key);
    }
    json_end_object(&encoder->writer);
    return 0;
}

static int encode_tuple(struct encoder *encoder, const struct fm_model *model, const void *from)
{
    if (check_table(model, encoder->error) < 0)
        return FM_INVALID;
    json_begin_array(&encoder->writer);
    for (const struct fm_field *field = model->fields; field->name; field++) {
        int r = encode_value(encoder, field->type, (const char *)from + field->offset);
        if (r < 0)
            return fail_prefix(encoder->error, "%s", field->name);
    }
    json_end_array(&encoder->writer);
    return 0;
}

static int encode_union(struct encoder *encoder, const struct fm_arms *arms, const void *from)
{
    size_t count = field_count(arms->fields);
    int which;

    memcpy(&which, (const char *)from + arms->which, sizeof(which));
    if (which < 0 || (size_t)which >= count)
        return fail(encoder->error, FM_INVALID, "`which` is %d, but %s has %zu arms", which,
                    arms->name, count);
    const struct fm_field *arm = &arms->fields[which];
    int r = encode_value(encoder, arm->type, (const char *)from + arm->offset);
    return r < 0 ? fail_prefix(encoder->error, "%s", arm->name) : 0;
}

static int encode_struct(struct encoder *encoder, const struct fm_model *model, const void *from)
{
    if (check_table(model, encoder->error) < 0)
        return FM_INVALID;
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
    case FM_KIND_TIME:
        return encode_time(encoder, from);
    case FM_KIND_UUID:
        return encode_uuid(encoder, from);
    case FM_KIND_BYTES:
        return encode_bytes(encoder, from);
    case FM_KIND_LIST:
    case FM_KIND_SET:
        return encode_list(encoder, type, from);
    case FM_KIND_MAP:
        return encode_map(encoder, type, from);
    case FM_KIND_TUPLE:
        return encode_tuple(encoder, type->model, from);
    case FM_KIND_UNION:
        return encode_union(encoder, type->arms, from);
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

static int encode_model(const struct fm_model *model, const void *value, bool bare, struct buf *to,
                        struct fm_error *error)
{
    struct encoder encoder = {.error = error};

    if (!model->fields)
        return fail(error, FM_INVALID, "%s has no value", model->name);
    json_writer_init(&encoder.writer, to);
    int r = model->schema ? encode_value(&encoder, &fm_type_json, value)
            : bare        ? encode_value(&encoder, model->fields[0].type, value)
                          : encode_struct(&encoder, model, value);
    if (r == 0 && to->failed)
        return fail_without_memory(error);
    return r;
}

int model_encode(const struct fm_model *model, const void *value, struct buf *to,
                 struct fm_error *error)
{
    return encode_model(model, value, false, to, error);
}

int model_encode_bare(const struct fm_model *model, const void *value, struct buf *to,
                      struct fm_error *error)
{
    return encode_model(model, value, model->bare, to, error);
}
