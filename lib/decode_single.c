/* From JSON to C, values that hold no others. */
#include <math.h>
#include <string.h>

#include "common/base64.h"
#include "common/ids.h"
#include "common/times.h"
#include "lib/decode.h"
#include "lib/errors.h"
#include "lib/model.h"

int decode_string(struct decoder *decoder, const struct fm_type *type, const json_t *json, void *to)
{
    (void)type;
    if (!json_is_string(json))
        return must_be(decoder, "a text");
    const char *copy = decoder_take_text(decoder, json_string_value(json));
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

int decode_integer(struct decoder *decoder, const struct fm_type *type, const json_t *json,
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

int decode_number(struct decoder *decoder, const struct fm_type *type, const json_t *json, void *to)
{
    (void)type;
    if (!json_is_number(json))
        return must_be(decoder, "a number");
    double number = json_number_value(json);
    memcpy(to, &number, sizeof(number));
    return 0;
}

int decode_boolean(struct decoder *decoder, const struct fm_type *type, const json_t *json,
                   void *to)
{
    (void)type;
    if (!json_is_boolean(json))
        return must_be(decoder, "true or false");
    bool truth = json_is_true(json);
    memcpy(to, &truth, sizeof(truth));
    return 0;
}

int decode_date(struct decoder *decoder, const struct fm_type *type, const json_t *json, void *to)
{
    struct fm_date date;

    (void)type;
    if (!json_is_string(json) || !date_parse(json_string_value(json), &date))
        return must_be(decoder, "a date such as 2026-12-31");
    memcpy(to, &date, sizeof(date));
    return 0;
}

int decode_time(struct decoder *decoder, const struct fm_type *type, const json_t *json, void *to)
{
    struct time_of_day read;

    (void)type;
    if (!json_is_string(json) || !time_of_day_parse(json_string_value(json), &read))
        return must_be(decoder, "a time of day such as 13:45");
    const struct fm_time time = {read.hour, read.minute, read.second, read.microsecond};
    memcpy(to, &time, sizeof(time));
    return 0;
}

int decode_bytes(struct decoder *decoder, const struct fm_type *type, const json_t *json, void *to)
{
    const char *text = json_string_value(json);
    size_t length = json_string_length(json);

    size_t size;

    (void)type;
    uint8_t *data = decoder_take(decoder, BASE64_ROOM(length));
    if (!data)
        return fail_without_memory(decoder->error);
    if (!text || !base64_decode(text, length, data, &size))
        return must_be(decoder, "base64, such as aGVsbG8=");
    const struct fm_bytes bytes = {.data = data, .length = size};
    memcpy(to, &bytes, sizeof(bytes));
    return 0;
}

int decode_datetime(struct decoder *decoder, const struct fm_type *type, const json_t *json,
                    void *to)
{
    struct fm_datetime time;

    (void)type;
    if (!json_is_string(json) || !time_parse(json_string_value(json), &time.microseconds))
        return must_be(decoder, "a date with a time such as 2026-12-31T18:00:00Z");
    memcpy(to, &time, sizeof(time));
    return 0;
}

int decode_uuid(struct decoder *decoder, const struct fm_type *type, const json_t *json, void *to)
{
    struct fm_uuid uuid;

    (void)type;
    if (!json_is_string(json) || !id_parse(json_string_value(json), uuid.text))
        return must_be(decoder, "a UUID");
    memcpy(to, &uuid, sizeof(uuid));
    return 0;
}

int decode_json(struct decoder *decoder, const struct fm_type *type, const json_t *json, void *to)
{
    struct fm_json any;
    char *text = json_dumps(json, JSON_ENCODE_ANY | JSON_COMPACT);

    (void)type;
    any.text = text ? decoder_take_text(decoder, text) : NULL;
    free(text);
    if (!any.text)
        return fail_without_memory(decoder->error);
    memcpy(to, &any, sizeof(any));
    return 0;
}
