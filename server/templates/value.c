#include "server/templates/value.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "json/text.h"

const struct value value_none = {.type = VALUE_NONE};
const struct value value_true = {.type = VALUE_BOOL, .integer = 1};
const struct value value_false = {.type = VALUE_BOOL, .integer = 0};
const struct value value_empty = {.type = VALUE_STRING, .string = {.text = "", .length = 0}};

#define FAILED "Failed to render template due to the following error: "

void *render_fail(struct render *render, const char *class, const char *format, ...)
{
    char message[ERROR_MESSAGE_SIZE];
    buf_auto quoted = BUF_INIT;
    va_list args;

    va_start(args, format);
    vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    json_text_repr_string(message, strlen(message), &quoted);
    error_set(render->error, EINVAL, FAILED "%s(%s)", class, buf_string(&quoted));
    return NULL;
}

void *render_refuse(struct render *render, const char *format, ...)
{
    char message[ERROR_MESSAGE_SIZE];
    va_list args;

    va_start(args, format);
    vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    error_set(render->error, EINVAL, "%s", message);
    return NULL;
}

void *render_alloc(struct render *render, size_t size)
{
    if (size > render->budget->bytes)
        return render_refuse(render, "the template needs too much memory");
    render->budget->bytes -= size;
    void *memory = arena_alloc(&render->arena, size);
    if (!memory)
        error_set(render->error, ENOMEM, "no memory for the template");
    return memory;
}

bool render_steps(struct render *render, size_t steps)
{
    if (steps > render->budget->steps) {
        render_refuse(render, "the template needs too many steps");
        return false;
    }
    render->budget->steps -= steps;
    return true;
}

struct buf render_buf(const struct render *render)
{
    return (struct buf){.ceiling = render->budget->bytes + 1}; /* 0 would mean the default */
}

const struct value *render_buf_string(struct render *render, struct buf *buf)
{
    if (buf->failed)
        return render_refuse(render, "the template needs too much memory");
    char *text = render_alloc(render, buf->length + 1);
    if (!text)
        return NULL;
    memcpy(text, buf_string(buf), buf->length);
    return value_string(render, text, buf->length);
}

static struct value *new_value(struct render *render, enum value_type type)
{
    struct value *value = render_alloc(render, sizeof(*value));

    if (value)
        value->type = type;
    return value;
}

const struct value *value_undefined(struct render *render, const char *format, ...)
{
    struct value *value = new_value(render, VALUE_UNDEFINED);
    char message[300];
    va_list args;

    if (!value)
        return NULL;
    va_start(args, format);
    vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    char *why = render_alloc(render, strlen(message) + 1);
    if (!why)
        return NULL;
    value->why = strcpy(why, message);
    return value;
}

const struct value *value_bool(bool truth)
{
    return truth ? &value_true : &value_false;
}

const struct value *value_integer(struct render *render, int64_t integer)
{
    struct value *value = new_value(render, VALUE_INTEGER);

    if (value)
        value->integer = integer;
    return value;
}

const struct value *value_real(struct render *render, double real)
{
    struct value *value = new_value(render, VALUE_REAL);

    if (value)
        value->real = real;
    return value;
}

const struct value *value_string(struct render *render, const char *text, size_t length)
{
    struct value *value = new_value(render, VALUE_STRING);

    if (value) {
        value->string.text = text;
        value->string.length = length;
    }
    return value;
}

const struct value *value_safe(struct render *render, const struct value *string)
{
    if (!string)
        return NULL;
    struct value *value = new_value(render, VALUE_STRING);
    if (value) {
        value->string = string->string;
        value->string.safe = true;
    }
    return value;
}

struct value *value_sequence(struct render *render, enum value_type type, size_t count)
{
    struct value *value = new_value(render, type);
    size_t pointers = type == VALUE_DICT ? 2 * count : count;

    if (!value || !render_steps(render, pointers / 8))
        return NULL;
    value->list.items = render_alloc(render, pointers * sizeof(struct value *) + 1);
    value->list.count = count;
    return value->list.items ? value : NULL;
}

