/* `fermata flow-run cancel`, `resume`, `retry`, `wait` and `delete`: what changes runs, or waits
 * for their change. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/patience.h"
#include "cli/runs.h"
#include "cli/text.h"
#include "common/ids.h"
#include "common/times.h"

#define WAIT 30 /* seconds that the server holds a request back */

/* ---- several runs, one after the other ---- */

/* What is done to a run: 1 and what is to be said of it, 0 and why not, -1 error. */
typedef int run_action(struct cli *cli, const char *id, struct buf *said, struct error *error);

static int act_on(struct cli *cli, const char *name, run_action *action)
{
    buf_auto said = BUF_INIT;
    buf_auto line = BUF_INIT;
    struct error error = {0};
    char id[ID_SIZE];

    int r = api_find_run(cli, name, id, &error) < 0 ? -1 : action(cli, id, &said, &error);
    if (r < 0)
        return fail_with(&error);
    if (r == 0) {
        complain("%.100s: %.500s", name, buf_string(&said));
        return STATUS_FAILED;
    }
    if (cli->quiet || cli->json)
        return STATUS_DONE;
    text_add_short(&line, name, 60);
    buf_addf(&line, " %s\n", buf_string(&said));
    screen_flush(&cli->screen, &line);
    return STATUS_DONE;
}

/* All of them, also after one that failed. */
static int act_on_all(struct cli *cli, int argc, char **argv, run_action *action)
{
    int status = STATUS_DONE;

    for (int i = 0; i < argc; i++)
        if (act_on(cli, argv[i], action) != STATUS_DONE)
            status = STATUS_FAILED;
    return status;
}

/* ---- states that are proposed ---- */

static void add_reason(struct buf *said, const json_t *reply)
{
    const char *reason = member_text(json_object_get(reply, "details"), "reason");

    buf_add_string(said, reason ? reason : "no reason is given");
}

/* Proposes a state. 1 if the run is in it, or in `other`, now; 0 with the reason in `said`. */
static int propose(struct cli *cli, const char *id, json_t *state, const char *other,
                   struct api_reply *ret_reply, struct buf *said, struct error *error)
{
    const char *wanted = member_text(state, "type");
    buf_auto path = BUF_INIT;

    if (!wanted)
        return error_set(error, ENOMEM, "out of memory");
    json_t *body = json_pack("{s:O}", "state", state);
    buf_addf(&path, "/flow_runs/%s/set_state", id);
    if (api_post(cli, buf_string(&path), body, ret_reply, error) < 0)
        return -1;
    if (cli->json)
        print_json(cli, ret_reply);
    const char *type = member_text(json_object_get(ret_reply->json, "state"), "type");
    if (type && (strcmp(type, wanted) == 0 || strcmp(type, other) == 0))
        return 1;
    add_reason(said, ret_reply->json);
    return 0;
}

static int cancel(struct cli *cli, const char *id, struct buf *said, struct error *error)
{
    api_reply_auto reply = {0};
    json_auto_t *state = json_pack("{s:s}", "type", "CANCELLING");
    int r = propose(cli, id, state, "CANCELLED", &reply, said, error);

    if (r > 0) {
        const char *type = member_text(json_object_get(reply.json, "state"), "type");
        buf_add_string(said, strcmp(type, "CANCELLED") == 0
                                 ? "is cancelled."
                                 : "is told to end: it is cancelled when its process has ended.");
    }
    return r;
}

/* 1: it has ended; 0: not, as `said` tells. */
static int check_end(struct cli *cli, const char *id, struct buf *said, struct error *error)
{
    api_reply_auto reply = {0};
    buf_auto path = BUF_INIT;

    buf_addf(&path, "/flow_runs/%s", id);
    if (api_get(cli, buf_string(&path), &reply, error) < 0)
        return -1;
    if (is_terminal_type(member_text(reply.json, "state_type")))
        return 1;
    const char *state = member_text(reply.json, "state_name");
    buf_addf(said, "it has not ended, it is %s; 'fermata flow-run cancel' ends it",
             state ? state : "without a state");
    return 0;
}

/* The server would take it from a run that goes on, too: for that is how a flow asks for another
 * try of itself. */
static int retry(struct cli *cli, const char *id, struct buf *said, struct error *error)
{
    api_reply_auto reply = {0};
    char now[TIME_SIZE];

    int r = check_end(cli, id, said, error);
    if (r <= 0)
        return r;
    time_format(time_now(), now);
    json_auto_t *state = json_pack("{s:s,s:s,s:{s:s}}", "type", "SCHEDULED", "name",
                                   "AwaitingRetry", "state_details", "scheduled_time", now);
    r = propose(cli, id, state, "SCHEDULED", &reply, said, error);
    if (r > 0)
        buf_add_string(said, "is scheduled again.");
    return r;
}

static int resume(struct cli *cli, const char *id, struct buf *said, struct error *error)
{
    api_reply_auto reply = {0};
    buf_auto path = BUF_INIT;

    buf_addf(&path, "/flow_runs/%s/resume", id);
    if (api_post(cli, buf_string(&path), json_object(), &reply, error) < 0)
        return -1;
    if (cli->json)
        print_json(cli, &reply);
    const char *status = member_text(reply.json, "status");
    if (status && strcmp(status, "ACCEPT") == 0) {
        buf_add_string(said, "goes on.");
        return 1;
    }
    add_reason(said, reply.json);
    buf_add_string(said, "; what asks for input is answered with 'fermata answer --run'");
    return 0;
}

