/* The keywords of the validation vocabulary: each looks at one value. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json/schema_run.h"
#include "json/text.h"

unsigned schema_types_of(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_NULL:
        return TYPE_NULL;
    case JSON_TRUE:
    case JSON_FALSE:
        return TYPE_BOOLEAN;
    case JSON_INTEGER:
        return TYPE_INTEGER | TYPE_NUMBER;
    case JSON_REAL:
        return floor(json_real_value(value)) == json_real_value(value) ? TYPE_INTEGER | TYPE_NUMBER
                                                                       : TYPE_NUMBER;
    case JSON_STRING:
        return TYPE_STRING;
    case JSON_ARRAY:
        return TYPE_ARRAY;
    case JSON_OBJECT:
        return TYPE_OBJECT;
    }
    return 0;
}

static bool judge(struct schema_run *run, struct schema_frame *frame,
                  const struct schema_keyword *keyword, bool valid)
{
    if (!valid)
        schema_record(run, frame, keyword);
    return valid;
}

bool schema_check_type(struct schema_run *run, struct schema_frame *frame,
                       const struct schema_keyword *keyword)
{
    return judge(run, frame, keyword, schema_types_of(frame->instance) & keyword->count);
}

bool schema_check_enum(struct schema_run *run, struct schema_frame *frame,
                       const struct schema_keyword *keyword)
{
    size_t count = json_array_size(keyword->value);
    bool found = false;

    if (!schema_spend(run, keyword->weight / 4))
        return false;
    for (size_t i = 0; i < count && !found; i++)
        found = json_same(json_array_get(keyword->value, i), frame->instance);
    return judge(run, frame, keyword, found);
}

bool schema_check_const(struct schema_run *run, struct schema_frame *frame,
                        const struct schema_keyword *keyword)
{
    if (!schema_spend(run, keyword->weight / 4))
        return false;
    return judge(run, frame, keyword, json_same(keyword->value, frame->instance));
}

/* A number as digits * 10^exponent. A real is the shortest decimal that reads back as it, which is
 * what its author wrote: 19.99 is a multiple of 0.01, though its double is not. */
struct decimal {
    uint64_t digits;
    int exponent;
};

static struct decimal to_decimal(const json_t *number)
{
    struct decimal d = {0};
    char text[40];

    if (json_is_integer(number)) {
        json_int_t value = json_integer_value(number);
        d.digits = value < 0 ? -(uint64_t)value : (uint64_t)value;
        return d;
    }
    double value = fabs(json_real_value(number));
    for (int after = 0; after <= 16; after++) {
        snprintf(text, sizeof(text), "%.*e", after, value);
        if (strtod(text, NULL) == value)
            break;
    }
    char *e = strchr(text, 'e');
    for (char *p = text; p < e; p++) {
        if (*p != '.')
            d.digits = d.digits * 10 + (uint64_t)(*p - '0');
        d.exponent -= p > text + 1;
    }
    d.exponent += atoi(e + 1);
    return d;
}

bool schema_is_multiple(const json_t *number, const json_t *of)
{
    struct decimal n = to_decimal(number);
    struct decimal d = to_decimal(of);
    unsigned __int128 rest;

    if (n.digits == 0)
        return true;
    for (; d.exponent > n.exponent; n.exponent++) { /* the number must end in that many zeros */
        if (n.digits % 10 != 0)
            return false;
        n.digits /= 10;
    }
    for (rest = n.digits % d.digits; n.exponent > d.exponent && rest != 0; n.exponent--)
        rest = rest * 10 % d.digits;
    return rest == 0;
}

bool schema_check_multiple_of(struct schema_run *run, struct schema_frame *frame,
                              const struct schema_keyword *keyword)
{
    if (!json_is_number(frame->instance))
        return true;
    return judge(run, frame, keyword, schema_is_multiple(frame->instance, keyword->value));
}

