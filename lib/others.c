/* Other runs: starting them by their deployment, looking at them, waiting for them. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "common/times.h"
#include "lib/client.h"
#include "lib/errors.h"
#include "lib/look.h"
#include "lib/model.h"
#include "lib/run.h"
#include "json/writer.h"

#define POLL         1.0  /* seconds, where the server cannot hold a read back */
#define LONGEST_WAIT 30.0 /* of one read */

/* ---- waiting --------------------------------------------------------------------------------- */

/* Until the run has ended or is in a state of the type (NULL: any end). */
static int wait_until(struct fm_run *run, struct look *look, const char *type, double timeout,
                      struct fm_error *error)
{
    int64_t end = timeout < 1e10 ? time_monotonic() + (int64_t)(timeout * SECOND) : TIME_NEVER;

    for (;;) {
        double left = end == TIME_NEVER ? INFINITY : (double)(end - time_monotonic()) / SECOND;
        int r = look_at_run(run->client, look, fmin(LONGEST_WAIT, fmax(left, 0)), error);
        if (r < 0 && r != FM_UNREACHABLE)
            return r;
        if (run_info_is_final(&look->info) || (type && strcmp(look->info.state_type, type) == 0))
            return 0;
        if (left <= 0)
            return r < 0 ? r
                         : fail(error, FM_TIMED_OUT, "flow run '%s' is still %s", look->info.name,
                                look->info.state_name);
    }
}

static struct look look_of(const char *flow_run_id)
{
    struct look look = {.poll_interval = POLL};

    snprintf(look.run_id, sizeof(look.run_id), "%s", flow_run_id);
    return look;
}

int fm_wait_for_state(struct fm_run *run, const char *flow_run_id, const char *state_type,
                      double timeout, struct fm_run_info *ret_info)
{
    struct fm_error error;
    struct look look = look_of(flow_run_id);

    int r = wait_until(run, &look, state_type, timeout, &error);
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
    struct look look = look_of(flow_run_id);

    int r = look_at_run(run->client, &look, 0, &error);
    if (r == 0)
        *ret_info = look.info;
    return run_keep_error(run, r, &error);
}

/* ---- starting by deployment ------------------------------------------------------------------ */

/* "flow/deployment" to its id. */
static int find_deployment(struct fm_run *run, const char *name, char ret_id[static ID_SIZE],
                           struct fm_error *error)
{
    const struct fm_call call = {0};
    const char *slash = strchr(name, '/');
    json_t *deployment = NULL;
    buf_auto path = BUF_INIT;
    const char *id;

    if (!slash)
        return fail(error, FM_INVALID, "'%s' is no name of a deployment: that is FLOW/DEPLOYMENT",
                    name);
    char *flow = strndup(name, (size_t)(slash - name));
    char *first = flow ? fm_path_segment(flow) : NULL;
    char *second = fm_path_segment(slash + 1);
    int r = 0;
    if (first && second)
        buf_addf(&path, "/deployments/name/%s/%s", first, second);
    else
        r = fail_without_memory(error);
    free(flow);
    free(first);
    free(second);
    if (r == 0)
        r = api_call(run->client, "GET", buf_string(&path), NULL, &call, &deployment, error);
    if (r == FM_NOT_FOUND)
        r = fail(error, FM_NOT_FOUND, "there is no deployment '%s'", name);
    if (r == 0)
        r = api_string(deployment, "id", &id, error);
    if (r == 0)
        snprintf(ret_id, ID_SIZE, "%s", id);
    json_decref(deployment);
    return r;
}

static int parameters_to_json(const struct fm_setting *parameters, struct buf *to,
                              struct fm_error *error)
{
    json_t *object = json_object();
    int r = 0;

    for (; parameters && parameters->field && r == 0; parameters++) {
        json_t *value = value_to_json(&parameters->value, &fm_type_json, error);
        if (!value)
            r = FM_INVALID;
        else if (json_object_set_new(object, parameters->field, value) < 0)
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

static void write_request(struct buf *body, const struct fm_run_deployment_options *options,
                          const char *parameters, const char *key)
{
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
    json_add_time(&writer, time_now());
    json_end_object(&writer);
    json_end_object(&writer);
    json_key(&writer, "name");
    json_add_string(&writer, options->name);
    json_key(&writer, "parameters");
    json_add_text(&writer, parameters);
    json_key(&writer, "idempotency_key");
    json_add_string(&writer, key);
    json_end_object(&writer);
}

static int start_run(struct fm_run *run, const char *name,
                     const struct fm_run_deployment_options *options, struct look *ret_look,
                     struct fm_error *error)
{
    char deployment_id[ID_SIZE];
    char fresh[ID_SIZE];
    char path[96];
    buf_auto parameters = BUF_INIT;
    buf_auto body = BUF_INIT;
    json_t *started = NULL;
    const char *id;

    int r = find_deployment(run, name, deployment_id, error);
    if (r == 0)
        r = parameters_to_json(options->parameters, &parameters, error);
    if (r < 0)
        return r;
    id_new(fresh);
    const char *key = options->idempotency_key ? options->idempotency_key : fresh;
    const struct fm_call call = {.idempotency_key = fresh};
    write_request(&body, options, buf_string(&parameters), key);
    snprintf(path, sizeof(path), "/deployments/%s/create_flow_run", deployment_id);
    r = api_call(run->client, "POST", path, &body, &call, &started, error);
    if (r == 0)
        r = api_string(started, "id", &id, error);
    if (r == 0)
        *ret_look = look_of(id);
    json_decref(started);
    return r;
}

int fm_run_deployment_with(struct fm_run *run, const char *name,
                           const struct fm_run_deployment_options *options,
                           struct fm_run_info *ret_info)
{
    struct fm_error error;
    struct look look;

    int r = start_run(run, name, options, &look, &error);
    if (r == 0)
        r = look_at_run(run->client, &look, 0, &error);
    if (r == 0 && options->timeout > 0)
        r = wait_until(run, &look, NULL, options->timeout, &error);
    if (r == 0 || r == FM_TIMED_OUT)
        *ret_info = look.info;
    return run_keep_error(run, r, &error);
}
