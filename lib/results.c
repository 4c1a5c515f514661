/* What flow runs give back: set by them, read by others. */
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "lib/client.h"
#include "lib/errors.h"
#include "lib/run.h"
#include "lib/states.h"
#include "lib/values.h"
#include "json/text.h"

int fm_set_result_with(struct fm_run *run, const struct fm_model *model, const void *value)
{
    buf_auto json = BUF_INIT;
    struct fm_error error;

    int r = value_encode(model, value, &json, &error);
    if (r < 0)
        return run_keep_error(run, r, &error);
    const char *copy = fm_format(run, "%s", buf_string(&json));
    if (!copy)
        return FM_NO_MEMORY;
    pthread_mutex_lock(&run->owner->lock);
    run->owner->result = copy;
    pthread_mutex_unlock(&run->owner->lock);
    return 0;
}

/* The result's text in the record of a run; NULL (and why) if it has none. */
static const char *find_result(const char *record, const json_t *run, size_t *ret_length,
                               struct fm_error *error)
{
    static const char *const member[] = {"state", "data", RESULT_MEMBER, NULL};
    const json_t *state = json_object_get(run, "state");
    const json_t *data = json_object_get(state, "data");
    const char *name = json_string_value(json_object_get(run, "name"));
    const char *type = json_string_value(json_object_get(state, "type"));
    const char *state_name = json_string_value(json_object_get(state, "name"));
    bool completed = type && strcmp(type, "COMPLETED") == 0;
    const char *text = completed ? json_member_text(record, member, ret_length) : NULL;

    if (text)
        return text;
    if (!completed)
        fail(error, FM_NOT_FOUND, "flow run '%s' has no result yet: it is %s", name ? name : "?",
             state_name ? state_name : "in no state");
    else if (json_object_get(data, "storage_key"))
        fail(error, FM_NOT_FOUND,
             "the result of flow run '%s' is in the storage of the program that ran it, not on the "
             "server",
             name ? name : "?");
    else
        fail(error, FM_NOT_FOUND, "flow run '%s' has completed without a result",
             name ? name : "?");
    return NULL;
}

static int read_result(struct fm_run *run, const struct fm_reply *reply,
                       const struct fm_model *model, void *result, struct fm_error *error)
{
    struct error parse_error;
    size_t length = 0;
    json_t *record = json_parse(reply->body, reply->length, &parse_error);
    const char *text = find_result(reply->body, record, &length, error);

    json_decref(record);
    if (!text)
        return FM_NOT_FOUND;
    int r = value_decode(run, model, text, length, result, error);
    return r < 0 ? fail_prefix(error, "result of the flow run") : 0;
}

int fm_read_result_with(struct fm_run *run, const char *flow_run_id, const struct fm_model *model,
                        void *result)
{
    struct fm_reply reply;
    struct fm_error error;
    char id[ID_SIZE] = "";
    char path[64];

    int r = run_id_parse(flow_run_id, id, &error);
    snprintf(path, sizeof(path), "/flow_runs/%s", id);
    if (r == 0)
        r = fm_client_call(run->client, "GET", path, NULL, &reply, &error);
    if (r < 0)
        return run_keep_error(run, r, &error);
    r = fm_reply_check(&reply, &error);
    if (r == 0)
        r = read_result(run, &reply, model, result, &error);
    fm_reply_release(&reply);
    return run_keep_error(run, r, &error);
}
