#include "lib/stored.h"

#include <stdlib.h>
#include <string.h>

#include "lib/errors.h"
#include "lib/model.h"
#include "lib/run.h"
#include "lib/utf8.h"
#include "json/text.h"

/* What a hook of the flow's author said was wrong. */
static int hook_error(struct fm_run *run, int code, struct fm_error *error)
{
    *error = *fm_error(run);
    error->code = code;
    return code;
}

int stored_from_value(struct fm_run *run, const struct fm_model *model, const void *value,
                      struct buf *to, struct fm_error *error)
{
    const char *text = NULL;

    if (!model->fields)
        return fail(error, FM_INVALID, "FM_NOTHING is no value: it cannot be sent or stored");
    if (!model->save)
        return model_encode(model, value, to, error);
    int r = model->save(run, value, &text);
    if (r < 0)
        return hook_error(run, r, error);
    if (!text || text[utf8_prefix(text)])
        return fail(error, FM_INVALID, "what %s was saved as is no UTF-8", model->name);
    buf_add_string(to, text);
    return to->failed ? fail_without_memory(error) : 0;
}

static int add_defaults(const struct fm_model *model, const struct fm_setting *initial,
                        json_t *answer, struct fm_error *error)
{
    for (const struct fm_field *field = model->fields; field->name; field++) {
        const struct fm_value *value = field_default(field, initial);
        if (value->kind == FM_VALUE_NONE || json_object_get(answer, field->name))
            continue;
        json_t *made = value_to_json(value, field->type, error);
        if (!made)
            return FM_INVALID;
        if (json_object_set_new(answer, field->name, made) < 0)
            return fail_without_memory(error);
    }
    return 0;
}

/* The answer with the defaults of the pause in the place of what it leaves out: `load` knows
 * nothing of them. What is no object of JSON is the model's own to read. A new string. */
static int with_defaults(const struct fm_model *model, const struct fm_setting *initial,
                         const char *text, char **ret_text, struct fm_error *error)
{
    struct error parse_error;
    json_auto_t *json = initial ? json_parse(text, strlen(text), &parse_error) : NULL;

    if (json_is_object(json)) {
        int r = add_defaults(model, initial, json, error);
        if (r < 0)
            return r;
        *ret_text = json_dumps(json, JSON_COMPACT);
    } else {
        *ret_text = strdup(text);
    }
    return *ret_text ? 0 : fail_without_memory(error);
}

static int load(struct fm_run *run, const struct fm_model *model, const char *text, void *value,
                struct fm_problems *problems, struct fm_error *error)
{
    int r = model->load(run, text, value);

    if (r < 0)
        return hook_error(run, r, error);
    if (model->check)
        model->check(value, problems);
    return problems->count ? problem_list_error(problems, error) : 0;
}

int value_from_stored(struct fm_run *run, const struct fm_model *model,
                      const struct fm_setting *initial, const char *text, void *ret_value,
                      struct fm_problems *problems, struct fm_error *error)
{
    int r;

    if (!model->fields)
        return fail(error, FM_INVALID, "FM_NOTHING is no value: it cannot be received");
    if (!model->load) {
        pthread_mutex_lock(&run->owner->lock);
        r = model_decode(model, initial, text, strlen(text), &run->owner->arena, ret_value,
                         problems, error);
        pthread_mutex_unlock(&run->owner->lock);
        return r;
    }
    char *complete = NULL;
    r = with_defaults(model, initial, text, &complete, error);
    if (r < 0)
        return r;
    void *value = calloc(1, model->size);
    r = value ? load(run, model, complete, value, problems, error) : fail_without_memory(error);
    if (r == 0)
        memcpy(ret_value, value, model->size);
    free(value);
    free(complete);
    return r;
}
