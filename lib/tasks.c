/* Running tasks: the record, the tries, the result that is kept. */
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "lib/deadline.h"
#include "lib/engine.h"
#include "lib/errors.h"
#include "lib/look.h"
#include "lib/model.h"
#include "lib/parts.h"
#include "lib/run.h"
#include "lib/states.h"
#include "lib/task_runs.h"
#include "lib/values.h"

#define LONGEST_WAIT 30.0 /* of one look at the flow run, seconds */
#define POLL         1.0  /* seconds between two looks, where the server cannot hold one back */

/* One call of fm_run_task. */
struct task_call {
    const struct fm_task *task;
    struct fm_run *run; /* the task's own handle */
    const void *input;
    void *value;        /* the result once it is there: memory of the flow run */
    struct buf encoded; /* and its JSON */
};

static const char *name_of_task(const struct fm_task *task)
{
    return task->name ? task->name : task->function_name;
}

/* ---- beginning ------------------------------------------------------------------------------- */

/* The handle lies in the flow run's memory: what was made with it may refer to it later. */
static struct fm_run *new_handle(struct fm_run *parent)
{
    struct fm_run *run = fm_alloc(parent, sizeof(*run));

    if (!run)
        return NULL;
    run->flow = parent->flow;
    run->owner = parent->owner;
    memcpy(run->id, parent->id, sizeof(run->id));
    memcpy(run->flow_id, parent->flow_id, sizeof(run->flow_id));
    run->name = parent->name;
    run->flow_name = parent->flow_name;
    run->parameters = parent->parameters;
    run->wake_fd = -1;
    list_init(&run->part);
    return run;
}

static int open_record(struct task_call *call, struct fm_run *parent, struct fm_error *error)
{
    const struct fm_task *task = call->task;
    buf_auto input = BUF_INIT;
    const struct task_run_request request = {
        .key = name_of_task(task),
        .what = task,
        .name = name_of_task(task),
        .input = &input,
        .tags = task->tags,
        .retries = task->retries,
        .retry_delay = task->retry_delay,
    };

    int r = value_encode(task->input, call->input, &input, error);
    if (r < 0)
        return fail_prefix(error, "input of task '%s'", request.name);
    return task_run_open(parent, &request, call->run->task_run_id, &call->run->task_run_name,
                         error);
}

/* ---- the result ------------------------------------------------------------------------------ */

/* What was encoded, read back: what a later process would get from it, and no more than that. */
static int read_back(struct task_call *call, const char *json, struct fm_error *error)
{
    const struct fm_model *model = call->task->result;
    void *value = fm_alloc(call->run, model->size + 1);

    if (!value)
        return fail_without_memory(error);
    int r = value_decode(call->run, model, json, strlen(json), value, error);
    if (r < 0)
        return fail_prefix(error, "result of task '%s'", name_of_task(call->task));
    call->value = value;
    return 0;
}

static int keep_result(struct task_call *call, const void *result, struct fm_error *error)
{
    buf_clear(&call->encoded);
    int r = value_encode(call->task->result, result, &call->encoded, error);
    if (r < 0)
        return fail_prefix(error, "result of task '%s'", name_of_task(call->task));
    return read_back(call, buf_string(&call->encoded), error);
}

/* ---- starting a try -------------------------------------------------------------------------- */

/* Until the flow run is not paused by another of its threads; what it means if it is not running
 * then. */
