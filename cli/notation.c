#include "cli/notation.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/script.h"
#include "common/buf.h"
#include "json/schema.h"
#include "json/text.h"

#define LONGEST 4096 /* bytes of one field's text */

struct type {
    const char *name;
    const char *type;                         /* of JSON Schema */
    const char *format;                       /* or NULL */
    const char *least, *most, *above, *below; /* its bounds; NULL: it has none */
};

#define NUMBERS "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"

static const struct type types[] = {
    {"text", "string", NULL, "minLength", "maxLength", NULL, NULL},
    {"string", "string", NULL, "minLength", "maxLength", NULL, NULL},
    {"integer", "integer", NULL, NUMBERS},
    {"number", "number", NULL, NUMBERS},
    {"boolean", "boolean", NULL, NULL, NULL, NULL, NULL},
    {"date", "string", "date", NULL, NULL, NULL, NULL},
    {"time", "string", "time", NULL, NULL, NULL, NULL},
    {"datetime", "string", "date-time", NULL, NULL, NULL, NULL},
};
static const struct type list_type = {"list", "array", NULL, "minItems", "maxItems", NULL, NULL};
static const struct type choice_type = {"choice", "string", NULL, NULL, NULL, NULL, NULL};

/* Reads one field's text from left to right. */
struct reader {
    const char *at;
    const struct type *type;
    json_t *property; /* what it becomes */
    struct error *error;
};

/* ---- words ----------------------------------------------------------------------------------- */

static void skip_spaces(struct reader *reader)
{
    while (isspace((unsigned char)*reader->at))
        reader->at++;
}

static bool take(struct reader *reader, const char *sign)
{
    skip_spaces(reader);
    if (strncmp(reader->at, sign, strlen(sign)) != 0)
        return false;
    reader->at += strlen(sign);
    return true;
}

/* So many bytes without the spaces around them. */
static json_t *trimmed(const char *text, size_t length)
{
    while (length && isspace((unsigned char)*text)) {
        text++;
        length--;
    }
    while (length && isspace((unsigned char)text[length - 1]))
        length--;
    return json_stringn(text, length);
}

static int set(struct reader *reader, const char *member, json_t *value)
{
    return json_object_set_new(reader->property, member, value) < 0
               ? error_set(reader->error, ENOMEM, "out of memory")
               : 0;
}

/* ---- types ----------------------------------------------------------------------------------- */

static int set_type(struct reader *reader, const struct type *type)
{
    reader->type = type;
    if (set(reader, "type", json_string(type->type)) < 0)
        return -1;
    return type->format ? set(reader, "format", json_string(type->format)) : 0;
}

/* The type that the text begins with, as a whole word; NULL if it is none. */
static const struct type *take_type_name(struct reader *reader)
{
    skip_spaces(reader);
    size_t length = strspn(reader->at, "abcdefghijklmnopqrstuvwxyz");

    for (size_t i = 0; i < COUNT_OF(types); i++) {
        if (strlen(types[i].name) == length && strncmp(types[i].name, reader->at, length) == 0) {
            reader->at += length;
            return &types[i];
        }
    }
    return NULL;
}

static int refuse_type(struct reader *reader)
{
    return error_set(reader->error, EINVAL,
                     "'%.60s' is no type: there are text, integer, number, boolean, date, time, "
                     "datetime, 'list of' one of these, and choices such as 'a|b|c'",
                     reader->at);
}

static int take_list(struct reader *reader)
{
    const struct type *items = take_type_name(reader);

    if (!items)
        return refuse_type(reader);
    json_t *schema = json_pack("{s:s,s:s*}", "type", items->type, "format", items->format);
    if (set(reader, "items", schema) < 0)
        return -1;
    return set_type(reader, &list_type);
}

/* "staging | production", up to a default or the help. */
static int take_choices(struct reader *reader, size_t length)
{
    const char *end = reader->at + length;
    json_t *choices = json_array();

    if (set(reader, "enum", choices) < 0)
        return -1;
    while (reader->at <= end) {
        size_t part = strcspn(reader->at, "|");
        if (part > (size_t)(end - reader->at))
            part = (size_t)(end - reader->at);
        json_t *choice = trimmed(reader->at, part);
        reader->at += part + 1;
        if (choice && !*json_string_value(choice)) {
            json_decref(choice);
            return error_set(reader->error, EINVAL, "one of the choices is empty");
        }
        if (json_array_append_new(choices, choice) < 0)
            return error_set(reader->error, ENOMEM, "out of memory");
    }
    reader->at = end;
    return set_type(reader, &choice_type);
}

