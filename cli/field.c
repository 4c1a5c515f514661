/* Reading schemas; see field.h. */
#include "cli/field.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAX_PARTS 64 /* schemas that make up one field: references, members of "allOf" */

void field_release(struct field *field)
{
    json_decref(field->schema);
    json_decref(field->options);
    *field = (struct field){0};
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : isxdigit((unsigned char)c) ? tolower(c) - 'a' + 10 : -1;
}

/* One segment of a JSON pointer in a URI fragment (RFC 6901, 6): percent and tilde escapes. */
static void decode_segment(struct buf *to, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        if (c == '%' && i + 2 < length && hex_digit(text[i + 1]) >= 0 &&
            hex_digit(text[i + 2]) >= 0) {
            c = (char)(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
            i += 2;
        } else if (c == '~' && i + 1 < length) {
            c = text[++i] == '1' ? '/' : '~';
        }
        buf_add_char(to, c);
    }
}

/* What "#/$defs/Address" refers to; NULL if there is nothing, or it is not in this document. */
static const json_t *follow_reference(const json_t *root, const char *reference)
{
    const json_t *at = root;

    if (*reference++ != '#')
        return NULL;
    while (at && *reference == '/') {
        size_t length = strcspn(++reference, "/");
        buf_auto segment = BUF_INIT;
        decode_segment(&segment, reference, length);
        at = json_is_array(at) ? json_array_get(at, strtoul(buf_string(&segment), NULL, 10))
                               : json_object_get(at, buf_string(&segment));
        reference += length;
    }
    return *reference ? NULL : at;
}

/* While a schema is put together from its parts. */
struct assembly {
    const json_t *root;
    json_t *flat;
    int parts;
    bool strange; /* something that no prompt can be made for */
};

static void take_part(struct assembly *assembly, const json_t *part);

static void take_properties(struct assembly *assembly, json_t *properties)
{
    json_t *mine = json_object_get(assembly->flat, "properties");

    if (!mine) {
        mine = json_object();
        json_object_set_new(assembly->flat, "properties", mine);
    }
    json_object_update_missing(mine, properties);
}

static void take_required(struct assembly *assembly, json_t *required)
{
    json_t *mine = json_object_get(assembly->flat, "required");

    if (!mine) {
        mine = json_array();
        json_object_set_new(assembly->flat, "required", mine);
    }
    json_array_extend(mine, required);
}

static void take_reference(struct assembly *assembly, json_t *reference)
{
    const char *text = json_string_value(reference);
    const json_t *target = text ? follow_reference(assembly->root, text) : NULL;

    if (target)
        take_part(assembly, target);
    else
        assembly->strange = true;
}

static void take_all_of(struct assembly *assembly, json_t *parts)
{
    size_t i;
    json_t *part;

    json_array_foreach(parts, i, part)
        take_part(assembly, part);
}

/* Adds what a schema says to what was said before it; of the same keyword the first counts. */
static void take_part(struct assembly *assembly, const json_t *part)
{
    static const struct {
        const char *keyword;
        json_type type;
        void (*take)(struct assembly *assembly, json_t *value);
    } joined[] = {
        {"properties", JSON_OBJECT, take_properties},
        {"required", JSON_ARRAY, take_required},
        {"$ref", JSON_STRING, take_reference},
        {"allOf", JSON_ARRAY, take_all_of},
    };
    const char *keyword;
    json_t *value;

    if (++assembly->parts > MAX_PARTS || json_is_false(part)) {
        assembly->strange = true;
        return;
    }
    json_object_foreach((json_t *)part, keyword, value) {
        size_t i = 0;
        while (i < COUNT_OF(joined) && strcmp(joined[i].keyword, keyword) != 0)
            i++;
        if (i == COUNT_OF(joined) && !json_object_get(assembly->flat, keyword))
            json_object_set(assembly->flat, keyword, value);
    }
    for (size_t i = 0; i < COUNT_OF(joined); i++) {
        value = json_object_get(part, joined[i].keyword);
        if (value && json_typeof(value) == joined[i].type)
            joined[i].take(assembly, value);
    }
}

