/* Serving deployments: registering them, waiting for their runs, taking one after another. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "common/arena.h"
#include "common/times.h"
#include "lib/client.h"
#include "lib/errors.h"
#include "lib/flows.h"
#include "lib/run.h"
#include "lib/runner.h"
#include "lib/served.h"
#include "lib/signals.h"
#include "lib/states.h"
#include "json/text.h"
#include "json/writer.h"

#define LONGEST_WAIT 30.0          /* seconds that one read is held back */
#define POLL         2.0           /* seconds between two reads, where the server cannot */
#define MOST_AT_ONCE 100           /* runs that one read brings */
#define AHEAD        (10 * SECOND) /* so early a run is taken; its process waits for its time */

void runner_say(struct runner *runner, enum fm_level level, const char *format, ...)
{
    char *text = NULL;
    va_list args;

    va_start(args, format);
    if (vasprintf(&text, format, args) >= 0)
        terminal_print(&runner->terminal, level, "fermata.runner", text);
    va_end(args);
    free(text);
}

int64_t runner_time_in(double seconds)
{
    return time_monotonic() + (int64_t)(seconds * SECOND);
}

bool runner_wait(struct runner *runner, int64_t until)
{
    const struct timespec time = {.tv_sec = until / SECOND, .tv_nsec = until % SECOND * 1000};

    return pthread_cond_timedwait(&runner->changed, &runner->lock, &time) != ETIMEDOUT;
}

/* ---- taking runs ----------------------------------------------------------------------------- */

/* True if the run is ours now. Of several runners only one hears that PENDING was accepted. */
static bool claim(struct runner *runner, const char *id, const char *lease)
{
    const struct proposal pending = {.type = "PENDING", .lease = lease};
    struct outcome outcome;
    struct fm_error error;

    int r = propose_state(runner->client, id, &pending, &outcome, &error);
    if (r < 0 && r != FM_CANCELLED)
        runner_say(runner, FM_WARNING, "Flow run %s could not be taken: %s", id, error.message);
    return r == 0 && outcome.verdict == ACCEPTED && outcome_is(&outcome, "PENDING");
}

/* A run that was taken and cannot be started. */
static void give_up(struct runner *runner, const char *id, const char *name, const char *lease,
                    const char *why)
{
    const struct proposal crashed = {.type = "CRASHED", .message = why, .lease = lease};
    struct outcome outcome;
    struct fm_error error;

    runner_say(runner, FM_ERROR, "Flow run '%s': %s", name, why);
    if (propose_state(runner->client, id, &crashed, &outcome, &error) < 0)
        runner_say(runner, FM_ERROR, "Flow run '%s': %s", name, error.message);
}

/* True if it is this runner's now, whatever becomes of it. */
static bool take(struct runner *runner, const json_t *record)
{
    const char *id = json_string_value(json_object_get(record, "id"));
    const char *name = json_string_value(json_object_get(record, "name"));
    const char *deployment = json_string_value(json_object_get(record, "deployment_id"));
    struct fm_error error;
    char holder[ID_SIZE];
    char lease[LEASE_SIZE];
    size_t number = 0;

    if (!id || !name || !deployment)
        return false;
    while (number < runner->count && strcmp(runner->ids[number], deployment) != 0)
        number++;
    id_random(holder);
    lease_write(lease, holder);
    if (number == runner->count || !claim(runner, id, lease))
        return false;
    runner_say(runner, FM_INFO, "Starting flow run '%s'", name);
    if (supervise(runner, number, id, name, holder, &error) < 0)
        give_up(runner, id, name, lease, error.message);
    return true;
}

static void write_request(const struct runner *runner, int room, int64_t ahead, struct buf *body)
{
    struct json_writer writer;

    json_writer_init(&writer, body);
    json_begin_object(&writer);
    json_key(&writer, "deployment_ids");
    json_begin_array(&writer);
    for (size_t i = 0; i < runner->count; i++)
        json_add_string(&writer, runner->ids[i]);
    json_end_array(&writer);
    json_key(&writer, "scheduled_before");
    json_add_time(&writer, time_now() + ahead);
    json_key(&writer, "limit");
    json_add_integer(&writer, room);
    json_end_object(&writer);
}

/* Waits for up to `count` runs that are due in less than `ahead`. `ret_waited`: the server held the
 * answer back, or would have. */
