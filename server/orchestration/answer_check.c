#include "server/orchestration/answer_check.h"

#include <errno.h>
#include <string.h>

#include "server/orchestration/placeholders.h"
#include "json/schema.h"
#include "json/text.h"

/* Our own library's models have their formats checked; elsewhere `format` only annotates. Their
 * times of day have no offset (struct fm_time, and pydantic's time without zone), and one that has
 * an offset is refused here, while whoever answers can still mend it. */
static bool wants_formats(const json_t *schema)
{
    return json_is_true(json_object_get(schema, "x-fermata-check-formats"));
}

static json_t *field_errors(const struct schema_errors *errors)
{
    json_t *list = json_array();

    for (size_t i = 0; i < errors->field_count; i++)
        json_array_append_new(list, json_pack("{s:s, s:s}", "path", errors->fields[i].path_text,
                                              "message", errors->fields[i].message));
    return list;
}

static void refuse(struct answer_check *check, struct arena *arena, json_t *errors,
                   const char *reason)
{
    check->valid = false;
    check->errors = json_arena_own(arena, errors);
    check->reason = arena_strdup(arena, reason);
}

/* What cannot be checked (a schema that is none, one that needs too many steps) is refused with the
 * reason; the run goes on waiting. */
static void refuse_unchecked(struct answer_check *check, struct arena *arena,
                             const struct error *error)
{
    refuse(check, arena, json_pack("[{s:s, s:s}]", "path", "", "message", error->message),
           arena_printf(arena, "Reason: %s", error->message));
}

static int compile(const char *text, struct schema **ret_schema, struct error *error)
{
    json_auto_t *json = json_parse(text, strlen(text), error);
    if (!json)
        return error_prefix(error, "the run's input schema is no JSON");
    bool wants = wants_formats(json);
    const struct schema_options options = {.check_format = wants, .local_times = wants};
    json_auto_t *preprocessed = schema_preprocess(json, error);
    if (!preprocessed || schema_compile(preprocessed, &options, ret_schema, error) < 0)
        return error_prefix(error, "the run's input schema cannot be used");
    return 0;
}

static void validate(struct answer_check *check, struct arena *arena, const char *schema_text,
                     const json_t *value)
{
    struct schema *schema = NULL;
    schema_errors_auto errors = {0};
    buf_auto reason = BUF_INIT;
    struct error error;

    if (compile(schema_text, &schema, &error) < 0) {
        refuse_unchecked(check, arena, &error);
        return;
    }
    int wrong = schema_validate(schema, value, &errors, &error);
    if (wrong < 0) {
        refuse_unchecked(check, arena, &error);
    } else if (wrong > 0) {
        buf_add_string(&reason, "Reason: ");
        schema_prefect_reason(&errors, &reason);
        refuse(check, arena, field_errors(&errors), buf_string(&reason));
    } else {
        check->valid = true;
    }
    schema_errors_release(&errors);
    schema_free(schema);
}

/* Puts values in the place of placeholders. What is stored is then no longer what was sent. False:
 * it cannot be done, and the answer is refused. */
static int resolve(struct txn *txn, struct arena *arena, struct answer_check *check, json_t **value)
{
    buf_auto path = BUF_INIT;
    struct error error;
    json_t *resolved = NULL;

    if (!placeholders_any(check->value))
        return 1;
    if (placeholders_resolve(txn, *value, &resolved, &path, &error) < 0) {
        if (error.code != EINVAL)
            return txn_fail(txn, error.code, "%s", error.message);
        refuse(check, arena,
               json_pack("[{s:s, s:s}]", "path", buf_string(&path), "message", error.message),
               arena_printf(arena, "Error hydrating run input: %s", error.message));
        return 0;
    }
    resolved = json_arena_own(arena, resolved);
    if (!json_is_object(resolved)) {
        refuse(check, arena,
               json_pack("[{s:s, s:s}]", "path", "", "message", "has to be an object"),
               "Error hydrating run input: the input has to be an object");
        return 0;
    }
    check->value = json_arena_text(arena, resolved);
    *value = resolved;
    return 1;
}

int answer_check(struct txn *txn, struct arena *arena, const struct input_request *request,
                 const json_t *value, const char *text, struct answer_check *ret_check)
{
    json_auto_t *nothing = json_object();
    json_t *checked = json_is_object(value) ? (json_t *)value : nothing;
    struct answer_check check = {.version = request->version,
                                 .value = json_is_object(value) ? text : NULL};

    id_copy(check.request_id, request->id);
    if (!request->wants_input) {
        check.valid = true;
    } else if (!request->schema) {
        check.schema_missing = true;
    } else {
        int resolved = resolve(txn, arena, &check, &checked);
        if (resolved < 0)
            return -1;
        if (resolved)
            validate(&check, arena, request->schema, checked);
    }
    *ret_check = check;
    return 0;
}