bool schema_check_maximum(struct schema_run *run, struct schema_frame *frame,
                          const struct schema_keyword *keyword)
{
    if (!json_is_number(frame->instance))
        return true;
    return judge(run, frame, keyword, json_number_compare(frame->instance, keyword->value) <= 0);
}

bool schema_check_exclusive_maximum(struct schema_run *run, struct schema_frame *frame,
                                    const struct schema_keyword *keyword)
{
    if (!json_is_number(frame->instance))
        return true;
    return judge(run, frame, keyword, json_number_compare(frame->instance, keyword->value) < 0);
}

bool schema_check_minimum(struct schema_run *run, struct schema_frame *frame,
                          const struct schema_keyword *keyword)
{
    if (!json_is_number(frame->instance))
        return true;
    return judge(run, frame, keyword, json_number_compare(frame->instance, keyword->value) >= 0);
}

bool schema_check_exclusive_minimum(struct schema_run *run, struct schema_frame *frame,
                                    const struct schema_keyword *keyword)
{
    if (!json_is_number(frame->instance))
        return true;
    return judge(run, frame, keyword, json_number_compare(frame->instance, keyword->value) > 0);
}

/* Characters, not bytes. */
static size_t string_length(struct schema_run *run, const json_t *string)
{
    const char *text = json_string_value(string);
    size_t bytes = json_string_length(string);
    size_t length = 0;

    schema_spend(run, bytes / 64);
    for (size_t i = 0; i < bytes; i++)
        length += ((unsigned char)text[i] & 0xc0) != 0x80;
    return length;
}

bool schema_check_max_length(struct schema_run *run, struct schema_frame *frame,
                             const struct schema_keyword *keyword)
{
    if (!json_is_string(frame->instance))
        return true;
    return judge(run, frame, keyword, string_length(run, frame->instance) <= keyword->count);
}

bool schema_check_min_length(struct schema_run *run, struct schema_frame *frame,
                             const struct schema_keyword *keyword)
{
    if (!json_is_string(frame->instance))
        return true;
    return judge(run, frame, keyword, string_length(run, frame->instance) >= keyword->count);
}

bool schema_check_pattern(struct schema_run *run, struct schema_frame *frame,
                          const struct schema_keyword *keyword)
{
    if (!json_is_string(frame->instance))
        return true;
    bool found =
        schema_search(run, keyword->patterns[0], json_string_value(keyword->value),
                      json_string_value(frame->instance), json_string_length(frame->instance));
    return judge(run, frame, keyword, found);
}

bool schema_check_format(struct schema_run *run, struct schema_frame *frame,
                         const struct schema_keyword *keyword)
{
    if (!keyword->format || !json_is_string(frame->instance))
        return true;
    size_t length = json_string_length(frame->instance);
    if (!schema_spend(run, length / 16))
        return false;
    if (keyword->format->check(json_string_value(frame->instance), length))
        return true;
    struct schema_error *error = schema_record(run, frame, keyword);
    if (error)
        error->name = keyword->format->words;
    return false;
}

bool schema_check_max_items(struct schema_run *run, struct schema_frame *frame,
                            const struct schema_keyword *keyword)
{
    if (!json_is_array(frame->instance))
        return true;
    return judge(run, frame, keyword, json_array_size(frame->instance) <= keyword->count);
}

bool schema_check_min_items(struct schema_run *run, struct schema_frame *frame,
                            const struct schema_keyword *keyword)
{
    if (!json_is_array(frame->instance))
        return true;
    return judge(run, frame, keyword, json_array_size(frame->instance) >= keyword->count);
}

struct hashed {
    size_t hash;
    const json_t *item;
};

static int by_hash(const void *a, const void *b)
{
    size_t x = ((const struct hashed *)a)->hash;
    size_t y = ((const struct hashed *)b)->hash;

    return x < y ? -1 : x > y;
}

