/* A schema, a NUL byte, a value: neither may do harm, and both ways to validate must agree. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "json/schema.h"
#include "json/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void tell(const struct schema_errors *errors)
{
    buf_auto text = BUF_INIT;

    for (const struct schema_error *e = errors->first; e; e = e->next) {
        schema_path_text(e->path, &text);
        schema_error_message(e, &text);
        buf_clear(&text);
    }
    schema_prefect_reason(errors, &text);
}

static void validate(const struct schema *schema, const json_t *value)
{
    schema_errors_auto errors = {0};
    struct error error;
    int found = schema_validate(schema, value, &errors, &error);
    int verdict = schema_validate(schema, value, NULL, &error);

    if (found >= 0 && verdict >= 0 && (found > 0) != verdict)
        abort();
    if (found > 0)
        tell(&errors);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = memchr(data, '\0', size);
    size_t length = end ? (size_t)(end - data) : size;
    struct schema_options options = {.check_format = size % 2};
    struct schema *schema;
    struct error error;

    if (!end)
        return 0;
    json_auto_t *written = json_parse((const char *)data, length, &error);
    json_auto_t *value = json_parse((const char *)end + 1, size - length - 1, &error);
    if (!written || !value)
        return 0;
    json_auto_t *changed = schema_preprocess(written, &error);
    if (schema_compile(changed, &options, &schema, &error) < 0)
        return 0;
    validate(schema, value);
    schema_free(schema);
    return 0;
}
