#include "lib/served.h"

#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <jansson.h>

#include "common/ids.h"
#include "lib/client.h"
#include "lib/deadline.h"
#include "lib/engine.h"
#include "lib/errors.h"
#include "lib/log.h"
#include "lib/process.h"
#include "lib/run.h"
#include "json/text.h"
#include "json/writer.h"

#define LAST_LINES 5.0 /* seconds for the log of a process that is ended by force */

/* The flow's retries, in the run's policy, of which nothing else may be lost. */
static int tell_retries(struct fm_run *run, const json_t *record, struct fm_error *error)
{
    const struct fm_call call = {0};
    char path[64];
    buf_auto body = BUF_INIT;

    if (run->flow->retries == 0)
        return 0;
    json_t *policy = json_copy(json_object_get(record, "empirical_policy"));
    json_object_set_new(policy, "retries", json_integer(run->flow->retries));
    json_object_set_new(policy, "retry_delay",
                        json_integer((json_int_t)ceil(run->flow->retry_delay)));
    char *text = json_dumps(policy, JSON_COMPACT);
    json_decref(policy);
    if (!text)
        return fail_without_memory(error);
    buf_addf(&body, "{\"empirical_policy\":%s}", text);
    free(text);
    snprintf(path, sizeof(path), "/flow_runs/%s", run->id);
    return api_call(run->client, "PATCH", path, &body, &call, NULL, error);
}

static int take_record(struct fm_run *run, const struct fm_reply *reply, struct fm_error *error)
{
    static const char *const parameters[] = {"parameters", NULL};
    struct error parse_error;
    const char *name = NULL, *flow_id = NULL;
    size_t length = 0;
    json_t *record = json_parse(reply->body, reply->length, &parse_error);

    int r = api_string(record, "name", &name, error);
    if (r == 0)
        r = api_string(record, "flow_id", &flow_id, error);
    if (r == 0) {
        snprintf(run->flow_id, sizeof(run->flow_id), "%s", flow_id);
        run->name = fm_format(run, "%s", name);
        r = run->name ? tell_retries(run, record, error) : fail_without_memory(error);
    }
    if (r == 0 && run->flow->parameters) {
        const char *text = json_member_text(reply->body, parameters, &length);
        r = run_take_parameters(run, text ? text : "{}", text ? length : 2, error);
    }
    json_decref(record);
    return r;
}

static int read_record(struct fm_run *run, struct fm_error *error)
{
    char path[64];
    struct fm_reply reply;

    snprintf(path, sizeof(path), "/flow_runs/%s", run->id);
    int r = fm_client_call(run->client, "GET", path, NULL, &reply, error);
    if (r < 0)
        return r;
    r = fm_reply_check(&reply, error);
    if (r == 0)
        r = take_record(run, &reply, error);
    fm_reply_release(&reply);
    return r;
}

/* For a flow that goes on although its time is over: says so in its place and ends the process. If
 * the server has it tried again, the runner does that. */
static void end_by_force(struct fm_run *run)
{
    struct fm_client *client = NULL;
    struct fm_error error;
    struct outcome outcome;

    fail_deadline(&error, "Flow", run->flow->timeout);
    fm_log(run, FM_ERROR, "%s; it does not end, so its process is ended", error.message);
    const struct proposal end = {.type = "FAILED", .name = "TimedOut", .message = error.message};
    struct fm_error ignored;
    int r = client_create_like(run->client, &client, &ignored);
    if (r == 0)
        r = propose_state(client, run->id, &end, &outcome, &ignored);
    run_log_flush(run->log, LAST_LINES);
    _exit(r == 0 ? SERVED_TOLD : 1);
}

/* What the runner tells by SERVED_RUN. */
struct served {
    size_t deployment;
    int runner;
    char id[ID_SIZE];
    char holder[ID_SIZE];
};

static int run_it(const struct fm_flow *flow, const struct served *served, struct fm_client *client,
                  struct fm_client *log_client, int *ret_status, struct fm_error *error)
{
    struct fm_run *run;

    int r = run_create(flow, client, &run, error);
    if (r < 0)
        return r;
    snprintf(run->id, sizeof(run->id), "%s", served->id);
    lease_write(run->lease, served->holder);
    run->terminal_fd = PROCESS_TERMINAL;
    run->end_by_force = end_by_force;
    run->leaves_retries = true;
    r = read_record(run, error);
    if (r == 0)
        r = engine_run(run, log_client, false, ret_status, error);
    run_destroy(run);
    return r;
}

static int run_served(const struct fm_flow *flow, const struct served *served, const char *url)
{
    struct fm_client *client = NULL;
    struct fm_client *log_client = NULL;
    struct fm_error error;
    int status = 1;

    int r = fm_client_create(url, &client, &error);
    if (r == 0)
        r = fm_client_create(url, &log_client, &error);
    if (r == 0)
        r = run_it(flow, served, client, log_client, &status, &error);
    fm_client_destroy(log_client);
    fm_client_destroy(client);
    if (r < 0)
        fprintf(stderr, "flow run %s: %s\n", served->id, error.message);
    return r < 0 ? 1 : SERVED_TOLD;
}

int run_if_served(const struct fm_deployment *deployments, const struct fm_serve_options *options)
{
    const char *value = getenv(SERVED_RUN);
    struct served served;

    if (!value || sscanf(value, "%zu:%d:%36[^:]:%36s", &served.deployment, &served.runner,
                         served.id, served.holder) != 4)
        return -1;
    unsetenv(SERVED_RUN); /* not for the programs that the flow starts, like the next */
    fcntl(PROCESS_TERMINAL, F_SETFD, FD_CLOEXEC);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != served.runner)
        return 1;                     /* the runner has gone before we could notice */
    setvbuf(stdout, NULL, _IOLBF, 0); /* a pipe it is, but what is printed is to be seen at once */
    for (size_t i = 0; deployments[i].flow; i++) {
        if (i == served.deployment)
            return run_served(deployments[i].flow, &served, options->url);
    }
    fprintf(stderr, "flow run %s: its deployment is not served by this program\n", served.id);
    return 1;
}
