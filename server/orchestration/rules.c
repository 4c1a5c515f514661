#include "server/orchestration/rules.h"

#include <math.h>
#include <string.h>

#include "common/times.h"

#define BIT(type)    STATE_BIT(STATE_##type)
#define ANY          STATES_ANY
#define TERMINAL     STATES_TERMINAL
#define NOT_TERMINAL (STATES_ANY & ~STATES_TERMINAL)
#define NOT(types)   (STATES_ANY & ~(types))

/* ---- what rows ask ---- */

bool rule_is_repeated(const struct transition *t)
{
    const char *proposed = state_detail(t->proposed, "transition_id");
    const char *present = state_detail(t->present, "transition_id");

    return proposed && present && strcasecmp(proposed, present) == 0;
}

/* Clients say of a result that they have not kept: {"type": "unpersisted"}. */
bool rule_has_result(const struct transition *t)
{
    json_auto_t *data = t->present->data ? json_loads(t->present->data, 0, NULL) : NULL;
    const char *type = json_string_value(json_object_get(data, "type"));

    return json_is_object(data) && !(type && strcmp(type, "unpersisted") == 0);
}

static bool loses_result(const struct transition *t)
{
    return rule_has_result(t) && t->proposed->data == NULL;
}

static bool has_no_deployment(const struct transition *t)
{
    return t->run->deployment_id == NULL;
}

static bool has_no_process(const struct transition *t)
{
    return t->run->infrastructure_pid == NULL || strcmp(t->present->name, "Resuming") == 0;
}

static bool is_suspended(const struct transition *t)
{
    return state_detail_flag(t->present, "pause_reschedule");
}

static bool suspends(const struct transition *t)
{
    return state_detail_flag(t->proposed, "pause_reschedule");
}

static bool is_named_suspended(const struct transition *t)
{
    return strcmp(t->proposed->name, "Suspended") == 0;
}

static bool is_submitted(const struct transition *t)
{
    return strcmp(t->proposed->name, "Pending") != 0 &&
           strcmp(t->proposed->name, t->present->name) != 0;
}

static bool is_named_late(const struct transition *t)
{
    return strcmp(t->proposed->name, "Late") == 0;
}

static bool has_fired(const struct transition *t)
{
    const char *key = state_detail(t->proposed, "pause_key");

    return key && flow_run_has_paused(t->run, key);
}

static bool has_fired_suspended(const struct transition *t)
{
    return has_fired(t) && is_named_suspended(t);
}

static bool suspends_child(const struct transition *t)
{
    return suspends(t) && t->run->parent_task_run_id;
}

static bool suspends_without_deployment(const struct transition *t)
{
    return suspends(t) && has_no_deployment(t);
}

static bool has_timed_out(const struct transition *t)
{
    return state_detail_time(t->present, "pause_timeout") < txn_now(t->txn);
}

bool rule_is_early(const struct transition *t)
{
    int64_t time = state_detail_time(t->present, "scheduled_time");

    return time != TIME_NEVER && time > txn_now(t->txn);
}

static bool has_retries_left(const struct transition *t)
{
    return t->run->run_count <= flow_run_retries(t->run);
}

/* ---- what rows do ---- */

static void forget_pauses(struct transition *t)
{
    json_object_set_new(t->run->policy, "pause_keys", json_array());
    json_object_set_new(t->run->policy, "resuming", json_false());
}

static void remember_pause(struct transition *t)
{
    const char *key = state_detail(t->proposed, "pause_key");

    if (key)
        json_array_append_new(json_object_get(t->run->policy, "pause_keys"), json_string(key));
}

void rule_carry_scheduled_time(struct transition *t)
{
    int64_t time = state_detail_time(t->present, "scheduled_time");

    if (time != TIME_NEVER && state_detail_time(t->proposed, "scheduled_time") == TIME_NEVER)
        state_set_detail_time(t->proposed, "scheduled_time", time);
}

void rule_wait_until_scheduled(struct transition *t)
{
    int64_t ahead = state_detail_time(t->present, "scheduled_time") - txn_now(t->txn);

    t->wait_seconds = (ahead + SECOND - 1) / SECOND;
}

void rule_replace(struct transition *t, enum state_type type, const char *name, const char *message)
{
    state_make(&t->replacement, txn_arena(t->txn), type, name, message);
}

static void cancel_at_once(struct transition *t)
{
    rule_replace(t, STATE_CANCELLED, "Cancelled", t->proposed->message);
}

static void fail_unresumed(struct transition *t)
{
    rule_replace(t, STATE_FAILED, "Failed", PAUSE_NEVER_ENDED);
}

void rule_await_retry(struct transition *t, double delay)
{
    rule_replace(t, STATE_SCHEDULED, "AwaitingRetry", t->proposed->message);
    t->replacement.data = t->proposed->data;
    state_set_detail_time(&t->replacement, "scheduled_time",
                          time_add_seconds(txn_now(t->txn), fmax(delay, 0)));
}

static void retry(struct transition *t)
{
    rule_await_retry(t, flow_run_retry_delay(t->run));
    forget_pauses(t);
    json_object_set_new(t->run->policy, "retry_type", json_string("in_process"));
}

/* ---- the table ---- */

