/* Answers without questions; see form.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/field.h"
#include "cli/form.h"
#include "json/text.h"

struct setting {
    const json_t *root;
    const char *path;
    const char *text;
    struct error *error;
};

static int no_memory(struct error *error)
{
    return error_set(error, ENOMEM, "out of memory");
}

/* What the text means where the schema does not say: JSON, else the text itself. */
static json_t *read_anything(const char *text)
{
    json_t *value = json_parse(text, strlen(text), NULL);

    return value ? value : json_string(text);
}

static int read_value(const struct setting *setting, const json_t *schema, json_t **ret_value)
{
    field_auto field = {0};
    buf_auto why = BUF_INIT;

    if (schema && field_init(&field, setting->root, schema, setting->error) < 0)
        return -1;
    if (!schema || field.kind == FIELD_UNION || field.kind == FIELD_JSON)
        *ret_value = read_anything(setting->text);
    else if (field.nullable && strcmp(setting->text, "null") == 0)
        *ret_value = json_null();
    else if (!field_read(&field, setting->root, setting->text, ret_value, &why))
        return error_set(setting->error, EINVAL, "%s: %s", setting->path, buf_string(&why));
    return *ret_value ? 0 : no_memory(setting->error);
}

static int set_here(const struct setting *setting, const json_t *schema, json_t *object,
                    const char *key)
{
    json_t *value = NULL;

    if (read_value(setting, schema, &value) < 0)
        return -1;
    return json_object_set_new(object, key, value) < 0 ? no_memory(setting->error) : 0;
}

/* The member of that name as an object, made if it is none. */
static json_t *object_within(json_t *object, const char *key)
{
    json_t *inner = json_object_get(object, key);

    if (json_is_object(inner))
        return inner;
    return json_object_set_new(object, key, json_object()) < 0 ? NULL
                                                               : json_object_get(object, key);
}

static int set_within(const struct setting *setting, const json_t *schema, json_t *object,
                      const char *rest, int depth)
{
    size_t length = strcspn(rest, ".");
    bool required;
    field_auto field = {0};

    if (depth == JSON_TEXT_DEPTH)
        return error_set(setting->error, EINVAL, "the name of the field has too many parts");
    if (field_init(&field, setting->root, schema, setting->error) < 0)
        return -1;
    /* A property whose name holds a dot is found by its whole name. */
    const json_t *property = field_property(&field, rest, &required);
    if (property || !rest[length])
        return set_here(setting, property, object, rest);
    char *key = strndup(rest, length);
    json_t *inner = key ? object_within(object, key) : NULL;
    property = key ? field_property(&field, key, &required) : NULL;
    free(key);
    if (!inner)
        return no_memory(setting->error);
    return set_within(setting, property, inner, rest + length + 1, depth + 1);
}

int form_set(const json_t *schema, json_t *value, const char *path, const char *text,
             struct error *error)
{
    struct setting setting = {.root = schema, .path = path, .text = text, .error = error};

    return set_within(&setting, schema, value, path, 0);
}