/* How long the choices are that begin here; 0 if these are none. */
static size_t choices_length(const char *text)
{
    const char *help = strstr(text, " #");
    size_t length = strcspn(text, "=");

    if (help && (size_t)(help - text) < length)
        length = (size_t)(help - text);
    return memchr(text, '|', length) ? length : 0;
}

static int take_type(struct reader *reader)
{
    size_t choices = choices_length(reader->at);

    if (choices)
        return take_choices(reader, choices);
    if (take(reader, "list of "))
        return take_list(reader);
    const struct type *type = take_type_name(reader);
    return type ? set_type(reader, type) : refuse_type(reader);
}

/* ---- bounds ---------------------------------------------------------------------------------- */

static json_t *take_number(struct reader *reader)
{
    char *end;
    const char *at = reader->at;

    errno = 0;
    long long whole = strtoll(at, &end, 10);
    if (end != at && !errno && *end != '.' && *end != 'e' && *end != 'E') {
        reader->at = end;
        return json_integer(whole);
    }
    double number = strtod(at, &end);
    reader->at = end;
    return end != at ? json_real(number) : NULL; /* NULL too if it is not finite */
}

static int take_bounds(struct reader *reader)
{
    const struct type *type = reader->type;
    const struct {
        const char *sign;
        const char *member;
    } bounds[] = {{">=", type->least}, {"<=", type->most}, {">", type->above}, {"<", type->below}};

    for (size_t i = 0; i < COUNT_OF(bounds);) {
        if (!take(reader, bounds[i].sign)) {
            i++;
            continue;
        }
        if (!bounds[i].member)
            return error_set(reader->error, EINVAL, "a %s has no bound with '%s'", type->name,
                             bounds[i].sign);
        skip_spaces(reader);
        json_t *number = take_number(reader);
        if (!number)
            return error_set(reader->error, EINVAL, "there is no number behind '%s'",
                             bounds[i].sign);
        /* A type with a least and no "above" is bounded by its length. */
        if (!type->above && (!json_is_integer(number) || json_integer_value(number) < 0)) {
            json_decref(number);
            return error_set(reader->error, EINVAL, "the length of a %s is a whole number",
                             type->name);
        }
        if (set(reader, bounds[i].member, number) < 0)
            return -1;
        i = 0; /* another may follow */
    }
    return 0;
}

/* ---- defaults -------------------------------------------------------------------------------- */

/* A JSON string or list that stands here; the reader goes behind it. NULL: it is none. */
static json_t *take_json(struct reader *reader)
{
    json_error_t where;
    json_t *value = json_loads(reader->at, JSON_DECODE_ANY | JSON_DISABLE_EOF_CHECK, &where);

    if (value)
        reader->at += where.position;
    return value;
}

static json_t *value_of(const struct type *type, json_t *text)
{
    const char *word = json_string_value(text);

    if (strcmp(type->type, "string") == 0)
        return json_incref(text);
    return json_parse(word, strlen(word), NULL);
}

static int check_default(struct reader *reader, const json_t *value, const char *text)
{
    const struct schema_options options = {.check_format = true, .local_times = true};
    schema_errors_auto errors = {0};
    struct schema *schema;

    if (schema_compile(reader->property, &options, &schema, reader->error) < 0)
        return -1;
    int r = schema_validate(schema, value, &errors, reader->error);
    if (r > 0)
        r = error_set(reader->error, EINVAL, "the default '%.60s' %s", text,
                      errors.field_count ? errors.fields[0].message : "does not fit");
    schema_errors_release(&errors);
    schema_free(schema);
    return r;
}