static int read_runs(struct runner *runner, int count, int64_t ahead, json_t **ret_runs,
                     bool *ret_waited, struct fm_error *error)
{
    buf_auto body = BUF_INIT;
    struct fm_reply reply;
    struct error parse_error;
    json_t *runs = NULL;

    write_request(runner, count, ahead, &body);
    if (body.failed)
        return fail_without_memory(error);
    int r = fm_client_call(runner->client, "POST", "/deployments/get_scheduled_flow_runs",
                           buf_string(&body), &reply, error, .wait = LONGEST_WAIT);
    if (r < 0)
        return r;
    *ret_waited = reply.wait >= 0;
    r = fm_reply_check(&reply, error);
    if (r == 0) {
        runs = json_parse(reply.body, reply.length, &parse_error);
        r = runs ? 0 : fail(error, FM_FAILED, "the list is no JSON: %s", parse_error.message);
    }
    fm_reply_release(&reply);
    if (r == 0)
        *ret_runs = runs;
    return r;
}

/* What another runner has taken is not offered again; what cannot be taken just now is. */
static void take_all(struct runner *runner, const json_t *runs, bool waited)
{
    bool nothing = json_array_size(runs) == 0;
    bool was_in_vain = runner->in_vain;
    bool taken = false;
    const json_t *run;
    size_t i;

    json_array_foreach(runs, i, run)
        taken = take(runner, run) || taken;
    runner->in_vain = !nothing && !taken;
    if (nothing ? !waited : was_in_vain && runner->in_vain)
        client_sleep(runner->client, POLL);
}

/* Waits for runs and takes up to `room` of them. Where all together are too much for one reply,
 * fewer are asked for, until all have been taken. */
static void take_runs(struct runner *runner, int room, int64_t ahead)
{
    int count = room < runner->at_once ? room : runner->at_once;
    json_t *runs = NULL;
    bool waited = false;
    struct fm_error error;

    int r = read_runs(runner, count, ahead, &runs, &waited, &error);
    if (r == 0) {
        if (json_array_size(runs) < (size_t)count)
            runner->at_once = MOST_AT_ONCE;
        take_all(runner, runs, waited);
    } else if (r == FM_FAILED && count > 1) {
        runner->at_once = count / 2;
    } else if (r != FM_CANCELLED) {
        runner_say(runner, FM_WARNING, "Waiting for runs: %s", error.message);
        client_sleep(runner->client, POLL);
    }
    json_decref(runs);
}

/* How many runs more may be started; waits until it is one at least. 0: the runner is to stop. */
static int wait_for_room(struct runner *runner)
{
    int limit = runner->limit;
    int room;

    pthread_mutex_lock(&runner->lock);
    while (limit > 0 && runner->active >= limit && !runner->stopping)
        runner_wait(runner, runner_time_in(LONGEST_WAIT));
    room = runner->stopping ? 0 : limit > 0 ? limit - runner->active : MOST_AT_ONCE;
    pthread_mutex_unlock(&runner->lock);
    return room;
}

static void serve_until_stopped(struct runner *runner)
{
    int64_t ahead =
        runner->limit > 0 ? 0 : AHEAD; /* what only waits for its time takes nobody's place */
    struct fm_error error;
    int room;

    if (spare_start(runner, &error) < 0)
        runner_say(runner, FM_WARNING, "No process waits for the next run: %s", error.message);
    while ((room = wait_for_room(runner)) > 0) {
        supervise_join(runner, false);
        take_runs(runner, room, ahead);
    }
}

static void on_signal(void *context, int number)
{
    struct runner *runner = context;

    (void)number;
    pthread_mutex_lock(&runner->lock);
    runner->stopping = true;
    spare_end(runner);
    pthread_mutex_unlock(&runner->lock);
    fm_client_interrupt(runner->client);
}

/* ---- start and stop -------------------------------------------------------------------------- */

/* The box that the guide shows. */
static void print_box(const char *const lines[], size_t count)
{
    size_t width = 0;

    for (size_t i = 0; i < count; i++)
        width = strlen(lines[i]) > width ? strlen(lines[i]) : width;
    for (size_t i = 0; i < width + 4; i++)
        putchar('_');
    putchar('\n');
    for (size_t i = 0; i < count; i++)
        printf("| %-*s |\n", (int)width, lines[i]);
    for (size_t i = 0; i < width + 4; i++)
        putchar('_');
    printf("\n\n");
    fflush(stdout);
}

static int print_banner(const struct runner *runner, const char *const *flow_names,
                        struct fm_error *error)
{
    const char *lines[64] = {0};
    struct arena arena = {0};
    size_t count = 0;
    bool one = runner->count == 1;

