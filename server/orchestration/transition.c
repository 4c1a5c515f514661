#include "server/orchestration/transition.h"

#include <string.h>

#include "common/times.h"

static int enter(struct txn *txn, struct transition *transition, struct state *state,
                 struct outcome *outcome)
{
    if (flow_run_enter(txn, transition->run, state) < 0)
        return -1;
    outcome->state = *state;
    outcome->written = true;
    return 0;
}

int flow_run_propose(struct txn *txn, struct flow_run *run, struct state *proposed, bool force,
                     struct outcome *ret_outcome)
{
    struct transition transition = {
        .txn = txn, .run = run, .present = &run->state, .proposed = proposed, .force = force};

    if (room_look(txn, run, proposed, &transition.room) < 0)
        return -1;
    rules_judge(flow_run_rules, &transition);
    *ret_outcome = (struct outcome){.verdict = transition.verdict,
                                    .reason = transition.reason,
                                    .wait_seconds = transition.wait_seconds,
                                    .state = run->state};
    if (transition.verdict == VERDICT_ACCEPT)
        return enter(txn, &transition, proposed, ret_outcome);
    if (transition.verdict == VERDICT_REPLACE)
        return enter(txn, &transition, &transition.replacement, ret_outcome);
    return 0;
}

/* ---- resuming ---- */

int flow_run_resume(struct txn *txn, struct flow_run *run, struct outcome *ret_outcome)
{
    struct state state;

    if (state_detail_flag(&run->state, "pause_reschedule")) {
        state_make(&state, txn_arena(txn), STATE_SCHEDULED, "Resuming", NULL);
        state_set_detail_time(&state, "scheduled_time", txn_now(txn));
    } else {
        state_make(&state, txn_arena(txn), STATE_RUNNING, "Running", NULL);
    }
    return flow_run_propose(txn, run, &state, false, ret_outcome);
}

/* ---- telling ---- */

static const struct {
    const char *status;
    const char *details;
} tellings[] = {
    [VERDICT_ACCEPT] = {"ACCEPT", "accept_details"},  [VERDICT_KEEP] = {"REJECT", "reject_details"},
    [VERDICT_REPLACE] = {"REJECT", "reject_details"}, [VERDICT_ABORT] = {"ABORT", "abort_details"},
    [VERDICT_WAIT] = {"WAIT", "wait_details"},
};

const char *const outcome_statuses[] = {"ACCEPT", "REJECT", "ABORT", "WAIT", NULL};

const struct field outcome_detail_fields[] = {
    {.name = "type", .type = FIELD_TEXT, .doc = "Which of the shapes this is."},
    {.name = "reason",
     .type = FIELD_TEXT,
     .flags = FIELD_OPTIONAL_REPLY,
     .doc = "Why it was not accepted."},
    {.name = "delay_seconds",
     .type = FIELD_INTEGER,
     .flags = FIELD_OPTIONAL_REPLY,
     .doc = "After how long to propose it again."},
    FIELDS_END};

const struct field outcome_fields[] = {
    {.name = "state",
     .type = FIELD_OBJECT,
     .flags = FIELD_NULLABLE,
     .fields = state_fields,
     .doc = "The state that the run has now."},
    {.name = "status", .type = FIELD_ENUM, .choices = outcome_statuses, .doc = "The verdict."},
    {.name = "details",
     .type = FIELD_OBJECT,
     .fields = outcome_detail_fields,
     .doc = "Its reason."},
    FIELDS_END};

void outcome_write(struct json_writer *writer, const struct outcome *outcome)
{
    json_begin_object(writer);
    outcome_write_members(writer, outcome);
    json_end_object(writer);
}

void outcome_write_members(struct json_writer *writer, const struct outcome *outcome)
{
    json_key(writer, "state");
    state_write(writer, &outcome->state);
    json_key(writer, "status");
    json_add_string(writer, tellings[outcome->verdict].status);
    json_key(writer, "details");
    json_begin_object(writer);
    json_key(writer, "type");
    json_add_string(writer, tellings[outcome->verdict].details);
    if (outcome->verdict == VERDICT_WAIT) {
        json_key(writer, "delay_seconds");
        json_add_integer(writer, outcome->wait_seconds);
    }
    if (outcome->verdict != VERDICT_ACCEPT) {
        json_key(writer, "reason");
        json_add_string(writer, outcome->reason);
    }
    json_end_object(writer);
}