/* Items that are the same lie side by side once they are in the order of their hashes. */
/* If they are not unique, an item that is there twice, or NULL where looking took too much. */
static bool are_unique(struct schema_run *run, struct hashed *items, size_t count,
                       const json_t **ret_repeated)
{
    size_t work = 0;

    *ret_repeated = NULL;
    for (size_t i = 0; i < count; i++)
        items[i].hash = json_hash(items[i].item, &work);
    if (!schema_spend(run, work))
        return false;
    qsort(items, count, sizeof(*items), by_hash);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = i + 1; j < count && items[j].hash == items[i].hash; j++) {
            if (!schema_spend(run, 1 + work / count))
                return false;
            if (json_same(items[i].item, items[j].item)) {
                *ret_repeated = items[i].item;
                return false;
            }
        }
    }
    return true;
}

bool schema_check_unique_items(struct schema_run *run, struct schema_frame *frame,
                               const struct schema_keyword *keyword)
{
    size_t count = json_array_size(frame->instance);
    struct schema_mark mark = schema_memory_mark(run->scratch);
    const json_t *repeated;
    struct hashed *items;

    if (count < 2 || !json_is_true(keyword->value))
        return true;
    items = schema_memory_alloc(run->scratch, count * sizeof(*items));
    if (!items)
        return schema_stop(run, "the schema needs too much memory for this value");
    for (size_t i = 0; i < count; i++)
        items[i].item = json_array_get(frame->instance, i);
    bool unique = are_unique(run, items, count, &repeated);
    schema_memory_rewind(run->scratch, mark);
    struct schema_error *error = unique ? NULL : schema_record(run, frame, keyword);
    const json_t **values = error && repeated ? schema_take(run, sizeof(*values)) : NULL;
    if (values) {
        values[0] = repeated;
        error->values = values;
        error->count = 1;
    }
    return unique;
}

bool schema_check_max_properties(struct schema_run *run, struct schema_frame *frame,
                                 const struct schema_keyword *keyword)
{
    if (!json_is_object(frame->instance))
        return true;
    return judge(run, frame, keyword, json_object_size(frame->instance) <= keyword->count);
}

bool schema_check_min_properties(struct schema_run *run, struct schema_frame *frame,
                                 const struct schema_keyword *keyword)
{
    if (!json_is_object(frame->instance))
        return true;
    return judge(run, frame, keyword, json_object_size(frame->instance) >= keyword->count);
}

/* Every name of the list must be there; one error for each that is not. */
static bool check_names(struct schema_run *run, struct schema_frame *frame,
                        const struct schema_keyword *keyword, const json_t *names,
                        const char *asked_by)
{
    bool valid = true;

    if (!schema_spend(run, json_array_size(names)))
        return false;
    for (size_t i = 0; i < json_array_size(names) && (valid || frame->errors); i++) {
        const char *name = json_string_value(json_array_get(names, i));
        if (json_object_get(frame->instance, name))
            continue;
        struct schema_error *error = schema_record(run, frame, keyword);
        if (error) {
            error->name = name;
            error->other = asked_by;
        }
        valid = false;
    }
    return valid;
}

bool schema_check_required(struct schema_run *run, struct schema_frame *frame,
                           const struct schema_keyword *keyword)
{
    if (!json_is_object(frame->instance))
        return true;
    return check_names(run, frame, keyword, keyword->value, NULL);
}

bool schema_check_dependent_required(struct schema_run *run, struct schema_frame *frame,
                                     const struct schema_keyword *keyword)
{
    json_t *map = (json_t *)keyword->value;
    bool valid = true;

    if (!json_is_object(frame->instance))
        return true;
    for (void *at = json_object_iter(map); at; at = json_object_iter_next(map, at)) {
        const char *key = json_object_iter_key(at);
        if (!schema_spend(run, 1))
            return false;
        if (json_object_get(frame->instance, key) &&
            !check_names(run, frame, keyword, json_object_iter_value(at), key))
            valid = false;
    }
    return valid;
}
