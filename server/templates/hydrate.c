#include "server/templates/hydrate.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "server/templates/json_problem.h"
#include "server/templates/template.h"
#include "json/text.h"

#define KIND "__prefect_kind"

struct state {
    const struct hydration *with;
    struct template_budget budget; /* of templates and variables together */
    struct buf *path;
    struct error *error;
    int depth;
};

/* All of these give 1 and a new reference, or 0 for what vanishes, or -1 for a failure. */
static int hydrate_any(struct state *state, json_t *value, json_t **ret);

static int done(struct state *state, json_t *value, json_t **ret)
{
    if (!value)
        return error_set(state->error, ENOMEM, "no memory to hydrate a value");
    *ret = value;
    return 1;
}

static int missing(struct state *state, const char *key)
{
    return error_set(state->error, EINVAL, "Missing '%s' key in __prefect object", key);
}

static int spend(struct state *state, size_t bytes)
{
    if (bytes > state->budget.bytes)
        return error_set(state->error, EINVAL, "The hydrated values need too much memory.");
    state->budget.bytes -= bytes;
    return 0;
}

/* What a kind works on: an object is hydrated, all else is as it is. */
static int hydrate_operand(struct state *state, json_t *value, json_t **ret)
{
    return json_is_object(value) ? hydrate_any(state, value, ret)
                                 : done(state, json_incref(value), ret);
}

static int hydrate_none(struct state *state, json_t *object, json_t **ret)
{
    json_t *value = json_object_get(object, "value");

    return value ? hydrate_any(state, value, ret) : missing(state, "value");
}

static int parse_json(struct state *state, const char *text, size_t length, json_t **ret)
{
    struct error error;
    buf_auto problem = BUF_INIT;

    if (spend(state, length) < 0)
        return -1;
    json_t *parsed = json_parse(text, length, &error);
    if (parsed)
        return done(state, parsed, ret);
    if (error.code != EINVAL)
        return error_set(state->error, error.code, "%s", error.message);
    if (!json_problem(text, length, &problem))
        buf_add_string(&problem, error.message);
    return error_set(state->error, EINVAL, "Invalid JSON: %s", buf_string(&problem));
}

static int hydrate_json(struct state *state, json_t *object, json_t **ret)
{
    json_t *value = json_object_get(object, "value");
    json_auto_t *text = NULL;

    if (!value)
        return 0;
    int r = hydrate_operand(state, value, &text);
    if (r <= 0)
        return r;
    if (!json_is_string(text))
        return done(state, json_incref(text), ret);
    return parse_json(state, json_string_value(text), json_string_length(text), ret);
}

static int hydrate_jinja(struct state *state, json_t *object, json_t **ret)
{
    json_t *value = json_object_get(object, "template");
    json_auto_t *template = NULL;
    buf_auto rendered = BUF_INIT;
    struct error error;

    if (!value)
        return missing(state, "template");
    int r = hydrate_operand(state, value, &template);
    if (r <= 0)
        return r;
    if (json_is_array(template) || json_is_object(template))
        return done(state, json_incref(template), ret); /* in a list there is nothing to render */
    if (!json_is_string(template))
        return error_set(state->error, EINVAL, "Invalid jinja: the template is not a string");
    if (template_render(json_string_value(template), json_string_length(template),
                        state->with->names, &state->budget, &rendered, &error) < 0)
        return error_set(state->error, error.code,
                         error.code == EINVAL ? "Invalid jinja: %s" : "%s", error.message);
    return done(state, json_stringn(buf_string(&rendered), rendered.length), ret);
}

static int not_found(struct state *state, const json_t *name)
{
    buf_auto text = BUF_INIT;

    if (json_is_string(name))
        buf_add_string(&text, json_string_value(name));
    else
        json_text_repr(name, &text);
    return error_set(state->error, EINVAL, "Variable '%s' not found in workspace.",
                     buf_string(&text));
}

static int hydrate_variable(struct state *state, json_t *object, json_t **ret)
{
    json_t *value = json_object_get(object, "variable_name");
    json_auto_t *name = NULL;
    buf_auto text = BUF_INIT;

    if (!value)
        return 0;
    int r = hydrate_operand(state, value, &name);
    if (r <= 0)
        return r;
    if (!json_is_string(name))
        return not_found(state, name);
    r = state->with->variable(state->with->user, json_string_value(name), &text, state->error);
    if (r <= 0)
        return r < 0 ? -1 : not_found(state, name);
    if (text.failed)
        return error_set(state->error, ENOMEM, "no memory for the value of a variable");
    return parse_json(state, buf_string(&text), text.length, ret);
}

