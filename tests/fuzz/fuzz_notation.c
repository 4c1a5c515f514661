/* A field's text becomes one property of a schema that is one, or is refused with a reason and adds
 * nothing; and what a shell is told of an answer is what was answered. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/answer_print.h"
#include "cli/notation.h"
#include "json/schema.h"
#include "json/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_schema(const json_t *schema)
{
    const struct schema_options options = {.check_format = true, .local_times = true};
    json_auto_t *answer = json_object();
    struct schema *compiled;
    struct error error;

    if (schema_compile(schema, &options, &compiled, &error) < 0)
        abort();
    if (answer_complete(schema, answer, &error) < 0 || answer_check_names(schema, &error) < 0)
        abort();
    /* What has a default is a right answer when it is left out. */
    if (json_array_size(json_object_get(schema, "required")) == 0 &&
        schema_validate(compiled, answer, NULL, &error) != 0)
        abort();
    schema_free(compiled);
}

/* Reads 'TEXT' as a shell does. */
static void unquote(const char *line, struct buf *to)
{
    for (bool inside = false; *line; line++) {
        if (*line == '\'')
            inside = !inside;
        else if (!inside && *line == '\\')
            buf_add_char(to, *++line);
        else if (inside)
            buf_add_char(to, *line);
        else if (*line != '\n' || line[1])
            abort(); /* the shell would see it */
    }
}

static void check_export(const char *text)
{
    json_auto_t *schema = json_pack("{s:{s:{}}}", "properties", "x");
    json_auto_t *answer = json_pack("{s:s}", "x", text);
    buf_auto lines = BUF_INIT, back = BUF_INIT, json = BUF_INIT;

    if (!answer)
        return; /* no UTF-8 */
    answer_add_export(&lines, schema, answer);
    if (strncmp(buf_string(&lines), "x=", 2) != 0)
        abort();
    unquote(buf_string(&lines) + 2, &back);
    if (strcmp(buf_string(&back), text) != 0)
        abort();
    answer_add_json(&json, answer);
    json_auto_t *again = json_parse(buf_string(&json), json.length, NULL);
    if (!json_equal(again, answer))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_auto_t *schema = notation_begin("Form");
    buf_auto text = BUF_INIT;
    struct error error = {0};

    buf_add(&text, data, size);
    int r = notation_add(schema, buf_string(&text), &error);
    size_t count = json_object_size(json_object_get(schema, "properties"));
    if (r == 0 ? count != 1 : count != 0 || !error.message[0] || error.code != EINVAL)
        abort();
    if (r == 0)
        check_schema(schema);
    check_export(buf_string(&text));
    return 0;
}
