#include "lib/engine.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "lib/deadline.h"
#include "lib/errors.h"
#include "lib/log.h"
#include "lib/parts.h"
#include "lib/signals.h"
#include "lib/task_runs.h"
#include "json/text.h"

/* ---- from start to end ----------------------------------------------------------------------- */

static struct proposal final_state(struct fm_run *run, int result)
{
    const struct fm_error *error = fm_error(run);
    int number = run_signal(run);

    if (result >= 0)
        return (struct proposal){.type = "COMPLETED", .result = run->result};
    if (number && run->signals_cancel)
        return (struct proposal){.type = "CANCELLED", .message = "The flow run was cancelled."};
    if (number && run->parent)
        return (struct proposal){.type = "CANCELLED", .message = "The parent run was told to end."};
    if (number)
        return (struct proposal){
            .type = "CRASHED",
            .message = number == SIGINT ? "The flow's process was interrupted (SIGINT)."
                                        : "The flow's process was told to end (SIGTERM).",
        };
    if (result == FM_CANCELLED && run_is_cancelling(run))
        return (struct proposal){.type = "CANCELLED", .message = "The flow run was cancelled."};
    return (struct proposal){
        .type = "FAILED",
        .name = atomic_load(&run->timed_out) ? "TimedOut" : NULL,
        .message =
            error->code ? error->message : "The flow failed without a reason: fm_fail gives one.",
    };
}

/* "Failed('no shirts')" */
static void add_state(struct buf *to, const char *name, const char *message)
{
    buf_addf(to, "%s(", name);
    if (message && *message)
        json_text_repr_string(message, strlen(message), to);
    buf_add_char(to, ')');
}

/* The server has ended it: the deadline of a pause has passed, or the lease has run out. */
static bool had_ended(const struct outcome *outcome)
{
    return outcome_is(outcome, "FAILED") || outcome_is(outcome, "CRASHED") ||
           outcome_is(outcome, "CANCELLED") || outcome_is(outcome, "COMPLETED");
}

void engine_tell_end(struct fm_run *run, const struct outcome *outcome, const char *message)
{
    buf_auto state = BUF_INIT;

    if (outcome->verdict != ABORTED) {
        add_state(&state, outcome->name, message);
        fm_log(run, outcome_is(outcome, "COMPLETED") ? FM_INFO : FM_ERROR, "Finished in state %s",
               buf_string(&state));
    } else if (had_ended(outcome)) {
        add_state(&state, outcome->name, outcome->message);
        fm_log(run, FM_ERROR, "The end of the flow run does not count: it had ended in state %s",
               buf_string(&state));
    } else {
        fm_log(run, FM_ERROR, "The end of the flow run does not count: %s", outcome->reason);
    }
}

static int call_function(struct fm_run *run)
{
    if (run->flow->function_with)
        return run->flow->function_with(run, run->parameters);
    return run->flow->function(run);
}

static bool has_suspended(struct fm_run *run, int result)
{
    return result == FM_SUSPENDED && atomic_load(&run->suspended);
}

/* Once, from its beginning. What it did after its time was over still counts if it completed. */
static int call_flow(struct fm_run *run)
{
    struct deadline deadline;
    struct fm_error error;

    task_calls_forget(run);
    run->result = NULL;
    int r = deadline_start(&deadline, run, run->flow->timeout, &error);
    if (r < 0)
        return run_keep_error(run, r, &error);
    r = call_function(run);
    deadline_stop(&deadline);
    if (r >= 0 || has_suspended(run, r) || run_interruption(run) != FM_TIMED_OUT)
        return r;
    if (atomic_load(&run->timed_out))
        r = fail_deadline(&error, "Flow", run->flow->timeout);
    else
        r = fail(&error, FM_TIMED_OUT, "the timeout of the parent run is over");
    return run_keep_error(run, r, &error);
}

/* However a run ends that is being cancelled, it ends as cancelled. */
static int propose_end(struct fm_run *run, const struct proposal *end, struct outcome *ret_outcome,
                       struct fm_error *error)
{
    static const struct proposal cancelled = {.type = "CANCELLED",
                                              .message = "The flow run was cancelled."};

    int r = run_propose_end(run, end, ret_outcome, error);
    if (r == 0 && ret_outcome->verdict == REJECTED && outcome_is(ret_outcome, "CANCELLING"))
        r = run_propose_end(run, &cancelled, ret_outcome, error);
    return r;
}

