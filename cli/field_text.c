/* What a field says to a person and what a person types into it; see field.h. */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/field.h"
#include "cli/text.h"
#include "common/base64.h"
#include "common/ids.h"
#include "common/times.h"
#include "json/text.h"
#include "json/writer.h"

#define LONGEST_TITLE 1000 /* columns; it is shown in lines */

/* --- Values as text --- */

static void add_number(struct buf *to, const json_t *value)
{
    struct json_writer writer;

    json_writer_init(&writer, to);
    if (json_is_integer(value))
        json_add_integer(&writer, json_integer_value(value));
    else
        json_add_number(&writer, json_real_value(value));
}

static void add_members(struct buf *to, const json_t *object)
{
    const char *separator = "";
    const char *key;
    json_t *member;

    json_object_foreach((json_t *)object, key, member) {
        buf_add_string(to, separator);
        json_quote(to, key, strlen(key));
        buf_add_string(to, ": ");
        field_add_json(to, member);
        separator = ", ";
    }
}

static void add_items(struct buf *to, const json_t *array)
{
    size_t i;
    json_t *item;

    json_array_foreach(array, i, item) {
        buf_add_string(to, i > 0 ? ", " : "");
        field_add_json(to, item);
    }
}

void field_add_json(struct buf *to, const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        buf_add_char(to, '{');
        add_members(to, value);
        buf_add_char(to, '}');
        break;
    case JSON_ARRAY:
        buf_add_char(to, '[');
        add_items(to, value);
        buf_add_char(to, ']');
        break;
    case JSON_STRING:
        json_quote(to, json_string_value(value), json_string_length(value));
        break;
    case JSON_INTEGER:
    case JSON_REAL:
        add_number(to, value);
        break;
    default:
        buf_add_string(to, json_is_true(value) ? "true" : json_is_false(value) ? "false" : "null");
    }
}

void field_add_value(struct buf *to, const json_t *value)
{
    if (json_is_string(value))
        buf_add_string(to, json_string_value(value));
    else
        field_add_json(to, value);
}

/* --- What is said --- */

void field_add_title(struct buf *to, const json_t *schema, const char *name)
{
    const char *title = json_string_value(json_object_get(schema, "title"));

    if (title && *title) {
        text_add_short(to, title, LONGEST_TITLE);
        return;
    }
    buf_auto readable = BUF_INIT;
    for (const char *c = name; *c; c++)
        buf_add_char(&readable, *c == '_' ? ' ' : c == name ? (char)toupper(*c) : *c);
    text_add_short(to, buf_string(&readable), LONGEST_TITLE);
}

static bool reads_as_time_of_day(const char *text)
{
    buf_auto full = BUF_INIT;
    int64_t time;

    buf_add_string(&full, "2000-01-01T");
    buf_add_string(&full, text);
    return time_parse(buf_string(&full), &time);
}

static bool reads_as_date(const char *text)
{
    int64_t time;

    return strlen(text) == 10 && time_parse(text, &time);
}

static bool reads_as_date_and_time(const char *text)
{
    int64_t time;

    return strlen(text) > 10 && time_parse(text, &time);
}

static bool reads_as_uuid(const char *text)
{
    char id[ID_SIZE];

    return id_parse(text, id);
}

static bool reads_as_email(const char *text)
{
    const char *at = strrchr(text, '@');

    return at && at > text && at[1] && !strpbrk(text, " \t");
}

static bool reads_as_base64(const char *text)
{
    return base64_is(text, strlen(text));
}

/* What is checked here is what a flow would refuse later, too late to ask again. */
static const struct format {
    const char *name;
    const char *hint;
    bool (*fits)(const char *text); /* NULL: anything */
} formats[] = {
    {"date", "a date, like 2026-12-24", reads_as_date},
    {"date-time", "a date and time, like 2026-12-24T18:00:00Z", reads_as_date_and_time},
    {"time", "a time of day, like 18:30", reads_as_time_of_day},
    {"duration", "a duration, like PT1H30M", NULL},
    {"uuid", "a UUID", reads_as_uuid},
    {"base64", "bytes as base64, like aGVsbG8=", reads_as_base64},
    {"email", "an e-mail address", reads_as_email},
    {"uri", "an address, like https://example.com", NULL},
    {"password", "not shown", NULL},
};

