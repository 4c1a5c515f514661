/*
 * Pausing: the state, the question, the wait, the answer.
 *
 * The server decides when a pause is over; a flow whose model has a check is asked about each
 * answer first (verdict.h). Our server is asked for the input request, with `Prefer: wait`, and
 * tells the answer at once. At another one the run is looked at: by a read that is held back, if
 * it can do that, or again and again; then the answer is read.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/times.h"
#include "lib/client.h"
#include "lib/errors.h"
#include "lib/input_request.h"
#include "lib/inputs.h"
#include "lib/look.h"
#include "lib/model.h"
#include "lib/parts.h"
#include "lib/run.h"
#include "lib/states.h"
#include "lib/stored.h"
#include "lib/utf8.h"
#include "lib/verdict.h"
#include "json/writer.h"

#define DEFAULT_TIMEOUT 3600.0
#define DEFAULT_POLL    1.0
#define LONGEST_WAIT    30.0 /* of one read that is held back, seconds */
#define GRACE           10.0 /* seconds after the deadline, for the server to act on it */
#define CLOCKS_APART    60.0 /* seconds that the server's may differ from ours */
#define OWN_KEY_LENGTH  80
#define KEY_SIZE        (OWN_KEY_LENGTH + 16)

struct pause {
    struct fm_run *run;
    const struct fm_model *model; /* NULL: no input is asked for */
    const struct fm_pause_options *options;
    char key[KEY_SIZE];
    char keyset[KEY_SIZE + 16]; /* "paused-KEY", "suspended-KEY" */
    bool suspends;              /* the process ends instead of waiting */
    bool checks;                /* the flow has a say in what is an answer */
    int64_t deadline;           /* a point in time */
    char request_id[ID_SIZE];   /* of the input request; "": the run is looked at instead */
    char *answer;               /* as the request has it; NULL: it is still to be read */
    struct look look;           /* the last one at the run */
};

/* ---- its inputs ------------------------------------------------------------------------------ */

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

static int delete_input(struct pause *pause, const char *role, struct fm_error *error)
{
    const struct fm_call call = {0};
    buf_auto path = BUF_INIT;
    char *keyset = fm_path_segment(pause->keyset);

    if (!keyset)
        return fail_without_memory(error);
    buf_addf(&path, "/flow_runs/%s/input/%s-%s", pause->run->id, keyset, role);
    free(keyset);
    if (path.failed)
        return fail_without_memory(error);
    int r = api_call(pause->run->client, "DELETE", path.data, NULL, &call, NULL, error);
    return r == FM_NOT_FOUND ? 0 : r;
}

/* Posts the schema, with which the question begins. What an earlier try of the run has left under
 * these keys, its answer too, belongs to a question that is over. */
static int post_schema(struct pause *pause, const struct buf *schema, struct fm_error *error)
{
    static const char *const roles[] = {"schema", "description", "response"};

    int r = post_input(pause, "schema", buf_string(schema), error);
    if (r != FM_CONFLICT)
        return r;
    r = 0;
    for (size_t i = 0; i < COUNT_OF(roles) && r == 0; i++)
        r = delete_input(pause, roles[i], error);
    return r == 0 ? post_input(pause, "schema", buf_string(schema), error) : r;
}

/* ---- the question ---------------------------------------------------------------------------- */

/* The author's own key, and the second time KEY-2: another pause, and in a process that starts anew
 * by the same name as in the one before. `run` is an owner, with its lock held. */
static int take_own_key(struct fm_run *run, const char *own, char ret_key[static KEY_SIZE])
{
    struct pause_key *key = run->pause_keys;

    while (key && strcmp(key->key, own) != 0)
        key = key->next;
    if (!key) {
        key = arena_alloc(&run->arena, sizeof(*key));
        const char *copy = key ? arena_strdup(&run->arena, own) : NULL;
        if (!copy)
            return FM_NO_MEMORY;
        *key = (struct pause_key){.next = run->pause_keys, .key = copy};
        run->pause_keys = key;
    }
    return ++key->uses == 1 ? snprintf(ret_key, KEY_SIZE, "%s", own)
                            : snprintf(ret_key, KEY_SIZE, "%s-%d", own, key->uses);
}