static int wait_for_flow(struct fm_run *run, struct fm_error *error)
{
    struct look look = {.poll_interval = POLL, .retries = -1};
    const char *type = look.info.state_type;

    memcpy(look.run_id, run->id, sizeof(look.run_id));
    do {
        int r = look_at_run(run->client, &look, LONGEST_WAIT, error);
        if (r < 0 && r != FM_UNREACHABLE)
            return r;
    } while (!*type ||
             (strcmp(type, "PAUSED") == 0 && strcmp(look.info.state_name, "Suspended") != 0));
    if (strcmp(type, "RUNNING") == 0)
        return 0;
    if (strcmp(type, "PAUSED") == 0)
        return fail(error, FM_SUSPENDED, "the flow run is suspended");
    if (strcmp(type, "CANCELLING") == 0 || strcmp(type, "CANCELLED") == 0) {
        run_cancel(run);
        return fail(error, FM_CANCELLED, "the flow run was cancelled");
    }
    return fail(error, FM_REFUSED, "a task cannot start: its flow run is in state %s",
                look.info.state_name);
}

enum start { START_AGAIN, START_RUNS, START_IS_DONE };

/* What is kept but does not fit any more, for the model has changed, is as good as nothing: then
 * the proposal is made one that the server does not refuse for it. */
static int take_kept(struct task_call *call, const char *json, struct proposal *running,
                     struct fm_error *error)
{
    int r = json ? read_back(call, json, error) : fail(error, FM_INVALID, "there is none");

    if (r != FM_INVALID)
        return r < 0 ? r : START_IS_DONE;
    if (running->force)
        return fail(error, FM_REFUSED, "the server does not let the task run again");
    fm_warning(call->run, "The result that was kept is not taken: %s", error->message);
    running->force = true;
    return START_AGAIN;
}

/* A proposal that was not accepted: whether to make it again. */
static int take_refusal(struct task_call *call, const struct outcome *outcome, const char *kept,
                        struct proposal *running, struct fm_error *error)
{
    if (outcome->verdict == REJECTED && outcome_is(outcome, "COMPLETED"))
        return take_kept(call, kept, running, error);
    int r = wait_for_flow(call->run, error);
    if (r < 0)
        return r;
    if (outcome->verdict == REJECTED && outcome_is(outcome, "PAUSED"))
        return START_AGAIN;
    return fail(error, FM_REFUSED, "the server does not let the task run start: %s",
                outcome->reason);
}

static int propose_running(struct task_call *call, struct proposal *running, struct fm_error *error)
{
    struct fm_run *run = call->run;
    struct outcome outcome;
    char *kept = NULL;

    int r = propose_until_due(run->client, run->task_run_id, running, &outcome, &kept, error);
    if (r == 0 && outcome.verdict == ACCEPTED)
        r = START_RUNS;
    else if (r == 0)
        r = take_refusal(call, &outcome, kept, running, error);
    free(kept);
    return r;
}

static int start_try(struct task_call *call, struct fm_error *error)
{
    struct proposal running = {.type = "RUNNING", .of_task = true};
    int r = START_AGAIN;

    while (r == START_AGAIN)
        r = propose_running(call, &running, error);
    return r;
}

/* ---- a try and its end ----------------------------------------------------------------------- */

static bool has_suspended(const struct fm_run *run, int result)
{
    return result == FM_SUSPENDED && atomic_load(&run->owner->suspended);
}

/* Calls the function; a result that cannot be kept is a failure of the task's. */
static int call_function(struct task_call *call)
{
    const struct fm_task *task = call->task;
    struct fm_run *run = call->run;
    struct deadline deadline;
    struct fm_error error;
    void *result = fm_alloc(run, task->result->size + 1);

    if (!result)
        return FM_NO_MEMORY;
    int r = deadline_start(&deadline, run, task->timeout, &error);
    if (r < 0)
        return run_keep_error(run, r, &error);
    r = task->function(run, call->input, result);
    deadline_stop(&deadline);
    if (r >= 0)
        return run_keep_error(run, keep_result(call, result, &error), &error);
    if (!has_suspended(run, r) && atomic_load(&run->timed_out) &&
        run_interruption(run) == FM_TIMED_OUT)
        return run_keep_error(run, fail_deadline(&error, "Task", task->timeout), &error);
    return r;
}

static struct proposal final_state(const struct task_call *call, int result)
{
    struct fm_run *run = call->run;
    const struct fm_error *error = fm_error(run);

