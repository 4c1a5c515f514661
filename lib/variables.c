/* Variables: JSON values under a name. A bare value is stored as such, not as {"value": ...}. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/ids.h"
#include "lib/client.h"
#include "lib/errors.h"
#include "lib/run.h"
#include "lib/values.h"
#include "json/text.h"
#include "json/writer.h"

#define NAME_LENGTH 255

/* Of what cannot be a name, the server would only say that it is not there. */
static int check_name(const char *name, struct fm_error *error)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-_";

    if (!*name || name[strspn(name, allowed)] || strlen(name) > NAME_LENGTH)
        return fail(error, FM_INVALID,
                    "'%.300s' cannot be the name of a variable: a name has 1 to %d lower-case "
                    "letters, digits, dashes and underscores",
                    name, NAME_LENGTH);
    return 0;
}

static int check_type(const struct fm_model *model, struct fm_error *error)
{
    return model->fields ? 0 : fail(error, FM_INVALID, "FM_NOTHING is no type of a variable");
}

static int path_of(const char *name, struct buf *path, struct fm_error *error)
{
    int r = check_name(name, error);

    if (r < 0)
        return r;
    buf_addf(path, "/variables/name/%s", name);
    return path->failed ? fail_without_memory(error) : 0;
}

/* ---- getting --------------------------------------------------------------------------------- */

/* The text of the variable's value inside the reply. */
static int value_text(const struct fm_reply *reply, const char **ret_text, size_t *ret_length,
                      struct fm_error *error)
{
    static const char *const member[] = {"value", NULL};
    struct error parse_error;
    json_t *json = json_parse(reply->body, reply->length, &parse_error);
    const char *value = json ? json_member_text(reply->body, member, ret_length) : NULL;

    json_decref(json);
    if (!value)
        return fail(error, FM_FAILED, "the server's answer about the variable has no value");
    *ret_text = value;
    return 0;
}

static int get(struct fm_run *run, const char *name, const struct fm_model *model, void *result,
               struct fm_error *error)
{
    buf_auto path = BUF_INIT;
    struct fm_reply reply;
    const char *text = NULL;
    size_t length = 0;

    int r = check_type(model, error);
    if (r == 0)
        r = path_of(name, &path, error);
    if (r == 0)
        r = fm_client_call(run->client, "GET", buf_string(&path), NULL, &reply, error);
    if (r < 0)
        return r;
    if (reply.status == 404) {
        fm_reply_release(&reply);
        return 0;
    }
    r = fm_reply_check(&reply, error);
    if (r == 0)
        r = value_text(&reply, &text, &length, error);
    if (r == 0)
        r = value_decode(run, model, text, length, result, error);
    fm_reply_release(&reply);
    return r < 0 ? fail_prefix(error, "variable %s", name) : 1;
}

int fm_variable_get_with(struct fm_run *run, const char *name, const struct fm_model *model,
                         void *result)
{
    struct fm_error error;
    int r = get(run, name, model, result, &error);

    return run_keep_error(run, r, &error);
}

/* ---- setting --------------------------------------------------------------------------------- */

static int write_variable(const char *name, const struct fm_model *model, const void *value,
                          struct buf *body, struct fm_error *error)
{
    buf_auto json = BUF_INIT;
    struct json_writer writer;

    int r = value_encode(model, value, &json, error);
    if (r < 0)
        return r;
    json_writer_init(&writer, body);
    json_begin_object(&writer);
    json_key(&writer, "name");
    json_add_string(&writer, name);
    json_key(&writer, "value");
    json_add_text(&writer, buf_string(&json));
    json_end_object(&writer);
    return body->failed ? fail_without_memory(error) : 0;
}

/* Another process may create or delete it between two calls: then the other way is taken. */
static int set(struct fm_run *run, const char *name, const struct fm_model *model,
               const void *value, bool overwrite, struct fm_error *error)
{
    char key[ID_SIZE];
    buf_auto path = BUF_INIT;
    buf_auto body = BUF_INIT;

    int r = check_type(model, error);
    if (r == 0)
        r = path_of(name, &path, error);
    if (r == 0)
        r = write_variable(name, model, value, &body, error);
    if (r < 0)
        return r;
    id_random(key);
    const struct fm_call call = {.idempotency_key = key};
    r = FM_NOT_FOUND;
    for (int i = 0; i < 3 && r == FM_NOT_FOUND; i++) {
        r = overwrite ? api_call(run->client, "PATCH", buf_string(&path), &body,
                                 &(const struct fm_call){0}, NULL, error)
                      : FM_NOT_FOUND;
        if (r == FM_NOT_FOUND)
            r = api_call(run->client, "POST", "/variables/", &body, &call, NULL, error);
        if (r == FM_CONFLICT && overwrite)
            r = FM_NOT_FOUND;
    }
    return r;
}

int fm_variable_set_with(struct fm_run *run, const char *name, const struct fm_model *model,
                         const void *value, bool overwrite)
{
    struct fm_error error;
    int r = set(run, name, model, value, overwrite, &error);

    return run_keep_error(run, r, &error);
}

int fm_variable_unset(struct fm_run *run, const char *name)
{
    const struct fm_call call = {0};
    buf_auto path = BUF_INIT;
    struct fm_error error;

    int r = path_of(name, &path, &error);
    if (r == 0)
        r = api_call(run->client, "DELETE", buf_string(&path), NULL, &call, NULL, &error);
    if (r == FM_NOT_FOUND)
        return 0;
    return run_keep_error(run, r < 0 ? r : 1, &error);
}
