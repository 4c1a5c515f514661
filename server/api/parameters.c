#include "server/api/parameters.h"

#include <errno.h>
#include <string.h>

#include "server/orchestration/placeholders.h"
#include "json/schema.h"
#include "json/text.h"

int parameters_resolve(struct txn *txn, struct arena *arena, const char *text,
                       const char **ret_text, const char **ret_reason)
{
    struct error error;
    json_auto_t *resolved = NULL;

    *ret_text = text;
    if (!placeholders_any(text))
        return 1;
    json_auto_t *parameters = json_parse(text, strlen(text), &error);
    if (!parameters)
        return txn_fail(txn, EINVAL, "parameters that are no JSON: %s", error.message);
    if (placeholders_resolve(txn, parameters, &resolved, NULL, &error) < 0) {
        if (error.code != EINVAL)
            return txn_fail(txn, error.code, "%s", error.message);
        *ret_reason = arena_strdup(arena, error.message);
        return 0;
    }
    if (!json_is_object(resolved)) {
        *ret_reason = "the parameters have to be an object";
        return 0;
    }
    *ret_text = json_arena_text(arena, resolved);
    return 1;
}

/* Takes "required" out of a schema and of all that is inside it. */
static void drop_required(json_t *schema)
{
    const char *key;
    json_t *member;
    size_t i;

    if (json_is_array(json_object_get(schema, "required")))
        json_object_del(schema, "required");
    json_object_foreach(schema, key, member)
        drop_required(member);
    json_array_foreach(schema, i, member)
        drop_required(member);
}

static int compile(const char *text, unsigned flags, struct schema **ret_schema,
                   struct error *error)
{
    json_auto_t *json = json_parse(text, strlen(text), error);

    if (!json)
        return -1;
    json_auto_t *preprocessed = schema_preprocess(json, error);
    if (!preprocessed)
        return -1;
    if (flags & PARAMETERS_MAY_LACK)
        drop_required(preprocessed);
    return schema_compile(preprocessed, NULL, ret_schema, error);
}

int parameters_check(struct arena *arena, const char *text, const char *schema_text, unsigned flags,
                     const char **ret_reason)
{
    struct schema *schema = NULL;
    schema_errors_auto errors = {0};
    buf_auto reason = BUF_INIT;
    struct error error;
    int wrong = -1;

    json_auto_t *parameters = json_parse(text, strlen(text), &error);
    if (parameters && compile(schema_text, flags, &schema, &error) == 0)
        wrong = schema_validate(schema, parameters, &errors, &error);
    if (wrong < 0)
        *ret_reason = arena_strdup(arena, error.message);
    if (wrong > 0) {
        schema_prefect_reason(&errors, &reason);
        *ret_reason = arena_strdup(arena, buf_string(&reason));
    }
    schema_errors_release(&errors);
    schema_free(schema);
    return wrong < 0 ? -1 : wrong == 0;
}