    if (result >= 0)
        return (struct proposal){
            .type = "COMPLETED", .of_task = true, .result = buf_string(&call->encoded)};
    if (has_suspended(run, result))
        return (struct proposal){.type = "PAUSED",
                                 .name = "Suspended",
                                 .of_task = true,
                                 .message = "The flow run was suspended."};
    if (run_interruption(run) == FM_CANCELLED)
        return (struct proposal){
            .type = "CANCELLED", .of_task = true, .message = "The flow run was told to end."};
    return (struct proposal){
        .type = "FAILED",
        .name = atomic_load(&run->timed_out) ? "TimedOut" : NULL,
        .of_task = true,
        .message =
            error->code ? error->message : "The task failed without a reason: fm_fail gives one.",
    };
}

/* `ret_again`: it failed and is to be tried again. */
static int report_end(struct task_call *call, int result, bool *ret_again, struct fm_error *error)
{
    struct fm_run *run = call->run;
    struct outcome outcome;

    run_set_ending(run, true);
    const struct proposal end = final_state(call, result);

    int r = run_propose_end(run, &end, &outcome, error);
    if (r < 0)
        return r;
    *ret_again = outcome.verdict == REJECTED && outcome_is(&outcome, "SCHEDULED");
    if (*ret_again) {
        fm_warning(run, "Task run failed and is tried again: %s", end.message);
        atomic_store(&run->timed_out, false);
        run_set_ending(run, false);
    } else if (!has_suspended(run, result)) {
        engine_tell_end(run, &outcome, end.message);
    }
    return 0;
}

/* The same for a task whose result the server does not take, for it is too large: then it has
 * failed. */
static int report_any_end(struct task_call *call, int *result, bool *ret_again,
                          struct fm_error *error)
{
    int r = report_end(call, *result, ret_again, error);

    if (r != FM_INVALID || *result < 0)
        return r;
    fail_prefix(error, "result of task '%s'", name_of_task(call->task));
    *result = run_keep_error(call->run, r, error);
    return report_end(call, *result, ret_again, error);
}

/* The result's code; why it failed is in the task's fm_error. */
static int run_to_the_end(struct task_call *call)
{
    struct fm_run *run = call->run;
    struct fm_error error;
    bool again = true;
    int result = 0;

    while (again) {
        int r = run_keep_error(run, start_try(call, &error), &error);
        if (r == START_IS_DONE) {
            fm_info(run, "Already completed, its result is taken");
            return 0;
        }
        if (r < 0 && (r == FM_SUSPENDED || run_interruption(run) == 0))
            return r;
        result = r == START_RUNS ? call_function(call) : r;
        r = report_any_end(call, &result, &again, &error);
        if (r < 0)
            return run_keep_error(run, r, &error);
    }
    return result;
}

/* ---- for flows ------------------------------------------------------------------------------- */

static int run_task(struct task_call *call, struct fm_run *parent, struct fm_error *error)
{
    call->run = new_handle(parent);
    if (!call->run)
        return fail_without_memory(error);
    int r = open_record(call, parent, error);
    if (r == 0)
        r = part_begin(call->run, parent, error);
    if (r < 0)
        return r;
    r = run_to_the_end(call);
    part_end(call->run);
    if (r < 0) {
        *error = *fm_error(call->run);
        if (!error->code)
            fail(error, r, "task run '%s' failed without a reason", call->run->task_run_name);
    }
    return r < 0 ? r : 0;
}

int fm_run_task_with(struct fm_run *run, const struct fm_task *task, const void *input,
                     void *result)
{
    struct task_call call = {.task = task, .input = input};
    struct fm_error error;

    int r = run_task(&call, run, &error);
    if (r == 0 && result)
        memcpy(result, call.value, task->result->size);
    buf_release(&call.encoded);
    return run_keep_error(run, r, &error);
}