static const struct format *format_of(const struct field *field)
{
    const char *name = json_string_value(json_object_get(field->schema, "format"));

    for (size_t i = 0; name && i < COUNT_OF(formats); i++)
        if (strcmp(name, formats[i].name) == 0)
            return &formats[i];
    return NULL;
}

static void add_bound(struct buf *to, const json_t *schema, const char *keyword, const char *before,
                      const char *after)
{
    json_t *bound = json_object_get(schema, keyword);

    if (!json_is_number(bound))
        return;
    buf_add_string(to, before);
    add_number(to, bound);
    buf_add_string(to, after);
}

/* The hint of such a list names its items one by one, and so says how many there are. */
static bool has_fixed_length(const struct field *field)
{
    json_int_t fixed = (json_int_t)json_array_size(json_object_get(field->schema, "prefixItems"));

    return fixed > 0 && json_integer_value(json_object_get(field->schema, "minItems")) == fixed &&
           json_integer_value(json_object_get(field->schema, "maxItems")) == fixed;
}

static void add_bounds(struct buf *to, const struct field *field)
{
    static const struct {
        enum field_kind first, last;
        const char *keyword, *before, *after;
    } bounds[] = {
        {FIELD_INTEGER, FIELD_NUMBER, "minimum", ", at least ", ""},
        {FIELD_INTEGER, FIELD_NUMBER, "exclusiveMinimum", ", more than ", ""},
        {FIELD_INTEGER, FIELD_NUMBER, "maximum", ", at most ", ""},
        {FIELD_INTEGER, FIELD_NUMBER, "exclusiveMaximum", ", less than ", ""},
        {FIELD_INTEGER, FIELD_NUMBER, "multipleOf", ", a multiple of ", ""},
        {FIELD_TEXT, FIELD_TEXT, "minLength", ", at least ", " long"},
        {FIELD_TEXT, FIELD_TEXT, "maxLength", ", at most ", " long"},
        {FIELD_LIST, FIELD_ITEMS, "minItems", ", at least ", " of them"},
        {FIELD_LIST, FIELD_ITEMS, "maxItems", ", at most ", " of them"},
    };

    if (has_fixed_length(field))
        return;
    for (size_t i = 0; i < COUNT_OF(bounds); i++)
        if (field->kind >= bounds[i].first && field->kind <= bounds[i].last)
            add_bound(to, field->schema, bounds[i].keyword, bounds[i].before, bounds[i].after);
}

static void add_list_hint(struct buf *to, const struct field *field, const json_t *root)
{
    size_t fixed = json_array_size(json_object_get(field->schema, "prefixItems"));

    buf_add_string(to, "a list, separated by commas");
    for (size_t i = 0; i < (fixed > 0 ? fixed : 1); i++) {
        field_auto item = {0};
        if (field_item(&item, field, root, i, NULL) < 0)
            return;
        buf_add_string(to, fixed == 0 ? "; each " : i == 0 ? ": " : ", ");
        field_add_hint(to, &item, root);
    }
}

/* What JSON is wanted where there are no prompts for it. */
static const char *json_hint(const struct field *field)
{
    const char *type = json_string_value(json_object_get(field->schema, "type"));

    if (type && strcmp(type, "object") == 0)
        return "names with their values, as JSON: {\"name\": value}";
    return type && strcmp(type, "array") == 0 ? "a list, as JSON: [value, value]" : "JSON";
}