static int name_pause(struct pause *pause, struct fm_error *error)
{
    struct fm_run *run = pause->run->owner;
    const char *own = pause->options->key;

    if (own && (!input_key_is_plain(own) || strlen(own) > OWN_KEY_LENGTH))
        return fail(error, FM_INVALID,
                    "'%.100s' cannot be the key of a pause: a key has 1 to %d lower-case letters, "
                    "digits and dashes",
                    own, OWN_KEY_LENGTH);
    pthread_mutex_lock(&run->lock);
    int n = own ? take_own_key(run, own, pause->key)
                : snprintf(pause->key, sizeof(pause->key), "%d", ++run->pauses);
    pthread_mutex_unlock(&run->lock);
    if (n < 0)
        return fail_without_memory(error);
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
    int r = run_propose(pause->run, &proposal, &outcome, error);

    if (r < 0)
        return r;
    *ret_is_over = outcome.verdict == REJECTED && outcome_is(&outcome, "RUNNING");
    if (outcome.verdict == ACCEPTED || *ret_is_over)
        return 0;
    if (outcome_is(&outcome, "CANCELLING") || outcome_is(&outcome, "CANCELLED")) {
        run_cancel(pause->run);
        return fail(error, FM_CANCELLED, "the run was cancelled");
    }
    return fail(error, FM_REFUSED, "the flow run cannot be %s: %s",
                pause->suspends ? "suspended" : "paused", outcome.reason);
}

static int ask(struct pause *pause, const struct buf *schema, struct fm_error *error)
{
    buf_auto quoted = BUF_INIT;
    struct json_writer writer;

    int r = post_schema(pause, schema, error);
    if (r < 0)
        return fail_prefix(error, "the pause's schema");
    if (!pause->options->description)
        return 0;
    json_writer_init(&writer, &quoted);
    json_add_utf8(&writer, pause->options->description);
    if (quoted.failed)
        return fail_without_memory(error);
    r = post_input(pause, "description", buf_string(&quoted), error);
    if (r == FM_CONFLICT)
        return 0; /* it was stored before, and the answer to that was lost */
    return r < 0 ? fail_prefix(error, "the pause's description") : 0;
}

/* A question that the server does not take is none: the run goes on, and its flow has the error. If
 * this cannot be told either, the pause is over at its deadline. */
static void withdraw(struct pause *pause)
{
    const struct proposal running = {.type = "RUNNING"};
    struct outcome outcome;
    struct fm_error error;

    if (run_propose(pause->run, &running, &outcome, &error) < 0)
        fm_warning(pause->run, "The pause could not be ended: %s", error.message);
}

/* ---- the wait -------------------------------------------------------------------------------- */

static double seconds_until(int64_t time)
{
    return time == TIME_NEVER ? INFINITY : (double)(time - time_now()) / SECOND;
}

/* What a state other than PAUSED means for the one who waits. */
static int judge_state(struct pause *pause, struct fm_error *error)
{
    if (strcmp(pause->look.info.state_type, "RUNNING") == 0)
        return 0;
    if (strcmp(pause->look.info.state_type, "CANCELLING") == 0 ||
        strcmp(pause->look.info.state_type, "CANCELLED") == 0) {
        run_cancel(pause->run);
        return fail(error, FM_CANCELLED, "the run was cancelled while it was paused");
    }
    if (strcmp(pause->look.info.state_type, "FAILED") == 0 &&
        seconds_until(pause->deadline) < CLOCKS_APART)
        return fail(error, FM_TIMED_OUT, "the flow run was paused and never resumed");
    return fail(error, FM_REFUSED, "the paused run was put into state %s",
                pause->look.info.state_type);
}

/* What failed for want of a server may be tried again at once. */
static int sleep_if_unreachable(struct pause *pause, int r, struct fm_error *error)
{
    if (r == FM_UNREACHABLE && client_sleep(pause->run->client, pause->look.poll_interval) < 0)
        return fail(error, FM_CANCELLED, "interrupted while the flow run was paused");
    return r;
}

/* Waits for the input request, which has the answer, or else for a change of the run. */
static int look_once(struct pause *pause, double seconds, struct fm_error *error)
{
    struct look *look = &pause->look;

    if (!pause->request_id[0])
        return look_at_run(pause->run->client, look, seconds, error);
    int r = input_request_wait(pause->run, pause->request_id, seconds, &pause->answer, error);
    if (r < 0)
        return sleep_if_unreachable(pause, r, error);
    if (r == REQUEST_ANSWERED)
        snprintf(look->info.state_type, sizeof(look->info.state_type), "RUNNING");
    if (r != REQUEST_OVER)
        return 0;
    pause->request_id[0] = '\0';
    return look_at_run(pause->run->client, look, 0, error);
}

