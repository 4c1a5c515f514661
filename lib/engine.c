/* Running a flow here and now: the one place of the library that prints and handles signals. */
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <jansson.h>

#include "lib/client.h"
#include "lib/errors.h"
#include "lib/log.h"
#include "lib/run.h"
#include "lib/states.h"
#include "json/text.h"
#include "json/writer.h"

/* ---- signals --------------------------------------------------------------------------------- */

#define STOP_WATCHING 1000 /* no signal has this number */

/* Signal handlers know nothing but what is global: where to write the number, -1 if no run is
 * being watched. */
static atomic_int signal_fd = -1;

struct watch {
    struct fm_run *run;
    int fd;
    pthread_t thread;
    struct sigaction before_int;
    struct sigaction before_term;
};

static void on_signal(int number)
{
    int fd = atomic_load(&signal_fd);
    uint64_t value = (uint64_t)number;
    int saved = errno;

    if (fd >= 0 && write(fd, &value, sizeof(value)) < 0)
        _exit(128 + number); /* nobody would ever hear of it */
    errno = saved;
}

static void *watch_signals(void *context)
{
    struct watch *watch = context;
    uint64_t value = 0;

    while (read(watch->fd, &value, sizeof(value)) < 0 && errno == EINTR)
        ;
    if (value < STOP_WATCHING) {
        atomic_store(&watch->run->signal, (int)value);
        fm_client_interrupt(watch->run->client);
    }
    return NULL;
}

/* A run that cannot be watched, or is not the only one, runs without. */
static bool watch_start(struct watch *watch, struct fm_run *run)
{
    /* Of each only the first is caught: the second one ends the process. */
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART | (int)SA_RESETHAND};
    int expected = -1;

    *watch = (struct watch){.run = run, .fd = eventfd(0, EFD_CLOEXEC)};
    if (watch->fd < 0)
        return false;
    if (!atomic_compare_exchange_strong(&signal_fd, &expected, watch->fd)) {
        close(watch->fd);
        return false;
    }
    if (pthread_create(&watch->thread, NULL, watch_signals, watch) != 0) {
        atomic_store(&signal_fd, -1);
        close(watch->fd);
        return false;
    }
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, &watch->before_int);
    sigaction(SIGTERM, &action, &watch->before_term);
    return true;
}

static void watch_stop(struct watch *watch)
{
    uint64_t stop = STOP_WATCHING;

    sigaction(SIGINT, &watch->before_int, NULL);
    sigaction(SIGTERM, &watch->before_term, NULL);
    atomic_store(&signal_fd, -1);
    while (write(watch->fd, &stop, sizeof(stop)) < 0 && errno == EINTR)
        ;
    pthread_join(watch->thread, NULL);
    close(watch->fd);
}

/* ---- the record ------------------------------------------------------------------------------ */

static int create_flow(struct fm_run *run, struct fm_error *error)
{
    const struct fm_call call = {0};
    struct json_writer writer;
    buf_auto body = BUF_INIT;
    json_t *flow = NULL;
    const char *id;

    json_writer_init(&writer, &body);
    json_begin_object(&writer);
    json_key(&writer, "name");
    json_add_string(&writer, run->flow_name);
    json_end_object(&writer);
    int r = api_call(run->client, "POST", "/flows/", &body, &call, &flow, error);
    if (r == 0)
        r = api_string(flow, "id", &id, error);
    if (r == 0)
        snprintf(run->flow_id, sizeof(run->flow_id), "%s", id);
    json_decref(flow);
    return r;
}

static void write_run(struct buf *body, const struct fm_run *run,
                      const struct fm_run_options *options, const char *idempotency_key)
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
    json_key(&writer, "idempotency_key");
    json_add_string(&writer, idempotency_key);
    json_end_object(&writer);
}

static int create_run(struct fm_run *run, const struct fm_run_options *options,
                      struct fm_error *error)
{
    char key[FM_ID_SIZE];
    buf_auto body = BUF_INIT;
    json_t *record = NULL;
    const char *id;
    const char *name;

    fm_new_id(key);
    write_run(&body, run, options, key);
    const struct fm_call call = {.idempotency_key = key};
    int r = api_call(run->client, "POST", "/flow_runs/", &body, &call, &record, error);
    if (r == 0)
        r = api_string(record, "id", &id, error);
    if (r == 0)
        r = api_string(record, "name", &name, error);
    if (r == 0) {
        snprintf(run->id, sizeof(run->id), "%s", id);
        run->name = fm_format(run, "%s", name);
        if (!run->name)
            r = fail_without_memory(error);
    }
    json_decref(record);
    return r;
}

/* ---- from start to end ----------------------------------------------------------------------- */

/* The address at which a person looks at the run. */
static void tell_where(struct fm_run *run)
{
    const char *url = fm_client_url(run->client);
    size_t length = strlen(url);

    if (length > 4 && strcmp(url + length - 4, "/api") == 0)
        length -= 4;
    fm_info(run, "View at %.*s/runs/flow-run/%s", (int)length, url, run->id);
}

