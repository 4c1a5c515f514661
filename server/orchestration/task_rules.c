/* The rules of task runs. Most task runs are orchestrated by their clients and only reported; these
 * hold for those that ask the server. */
#include <math.h>
#include <string.h>
#include <sys/random.h>

#include "common/times.h"
#include "server/orchestration/transition.h"

#define BIT(type)          STATE_BIT(STATE_##type)
#define ANY                STATES_ANY
#define TERMINAL           STATES_TERMINAL
#define NOT_TERMINAL       (STATES_ANY & ~STATES_TERMINAL)
#define STARTED            (STATES_ANY & ~BIT(NONE)) /* anything but no state at all */
#define CACHE_KEY_LENGTH   2000
#define CACHE_KEY_TOO_LONG "Cache key exceeded maximum allowed length of 2000 characters."

/* ---- what rows ask ---- */

static bool is_cached(const struct transition *t)
{
    return t->cached != NULL;
}

static bool flow_is_paused(const struct transition *t)
{
    return t->run && t->run->state.type == STATE_PAUSED;
}

static bool flow_is_stopped(const struct transition *t)
{
    return t->run && t->run->state.type != STATE_RUNNING;
}

static bool flow_runs_again(const struct transition *t)
{
    return t->run && t->task->flow_run_run_count < t->run->run_count;
}

static bool has_retries_left(const struct transition *t)
{
    const json_t *retries = json_object_get(t->task->policy, "retries");

    /* A client may say of a failure that it is none to try again. */
    return json_is_number(retries) && t->task->run_count <= json_number_value(retries) &&
           !json_is_false(json_object_get(t->proposed->details, "retriable"));
}

static bool has_run_before(const struct transition *t)
{
    return t->task->run_count > 0;
}

static bool is_retry(const struct transition *t)
{
    return has_run_before(t) && strcmp(t->present->name, "AwaitingRetry") == 0;
}

static bool is_rerun(const struct transition *t)
{
    return has_run_before(t) && !is_retry(t);
}

static bool has_long_cache_key(const struct transition *t)
{
    const char *key = state_detail(t->proposed, "cache_key");

    return key && strlen(key) > CACHE_KEY_LENGTH;
}

/* ---- what rows do ---- */

static void take_cached(struct transition *t)
{
    t->replacement = *t->cached;
    t->replacement.name = "Cached";
}

static void forget_runs(struct transition *t)
{
    t->task->run_count = 0;
}

static void name_retrying(struct transition *t)
{
    t->proposed->name = "Retrying";
}

static void name_rerunning(struct transition *t)
{
    t->proposed->name = "Rerunning";
}

/* It is to pause as long as its flow run does. */
static void pause_with_flow(struct transition *t)
{
    const struct state *paused = &t->run->state;
    int64_t timeout = state_detail_time(paused, "pause_timeout");

    rule_replace(t, STATE_PAUSED, "NotReady", NULL);
    if (timeout != TIME_NEVER)
        state_set_detail_time(&t->replacement, "pause_timeout", timeout);
    state_set_detail(&t->replacement, "pause_reschedule",
                     json_boolean(state_detail_flag(paused, "pause_reschedule")));
    t->reason = arena_printf(txn_arena(t->txn),
                             "The flow is paused, new tasks can execute after resuming flow run: "
                             "%s.",
                             t->run->id);
}

static void keep_uncached(struct transition *t)
{
    t->replacement = *t->proposed;
}

/* Between 0 and 1. */
static double chance(void)
{
    uint32_t bits;

    if (getrandom(&bits, sizeof(bits), 0) != (ssize_t)sizeof(bits))
        BUG("the system gives no random numbers");
    return (double)bits / 4294967296.0;
}

/* An exponentially distributed time with that mean, but no further from it than the factor says:
 * so that tasks that failed together do not all come back together. */
static double with_jitter(double mean, double factor)
{
    double least = 1 - exp(-fmax(0, 1 - factor));
    double most = 1 - exp(-(1 + factor));

    return -log(fmax(1 - (least + chance() * (most - least)), 1e-10)) * mean;
}

/* Seconds before the next try: one for all, or a list with one for each. */
static double retry_delay(const struct task_run *task)
{
    const json_t *delay = json_object_get(task->policy, "retry_delay");
    double factor = json_number_value(json_object_get(task->policy, "retry_jitter_factor"));
    size_t count = json_array_size(delay);

    if (count) {
        size_t i = task->run_count > 0 ? (size_t)task->run_count - 1 : 0;
        delay = json_array_get(delay, i < count ? i : count - 1);
    }
    double seconds = json_number_value(delay);
    return seconds > 0 && factor > 0 ? with_jitter(seconds, factor) : seconds;
}

static void retry(struct transition *t)
{
    rule_await_retry(t, retry_delay(t->task));
}

/* ---- the table ---- */