/* While it waits, checks answers if the flow has a say in them and the server asks for it. */
static int wait_once(struct pause *pause, bool *asks, double seconds, struct fm_error *error)
{
    if (*asks) {
        int r = verdict_wait(pause->run, pause->model, pause->options->initial, seconds, error);
        if (r == VERDICT_WAIT_ON)
            return 0;
        if (r < 0)
            return sleep_if_unreachable(pause, r, error);
        if (r == VERDICT_LOOK)
            seconds = 0;
        else
            *asks = false;
    }
    return look_once(pause, seconds, error);
}

/* A server that is away is waited for as well. */
static int wait_for_resume(struct pause *pause, struct fm_error *error)
{
    const char *state = pause->look.info.state_type;
    bool asks = pause->checks;

    fm_info(pause->run, "Pausing flow, execution will continue when this flow run is resumed.");
    input_request_find(pause->run, pause->key, pause->request_id);
    do {
        double left = seconds_until(pause->deadline);
        if (left < -GRACE)
            return fail(error, FM_TIMED_OUT, "the flow run was paused and never resumed");
        int r = wait_once(pause, &asks, fmin(LONGEST_WAIT, fmax(left, 1)), error);
        if (r < 0 && r != FM_UNREACHABLE)
            return r;
    } while (!*state || strcmp(state, "PAUSED") == 0);
    return judge_state(pause, error);
}

static int leave_process(struct pause *pause, struct fm_error *error)
{
    fm_info(pause->run, "Suspending flow run, execution will continue in a new process when it is "
                        "resumed.");
    atomic_store(&pause->run->owner->suspended, true);
    return fail(error, FM_SUSPENDED, "the flow run is suspended");
}

/* ---- the answer ------------------------------------------------------------------------------ */

static int take_answer(struct pause *pause, const char *text, void *result, struct fm_error *error)
{
    problem_list_auto problems = {0};

    return value_from_stored(pause->run, pause->model, pause->options->initial, text, result,
                             &problems, error);
}

/* An empty answer is not stored: then all is left to the defaults. */
static int read_answer(struct pause *pause, void *result, struct fm_error *error)
{
    char path[96 + KEY_SIZE];
    struct fm_reply reply;

    snprintf(path, sizeof(path), "/flow_runs/%s/input/%s-response", pause->run->id, pause->keyset);
    int r = fm_client_call(pause->run->client, "GET", path, NULL, &reply, error);
    if (r < 0)
        return r;
    if (reply.status != 404)
        r = fm_reply_check(&reply, error);
    if (r == 0)
        r = take_answer(pause, reply.status == 404 ? "{}" : reply.body, result, error);
    fm_reply_release(&reply);
    return r;
}

static int pause_and_read(struct pause *pause, void *result, struct fm_error *error)
{
    buf_auto schema = BUF_INIT;
    bool is_over = false;
    int r = 0;

    if (pause->model)
        r = model_question(pause->model, pause->options->initial, &schema, &pause->checks, error);
    if (r == 0)
        r = name_pause(pause, error);
    if (r < 0)
        return r;
    r = enter_pause(pause, &is_over, error);
    if (r == 0 && !is_over) {
        if (pause->model)
            r = ask(pause, &schema, error);
        if (r < 0)
            withdraw(pause);
        else
            r = pause->suspends ? leave_process(pause, error) : wait_for_resume(pause, error);
    }
    if (r < 0)
        return r;
    fm_info(pause->run, "Resuming flow run execution!");
    if (!pause->model)
        return 0;
    return pause->answer ? take_answer(pause, pause->answer, result, error)
                         : read_answer(pause, result, error);
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
        .look = {.poll_interval =
                     options->poll_interval > 0 ? options->poll_interval : DEFAULT_POLL,
                 .retries = -1},
    };

    memcpy(pause.look.run_id, run->id, sizeof(pause.look.run_id));
    if (timeout < 1e10)
        pause.deadline = time_now() + (int64_t)(timeout * SECOND);
    int r = pause_and_read(&pause, result, &error);
    free(pause.answer);
    return run_keep_error(run, r, &error);
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