    lines[count++] =
        one ? arena_printf(&arena, "Your flow '%s' is being served and polling for scheduled runs",
                           flow_names[0])
            : "Your flows are being served and polling for scheduled runs";
    lines[count++] = "";
    lines[count++] = one ? "To trigger a run for this flow, use the following command:"
                         : "To trigger a run, use one of the following commands:";
    lines[count++] = "";
    for (size_t i = 0; i < runner->count && count < COUNT_OF(lines) - 3; i++)
        lines[count++] = arena_printf(&arena, "        $ fermata deployment run '%s/%s'",
                                      flow_names[i], runner->deployments[i].name);
    lines[count++] = "";
    size_t length = strlen(client_shown_url(runner->client));
    if (length > 4 && strcmp(client_shown_url(runner->client) + length - 4, "/api") == 0)
        length -= 4;
    lines[count++] =
        arena_printf(&arena, "Server: %.*s", (int)length, client_shown_url(runner->client));
    lines[count++] = "";
    bool complete = true;
    for (size_t i = 0; i < count; i++)
        complete = complete && lines[i];
    if (complete)
        print_box(lines, count);
    arena_release(&arena);
    return complete ? 0 : fail_without_memory(error);
}

static bool is_given_before(const struct runner *runner, const char *const *names, size_t number)
{
    for (size_t i = 0; i < number; i++) {
        if (strcmp(names[i], names[number]) == 0 &&
            strcmp(runner->deployments[i].name, runner->deployments[number].name) == 0)
            return true;
    }
    return false;
}

static int register_all(struct runner *runner, struct fm_error *error)
{
    struct arena arena = {0};
    const char **names = arena_alloc(&arena, runner->count * sizeof(*names));
    int r = names ? 0 : fail_without_memory(error);

    for (size_t i = 0; i < runner->count && r == 0; i++) {
        const struct fm_deployment *deployment = &runner->deployments[i];
        names[i] = name_of_flow(&arena, deployment->flow);
        if (!names[i])
            r = fail_without_memory(error);
        else if (!deployment->name || !*deployment->name)
            r = fail(error, FM_INVALID, "a deployment of flow '%s' has no name", names[i]);
        else if (is_given_before(runner, names, i))
            r = fail(error, FM_INVALID, "deployment '%s/%s' is given twice: rename one", names[i],
                     deployment->name);
        else
            r = deployment_register(runner->client, deployment, names[i], runner->ids[i], error);
    }
    if (r == 0)
        r = print_banner(runner, names, error);
    arena_release(&arena);
    return r;
}

/* A server that is away is waited for once, not for each deployment. */
static void pause_all(struct runner *runner)
{
    struct fm_error error;
    int r = 0;

    client_reopen(runner->client);
    for (size_t i = 0; i < runner->count && runner->ids[i][0] && r != FM_UNREACHABLE; i++) {
        r = deployment_pause(runner->client, runner->ids[i], &error);
        if (r == FM_UNREACHABLE)
            runner_say(runner, FM_WARNING, "The deployments could not be paused: %s",
                       error.message);
        else if (r < 0)
            runner_say(runner, FM_WARNING, "Deployment '%s' could not be paused: %s",
                       runner->deployments[i].name, error.message);
    }
}

static void runner_init(struct runner *runner, int terminal_fd)
{
    pthread_condattr_t monotonic;

    terminal_init(&runner->terminal, terminal_fd);
    pthread_mutex_init(&runner->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&runner->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    list_init(&runner->runs);
    list_init(&runner->ended);
    spare_init(&runner->spare);
}

static void runner_finish(struct runner *runner)
{
    fm_client_destroy(runner->client);
    free(runner->ids);
    pthread_cond_destroy(&runner->changed);
    pthread_mutex_destroy(&runner->lock);
    terminal_finish(&runner->terminal);
    close(runner->terminal.fd);
}

static int serve(struct runner *runner, struct fm_error *error)
{
    struct signal_watch watch;

    int r = fm_client_create(runner->url, &runner->client, error);
    if (r == 0)
        r = signal_watch_start(&watch, on_signal, runner, true, error);
    if (r < 0)
        return r;
    r = register_all(runner, error);
    if (r == 0)
        serve_until_stopped(runner);
    supervise_stop(runner);
    pause_all(runner);
    signal_watch_stop(&watch);
    return r == FM_CANCELLED ? 0 : r; /* told to stop before it had begun */
}

int fm_serve_with(const struct fm_deployment *deployments, const struct fm_serve_options *options)
{
    struct runner runner = {.deployments = deployments,
                            .url = options->url,
                            .limit = options->limit,
                            .at_once = MOST_AT_ONCE};
    struct fm_error error;

    int status = run_if_served(deployments, options);
    if (status >= 0)
        return status;
    int terminal_fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, PROCESS_ORDER + 1);
    if (terminal_fd < 0)
        return 1; /* and nobody who could be told why */
    while (deployments[runner.count].flow)
        runner.count++;
    runner.ids = calloc(runner.count ? runner.count : 1, sizeof(*runner.ids));
    runner_init(&runner, terminal_fd);
    int r = runner.ids ? serve(&runner, &error) : fail_without_memory(&error);
    runner_finish(&runner);
    if (r < 0)
        terminal_complain(error.message);
    return r < 0 ? 1 : 0;
}