const struct rule task_run_rules[] = {
    {"a proposal sent again", ANY, ANY, false, rule_is_repeated, VERDICT_KEEP,
     "This run has already made this state transition.", NULL},
    {"what was computed before", ANY, BIT(RUNNING), false, is_cached, VERDICT_REPLACE,
     "Retrieved state from cache", take_cached},
    {"ended runs stay ended", TERMINAL, BIT(CANCELLING) | BIT(PAUSED) | BIT(CRASHED), false, NULL,
     VERDICT_ABORT, "Run is already %s.", NULL},
    {"a result is not thrown away", BIT(COMPLETED), ANY, false, rule_has_result, VERDICT_KEEP,
     "This run is already completed.", NULL},
    {"a run that starts over", TERMINAL, NOT_TERMINAL, false, NULL, VERDICT_GO_ON, NULL,
     forget_runs},
    {"with its flow", TERMINAL, BIT(RUNNING), false, flow_runs_again, VERDICT_GO_ON, NULL,
     name_retrying},
    {"not while the flow pauses", ANY, BIT(RUNNING), false, flow_is_paused, VERDICT_REPLACE, NULL,
     pause_with_flow},
    {"only while the flow runs", ANY, BIT(RUNNING), false, flow_is_stopped, VERDICT_ABORT,
     "The enclosing flow must be running to begin task execution.", NULL},
    {"a time that is kept", BIT(SCHEDULED), BIT(PENDING), false, NULL, VERDICT_GO_ON, NULL,
     rule_carry_scheduled_time},
    {"not before its time", BIT(SCHEDULED) | BIT(PENDING), BIT(RUNNING), false, rule_is_early,
     VERDICT_WAIT, "Scheduled time is in the future", rule_wait_until_scheduled},
    {"retries", BIT(RUNNING), BIT(FAILED), false, has_retries_left, VERDICT_REPLACE, "Retrying",
     retry},
    {"a retry is called so", STARTED, BIT(RUNNING), false, is_retry, VERDICT_GO_ON, NULL,
     name_retrying},
    {"and any other run after the first", STARTED, BIT(RUNNING), false, is_rerun, VERDICT_GO_ON,
     NULL, name_rerunning},
    {"a key too long to be kept", ANY, BIT(COMPLETED), false, has_long_cache_key, VERDICT_REPLACE,
     CACHE_KEY_TOO_LONG, keep_uncached},
    {.name = NULL},
};

/* ---- proposing ---- */

/* The flow run that the task run belongs to, if there is one. */
static int load_flow_run(struct txn *txn, const struct task_run *task, struct flow_run *flow_run,
                         struct transition *transition)
{
    int found = task->flow_run_id ? flow_run_load(txn, task->flow_run_id, flow_run) : 0;

    transition->run = found > 0 ? flow_run : NULL;
    return found < 0 ? -1 : 0;
}

static int load_cached(struct txn *txn, struct state *cached, struct transition *transition)
{
    const struct state *proposed = transition->proposed;
    const char *key = state_detail(proposed, "cache_key");
    rows_auto rows = {0};

    if (!key || proposed->type != STATE_RUNNING || state_detail_flag(proposed, "refresh_cache"))
        return 0;
    int found = db_first(txn, &rows,
                         "SELECT state_id FROM task_run_cache WHERE cache_key = ? AND"
                         " (cache_expiration IS NULL OR cache_expiration > ?)"
                         " ORDER BY seq DESC LIMIT 1",
                         V(key), V(txn_now(txn)));
    if (found > 0)
        found = state_load(txn, "task_run", rows_text(&rows, 0), cached);
    transition->cached = found > 0 ? cached : NULL;
    return found < 0 ? -1 : 0;
}

static int keep_result(struct txn *txn, const struct state *state)
{
    const char *key = state_detail(state, "cache_key");
    int64_t expiration = state_detail_time(state, "cache_expiration");

    if (!key || state->type != STATE_COMPLETED)
        return 0;
    int r = db_run(txn,
                   "INSERT INTO task_run_cache (cache_key, cache_expiration, state_id)"
                   " VALUES (?, ?, ?)",
                   V(key), value_time(expiration), V(state->id));
    return r < 0 ? -1 : 0;
}

static int enter(struct txn *txn, struct task_run *task, struct state *state,
                 struct outcome *outcome)
{
    if (task_run_enter(txn, task, state) < 0)
        return -1;
    outcome->state = *state;
    outcome->written = true;
    return 0;
}

int task_run_propose(struct txn *txn, struct task_run *task, struct state *proposed, bool force,
                     struct outcome *ret_outcome)
{
    struct transition transition = {
        .txn = txn, .task = task, .present = &task->state, .proposed = proposed, .force = force};
    int64_t run_count = task->run_count;
    struct flow_run flow_run;
    struct state cached;

    if (load_flow_run(txn, task, &flow_run, &transition) < 0 ||
        load_cached(txn, &cached, &transition) < 0)
        return -1;
    rules_judge(task_run_rules, &transition);
    *ret_outcome = (struct outcome){.verdict = transition.verdict,
                                    .reason = transition.reason,
                                    .wait_seconds = transition.wait_seconds,
                                    .state = task->state};
    if (transition.verdict != VERDICT_ACCEPT)
        task->run_count = run_count;
    if (transition.verdict == VERDICT_REPLACE)
        return enter(txn, task, &transition.replacement, ret_outcome);
    if (transition.verdict != VERDICT_ACCEPT)
        return 0;
    if (proposed->type == STATE_RUNNING && transition.run)
        task->flow_run_run_count = transition.run->run_count;
    return enter(txn, task, proposed, ret_outcome) < 0 ? -1 : keep_result(txn, proposed);
}
