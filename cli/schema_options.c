#include "cli/schema_options.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/notation.h"
#include "json/schema.h"
#include "json/text.h"

#define LONGEST_FILE ((size_t)1 << 20)

int read_text_file(const char *path, struct buf *to, struct error *error)
{
    bool is_input = strcmp(path, "-") == 0;
    FILE *file = is_input ? stdin : fopen(path, "re");
    char chunk[4096];
    size_t n;

    if (!file)
        return error_set(error, errno, "%.200s: %s", path, strerror(errno));
    while (to->length <= LONGEST_FILE && (n = fread(chunk, 1, sizeof(chunk), file)) > 0)
        buf_add(to, chunk, n);
    bool failed = ferror(file);
    if (!is_input)
        fclose(file);
    if (failed || to->failed)
        return error_set(error, EIO, "%.200s cannot be read", path);
    if (to->length > LONGEST_FILE)
        return error_set(error, E2BIG, "%.200s is longer than a megabyte", path);
    return 0;
}

static int read_schema(const char *path, json_t **ret_schema, struct error *error)
{
    buf_auto text = BUF_INIT;
    struct error reason;

    if (read_text_file(path, &text, error) < 0)
        return -1;
    json_t *schema = json_parse(buf_string(&text), text.length, &reason);
    if (!schema)
        return error_set(error, EINVAL, "%.200s is no JSON: %s", path, reason.message);
    *ret_schema = schema; /* of which the caller sees whether it is an object */
    return 0;
}

static int check_schema(const json_t *schema, const char *path, struct error *error)
{
    struct schema *compiled;
    struct error reason;

    if (!json_is_object(schema))
        return error_set(error, EINVAL, "%.200s: a schema has to be a JSON object", path);
    if (schema_compile(schema, NULL, &compiled, &reason) < 0)
        return error_set(error, EINVAL, "%.200s: %s", path, reason.message);
    schema_free(compiled);
    return 0;
}

int schema_from_options(const char *title, const struct text_list *fields, const char *file,
                        json_t **ret_schema, struct error *error)
{
    if (file && fields->count)
        return error_set(error, EINVAL, "--schema has all fields already: leave out the others");
    json_auto_t *schema = NULL;
    if (file && (read_schema(file, &schema, error) < 0 || check_schema(schema, file, error) < 0))
        return -1;
    if (!file)
        schema = notation_begin(title);
    if (!schema)
        return error_set(error, ENOMEM, "the title is no UTF-8, or memory ran out");
    for (size_t i = 0; i < fields->count; i++)
        if (notation_add(schema, fields->texts[i], error) < 0)
            return -1;
    *ret_schema = json_incref(schema);
    return 0;
}