/* Reports how the flow ended. `ret_again`: it failed and is to be tried again. */
static int report_end(struct fm_run *run, int result, bool *ret_again, struct outcome *ret_outcome,
                      struct fm_error *error)
{
    *ret_again = false;
    if (has_suspended(run, result)) {
        *ret_outcome = (struct outcome){.type = "PAUSED", .name = "Suspended"};
        return 0;
    }
    run_set_ending(run, true);
    const struct proposal end = final_state(run, result);

    int r = propose_end(run, &end, ret_outcome, error);
    if (r < 0)
        return r;
    bool retried = ret_outcome->verdict == REJECTED && outcome_is(ret_outcome, "SCHEDULED");
    *ret_again = retried && !run->leaves_retries;
    if (retried)
        fm_log(run, FM_WARNING, "Flow run failed and is tried again: %s", end.message);
    else
        engine_tell_end(run, ret_outcome, end.message);
    if (*ret_again) {
        atomic_store(&run->timed_out, false);
        run_set_ending(run, false);
    }
    return 0;
}

static int start_running(struct fm_run *run, struct fm_error *error)
{
    const struct proposal running = {.type = "RUNNING", .lease = run->lease};
    struct outcome outcome;

    int r = propose_until_due(run->client, run->id, &running, &outcome, NULL, error);
    if (r == 0 && outcome_is(&outcome, "CANCELLING")) {
        atomic_store(&run->cancelling, true);
        return fail(error, FM_CANCELLED, "the flow run was cancelled before it started");
    }
    if (r == 0 && outcome.verdict != ACCEPTED)
        return fail(error, FM_REFUSED, "the server does not let the flow run start: %s",
                    outcome.reason);
    return r;
}

/* The same for a flow that completed with a result that the server does not take, for it is too
 * large: then it has failed. */
static int report_any_end(struct fm_run *run, int result, bool *ret_again,
                          struct outcome *ret_outcome, struct fm_error *error)
{
    int r = report_end(run, result, ret_again, ret_outcome, error);

    if (r != FM_INVALID || result < 0 || !run->result)
        return r;
    fail_prefix(error, "result of the flow run");
    return report_end(run, run_keep_error(run, r, error), ret_again, ret_outcome, error);
}

static int run_to_the_end(struct fm_run *run, struct outcome *ret_outcome, struct fm_error *error)
{
    bool again = true;

    for (bool first = true; again; first = false) {
        int r = run_keep_error(run, start_running(run, error), error);
        if (r < 0 && run_interruption(run) == 0)
            return r; /* told to end before it began, it would end all the same */
        if (r == 0 && first)
            fm_info(run, "Beginning flow run '%s' for flow '%s'", run->name, run->flow_name);
        r = report_any_end(run, r == 0 ? call_flow(run) : r, &again, ret_outcome, error);
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
    if (!number && run->signals_cancel && outcome_is(outcome, "CANCELLED"))
        number = SIGTERM; /* whoever cancels it, it ends alike */
    return number ? 128 + number : 1;
}

static void on_signal(void *context, int number)
{
    struct fm_run *run = context;

    atomic_store(&run->signal, number);
    run_interrupt(run);
}

int engine_run_subflow(struct fm_run *run, struct outcome *ret_outcome, struct fm_error *error)
{
    return run_to_the_end(run, ret_outcome, error);
}

int engine_run(struct fm_run *run, struct fm_client *log_client, bool is_new, int *ret_status,
               struct fm_error *error)
{
    struct outcome outcome = {0};
    struct signal_watch watch;

    const struct run_log_config log = {
        .client = log_client,
        .about = {.logger = RUN_LOGGER, .flow_run_id = run->id, .name = run->name},
        .terminal_fd = run->terminal_fd,
    };
    int r = run_log_start(&log, &run->log, error);
    if (r < 0)
        return r;
    if (is_new)
        run_log_print(run->log, FM_INFO, "Created flow run '%s' for flow '%s'", run->name,
                      run->flow_name);
    if (signal_watch_start(&watch, on_signal, run, is_new, error) < 0)
        run_log_print(run->log, FM_WARNING, "%s: one of them ends the process at once",
                      error->message);
    r = run_to_the_end(run, &outcome, error);
    signal_watch_stop(&watch);
    run_log_stop(run->log);
    *ret_status = exit_status(run, &outcome);
    return r;
}