const struct rule flow_run_rules[] = {
    {"a proposal sent again", ANY, ANY, false, rule_is_repeated, VERDICT_KEEP,
     "This run has already made this state transition.", NULL},
    {"ended runs stay ended", TERMINAL, BIT(CANCELLING) | BIT(PAUSED) | BIT(CRASHED), false, NULL,
     VERDICT_ABORT, "Run is already in terminal state %s.", NULL},
    {"a result is not thrown away", BIT(COMPLETED), NOT_TERMINAL, true, rule_has_result,
     VERDICT_KEEP, "Run is already COMPLETED.", NULL},
    {"nor replaced by none", BIT(COMPLETED), BIT(COMPLETED), true, loses_result, VERDICT_KEEP,
     "Run is already COMPLETED.", NULL},
    {"nobody would run it again", TERMINAL, BIT(SCHEDULED), false, has_no_deployment, VERDICT_ABORT,
     "Cannot reschedule a run without an associated deployment.", NULL},
    {"a run that starts over", TERMINAL, NOT_TERMINAL, false, NULL, VERDICT_GO_ON, NULL,
     forget_pauses},
    {"cancelling ends in cancelled", BIT(CANCELLING), NOT(BIT(CANCELLED)), false, NULL,
     VERDICT_KEEP, "Cannot transition flows that are cancelling to a state other than Cancelled.",
     NULL},
    {"no process to stop", BIT(SCHEDULED), BIT(CANCELLING), true, has_no_process, VERDICT_REPLACE,
     "Scheduled flow run has no infrastructure to terminate.", cancel_at_once},
    {"nor one that is suspended", BIT(PAUSED), BIT(CANCELLING), true, is_suspended, VERDICT_REPLACE,
     "Suspended flow run has no infrastructure to terminate.", cancel_at_once},
    {"a runner that submits", BIT(PENDING), BIT(PENDING), false, is_submitted, VERDICT_ACCEPT, NULL,
     rule_carry_scheduled_time},
    {"one runner starts a run", BIT(PENDING) | BIT(RUNNING) | BIT(CANCELLING) | BIT(CANCELLED),
     BIT(PENDING), false, NULL, VERDICT_ABORT,
     "This run is in a %s state and cannot transition to a PENDING state.", NULL},
    {"only scheduled runs are late", NOT(BIT(SCHEDULED)), BIT(SCHEDULED), false, is_named_late,
     VERDICT_KEEP, "Only scheduled runs can be marked late.", NULL},
    {"only running flows suspend", NOT(BIT(RUNNING)), BIT(PAUSED), false, is_named_suspended,
     VERDICT_KEEP, "Cannot suspend flows that are not currently running.", NULL},
    {"only running flows pause", NOT(BIT(RUNNING)), BIT(PAUSED), false, NULL, VERDICT_KEEP,
     "Cannot pause flows that are not currently running.", NULL},
    {"a suspend that is over", ANY, BIT(PAUSED), false, has_fired_suspended, VERDICT_KEEP,
     "This suspend has already fired.", NULL},
    {"a pause that is over", ANY, BIT(PAUSED), false, has_fired, VERDICT_KEEP,
     "This pause has already fired.", NULL},
    {"children do not suspend", ANY, BIT(PAUSED), false, suspends_child, VERDICT_ABORT,
     "Cannot suspend subflows.", NULL},
    {"nobody would resume it", ANY, BIT(PAUSED), false, suspends_without_deployment, VERDICT_ABORT,
     "Cannot suspend flows without a deployment.", NULL},
    {"a pause", ANY, BIT(PAUSED), false, NULL, VERDICT_GO_ON, NULL, remember_pause},
    {"a pause ends by resuming", BIT(PAUSED), BIT(PENDING), false, NULL, VERDICT_KEEP,
     "This run cannot transition to the StateType.PENDING state from the StateType.PAUSED state.",
     NULL},
    {"a pause that ran out", BIT(PAUSED), BIT(RUNNING) | BIT(SCHEDULED) | TERMINAL, false,
     has_timed_out, VERDICT_REPLACE, PAUSE_NEVER_ENDED, fail_unresumed},
    {"a runner that takes a run", BIT(SCHEDULED), BIT(PENDING), false, NULL, VERDICT_GO_ON, NULL,
     rule_carry_scheduled_time},
    {"not before its time", BIT(SCHEDULED) | BIT(PENDING), BIT(RUNNING), false, rule_is_early,
     VERDICT_WAIT, "Scheduled time is in the future", rule_wait_until_scheduled},
    {"retries", BIT(RUNNING), BIT(FAILED), false, has_retries_left, VERDICT_REPLACE, "Retrying",
     retry},
    {.name = NULL},
};

/* ---- judging ---- */

static bool matches(const struct rule *rule, const struct transition *t)
{
    return (rule->from & STATE_BIT(t->present->type)) &&
           (rule->to & STATE_BIT(t->proposed->type)) && (rule->always || !t->force) &&
           (!rule->applies || rule->applies(t));
}

void rules_judge(const struct rule *rules, struct transition *t)
{
    t->verdict = VERDICT_ACCEPT;
    t->reason = "";
    for (const struct rule *rule = rules; rule->name; rule++) {
        if (!matches(rule, t))
            continue;
        if (rule->effect)
            rule->effect(t);
        if (rule->verdict == VERDICT_GO_ON)
            continue;
        t->verdict = rule->verdict;
        if (rule->reason) {
            const char *hole = strstr(rule->reason, "%s");
            t->reason =
                hole ? arena_printf(txn_arena(t->txn), "%.*s%s%s", (int)(hole - rule->reason),
                                    rule->reason, state_type_names[t->present->type], hole + 2)
                     : rule->reason;
        }
        return;
    }
}