static const struct value *from_array(struct render *render, const json_t *json)
{
    struct value *list = value_sequence(render, VALUE_LIST, json_array_size(json));

    if (!list)
        return NULL;
    for (size_t i = 0; i < list->list.count; i++) {
        list->list.items[i] = value_from_json(render, json_array_get(json, i));
        if (!list->list.items[i])
            return NULL;
    }
    return list;
}

static const struct value *from_object(struct render *render, const json_t *json)
{
    struct value *dict = value_sequence(render, VALUE_DICT, json_object_size(json));
    const struct value **item = dict ? dict->list.items : NULL;

    if (!dict)
        return NULL;
    for (void *at = json_object_iter((json_t *)json); at;
         at = json_object_iter_next((json_t *)json, at)) {
        const char *key = json_object_iter_key(at);
        item[0] = value_string(render, key, strlen(key));
        item[1] = value_from_json(render, json_object_iter_value(at));
        if (!item[0] || !item[1])
            return NULL;
        item += 2;
    }
    return dict;
}

const struct value *value_from_json(struct render *render, const json_t *json)
{
    switch (json_typeof(json)) {
    case JSON_OBJECT:
        return from_object(render, json);
    case JSON_ARRAY:
        return from_array(render, json);
    case JSON_STRING:
        return value_string(render, json_string_value(json), json_string_length(json));
    case JSON_INTEGER:
        return value_integer(render, json_integer_value(json));
    case JSON_REAL:
        return value_real(render, json_real_value(json));
    case JSON_TRUE:
        return &value_true;
    case JSON_FALSE:
        return &value_false;
    case JSON_NULL:
        return &value_none;
    }
    BUG("JSON of no type");
}

const char *value_type_name(const struct value *value)
{
    static const char *const names[] = {
        [VALUE_UNDEFINED] = "ChainableUndefined",
        [VALUE_NONE] = "NoneType",
        [VALUE_BOOL] = "bool",
        [VALUE_INTEGER] = "int",
        [VALUE_REAL] = "float",
        [VALUE_STRING] = "str",
        [VALUE_LIST] = "list",
        [VALUE_TUPLE] = "tuple",
        [VALUE_DICT] = "dict",
    };

    return value->type == VALUE_STRING && value->string.safe ? "Markup" : names[value->type];
}

bool value_is_integral(const struct value *value)
{
    return value->type == VALUE_BOOL || value->type == VALUE_INTEGER;
}

bool value_is_number(const struct value *value)
{
    return value_is_integral(value) || value->type == VALUE_REAL;
}

double value_to_real(const struct value *number)
{
    return number->type == VALUE_REAL ? number->real : (double)number->integer;
}

bool value_truth(const struct value *value)
{
    switch (value->type) {
    case VALUE_UNDEFINED:
    case VALUE_NONE:
        return false;
    case VALUE_BOOL:
    case VALUE_INTEGER:
        return value->integer != 0;
    case VALUE_REAL:
        return value->real != 0;
    case VALUE_STRING:
        return value->string.length > 0;
    case VALUE_LIST:
    case VALUE_TUPLE:
    case VALUE_DICT:
        return value->list.count > 0;
    }
    BUG("a value of no type");
}

static void add_real(double real, struct buf *to)
{
    json_auto_t *json = json_real(real); /* NULL unless it is finite */

    if (isnan(real))
        buf_add_string(to, "nan");
    else if (isinf(real))
        buf_add_string(to, real < 0 ? "-inf" : "inf");
    else if (json)
        json_text_repr(json, to);
    else
        to->failed = true;
}

static bool add_members(struct render *render, const struct value *value, struct buf *to)
{
    bool dict = value->type == VALUE_DICT;
    size_t pointers = dict ? 2 * value->list.count : value->list.count;

    for (size_t i = 0; i < pointers; i++) {
        if (i > 0)
            buf_add_string(to, dict && i % 2 == 1 ? ": " : ", ");
        if (!value_add_repr(render, value->list.items[i], to))
            return false;
    }
    if (value->type == VALUE_TUPLE && pointers == 1)
        buf_add_char(to, ',');
    return true;
}

