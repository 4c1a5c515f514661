/* Running a flow here and now. */
#include "lib/direct.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "lib/client.h"
#include "lib/engine.h"
#include "lib/errors.h"
#include "lib/flows.h"
#include "lib/model.h"
#include "lib/parts.h"
#include "lib/run.h"
#include "lib/terminal.h"
#include "json/writer.h"

static void write_run(struct buf *body, const struct fm_run *run,
                      const struct fm_run_options *options, const char *parameters,
                      const char *parent_task_run_id, const char *idempotency_key)
{
    struct json_writer writer;

    json_writer_init(&writer, body);
    json_begin_object(&writer);
    json_key(&writer, "flow_id");
    json_add_string(&writer, run->flow_id);
    json_key(&writer, "name");
    json_add_string(&writer, options->name);
    json_key(&writer, "state");
    json_add_text(&writer, "{\"type\":\"PENDING\",\"name\":\"Pending\"}");
    json_key(&writer, "empirical_policy");
    json_begin_object(&writer);
    json_key(&writer, "retries");
    json_add_integer(&writer, run->flow->retries);
    json_key(&writer, "retry_delay");
    json_add_integer(&writer, (int64_t)ceil(run->flow->retry_delay));
    json_end_object(&writer);
    json_key(&writer, "tags");
    json_begin_array(&writer);
    for (const char *const *tag = options->tags; tag && *tag; tag++)
        json_add_string(&writer, *tag);
    json_end_array(&writer);
    json_key(&writer, "parameters");
    json_add_text(&writer, parameters);
    json_key(&writer, "parent_task_run_id");
    json_add_string(&writer, parent_task_run_id);
    json_key(&writer, "idempotency_key");
    json_add_string(&writer, idempotency_key);
    json_end_object(&writer);
}

int run_encode_parameters(const struct fm_run *run, struct buf *to, struct fm_error *error)
{
    if (run->flow->parameters)
        return model_encode(run->flow->parameters, run->parameters, to, error);
    buf_add_string(to, "{}");
    return to->failed ? fail_without_memory(error) : 0;
}

int run_take_record(struct fm_run *run, const json_t *record, struct fm_error *error)
{
    const char *id;
    const char *name;

    int r = api_string(record, "id", &id, error);
    if (r == 0)
        r = api_string(record, "name", &name, error);
    if (r < 0)
        return r;
    snprintf(run->id, sizeof(run->id), "%s", id);
    run->name = fm_format(run, "%s", name);
    return run->name ? 0 : fail_without_memory(error);
}

int run_create_record(struct fm_run *run, const struct fm_run_options *options,
                      const char *parent_task_run_id, struct fm_error *error)
{
    char key[FM_ID_SIZE];
    buf_auto body = BUF_INIT;
    buf_auto parameters = BUF_INIT;
    json_t *record = NULL;

    fm_new_id(key);
    int r = run_encode_parameters(run, &parameters, error);
    if (r < 0)
        return r;
    write_run(&body, run, options, buf_string(&parameters), parent_task_run_id, key);
    const struct fm_call call = {.idempotency_key = key, .lease = run->lease};
    r = api_call(run->client, "POST", "/flow_runs/", &body, &call, &record, error);
    if (r == 0)
        r = run_take_record(run, record, error);
    json_decref(record);
    return r;
}

int run_take_options(struct fm_run *run, const struct fm_run_options *options,
                     struct fm_error *error)
{
    if (!run->flow->parameters || options->parameters) {
        run->parameters = options->parameters;
        return 0;
    }
    int r = run_take_parameters(run, "{}", 2, error);
    return r < 0 ? fail_prefix(error, "parameters of flow '%s'", run->flow_name) : 0;
}

/* ---- running ---- */

static void on_news(void *context, enum watch_news news)
{
    (void)news;
    run_cancel(context);
}

/* Watched, so that it hears when somebody cancels the run. */
static int run_watched(struct fm_run *run, const struct fm_run_options *options,
                       struct fm_client *log_client, int *ret_status, struct fm_error *error)
{
    const struct watch_config config = {.url = options->url,
                                        .run_id = run->id,
                                        .lease = run->lease,
                                        .on_news = on_news,
                                        .context = run};
    struct watch *watch;

    int r = watch_start(&config, &watch, error);
    if (r < 0)
        return r;
    r = engine_run(run, log_client, true, ret_status, error);
    watch_stop(watch);
    return r;
}

static int run_with_clients(const struct fm_flow *flow, const struct fm_run_options *options,
                            struct fm_client *client, struct fm_client *log_client, int *ret_status,
                            struct fm_error *error)
{
    char holder[FM_ID_SIZE];
    struct fm_run *run;

    int r = run_create(flow, client, &run, error);
    if (r < 0)
        return r;
    fm_new_id(holder);
    lease_write(run->lease, holder);
    r = flow_register(client, run->flow_name, run->flow_id, error);
    if (r == 0)
        r = run_take_options(run, options, error);
    if (r == 0)
        r = run_create_record(run, options, NULL, error);
    if (r == 0)
        r = run_watched(run, options, log_client, ret_status, error);
    run_destroy(run);
    return r;
}

int fm_run_flow_with(const struct fm_flow *flow, const struct fm_run_options *options)
{
    struct fm_client *client = NULL;
    struct fm_client *log_client = NULL;
    struct fm_error error = {.code = 0};
    int status = 1;

    int r = fm_client_create(options->url, &client, &error);
    if (r == 0)
        r = fm_client_create(options->url, &log_client, &error);
    if (r == 0)
        r = run_with_clients(flow, options, client, log_client, &status, &error);
    fm_client_destroy(log_client);
    fm_client_destroy(client);
    if (r < 0)
        terminal_complain(error.message);
    return r < 0 && status == 0 ? 1 : status;
}