static struct proposal final_state(struct fm_run *run, int result)
{
    const struct fm_error *error = fm_error(run);
    int number = atomic_load(&run->signal);

    if (result >= 0)
        return (struct proposal){.type = "COMPLETED"};
    if (number)
        return (struct proposal){
            .type = "CRASHED",
            .message = number == SIGINT ? "The flow's process was interrupted (SIGINT)."
                                        : "The flow's process was told to end (SIGTERM).",
        };
    if (result == FM_CANCELLED && atomic_load(&run->cancelling))
        return (struct proposal){.type = "CANCELLED", .message = "The flow run was cancelled."};
    return (struct proposal){
        .type = "FAILED",
        .message = error->code ? error->message : "The flow reported a failure without a reason.",
    };
}

static void tell_end(struct fm_run *run, const struct outcome *outcome, const char *message)
{
    buf_auto quoted = BUF_INIT;

    if (message)
        json_text_repr_string(message, strlen(message), &quoted);
    fm_log(run, outcome_is(outcome, "COMPLETED") ? FM_INFO : FM_ERROR, "Finished in state %s(%s)",
           outcome->name, buf_string(&quoted));
}

/* Calls the flow once and reports how it ended. `ret_again`: it failed and is to be tried again. */
static int attempt(struct fm_run *run, bool *ret_again, struct outcome *ret_outcome,
                   struct fm_error *error)
{
    int result = run->flow->function(run);
    *ret_again = false;
    if (result == FM_SUSPENDED && atomic_load(&run->suspended)) {
        *ret_outcome = (struct outcome){.type = "PAUSED", .name = "Suspended"};
        return 0;
    }
    client_reopen(run->client); /* what follows has to be said even after a signal */
    const struct proposal end = final_state(run, result);

    int r = propose_state(run->client, run->id, &end, ret_outcome, error);
    if (r < 0)
        return r;
    *ret_again = ret_outcome->verdict == REJECTED && outcome_is(ret_outcome, "SCHEDULED");
    if (*ret_again)
        fm_log(run, FM_WARNING, "Flow run failed and is tried again: %s", end.message);
    else
        tell_end(run, ret_outcome, end.message);
    return 0;
}

static int start_running(struct fm_run *run, struct fm_error *error)
{
    const struct proposal running = {.type = "RUNNING"};
    struct outcome outcome;

    int r = propose_until_due(run->client, run->id, &running, &outcome, error);
    if (r == 0 && outcome.verdict != ACCEPTED)
        return fail(error, FM_REFUSED, "the server does not let the flow run start: %s",
                    outcome.reason);
    return r;
}

static int run_to_the_end(struct fm_run *run, struct outcome *ret_outcome, struct fm_error *error)
{
    bool again = true;

    for (bool first = true; again; first = false) {
        int r = start_running(run, error);
        if (r < 0)
            return r;
        if (first) {
            fm_info(run, "Beginning flow run '%s' for flow '%s'", run->name, run->flow_name);
            tell_where(run);
        }
        r = attempt(run, &again, ret_outcome, error);
        if (r < 0)
            return r;
    }
    return 0;
}

static int exit_status(struct fm_run *run, const struct outcome *outcome)
{
    int number = atomic_load(&run->signal);

    if (outcome_is(outcome, "COMPLETED") || outcome_is(outcome, "PAUSED"))
        return 0;
    return number ? 128 + number : 1;
}

/* Runs what the server knows already; `log_client` is the log's own. */
static int run_recorded(struct fm_run *run, struct fm_client *log_client, int *ret_status,
                        struct fm_error *error)
{
    struct outcome outcome = {0};
    struct watch watch;

    int r = run_log_start(log_client, run->id, run->name, true, &run->log, error);
    if (r < 0)
        return r;
    run_log_print(run->log, FM_INFO, "Created flow run '%s' for flow '%s'", run->name,
                  run->flow_name);
    bool watched = watch_start(&watch, run);
    r = run_to_the_end(run, &outcome, error);
    if (watched)
        watch_stop(&watch);
    run_log_stop(run->log);
    *ret_status = exit_status(run, &outcome);
    return r;
}

static int run_with_clients(const struct fm_flow *flow, const struct fm_run_options *options,
                            struct fm_client *client, struct fm_client *log_client, int *ret_status,
                            struct fm_error *error)
{
    struct fm_run *run;

    int r = run_create(flow, client, &run, error);
    if (r < 0)
        return r;
    r = create_flow(run, error);
    if (r == 0)
        r = create_run(run, options, error);
    if (r == 0)
        r = run_recorded(run, log_client, ret_status, error);
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
        fprintf(stderr, "%s\n", error.message);
    return r < 0 && status == 0 ? 1 : status;
}
