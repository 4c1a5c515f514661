/* Other runs: starting them by their deployment, looking at them, waiting for them. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "common/times.h"
#include "lib/client.h"
#include "lib/errors.h"
#include "lib/look.h"
#include "lib/model.h"
#include "lib/run.h"
#include "lib/subflows.h"
#include "lib/task_runs.h"
#include "json/writer.h"

#define POLL         1.0  /* seconds, where the server cannot hold a read back */
#define LONGEST_WAIT 30.0 /* of one read */
#define SILENT_WAIT  3.0  /* after it the flow's log says what is waited for */

/* ---- waiting --------------------------------------------------------------------------------- */

static bool has_come(const struct look *look, const char *type)
{
    return run_info_is_final(&look->info) || (type && strcmp(look->info.state_type, type) == 0);
}

/* Until the run has ended or is in a state of the type (NULL: any end). */
static int wait_until(struct fm_run *run, struct look *look, const char *type, double timeout,
                      struct fm_error *error)
{
    int64_t begun = time_monotonic();
    int64_t end = timeout < 1e10 ? begun + (int64_t)(timeout * SECOND) : TIME_NEVER;
    double longest = SILENT_WAIT;

    look->retries = -1;
    while (!has_come(look, type)) {
        int64_t now = time_monotonic();
        double left = end == TIME_NEVER ? INFINITY : (double)(end - now) / SECOND;
        if (longest < LONGEST_WAIT && now - begun >= (int64_t)(SILENT_WAIT * SECOND)) {
            fm_info(run, "Waiting for flow run '%s', which is %s", look->info.name,
                    look->info.state_name);
            longest = LONGEST_WAIT;
        }
        int r = look_at_run(run->client, look, fmin(longest, fmax(left, 0)), error);
        if (r < 0 && r != FM_UNREACHABLE)
            return r;
        if (left <= 0 && !has_come(look, type))
            return r < 0 ? r
                         : fail(error, FM_TIMED_OUT, "flow run '%s' is still %s", look->info.name,
                                look->info.state_name);
    }
    return 0;
}

static int look_of(const char *flow_run_id, struct look *ret_look, struct fm_error *error)
{
    *ret_look = (struct look){.poll_interval = POLL};
    return run_id_parse(flow_run_id, ret_look->run_id, error);
}

int fm_wait_for_state(struct fm_run *run, const char *flow_run_id, const char *state_type,
                      double timeout, struct fm_run_info *ret_info)
{
    struct fm_error error;
    struct look look;

    int r = look_of(flow_run_id, &look, &error);
    if (r == 0)
        r = wait_until(run, &look, state_type, timeout, &error);
    if ((r == 0 || r == FM_TIMED_OUT) && look.info.id[0])
        *ret_info = look.info;
    return run_keep_error(run, r, &error);
}

int fm_wait_for_run(struct fm_run *run, const char *flow_run_id, double timeout,
                    struct fm_run_info *ret_info)
{
    return fm_wait_for_state(run, flow_run_id, NULL, timeout, ret_info);
}

int fm_read_run(struct fm_run *run, const char *flow_run_id, struct fm_run_info *ret_info)
{
    struct fm_error error;
    struct look look;

    int r = look_of(flow_run_id, &look, &error);
    if (r == 0)
        r = look_at_run(run->client, &look, 0, &error);
    if (r == 0)
        *ret_info = look.info;
    return run_keep_error(run, r, &error);
}

/* ---- starting by deployment ------------------------------------------------------------------ */

/* By its name or its id. */
static int find_deployment(struct fm_run *run, const char *name, char ret_id[static ID_SIZE],
                           struct fm_error *error)
{
    const struct fm_call call = {0};
    json_t *deployment = NULL;
    char *path;
    const char *id;

    int r = fm_deployment_path(name, &path, error);
    if (r < 0)
        return r;
    r = api_call(run->client, "GET", path, NULL, &call, &deployment, error);
    free(path);
    if (r == FM_NOT_FOUND)
        r = fail(error, FM_NOT_FOUND, "there is no deployment '%s'", name);
    if (r == 0)
        r = api_string(deployment, "id", &id, error);
    if (r == 0)
        snprintf(ret_id, ID_SIZE, "%s", id);
    json_decref(deployment);
    return r;
}

static int settings_to_json(const struct fm_setting *settings, struct buf *to,
                            struct fm_error *error)
{
    json_t *object = json_object();
    int r = 0;

    for (; settings && settings->field && r == 0; settings++) {
        json_t *value = value_to_json(&settings->value, &fm_type_json, error);
        if (!value)
            r = FM_INVALID;
        else if (json_object_set_new(object, settings->field, value) < 0)
            r = fail_without_memory(error);
    }
    char *text = r == 0 ? json_dumps(object, JSON_COMPACT) : NULL;
    if (text)
        buf_add_string(to, text);
    else if (r == 0)
        r = fail_without_memory(error);
    free(text);
    json_decref(object);
    return r;
}

static int parameters_to_json(const struct fm_run_deployment_options *options, struct buf *to,
                              struct fm_error *error)
{
    const struct fm_arguments *arguments = &options->arguments;

    if (!arguments->model)
        return settings_to_json(options->parameters, to, error);
    if (options->parameters)
        return fail(error, FM_INVALID, "a run gets .parameters or .arguments, not both");
    int r = model_encode(arguments->model, arguments->value, to, error);
    return r < 0 ? fail_prefix(error, "parameters") : 0;
}