static bool is_null_schema(struct assembly *assembly, const json_t *schema)
{
    struct assembly other = {.root = assembly->root, .flat = json_object()};

    take_part(&other, schema);
    const char *type = json_string_value(json_object_get(other.flat, "type"));
    bool is_null =
        (type && strcmp(type, "null") == 0) || json_is_null(json_object_get(other.flat, "const"));
    json_decref(other.flat);
    return is_null;
}

static void add_option(struct field *field, json_t *option)
{
    if (!field->options)
        field->options = json_array();
    json_array_append(field->options, option);
}

/* What a look at one keyword found. */
enum finding {
    NOTHING,
    KNOWN, /* the kind of field is settled */
    AGAIN, /* the schema was changed: look anew */
};

static enum finding look_at_const(struct field *field, struct assembly *assembly)
{
    json_t *value = json_object_get(assembly->flat, "const");

    if (!value)
        return NOTHING;
    field->kind = json_is_boolean(value) ? FIELD_BOOLEAN : FIELD_CHOICE;
    add_option(field, value);
    return KNOWN;
}

static enum finding look_at_enum(struct field *field, struct assembly *assembly)
{
    json_t *values = json_object_get(assembly->flat, "enum");
    size_t i;
    json_t *value;

    if (!json_is_array(values))
        return NOTHING;
    json_array_foreach(values, i, value) {
        if (json_is_null(value))
            field->nullable = true;
        else
            add_option(field, value);
    }
    field->kind = field->options ? FIELD_CHOICE : FIELD_JSON;
    return KNOWN;
}

/* "anyOf" and "oneOf": null makes the field nullable; one other branch becomes part of the schema;
 * several are a union. */
static enum finding look_at_branches(struct field *field, struct assembly *assembly)
{
    const char *keyword = json_object_get(assembly->flat, "anyOf") ? "anyOf" : "oneOf";
    json_t *branches = json_object_get(assembly->flat, keyword);
    size_t i;
    json_t *branch;

    if (!json_is_array(branches) || json_object_get(assembly->flat, "properties"))
        return NOTHING;
    json_array_foreach(branches, i, branch) {
        if (is_null_schema(assembly, branch))
            field->nullable = true;
        else
            add_option(field, branch);
    }
    if (json_array_size(field->options) > 1) {
        field->kind = FIELD_UNION;
        return KNOWN;
    }
    json_t *options = field->options;
    field->options = NULL;
    json_object_del(assembly->flat, keyword);
    if (options)
        take_part(assembly, json_array_get(options, 0));
    json_decref(options);
    return AGAIN;
}

/* ["string", "null"]: nullable; ["string", "integer"]: a union. */
static enum finding look_at_types(struct field *field, struct assembly *assembly)
{
    json_t *types = json_object_get(assembly->flat, "type");
    size_t i;
    json_t *type;

    if (!json_is_array(types))
        return NOTHING;
    json_array_foreach(types, i, type) {
        if (json_is_string(type) && strcmp(json_string_value(type), "null") == 0) {
            field->nullable = true;
            continue;
        }
        json_t *branch = json_copy(assembly->flat);
        json_object_set(branch, "type", type);
        json_object_del(branch, "default");
        json_object_del(branch, "title");
        add_option(field, branch);
        json_decref(branch);
    }
    if (json_array_size(field->options) != 1) {
        field->kind = field->options ? FIELD_UNION : FIELD_JSON;
        return KNOWN;
    }
    json_object_set(assembly->flat, "type",
                    json_object_get(json_array_get(field->options, 0), "type"));
    json_decref(field->options);
    field->options = NULL;
    return NOTHING;
}

/* The schema of an item; NULL: there can be none. */
static const json_t *item_schema(const struct field *list, size_t index)
{
    json_t *schema = json_array_get(json_object_get(list->schema, "prefixItems"), index);

    if (!schema)
        schema = json_object_get(list->schema, "items");
    return json_is_false(schema) ? NULL : schema;
}

static int read_schema(struct field *ret_field, const json_t *root, const json_t *schema,
                       bool is_item, struct error *error);

static bool is_simple_item(const struct field *list, const json_t *root, size_t index)
{
    const json_t *schema = item_schema(list, index);
    field_auto item = {0};

    return schema && read_schema(&item, root, schema, true, NULL) == 0 &&
           item.kind <= FIELD_CHOICE && !item.nullable && !field_is_secret(&item);
}