bool value_add_repr(struct render *render, const struct value *value, struct buf *to)
{
    static const char *const brackets[] = {
        [VALUE_LIST] = "[]", [VALUE_TUPLE] = "()", [VALUE_DICT] = "{}"};

    if (!render_steps(render, 1))
        return false;
    switch (value->type) {
    case VALUE_UNDEFINED:
        buf_add_string(to, "Undefined");
        return true;
    case VALUE_STRING:
        buf_add_string(to, value->string.safe ? "Markup(" : "");
        json_text_repr_string(value->string.text, value->string.length, to);
        buf_add_string(to, value->string.safe ? ")" : "");
        return true;
    case VALUE_LIST:
    case VALUE_TUPLE:
    case VALUE_DICT:
        buf_add_char(to, brackets[value->type][0]);
        bool added = add_members(render, value, to);
        buf_add_char(to, brackets[value->type][1]);
        return added;
    default:
        return value_add_text(render, value, to);
    }
}

bool value_add_text(struct render *render, const struct value *value, struct buf *to)
{
    switch (value->type) {
    case VALUE_UNDEFINED:
        return true;
    case VALUE_NONE:
        buf_add_string(to, "None");
        return true;
    case VALUE_BOOL:
        buf_add_string(to, value->integer ? "True" : "False");
        return true;
    case VALUE_INTEGER:
        buf_addf(to, "%lld", (long long)value->integer);
        return true;
    case VALUE_REAL:
        add_real(value->real, to);
        return true;
    case VALUE_STRING:
        buf_add(to, value->string.text, value->string.length);
        return true;
    default:
        return value_add_repr(render, value, to);
    }
}

const struct value *value_text(struct render *render, const struct value *value)
{
    buf_auto text = render_buf(render);

    if (value->type == VALUE_STRING)
        return value;
    return value_add_text(render, value, &text) ? render_buf_string(render, &text) : NULL;
}

/* Characters are all alike; what differs is that a string is walked by its UTF-8. */
static const struct value *characters(struct render *render, const struct value *string)
{
    const char *text = string->string.text;
    size_t length = string->string.length;
    struct value *list = value_sequence(render, VALUE_LIST, text_count(text, length));

    for (size_t i = 0; list && i < list->list.count; i++) {
        size_t n = text_step(text, length);
        list->list.items[i] = value_string(render, text, n);
        if (!list->list.items[i])
            return NULL;
        text += n;
        length -= n;
    }
    return list;
}

const struct value *value_iterate(struct render *render, const struct value *value)
{
    struct value *keys;

    switch (value->type) {
    case VALUE_LIST:
    case VALUE_TUPLE:
        return value;
    case VALUE_UNDEFINED:
        return value_sequence(render, VALUE_LIST, 0);
    case VALUE_STRING:
        return characters(render, value);
    case VALUE_DICT:
        keys = value_sequence(render, VALUE_LIST, value->list.count);
        for (size_t i = 0; keys && i < value->list.count; i++)
            keys->list.items[i] = value->list.items[2 * i];
        return keys;
    default:
        return render_fail(render, "TypeError", "'%s' object is not iterable",
                           value_type_name(value));
    }
}

bool value_is_hashable(const struct value *value)
{
    if (value->type == VALUE_TUPLE) {
        for (size_t i = 0; i < value->list.count; i++)
            if (!value_is_hashable(value->list.items[i]))
                return false;
    }
    return value->type != VALUE_LIST && value->type != VALUE_DICT;
}

const struct value *value_lookup(struct render *render, const struct value *dict,
                                 const struct value *key, bool *ret_failed)
{
    for (size_t i = 0; i < dict->list.count; i++) {
        int same = value_same(render, dict->list.items[2 * i], key);
        if (same < 0)
            *ret_failed = true;
        if (same != 0)
            return same > 0 ? dict->list.items[2 * i + 1] : NULL;
    }
    return NULL;
}