void field_add_hint(struct buf *to, const struct field *field, const json_t *root)
{
    static const char *const hints[] = {
        [FIELD_TEXT] = "text",       [FIELD_INTEGER] = "a whole number",
        [FIELD_NUMBER] = "a number", [FIELD_BOOLEAN] = "yes or no",
        [FIELD_CHOICE] = "one of",   [FIELD_LIST] = "",
        [FIELD_ITEMS] = "a list",    [FIELD_OBJECT] = "several fields",
        [FIELD_UNION] = "one of",
    };
    const struct format *format = field->kind == FIELD_TEXT ? format_of(field) : NULL;

    if (field->kind == FIELD_LIST)
        add_list_hint(to, field, root);
    else if (field->kind == FIELD_JSON)
        buf_add_string(to, json_hint(field));
    else
        buf_add_string(to, format ? format->hint : hints[field->kind]);
    add_bounds(to, field);
    if (json_is_true(json_object_get(field->schema, "uniqueItems")))
        buf_add_string(to, ", none of them twice");
}

/* --- What is typed --- */

typedef bool (*read_function)(const struct field *field, const json_t *root, const char *text,
                              json_t **ret_value, struct buf *why);

static bool give(json_t *value, json_t **ret_value)
{
    *ret_value = value;
    return value != NULL;
}

static bool refuse(struct buf *why, const char *message)
{
    buf_add_string(why, message);
    return false;
}

static bool read_text(const struct field *field, const json_t *root, const char *text,
                      json_t **ret_value, struct buf *why)
{
    const struct format *format = format_of(field);

    (void)root;
    if (strcmp(text, "\"\"") == 0)
        text = "";
    if (format && format->fits && !format->fits(text)) {
        buf_addf(why, "must be %s", format->hint);
        return false;
    }
    return give(json_string(text), ret_value);
}

static bool read_integer(const struct field *field, const json_t *root, const char *text,
                         json_t **ret_value, struct buf *why)
{
    const char *digits = text + (*text == '-' || *text == '+');

    (void)field;
    (void)root;
    if (!*digits || digits[strspn(digits, "0123456789")])
        return refuse(why, "must be a whole number");
    errno = 0;
    long long value = strtoll(text, NULL, 10);
    if (errno == ERANGE)
        return refuse(why, "must be a whole number of at most 64 bits");
    return give(json_integer(value), ret_value);
}

static bool read_number(const struct field *field, const json_t *root, const char *text,
                        json_t **ret_value, struct buf *why)
{
    buf_auto ignored = BUF_INIT;
    char *end;

    if (read_integer(field, root, text, ret_value, &ignored))
        return true;
    if (text[strspn(text, "+-.0123456789eE")])
        return refuse(why, "must be a number, like 3.5");
    double value = strtod(text, &end);
    if (end == text || *end || !isfinite(value))
        return refuse(why, "must be a number, like 3.5");
    return give(json_real(value), ret_value);
}

static bool read_boolean(const struct field *field, const json_t *root, const char *text,
                         json_t **ret_value, struct buf *why)
{
    static const char *const words[2][5] = {{"n", "no", "false", "0", "off"},
                                            {"y", "yes", "true", "1", "on"}};

    (void)field;
    (void)root;
    for (size_t i = 0; i < COUNT_OF(words[0]) * 2; i++)
        if (strcasecmp(text, words[i % 2][i / 2]) == 0)
            return give(json_boolean(i % 2), ret_value);
    return refuse(why, "must be y or n");
}

/* An option's own text comes before its number, so that a list of numbers means what it says. */
static bool read_choice(const struct field *field, const json_t *root, const char *text,
                        json_t **ret_value, struct buf *why)
{
    json_t *similar = NULL;
    size_t similar_count = 0;
    size_t i;
    json_t *option;

    (void)root;
    json_array_foreach(field->options, i, option) {
        buf_auto name = BUF_INIT;
        field_add_value(&name, option);
        if (strcmp(buf_string(&name), text) == 0)
            return give(json_incref(option), ret_value);
        if (strcasecmp(buf_string(&name), text) == 0) {
            similar = option;
            similar_count++;
        }
    }
    if (similar_count == 1)
        return give(json_incref(similar), ret_value);
    char *end;
    unsigned long number = strtoul(text, &end, 10);
    if (isdigit((unsigned char)*text) && !*end && number >= 1 &&
        number <= json_array_size(field->options))
        return give(json_incref(json_array_get(field->options, number - 1)), ret_value);
    return refuse(why, "must be one of the choices");
}

