/* One field's value held against its schema; see field.h. */
#include <string.h>

#include "cli/field.h"
#include "json/schema.h"

/* Whether a reference leads to anything but the definitions, which go along with the field. */
static bool refers_elsewhere(const json_t *schema)
{
    const char *reference = json_string_value(json_object_get(schema, "$ref"));
    const char *key;
    size_t i;
    json_t *part;

    if (json_object_get(schema, "$dynamicRef") ||
        (reference && strncmp(reference, "#/$defs/", 8) != 0 &&
         strncmp(reference, "#/definitions/", 14) != 0))
        return true;
    json_object_foreach((json_t *)schema, key, part) {
        if (refers_elsewhere(part))
            return true;
    }
    json_array_foreach(schema, i, part) {
        if (refers_elsewhere(part))
            return true;
    }
    return false;
}

/* The field's schema as a document of its own; NULL if it cannot stand alone. */
static struct schema *compile(const struct field *field, const json_t *root)
{
    static const char *const definitions[] = {"$defs", "definitions"};
    struct schema *schema = NULL;

    json_auto_t *document = json_copy(field->schema);
    for (size_t i = 0; i < COUNT_OF(definitions); i++) {
        json_t *known = json_object_get(root, definitions[i]);
        if (known)
            json_object_set(document, definitions[i], known);
    }
    if (refers_elsewhere(document) || schema_compile(document, NULL, &schema, NULL) < 0)
        return NULL;
    return schema;
}

bool field_check(const struct field *field, const json_t *root, const json_t *value,
                 struct buf *why)
{
    schema_errors_auto errors = {0};

    if (json_is_null(value) && field->nullable)
        return true;
    struct schema *schema = compile(field, root);
    if (!schema)
        return true;
    int count = schema_validate(schema, value, &errors, NULL);
    if (count > 0 && errors.field_count > 0)
        buf_addf(why, "%s%s%s", errors.fields[0].path_text, *errors.fields[0].path_text ? ": " : "",
                 errors.fields[0].message);
    schema_free(schema);
    return count <= 0;
}