static int drop(struct cli *cli, const char *id, struct buf *said, struct error *error)
{
    api_reply_auto reply = {0};
    buf_auto path = BUF_INIT;

    buf_addf(&path, "/flow_runs/%s", id);
    if (api_send(cli, "DELETE", buf_string(&path), NULL, &reply, error) < 0)
        return -1;
    buf_add_string(said, "is deleted, with its log, its tasks and its inputs.");
    return 1;
}

int command_cancel(struct cli *cli, void *settings, int argc, char **argv)
{
    (void)settings;
    return act_on_all(cli, argc, argv, cancel);
}

int command_retry(struct cli *cli, void *settings, int argc, char **argv)
{
    (void)settings;
    return act_on_all(cli, argc, argv, retry);
}

int command_resume(struct cli *cli, void *settings, int argc, char **argv)
{
    (void)settings;
    return act_on_all(cli, argc, argv, resume);
}

int command_delete(struct cli *cli, void *settings, int argc, char **argv)
{
    (void)settings;
    return act_on_all(cli, argc, argv, drop);
}

/* ---- waiting ---- */

bool is_terminal_type(const char *type)
{
    static const char *const types[] = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"};

    for (size_t i = 0; type && i < COUNT_OF(types); i++)
        if (strcmp(type, types[i]) == 0)
            return true;
    return false;
}

struct awaiting {
    struct cli *cli;
    const char *name; /* as it was typed */
    char id[ID_SIZE];
    char etag[128];
    bool polls; /* the server does not hold its answer back */
    struct patience patience;
};

/* Reads the run, as soon as it is another than the last time. 1 if it was read, 0 if it is the same
 * still. */
static int read_changed(struct awaiting *awaiting, struct api_reply *ret_reply, struct error *error)
{
    bool known = *awaiting->etag;
    int64_t left = awaiting->patience.until
                       ? (awaiting->patience.until - time_monotonic() + SECOND - 1) / SECOND
                       : WAIT;
    const struct fm_call options = {.wait = known ? (double)(left < WAIT ? left : WAIT) : 0,
                                    .if_none_match = known ? awaiting->etag : NULL};
    buf_auto path = BUF_INIT;

    if (awaiting->polls)
        patience_pause(&awaiting->patience);
    buf_addf(&path, "/flow_runs/%s", awaiting->id);
    if (api_request_patiently(awaiting->cli, &awaiting->patience, "GET", buf_string(&path), NULL,
                              &options, ret_reply, error) < 0)
        return -1;
    awaiting->polls = ret_reply->status == 304 ? ret_reply->wait < 0 : !*ret_reply->etag;
    if (ret_reply->status == 304)
        return 0;
    memcpy(awaiting->etag, ret_reply->etag, sizeof(awaiting->etag));
    return api_check(ret_reply, error) < 0 ? -1 : 1;
}

/* Whoever waits at a terminal sees what the run does meanwhile. */
static void tell_progress(const struct awaiting *awaiting, const json_t *run)
{
    const char *state = member_text(run, "state_name");
    struct screen screen;
    buf_auto line = BUF_INIT;

    screen_init(&screen, stderr);
    if (!screen.is_terminal || awaiting->cli->quiet || !state)
        return;
    text_add_short(&line, awaiting->name, 60);
    buf_add_string(&line, ": ");
    text_add_short(&line, state, 40);
    buf_add_string(&line, "; waiting for its end\n");
    screen_flush(&screen, &line);
}

/* 1 and the run when it has ended; 0 when there was not enough patience. */
static int await_end(struct awaiting *awaiting, struct api_reply *ret_reply, struct error *error)
{
    for (;;) {
        api_reply_auto reply = {0};
        int r = read_changed(awaiting, &reply, error);
        if (r < 0)
            return -1;
        if (r > 0 && is_terminal_type(member_text(reply.json, "state_type"))) {
            *ret_reply = reply;
            reply = (struct api_reply){0};
            return 1;
        }
        if (r > 0)
            tell_progress(awaiting, reply.json);
        if (awaiting->patience.until && time_monotonic() >= awaiting->patience.until)
            return 0;
    }
}

static int tell_end(struct awaiting *awaiting, const struct api_reply *reply)
{
    const char *name = member_text(reply->json, "state_name");
    const char *type = member_text(reply->json, "state_type");
    struct screen *screen = &awaiting->cli->screen;
    buf_auto line = BUF_INIT;

    if (awaiting->cli->json) {
        print_json(awaiting->cli, reply);
    } else if (!awaiting->cli->quiet) {
        text_add_short(&line, awaiting->name, 60);
        buf_add_string(&line, ": ");
        text_add_short(&line, name ? name : type, 40);
        buf_add_char(&line, '\n');
        screen_flush(screen, &line);
    }
    return strcmp(type, "COMPLETED") == 0 ? STATUS_DONE : STATUS_FAILED;
}

int run_await(struct cli *cli, const char *run, int64_t seconds)
{
    struct awaiting awaiting = {.cli = cli, .name = run};
    api_reply_auto reply = {0};
    struct error error;

    if (seconds > 0)
        awaiting.patience.until = time_monotonic() + seconds * SECOND;
    if (api_connect(cli, &error) < 0 || api_find_run(cli, run, awaiting.id, &error) < 0)
        return fail_with(&error);
    int r = await_end(&awaiting, &reply, &error);
    if (r < 0)
        return fail_with(&error);
    if (r == 0) {
        complain("'%.100s' has not ended after %lld seconds", run, (long long)seconds);
        return STATUS_FAILED;
    }
    return tell_end(&awaiting, &reply);
}

int command_wait(struct cli *cli, void *settings, int argc, char **argv)
{
    const struct wait_settings *wait = settings;

    (void)argc;
    return run_await(cli, argv[0], wait->timeout);
}
