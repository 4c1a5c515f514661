/*
 * Pausing: the state, the question, the wait, the answer.
 *
 * The server decides when a pause is over. A server that can hold a read back is asked with
 * `Prefer: wait` and tells at once; another one is looked at again and again.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "common/times.h"
#include "lib/client.h"
#include "lib/errors.h"
#include "lib/model.h"
#include "lib/run.h"
#include "lib/states.h"
#include "lib/utf8.h"
#include "json/text.h"
#include "json/writer.h"

#define DEFAULT_TIMEOUT 3600.0
#define DEFAULT_POLL    1.0
#define LONGEST_WAIT    30.0          /* of one read that is held back, seconds */
#define GRACE           (10 * SECOND) /* after the deadline, for the server to act on it */
#define KEY_SIZE        96

struct pause {
    struct fm_run *run;
    const struct fm_model *model; /* NULL: no input is asked for */
    const struct fm_pause_options *options;
    char key[KEY_SIZE];
    char keyset[KEY_SIZE + 16]; /* "paused-KEY", "suspended-KEY" */
    bool suspends;              /* the process ends instead of waiting */
    int64_t deadline;           /* a point in time */
    char state[16];             /* type of the run's state, as last seen */
    char etag[128];
};

static int post_input(struct pause *pause, const char *role, const char *value,
                      struct fm_error *error)
{
    char path[96];
    char key[KEY_SIZE + 24];
    char id[FM_ID_SIZE];
    buf_auto body = BUF_INIT;
    struct json_writer writer;

    snprintf(path, sizeof(path), "/flow_runs/%s/input", pause->run->id);
    snprintf(key, sizeof(key), "%s-%s", pause->keyset, role);
    fm_new_id(id);
    json_writer_init(&writer, &body);
    json_begin_object(&writer);
    json_key(&writer, "key");
    json_add_string(&writer, key);
    json_key(&writer, "value");
    json_add_string(&writer, value);
    json_end_object(&writer);
    const struct fm_call call = {.idempotency_key = id};
    return api_call(pause->run->client, "POST", path, &body, &call, NULL, error);
}

/* ---- the question ---------------------------------------------------------------------------- */

static int name_pause(struct pause *pause, struct fm_error *error)
{
    const char *key = pause->options->key;
    int n;

    if (key) {
        n = snprintf(pause->key, sizeof(pause->key), "%s", key);
    } else {
        pthread_mutex_lock(&pause->run->lock);
        n = snprintf(pause->key, sizeof(pause->key), "%d", ++pause->run->pauses);
        pthread_mutex_unlock(&pause->run->lock);
    }
    if (n <= 0 || (size_t)n >= sizeof(pause->key))
        return fail(error, FM_INVALID, "the key of a pause has 1 to %zu characters",
                    sizeof(pause->key) - 1);
    snprintf(pause->keyset, sizeof(pause->keyset), "%s-%s",
             pause->suspends ? "suspended" : "paused", pause->key);
    return 0;
}

/* A run that was resumed already goes on with the answer that it got. */
static int enter_pause(struct pause *pause, bool *ret_is_over, struct fm_error *error)
{
    const struct proposal proposal = {
        .type = "PAUSED",
        .name = pause->suspends ? "Suspended" : "Paused",
        .reschedule = pause->suspends,
        .pause_timeout = pause->deadline,
        .pause_key = pause->key,
        .keyset = pause->model ? pause->keyset : NULL,
    };
    struct outcome outcome;
    int r = propose_state(pause->run->client, pause->run->id, &proposal, &outcome, error);

    if (r < 0)
        return r;
    *ret_is_over = outcome.verdict == REJECTED && outcome_is(&outcome, "RUNNING");
    if (outcome.verdict == ACCEPTED || *ret_is_over)
        return 0;
    if (outcome_is(&outcome, "CANCELLING") || outcome_is(&outcome, "CANCELLED")) {
        atomic_store(&pause->run->cancelling, true);
        return fail(error, FM_CANCELLED, "the run was cancelled");
    }
    return fail(error, FM_REFUSED, "the flow run cannot be %s: %s",
                pause->suspends ? "suspended" : "paused", outcome.reason);
}

