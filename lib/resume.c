/* Answering another run that is paused or suspended. */
#include <stdio.h>
#include <string.h>

#include "lib/client.h"
#include "lib/errors.h"
#include "lib/inputs.h"
#include "lib/model.h"
#include "lib/run.h"

/* A refusal says why in its details, be it of the schema or of the flow's own check. */
static int read_verdict(const json_t *reply, struct fm_error *error)
{
    const char *reason =
        json_string_value(json_object_get(json_object_get(reply, "details"), "reason"));
    const char *status;

    int r = api_string(reply, "status", &status, error);
    if (r == 0 && strcmp(status, "ACCEPT") != 0)
        r = fail(error, FM_REFUSED, "%s", reason ? reason : status);
    return r;
}

static int resume(struct fm_run *run, const char *flow_run_id, const struct fm_model *model,
                  const void *value, struct fm_error *error)
{
    char path[96];
    char id[ID_SIZE];
    char once[ID_SIZE];
    buf_auto json = BUF_INIT;
    buf_auto body = BUF_INIT;
    json_t *reply = NULL;

    int r = run_id_parse(flow_run_id, id, error);
    if (r == 0 && model->fields)
        r = model_encode(model, value, &json, error);
    if (r < 0)
        return r;
    id_random(once);
    const struct fm_call call = {.idempotency_key = once};
    buf_addf(&body, "{\"run_input\":%s}", model->fields ? buf_string(&json) : "null");
    snprintf(path, sizeof(path), "/flow_runs/%s/resume", id);
    r = api_call(run->client, "POST", path, &body, &call, &reply, error);
    if (r == 0)
        r = read_verdict(reply, error);
    json_decref(reply);
    return r;
}

int fm_resume_with(struct fm_run *run, const char *flow_run_id, const struct fm_model *model,
                   const void *value)
{
    struct fm_error error;
    int r = resume(run, flow_run_id, model, value, &error);

    return run_keep_error(run, r, &error);
}