/* What a run of a deployment is to be like. */
struct wanted_run {
    const char *deployment; /* "flow/deployment", or an id */
    const struct fm_run_deployment_options *options;
    struct buf parameters;     /* JSON */
    char task_run_id[ID_SIZE]; /* that stands for it; "": none */
};

static void write_request(struct buf *body, const struct wanted_run *wanted, const char *key)
{
    const struct fm_run_deployment_options *options = wanted->options;
    struct json_writer writer;

    json_writer_init(&writer, body);
    json_begin_object(&writer);
    json_key(&writer, "state");
    json_begin_object(&writer);
    json_key(&writer, "type");
    json_add_string(&writer, "SCHEDULED");
    json_key(&writer, "state_details");
    json_begin_object(&writer);
    json_key(&writer, "scheduled_time");
    json_add_time(&writer, options->scheduled_time ? options->scheduled_time : time_now());
    json_end_object(&writer);
    json_end_object(&writer);
    json_key(&writer, "name");
    json_add_string(&writer, options->name);
    json_key(&writer, "tags");
    json_begin_array(&writer);
    for (const char *const *tag = options->tags; tag && *tag; tag++)
        json_add_string(&writer, *tag);
    json_end_array(&writer);
    json_key(&writer, "parameters");
    json_add_text(&writer, buf_string(&wanted->parameters));
    if (wanted->task_run_id[0]) {
        json_key(&writer, "parent_task_run_id");
        json_add_string(&writer, wanted->task_run_id);
    }
    json_key(&writer, "idempotency_key");
    json_add_string(&writer, key);
    json_end_object(&writer);
}

/* The task run that stands for the run in this one. Any other call of the same deployment has a
 * task run of the same key. */
static int open_stand_in(struct fm_run *run, struct wanted_run *wanted, struct fm_error *error)
{
    buf_auto key = BUF_INIT;
    const char *name;

    buf_addf(&key, "prefect.deployments.flow_runs.run_deployment.%s", wanted->deployment);
    if (key.failed)
        return fail_without_memory(error);
    const struct task_run_request request = {
        .key = key.data, .name = wanted->deployment, .input = &wanted->parameters};
    return task_run_open(run, &request, wanted->task_run_id, &name, error);
}

static int create_run(struct fm_run *run, const struct wanted_run *wanted,
                      struct fm_run_info *ret_info, struct fm_error *error)
{
    const char *given = wanted->options->idempotency_key;
    char deployment_id[ID_SIZE];
    char fresh[ID_SIZE];
    char path[96];
    buf_auto body = BUF_INIT;
    json_t *started = NULL;

    int r = find_deployment(run, wanted->deployment, deployment_id, error);
    if (r < 0)
        return r;
    id_new(fresh);
    const struct fm_call call = {.idempotency_key = fresh};
    write_request(&body, wanted, given ? given : fresh);
    snprintf(path, sizeof(path), "/deployments/%s/create_flow_run", deployment_id);
    r = api_call(run->client, "POST", path, &body, &call, &started, error);
    if (r == 0)
        r = run_info_read(started, ret_info, error);
    json_decref(started);
    return r;
}

/* 1: the run that stood for this call in an earlier process, unless it failed; 0: none. */
static int find_earlier(struct fm_run *run, const struct wanted_run *wanted,
                        struct fm_run_info *ret_info, struct fm_error *error)
{
    struct fm_run_info info;

    int r = child_find(run->client, wanted->task_run_id, &info, error);
    if (r <= 0)
        return r;
    if (run_info_is_final(&info) && strcmp(info.state_type, "COMPLETED") != 0)
        return 0;
    *ret_info = info;
    return 1;
}

/* Negative, or `ret_info` is what the server says of it. */
static int start_run(struct fm_run *run, struct wanted_run *wanted, struct fm_run_info *ret_info,
                     struct fm_error *error)
{
    int r = parameters_to_json(wanted->options, &wanted->parameters, error);
    if (r == 0 && wanted->options->as_subflow) {
        r = open_stand_in(run, wanted, error);
        if (r == 0)
            r = find_earlier(run, wanted, ret_info, error);
    }
    return r == 0 ? create_run(run, wanted, ret_info, error) : r;
}

/* Waits for its end; `info` becomes what was seen last of it. */
static int wait_for_end(struct fm_run *run, double timeout, struct fm_run_info *info,
                        struct fm_error *error)
{
    struct look look;

    int r = look_of(info->id, &look, error);
    if (r == 0)
        r = wait_until(run, &look, NULL, timeout, error);
    if (look.info.id[0])
        *info = look.info;
    return r;
}

int fm_run_deployment_with(struct fm_run *run, const char *name,
                           const struct fm_run_deployment_options *options,
                           struct fm_run_info *ret_info)
{
    struct wanted_run wanted = {.deployment = name, .options = options};
    struct fm_run_info info;
    struct fm_error error;

    int r = start_run(run, &wanted, &info, &error);
    buf_release(&wanted.parameters);
    if (r < 0)
        return run_keep_error(run, r, &error);
    r = 0;
    if (options->timeout > 0 && !run_info_is_final(&info))
        r = wait_for_end(run, options->timeout, &info, &error);
    if (r == 0 || r == FM_TIMED_OUT)
        *ret_info = info;
    return run_keep_error(run, r, &error);
}
