#include "lib/subflows.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "common/buf.h"
#include "lib/client.h"
#include "lib/direct.h"
#include "lib/engine.h"
#include "lib/errors.h"
#include "lib/flows.h"
#include "lib/look.h"
#include "lib/parts.h"
#include "lib/states.h"
#include "lib/task_runs.h"

/* ---- earlier runs ---------------------------------------------------------------------------- */

int child_find(struct fm_client *client, const char *task_run_id, struct fm_run_info *ret_info,
               struct fm_error *error)
{
    const struct fm_call call = {0};
    buf_auto body = BUF_INIT;
    json_t *rows = NULL;

    buf_addf(&body,
             "{\"flow_runs\":{\"parent_task_run_id\":{\"any_\":[\"%s\"]}},"
             "\"sort\":\"EXPECTED_START_TIME_DESC\",\"limit\":1}",
             task_run_id);
    int r = api_call(client, "POST", "/flow_runs/filter", &body, &call, &rows, error);
    if (r == 0 && json_array_size(rows) > 0) {
        r = run_info_read(json_array_get(rows, 0), ret_info, error);
        r = r < 0 ? r : 1;
    }
    json_decref(rows);
    return r;
}

/* A run whose process ended while it waited for an answer: it has crashed, which also forgets its
 * pauses, so that it asks anew. Our server has seen to it already. */
static int end_pause(struct fm_client *client, const struct fm_run_info *info,
                     struct fm_error *error)
{
    const struct proposal crashed = {.type = "CRASHED",
                                     .message = "Its parent run ended while it was paused."};
    struct outcome outcome;

    return propose_state(client, info->id, &crashed, &outcome, error);
}

/* 1: the run is to be taken as it is, or run to its end, as one that was cut off. 0: there is none,
 * or it has come to an end that is not to be taken. */
static int find_usable(struct fm_run *child, const char *task_run_id, struct fm_run_info *ret_info,
                       struct fm_error *error)
{
    struct fm_run_info info;

    int r = child_find(child->client, task_run_id, &info, error);
    if (r <= 0)
        return r;
    if (strcmp(info.state_type, "PAUSED") == 0)
        r = end_pause(child->client, &info, error);
    if (r < 0 || strcmp(info.state_type, "FAILED") == 0 ||
        strcmp(info.state_type, "CANCELLED") == 0)
        return r < 0 ? r : 0;
    *ret_info = info;
    return 1;
}

/* ---- the run --------------------------------------------------------------------------------- */

/* The task run that stands for the next call of this flow with these parameters. */
static int open_stand_in(struct fm_run *parent, struct fm_run *child, char ret_id[static ID_SIZE],
                         struct fm_error *error)
{
    buf_auto key = BUF_INIT;
    buf_auto parameters = BUF_INIT;
    const char *name;

    int r = run_encode_parameters(child, &parameters, error);
    if (r < 0)
        return r;
    buf_addf(&key, "subflow.%s", child->flow_name);
    if (key.failed)
        return fail_without_memory(error);
    const struct task_run_request request = {
        .key = key.data, .what = child->flow, .name = child->flow_name, .input = &parameters};
    return task_run_open(parent, &request, ret_id, &name, error);
}

/* Gives the child a run: an earlier one, which may have completed, or a new one. */
static int open_run(struct fm_run *child, const struct fm_subflow_options *options,
                    const char *task_run_id, struct fm_run_info *ret_info, struct fm_error *error)
{
    const struct fm_run_options run_options = {.name = options->name, .tags = options->tags};

    int r = find_usable(child, task_run_id, ret_info, error);
    if (r > 0) {
        snprintf(child->id, sizeof(child->id), "%s", ret_info->id);
        child->name = fm_format(child, "%s", ret_info->name);
        return child->name ? 0 : fail_without_memory(error);
    }
    if (r == 0)
        r = run_create_record(child, &run_options, task_run_id, error);
    if (r == 0) {
        *ret_info = (struct fm_run_info){.state_type = "PENDING", .state_name = "Pending"};
        snprintf(ret_info->id, sizeof(ret_info->id), "%s", child->id);
        snprintf(ret_info->name, sizeof(ret_info->name), "%s", child->name);
    }
    return r;
}

/* Why the parent does not get what it wanted. */
static int judge_end(struct fm_run *parent, struct fm_run *child, const struct fm_run_info *info,
                     struct fm_error *error)
{
    int interruption = run_interruption(parent);

    if (strcmp(info->state_type, "COMPLETED") == 0)
        return 0;
    *error = *fm_error(child);
    if (interruption < 0)
        return fail(error, (enum fm_code)interruption, "the flow run is to end");
    if (!error->code || strcmp(info->state_type, "FAILED") != 0)
        return fail(error, FM_FAILED, "flow run '%s' ended in state %s", info->name,
                    info->state_name);
    return error->code;
}

static int run_it(struct fm_run *parent, struct fm_run *child, struct fm_run_info *info,
                  struct fm_error *error)
{
    struct outcome outcome;

    if (strcmp(info->state_type, "COMPLETED") == 0) {
        fm_info(parent, "Subflow run '%s' had completed already", child->name);
        return 0;
    }
    int r = engine_run_subflow(child, &outcome, error);
    if (r < 0)
        return r;
    memcpy(info->state_type, outcome.type, sizeof(info->state_type));
    memcpy(info->state_name, outcome.name, sizeof(info->state_name));
    return judge_end(parent, child, info, error);
}

static int run_subflow(struct fm_run *parent, struct fm_run *child, const void *parameters,
                       const struct fm_subflow_options *options, struct fm_run_info *ret_info,
                       struct fm_error *error)
{
    const struct fm_run_options run_options = {.parameters = parameters};
    char task_run_id[ID_SIZE];
    struct fm_run_info info;

    int r = part_begin(child, parent, error);
    if (r == 0)
        r = run_take_options(child, &run_options, error);
    if (r == 0)
        r = flow_register(child->client, child->flow_name, child->flow_id, error);
    if (r == 0)
        r = open_stand_in(parent, child, task_run_id, error);
    if (r == 0)
        r = open_run(child, options, task_run_id, &info, error);
    if (r < 0)
        return r;
    r = run_it(parent, child, &info, error);
    *ret_info = info;
    return r;
}

int fm_run_subflow_with(struct fm_run *run, const struct fm_flow *flow, const void *parameters,
                        const struct fm_subflow_options *options, struct fm_run_info *ret_info)
{
    struct fm_error error;
    struct fm_run *child;

    int r = run_create(flow, run->owner->client, &child, &error);
    if (r < 0)
        return run_keep_error(run, r, &error);
    r = run_subflow(run, child, parameters, options, ret_info, &error);
    part_end(child);
    run_destroy(child);
    return run_keep_error(run, r, &error);
}
