/* The base job template of a work pool: what its workers make the start of a process from. */
#include <ctype.h>
#include <string.h>

#include "server/api/work_pools.h"
#include "json/schema.h"

#define TEMPLATE "base_job_template"

static void add(struct problems *problems, const json_t *template, const char *text)
{
    problems_add_at(problems, TEMPLATE, "value_error", template, "Value error, %s", text);
}

/* What is between "{{" and "}}" from `text` on, without spaces: its length, or 0 if there is none
 * any more. */
static size_t next_placeholder(const char **text, const char **ret_name)
{
    const char *begin = strstr(*text, "{{");
    const char *end = begin ? strstr(begin, "}}") : NULL;

    if (!end)
        return 0;
    for (begin += strlen("{{"); begin < end && isspace((unsigned char)*begin); begin++)
        ;
    *text = end + strlen("}}");
    while (end > begin && isspace((unsigned char)end[-1]))
        end--;
    *ret_name = begin;
    return (size_t)(end - begin);
}

/* Variables such as {{ prefect.blocks.… }} and {{ $ENV }} are not the pool's own. */
static bool is_declared(const json_t *declared, const char *name, size_t length)
{
    return length == 0 || *name == '$' || memchr(name, '.', length) ||
           json_object_getn(declared, name, length) != NULL;
}

/* Adds what the texts inside of `value` name and the schema does not declare. */
static void check_placeholders(const json_t *value, const json_t *declared, struct buf *unknown)
{
    const char *text = json_string_value(value);
    const char *name;
    const char *key;
    json_t *member;
    size_t i, length;

    while (text && (length = next_placeholder(&text, &name)) > 0)
        if (!is_declared(declared, name, length))
            buf_addf(unknown, "%s%.*s", unknown->length ? ", " : "", (int)length, name);
    json_object_foreach((json_t *)value, key, member)
        check_placeholders(member, declared, unknown);
    json_array_foreach(value, i, member)
        check_placeholders(member, declared, unknown);
}

void check_base_job_template(const struct request *request, struct problems *problems)
{
    const json_t *template = json_object_get(request->body, TEMPLATE);
    const json_t *variables = json_object_get(template, "variables");
    const json_t *configuration = json_object_get(template, "job_configuration");
    struct schema *schema = NULL;
    struct error error;
    buf_auto unknown = BUF_INIT;

    if (json_object_size(template) == 0)
        return;
    if (!json_is_object(variables) || !json_is_object(configuration)) {
        add(problems, template,
            "a base job template has the objects \"job_configuration\" and \"variables\"");
        return;
    }
    if (schema_compile(variables, NULL, &schema, &error) < 0)
        problems_add_at(problems, TEMPLATE, "value_error", template,
                        "Value error, \"variables\" is no JSON Schema: %s", error.message);
    schema_free(schema);
    check_placeholders(configuration, json_object_get(variables, "properties"), &unknown);
    if (unknown.length)
        problems_add_at(problems, TEMPLATE, "value_error", template,
                        "Value error, the job configuration names variables that are not among "
                        "the properties of \"variables\": %.300s",
                        buf_string(&unknown));
}