static int take_default(struct reader *reader)
{
    skip_spaces(reader);
    const char *begin = reader->at;
    bool is_json = *begin == '"' || *begin == '[';
    json_auto_t *value = is_json ? take_json(reader) : NULL;

    if (is_json && !value)
        return error_set(reader->error, EINVAL, "the default '%.60s' is no JSON", begin);
    if (!is_json) {
        const char *help = strstr(begin, " #");
        size_t length = help ? (size_t)(help - begin) : strlen(begin);
        json_auto_t *text = trimmed(begin, length);
        reader->at += length;
        value = text ? value_of(reader->type, text) : NULL;
    }
    buf_auto shown = BUF_INIT;
    buf_add(&shown, begin, (size_t)(reader->at - begin));
    if (!value)
        return error_set(reader->error, EINVAL, "the default '%.60s' is no %s", buf_string(&shown),
                         reader->type->name);
    if (check_default(reader, value, buf_string(&shown)) < 0)
        return -1;
    return set(reader, "default", json_incref(value));
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* "first_name" is "First Name". */
static json_t *title_of(const char *name)
{
    buf_auto title = BUF_INIT;
    bool begins = true;

    for (; *name; name++) {
        buf_add_char(&title, *name == '_' ? ' ' : begins ? (char)toupper(*name) : *name);
        begins = *name == '_';
    }
    return title.failed ? NULL : json_string(buf_string(&title));
}

/* The name, without what follows; `ret_optional`: a "?" does. */
static int take_name(struct reader *reader, struct buf *name, bool *ret_optional)
{
    skip_spaces(reader);
    size_t length = strcspn(reader->at, "?:=# \t\n");

    buf_add(name, reader->at, length);
    if (!is_shell_name(buf_string(name)))
        return error_set(reader->error, EINVAL,
                         "the field has no name that a shell can use: letters, digits and _, and "
                         "no digit in front");
    reader->at += length;
    *ret_optional = take(reader, "?");
    return 0;
}

static int take_rest(struct reader *reader)
{
    if (take(reader, ":") ? take_type(reader) < 0 : set_type(reader, &types[0]) < 0)
        return -1;
    if (take_bounds(reader) < 0)
        return -1;
    if (take(reader, "=") && take_default(reader) < 0)
        return -1;
    if (take(reader, "#")) {
        if (set(reader, "description", trimmed(reader->at, strlen(reader->at))) < 0)
            return -1;
        reader->at += strlen(reader->at);
    }
    skip_spaces(reader);
    return *reader->at ? error_set(reader->error, EINVAL, "'%.60s' is not understood", reader->at)
                       : 0;
}

json_t *notation_begin(const char *title)
{
    return json_pack("{s:s,s:s,s:{},s:[],s:b}", "title", title, "type", "object", "properties",
                     "required", "additionalProperties", 0);
}

static int add_field(json_t *schema, struct reader *reader)
{
    json_t *properties = json_object_get(schema, "properties");
    buf_auto name = BUF_INIT;
    bool optional = false;

    if (take_name(reader, &name, &optional) < 0)
        return -1;
    if (json_object_get(properties, buf_string(&name)))
        return error_set(reader->error, EINVAL, "the field is there twice");
    if (set(reader, "title", title_of(buf_string(&name))) < 0 || take_rest(reader) < 0)
        return -1;
    if (json_object_set(properties, buf_string(&name), reader->property) < 0)
        return error_set(reader->error, ENOMEM, "out of memory");
    if (!optional && !json_object_get(reader->property, "default") &&
        json_array_append_new(json_object_get(schema, "required"), json_string(buf_string(&name))) <
            0)
        return error_set(reader->error, ENOMEM, "out of memory");
    return 0;
}

int notation_add(json_t *schema, const char *text, struct error *error)
{
    struct error reason = {0};
    json_auto_t *property = json_object();
    struct reader reader = {.at = text, .property = property, .error = &reason};
    json_auto_t *whole = json_string(text);

    if (!property)
        return error_set(error, ENOMEM, "out of memory");
    if (strlen(text) > LONGEST)
        return error_set(error, EINVAL, "a field's text is longer than %d bytes", LONGEST);
    if (!whole)
        return error_set(error, EINVAL, "'%.100s' is no UTF-8", text);
    if (add_field(schema, &reader) < 0)
        return error_set(error, reason.code, "'%.100s': %s", text, reason.message);
    return 0;
}
