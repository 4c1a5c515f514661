#include "lib/served.h"

#include <errno.h>
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
#define GREETING   1.0 /* seconds for the server's answer to a process that has no run yet */

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

/* What the runner tells by its order. */
struct served {
    size_t deployment;
    char id[ID_SIZE];
    char holder[ID_SIZE];
};

struct clients {
    struct fm_client *flow;
    struct fm_client *log;
};

static int run_it(const struct fm_flow *flow, const struct served *served,
                  const struct clients *clients, struct fm_error *error)
{
    struct fm_run *run;
    int status;

    int r = run_create(flow, clients->flow, &run, error);
    if (r < 0)
        return r;
    snprintf(run->id, sizeof(run->id), "%s", served->id);
    lease_write(run->lease, served->holder);
    run->terminal_fd = PROCESS_TERMINAL;
    run->end_by_force = end_by_force;
    run->leaves_retries = true;
    r = read_record(run, error);
    if (r == 0)
        r = engine_run(run, clients->log, false, &status, error);
    run_destroy(run);
    return r;
}

/* ---- the order ------------------------------------------------------------------------------- */

int served_start(int terminal, struct process *ret_process, struct fm_error *error)
{
    char variable[sizeof(SERVED_BY) + 16];

    snprintf(variable, sizeof(variable), SERVED_BY "=%d", (int)getpid());
    return process_start(variable, terminal, ret_process, error);
}

void served_write_order(struct buf *order, size_t deployment, const char *run_id,
                        const char *holder)
{
    buf_addf(order, "%zu:%s:%s", deployment, run_id, holder);
}

static int read_order(const struct buf *order, struct served *ret_served, struct fm_error *error)
{
    if (sscanf(buf_string(order), "%zu:%36[^:]:%36s", &ret_served->deployment, ret_served->id,
               ret_served->holder) != 3)
        return fail(error, FM_FAILED, "the runner's order cannot be understood");
    return 0;
}

static int follow_order(const struct buf *order, const struct fm_deployment *deployments,
                        const struct clients *clients)
{
    struct served served = {.id = ""};
    struct fm_error error;
    size_t count = 0;

    while (deployments[count].flow)
        count++;
    int r = read_order(order, &served, &error);
    if (r == 0 && served.deployment >= count)
        r = fail(&error, FM_INVALID, "its deployment is not served by this program");
    if (r == 0)
        r = run_it(deployments[served.deployment].flow, &served, clients, &error);
    if (r < 0)
        fprintf(stderr, "flow run %s: %s\n", served.id, error.message);
    return r < 0 ? 1 : SERVED_TOLD;
}

/* Opens the connection that the run will need, and has all done that a first request takes. What
 * comes of it is of no importance yet. */
static void greet_server(struct fm_client *client)
{
    struct fm_reply reply;

    if (fm_client_call(client, "GET", "/health", NULL, &reply, NULL, .timeout = GREETING,
                       .retries = -1) == 0)
        fm_reply_release(&reply);
}

/* What takes time comes before the order. */
static int wait_and_run(const struct fm_deployment *deployments, const char *url)
{
    struct clients clients = {NULL, NULL};
    struct fm_error error;
    buf_auto order = BUF_INIT;
    int status = 1;

    setvbuf(stdout, NULL, _IOLBF, 0); /* a pipe it is, but what is printed is to be seen at once */
    int r = fm_client_create(url, &clients.flow, &error);
    if (r == 0)
        r = fm_client_create(url, &clients.log, &error);
    if (r == 0 && !process_has_order())
        greet_server(clients.flow);
    if (!process_wait_for_order(&order))
        fprintf(stderr, "the runner's order could not be read: %s\n", strerror(errno));
    else if (order.length == 0)
        status = 0; /* the runner stops */
    else if (r < 0)
        fprintf(stderr, "a flow run's process: %s\n", error.message);
    else
        status = follow_order(&order, deployments, &clients);
    fm_client_destroy(clients.log);
    fm_client_destroy(clients.flow);
    return status;
}

int run_if_served(const struct fm_deployment *deployments, const struct fm_serve_options *options)
{
    const char *value = getenv(SERVED_BY);
    int runner;

    if (!value || sscanf(value, "%d", &runner) != 1)
        return -1;
    unsetenv(SERVED_BY); /* not for the programs that the flow starts, like the next two */
    fcntl(PROCESS_TERMINAL, F_SETFD, FD_CLOEXEC);
    fcntl(PROCESS_ORDER, F_SETFD, FD_CLOEXEC);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != runner)
        return 1; /* it has gone before we could notice */
    return wait_and_run(deployments, options->url);
}