static int ask(struct pause *pause, const struct buf *schema, struct fm_error *error)
{
    buf_auto description = BUF_INIT;
    buf_auto quoted = BUF_INIT;

    int r = post_input(pause, "schema", buf_string(schema), error);
    if (r < 0 || !pause->options->description)
        return r;
    buf_add_utf8(&description, pause->options->description);
    json_quote(&quoted, buf_string(&description), description.length);
    if (description.failed || quoted.failed)
        return fail_without_memory(error);
    return post_input(pause, "description", buf_string(&quoted), error);
}

/* ---- the wait -------------------------------------------------------------------------------- */

/* Looks at the run, holding the read back for up to `wait` seconds while nothing changes. */
static int look(struct pause *pause, double wait, bool *ret_waited, struct fm_error *error)
{
    char path[64];
    struct fm_reply reply;
    struct error parse_error;

    snprintf(path, sizeof(path), "/flow_runs/%s", pause->run->id);
    int r = fm_client_call(pause->run->client, "GET", path, NULL, &reply, error,
                           .wait = pause->etag[0] ? wait : 0, .if_none_match = pause->etag);
    if (r < 0)
        return r;
    *ret_waited = reply.wait >= 0;
    r = fm_reply_check(&reply, error);
    if (r == 0 && reply.status != 304) {
        json_t *run = json_parse(reply.body, reply.length, &parse_error);
        const char *type =
            json_string_value(json_object_get(json_object_get(run, "state"), "type"));
        if (type) {
            snprintf(pause->state, sizeof(pause->state), "%s", type);
            memcpy(pause->etag, reply.etag, sizeof(pause->etag));
        } else {
            r = fail(error, FM_FAILED, "the server's answer about the run has no state");
        }
        json_decref(run);
    }
    fm_reply_release(&reply);
    return r;
}

static double seconds_until(int64_t time)
{
    return time == TIME_NEVER ? INFINITY : (double)(time - time_now()) / SECOND;
}

/* What a state other than PAUSED means for the one who waits. */
static int judge_state(struct pause *pause, struct fm_error *error)
{
    if (strcmp(pause->state, "RUNNING") == 0)
        return 0;
    if (strcmp(pause->state, "CANCELLING") == 0 || strcmp(pause->state, "CANCELLED") == 0) {
        atomic_store(&pause->run->cancelling, true);
        return fail(error, FM_CANCELLED, "the run was cancelled while it was paused");
    }
    if (strcmp(pause->state, "FAILED") == 0)
        return fail(error, FM_TIMED_OUT, "the flow run was paused and never resumed");
    return fail(error, FM_REFUSED, "the paused run was put into state %s", pause->state);
}

/* One look, and the sleep before the next where the server does not wait. A server that is away is
 * waited for as well. */
static int look_and_sleep(struct pause *pause, struct fm_error *error)
{
    double poll = pause->options->poll_interval > 0 ? pause->options->poll_interval : DEFAULT_POLL;
    double left = seconds_until(pause->deadline);
    bool waited = false;
    bool had_etag = pause->etag[0] != '\0';

    int r = look(pause, fmin(LONGEST_WAIT, fmax(left, 1)), &waited, error);
    if (r < 0 && r != FM_UNREACHABLE)
        return r;
    if (strcmp(pause->state, "PAUSED") != 0 || waited || (r == 0 && pause->etag[0] && !had_etag))
        return 0;
    if (client_sleep(pause->run->client, fmin(poll, fmax(left, 0.2))) < 0)
        return fail(error, FM_CANCELLED, "the process was interrupted while the run was paused");
    return 0;
}