static int hydrate_kind(struct state *state, json_t *object, const json_t *kind, json_t **ret)
{
    static const struct {
        const char *name;
        int (*hydrate)(struct state *state, json_t *object, json_t **ret);
    } kinds[] = {
        {"none", hydrate_none},
        {"json", hydrate_json},
        {"jinja", hydrate_jinja},
        {"workspace_variable", hydrate_variable},
    };

    if (json_is_array(kind) || json_is_object(kind))
        return error_set(state->error, EINVAL, "'" KIND "' must be the name of a kind");
    for (size_t i = 0; json_is_string(kind) && i < COUNT_OF(kinds); i++)
        if (strcmp(json_string_value(kind), kinds[i].name) == 0)
            return kinds[i].hydrate(state, object, ret);
    json_t *value = json_object_get(object, "value");
    return done(state, value ? json_incref(value) : json_null(), ret);
}

/* Back to where the path was before a member. */
static void cut(struct buf *path, size_t length)
{
    path->length = length;
    if (path->data)
        path->data[length] = '\0';
}

static int hydrate_object(struct state *state, json_t *object, json_t **ret)
{
    json_auto_t *hydrated = json_object();

    for (void *at = json_object_iter(object); hydrated && at;
         at = json_object_iter_next(object, at)) {
        const char *key = json_object_iter_key(at);
        size_t length = state->path->length;
        json_t *member = NULL;
        buf_addf(state->path, length ? ".%s" : "%s", key);
        int r = hydrate_any(state, json_object_iter_value(at), &member);
        if (r < 0)
            return -1;
        if (r > 0 && json_object_set_new(hydrated, key, member) < 0)
            return error_set(state->error, ENOMEM, "no memory to hydrate a value");
        cut(state->path, length);
    }
    return done(state, json_incref(hydrated), ret);
}

static int hydrate_array(struct state *state, json_t *array, json_t **ret)
{
    json_auto_t *hydrated = json_array();

    for (size_t i = 0; hydrated && i < json_array_size(array); i++) {
        size_t length = state->path->length;
        json_t *item = NULL;
        buf_addf(state->path, "[%zu]", i);
        int r = hydrate_any(state, json_array_get(array, i), &item);
        if (r < 0)
            return -1;
        if (r > 0 && json_array_append_new(hydrated, item) < 0)
            return error_set(state->error, ENOMEM, "no memory to hydrate a value");
        cut(state->path, length);
    }
    return done(state, json_incref(hydrated), ret);
}

static int hydrate_any(struct state *state, json_t *value, json_t **ret)
{
    const json_t *kind = json_object_get(value, KIND);
    int r;

    if (!json_is_object(value) && !json_is_array(value))
        return done(state, json_incref(value), ret);
    if (++state->depth > JSON_TEXT_DEPTH)
        return error_set(state->error, EINVAL, "The value is nested deeper than %d levels.",
                         JSON_TEXT_DEPTH);
    if (kind)
        r = hydrate_kind(state, value, kind, ret);
    else
        r = json_is_object(value) ? hydrate_object(state, value, ret)
                                  : hydrate_array(state, value, ret);
    state->depth--;
    return r;
}

json_t *hydrate(json_t *value, const struct hydration *with, struct buf *path, struct error *error)
{
    buf_auto own_path = BUF_INIT;
    struct state state = {
        .with = with, .budget = TEMPLATE_BUDGET, .path = path ? path : &own_path, .error = error};
    json_t *hydrated = NULL;

    buf_clear(state.path);
    int r = hydrate_any(&state, value, &hydrated);
    if (r == 0)
        r = done(&state, json_object(), &hydrated);
    if (r < 0)
        return NULL;
    if (!json_is_shallow(hydrated, JSON_TEXT_DEPTH)) {
        json_decref(hydrated);
        error_set(error, EINVAL, "The hydrated value is nested deeper than %d levels.",
                  JSON_TEXT_DEPTH);
        return NULL;
    }
    return hydrated;
}