static enum field_kind kind_of_list(struct field *field, const json_t *root)
{
    json_t *prefix = json_object_get(field->schema, "prefixItems");
    json_t *items = json_object_get(field->schema, "items");
    size_t count = json_array_size(prefix) + (json_is_object(items) ? 1 : 0);
    bool simple = true;

    for (size_t i = 0; i < count && simple; i++)
        simple = is_simple_item(field, root, i);
    if (count == 0 || (prefix && !simple))
        return FIELD_JSON;
    return simple ? FIELD_LIST : FIELD_ITEMS;
}

static enum field_kind kind_of_object(const struct field *field)
{
    json_t *properties = json_object_get(field->schema, "properties");

    return json_is_object(properties) ? FIELD_OBJECT : FIELD_JSON;
}

/* Of an item only that it is a list counts: to look at its own items would take as long as such
 * schemas can be nested, which is without end. */
static void classify_type(struct field *field, const json_t *root, bool is_item)
{
    static const struct {
        const char *type;
        enum field_kind kind;
    } kinds[] = {
        {"string", FIELD_TEXT},     {"integer", FIELD_INTEGER}, {"number", FIELD_NUMBER},
        {"boolean", FIELD_BOOLEAN}, {"array", FIELD_LIST},      {"object", FIELD_OBJECT},
    };
    const char *type = json_string_value(json_object_get(field->schema, "type"));

    field->kind = FIELD_JSON;
    if (!type)
        type = json_object_get(field->schema, "properties") ? "object" : "";
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (strcmp(type, kinds[i].type) == 0)
            field->kind = kinds[i].kind;
    if (strcmp(type, "null") == 0)
        field->nullable = true;
    if (field->kind == FIELD_LIST && !is_item)
        field->kind = kind_of_list(field, root);
    else if (field->kind == FIELD_OBJECT)
        field->kind = kind_of_object(field);
}

static int read_schema(struct field *ret_field, const json_t *root, const json_t *schema,
                       bool is_item, struct error *error)
{
    static enum finding (*const looks[])(struct field * field, struct assembly * assembly) = {
        look_at_const, look_at_enum, look_at_branches, look_at_types};
    struct assembly assembly = {.root = root, .flat = json_object()};
    struct field field = {0};

    if (!assembly.flat)
        return error_set(error, ENOMEM, "out of memory");
    field.schema = assembly.flat;
    take_part(&assembly, schema);
    enum finding finding = AGAIN;
    while (finding == AGAIN && !assembly.strange) {
        finding = NOTHING;
        for (size_t i = 0; i < COUNT_OF(looks) && finding == NOTHING; i++)
            finding = looks[i](&field, &assembly);
    }
    if (assembly.strange)
        field.kind = FIELD_JSON;
    else if (finding == NOTHING)
        classify_type(&field, root, is_item);
    *ret_field = field;
    return 0;
}

int field_init(struct field *ret_field, const json_t *root, const json_t *schema,
               struct error *error)
{
    return read_schema(ret_field, root, schema, false, error);
}

int field_item(struct field *ret_item, const struct field *list, const json_t *root, size_t index,
               struct error *error)
{
    const json_t *schema = item_schema(list, index);

    if (!schema)
        return error_set(error, EINVAL, "must have at most %zu items",
                         json_array_size(json_object_get(list->schema, "prefixItems")));
    return field_init(ret_item, root, schema, error);
}

const json_t *field_property(const struct field *object, const char *name, bool *ret_required)
{
    json_t *required = json_object_get(object->schema, "required");
    size_t i;
    json_t *one;

    *ret_required = false;
    json_array_foreach(required, i, one) {
        if (json_is_string(one) && strcmp(json_string_value(one), name) == 0)
            *ret_required = true;
    }
    return json_object_get(json_object_get(object->schema, "properties"), name);
}

bool field_is_fixed(const struct field *field)
{
    return field->kind == FIELD_CHOICE && json_array_size(field->options) == 1 &&
           !field->nullable && json_object_get(field->schema, "const");
}

bool field_is_secret(const struct field *field)
{
    const char *format = json_string_value(json_object_get(field->schema, "format"));

    return field->kind == FIELD_TEXT && format && strcmp(format, "password") == 0;
}