static int wait_for_resume(struct pause *pause, struct fm_error *error)
{
    fm_info(pause->run, "Pausing flow, execution will continue when this flow run is resumed.");
    snprintf(pause->state, sizeof(pause->state), "PAUSED");
    while (strcmp(pause->state, "PAUSED") == 0) {
        if (pause->deadline != TIME_NEVER && time_now() > pause->deadline + GRACE)
            return fail(error, FM_TIMED_OUT, "the flow run was paused and never resumed");
        int r = look_and_sleep(pause, error);
        if (r < 0)
            return r;
    }
    return judge_state(pause, error);
}

static int leave_process(struct pause *pause, struct fm_error *error)
{
    fm_info(pause->run, "Suspending flow run, execution will continue in a new process when it is "
                        "resumed.");
    atomic_store(&pause->run->suspended, true);
    return fail(error, FM_SUSPENDED, "the flow run is suspended");
}

/* ---- the answer ------------------------------------------------------------------------------ */

/* An empty answer is not stored: then all is left to the defaults. */
static int read_answer(struct pause *pause, void *result, struct fm_error *error)
{
    char path[96 + KEY_SIZE];
    struct fm_reply reply;
    char *key = fm_path_segment(pause->keyset);

    if (!key)
        return fail_without_memory(error);
    int n = snprintf(path, sizeof(path), "/flow_runs/%s/input/%s-response", pause->run->id, key);
    free(key);
    if (n < 0 || (size_t)n >= sizeof(path))
        return fail(error, FM_INVALID, "the key of the pause is too long");
    int r = fm_client_call(pause->run->client, "GET", path, NULL, &reply, error);
    if (r < 0)
        return r;
    if (reply.status == 404)
        r = run_decode(pause->run, pause->model, pause->options->initial, "{}", 2, result, error);
    else if ((r = fm_reply_check(&reply, error)) == 0)
        r = run_decode(pause->run, pause->model, pause->options->initial, reply.body, reply.length,
                       result, error);
    fm_reply_release(&reply);
    return r;
}

static int pause_and_read(struct pause *pause, void *result, struct fm_error *error)
{
    buf_auto schema = BUF_INIT;
    bool is_over = false;
    int r = 0;

    if (pause->model)
        r = model_schema(pause->model, pause->options->initial, &schema, error);
    if (r == 0)
        r = name_pause(pause, error);
    if (r < 0)
        return r;
    r = enter_pause(pause, &is_over, error);
    if (r == 0 && !is_over) {
        if (pause->model)
            r = ask(pause, &schema, error);
        if (r == 0)
            r = pause->suspends ? leave_process(pause, error) : wait_for_resume(pause, error);
    }
    if (r < 0)
        return r;
    fm_info(pause->run, "Resuming flow run execution!");
    return pause->model ? read_answer(pause, result, error) : 0;
}

static int pause_or_suspend(struct fm_run *run, const struct fm_model *model, void *result,
                            const struct fm_pause_options *options, bool suspends)
{
    double timeout = options->timeout > 0 ? options->timeout : DEFAULT_TIMEOUT;
    struct fm_error error = {.code = 0};
    struct pause pause = {
        .run = run,
        .model = model->fields ? model : NULL,
        .options = options,
        .suspends = suspends,
        .deadline = TIME_NEVER,
    };

    if (timeout < 1e10)
        pause.deadline = time_now() + (int64_t)(timeout * SECOND);
    return run_keep_error(run, pause_and_read(&pause, result, &error), &error);
}

int fm_pause_with(struct fm_run *run, const struct fm_model *model, void *result,
                  const struct fm_pause_options *options)
{
    return pause_or_suspend(run, model, result, options, false);
}

int fm_suspend_with(struct fm_run *run, const struct fm_model *model, void *result,
                    const struct fm_pause_options *options)
{
    return pause_or_suspend(run, model, result, options, true);
}