static bool read_json(const struct field *field, const json_t *root, const char *text,
                      json_t **ret_value, struct buf *why)
{
    struct error error;
    json_t *value = json_parse(text, strlen(text), &error);

    (void)field;
    (void)root;
    if (!value)
        buf_addf(why, "must be JSON (%s)", error.message);
    return give(value, ret_value);
}

/* The end of the item that begins at `text`: the next comma outside of double quotes. */
static size_t item_length(const char *text)
{
    bool quoted = *text == '"';
    size_t i = quoted ? 1 : 0;

    for (; text[i] && (quoted || text[i] != ','); i++) {
        if (quoted && text[i] == '\\' && text[i + 1])
            i++;
        else if (quoted && text[i] == '"')
            quoted = false;
    }
    return i;
}

size_t field_take_item(const char *list, struct buf *to, bool *ret_is_there)
{
    const char *text = list + strspn(list, " \t");
    size_t length = item_length(text);
    size_t end = length;

    while (end > 0 && (text[end - 1] == ' ' || text[end - 1] == '\t'))
        end--;
    json_auto_t *quoted = *text == '"' ? json_parse(text, end, NULL) : NULL;
    if (json_is_string(quoted))
        buf_add_string(to, json_string_value(quoted));
    else
        buf_add(to, text, end);
    *ret_is_there = end > 0;
    return (size_t)(text - list) + length;
}

void field_add_item(struct buf *to, const json_t *value)
{
    const char *text = json_string_value(value);
    size_t length = json_string_length(value);
    bool plain = text && length > 0 && !strpbrk(text, ",\"") && *text != '[' && *text != ' ' &&
                 text[length - 1] != ' ';

    if (plain)
        buf_add_string(to, text);
    else
        field_add_json(to, value);
}

static bool read_item(const struct field *list, const json_t *root, const char *text, size_t index,
                      json_t **ret_value, struct buf *why)
{
    struct error error;
    field_auto item = {0};
    buf_auto reason = BUF_INIT;

    if (field_item(&item, list, root, index, &error) < 0)
        return refuse(why, error.message);
    bool right =
        text ? field_read(&item, root, text, ret_value, &reason) : refuse(&reason, "is empty");
    if (!right)
        buf_addf(why, "item %zu %s", index + 1, buf_string(&reason));
    return right;
}

static bool read_list(const struct field *field, const json_t *root, const char *text,
                      json_t **ret_value, struct buf *why)
{
    json_auto_t *list = json_array();

    if (*text == '[')
        return read_json(field, root, text, ret_value, why);
    for (;;) {
        buf_auto item = BUF_INIT;
        json_t *value = NULL;
        bool is_there;
        text += field_take_item(text, &item, &is_there);
        if (!read_item(field, root, is_there ? buf_string(&item) : NULL, json_array_size(list),
                       &value, why))
            return false;
        json_array_append_new(list, value);
        if (!*text++)
            break;
    }
    return give(json_incref(list), ret_value);
}

bool field_read(const struct field *field, const json_t *root, const char *text, json_t **ret_value,
                struct buf *why)
{
    static const read_function readers[] = {
        [FIELD_TEXT] = read_text,     [FIELD_INTEGER] = read_integer,
        [FIELD_NUMBER] = read_number, [FIELD_BOOLEAN] = read_boolean,
        [FIELD_CHOICE] = read_choice, [FIELD_LIST] = read_list,
        [FIELD_ITEMS] = read_json,    [FIELD_OBJECT] = read_json,
        [FIELD_UNION] = read_json,    [FIELD_JSON] = read_json,
    };

    return readers[field->kind](field, root, text, ret_value, why);
}
